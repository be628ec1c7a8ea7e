#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
"""Programs that start others, written by others: by greenrun they say the same."""
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

if os.environ.get("GREEN_VARIANT"):
    print("the patch is not combined with sanitizers")
    sys.exit(77)

GREENRUN = Path(os.environ["GREEN_BUILD"]) / "monkeypatch/greenrun"

PYTHON = """
import os, signal, subprocess
print(subprocess.run(["sh", "-c", "echo out; echo err >&2; exit 3"], capture_output=True))
print(os.system("exit 4"), os.popen("echo read").read(), os.spawnlp(os.P_WAIT, "sh", "sh", "-c", "exit 5"))
several = [subprocess.Popen(["sh", "-c", f"sleep 0.0{n}; exit {n}"]) for n in (5, 1, 3)]
print([each.wait() for each in several])
try:
    subprocess.run(["sleep", "60"], timeout=0.05)
except subprocess.TimeoutExpired as late:
    print("late:", late.cmd)
child = os.fork()
if child == 0:
    os.kill(os.getpid(), signal.SIGSTOP)
    os._exit(6)
print(os.WIFSTOPPED(os.waitpid(child, os.WUNTRACED)[1]))
os.kill(child, signal.SIGCONT)
print(os.WIFCONTINUED(os.waitpid(-1, os.WCONTINUED)[1]), os.waitstatus_to_exitcode(os.wait4(child, 0)[1]))
pipeline = subprocess.Popen("yes | head -n 1000 | wc -l", shell=True, stdout=subprocess.PIPE)
print(pipeline.communicate(), pipeline.returncode)
"""

MAKEFILE = """
all: a b c
\t@echo $(shell echo from a shell; exit 2) $(.SHELLSTATUS)
a b c:
\t@sleep 0.0$(words $@); echo made
broken:
\t@exit 7
"""

SHELL = """
for i in 1 2 3; do (exit $i); echo $?; done
trap 'echo told' USR1; (kill -USR1 $$); true
sleep 0.05 & first=$!; (sleep 0.01; exit 9) & wait $!; echo $?; wait $first; echo $?
yes | head -n 3 | sed 's/y/n/'; echo $(echo inner; exit 4) $?
sh -c 'kill -TERM $$'; echo $?
"""

different = 0


def compare(*words, **options):
    global different
    if not shutil.which(words[0]):
        return
    seen = [subprocess.run([*before, *words], stdin=subprocess.DEVNULL, capture_output=True, timeout=60, **options)
            for before in ([], [GREENRUN])]
    answers = [(done.returncode, done.stdout, done.stderr) for done in seen]
    if answers[0] != answers[1]:
        different += 1
        print("differs:", *words, "\n  without:", answers[0], "\n  patched:", answers[1])


with tempfile.TemporaryDirectory() as directory:
    (Path(directory) / "Makefile").write_text(MAKEFILE)
    for shell in ("sh", "bash", "dash"):
        compare(shell, "-c", SHELL)
    compare(sys.executable, "-c", PYTHON)
    compare("make", cwd=directory)
    compare("make", "-j3", cwd=directory)
    compare("make", "-k", "broken", "all", cwd=directory)
    compare("xargs", "-P3", "-n1", "-a", "/dev/null", "echo")
    compare("sh", "-c", "seq 20 | xargs -P4 -n1 sh -c 'exit 0'; echo $?")
    compare("timeout", "0.05", "sleep", "60")
    compare("setsid", "--wait", "sh", "-c", "exit 8")
sys.exit(1 if different else 0)
