#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
"""greenrun itself: what it passes on, and what it says to wrong use."""
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

if os.environ.get("GREEN_VARIANT"):
    print("the patch is not combined with sanitizers")
    sys.exit(77)

SOURCE = Path(os.environ["GREEN_SOURCE"])
GREENRUN = Path(os.environ["GREEN_BUILD"]) / "monkeypatch/greenrun"

# Whether a sleep went through a hub: then the process has an epoll.
HAS_A_HUB = """
import os, time
def kind(number):
    try:
        return os.readlink(f"/proc/self/fd/{number}")
    except OSError:
        return ""
time.sleep(0.01)
print(any("eventpoll" in kind(number) for number in os.listdir("/proc/self/fd")))
"""


def run(*words, **options):
    return subprocess.run([GREENRUN, *words], capture_output=True, text=True, timeout=60, **options)


def parks(*options):
    done = run(*options, "python3", "-c", HAS_A_HUB)
    assert done.returncode == 0, done
    return done.stdout == "True\n"


families = re.findall(r"^GREEN_FAMILY\((\w+)\)$", (SOURCE / "monkeypatch/green/monkeypatch/families.def").read_text(), re.M)
assert "time" in families
assert parks() and parks("--") and parks("--no-time") and not parks(*(f"--no-{name}" for name in families))

done = run("sh", "-c", "echo out; echo err >&2; exit 7")
assert (done.stdout, done.stderr, done.returncode) == ("out\n", "err\n", 7), done
assert run("cat", input="through\n").stdout == "through\n"
assert run("sh", "-c", "kill -TERM $$").returncode == -15
assert run("sh", "-c", 'printf "%s," "$@"', "sh", "--no-time", "-x", "", "a b").stdout == "--no-time,-x,,a b,"
preloaded = run("sh", "-c", 'echo "$LD_PRELOAD"', env={**os.environ, "LD_PRELOAD": "libm.so.6"})
assert preloaded.stdout.endswith("libgreen-monkeypatch.so.0.1.0:libm.so.6\n"), preloaded

assert run("--no-time", "--no-time", "true").returncode == 0
told = run("--help")
assert told.returncode == 0 and told.stdout.startswith("usage: greenrun") and not told.stderr, told
with tempfile.TemporaryDirectory() as folder:
    script = Path(folder, "script")
    script.write_text("#!/no/such/interpreter\n")
    script.chmod(0o755)
    done = run(script)
    assert done.returncode == 127 and "its interpreter is missing" in done.stderr, done
    spaced = Path(folder, "with a space")
    spaced.mkdir()
    for file in GREENRUN, GREENRUN.with_name("libgreen-monkeypatch.so"):
        shutil.copy(file, spaced)
    done = subprocess.run([spaced / "greenrun", "true"], capture_output=True, text=True, timeout=60)
    assert done.returncode == 126 and "with a space" in done.stderr, done

for words, status, said in [
    ([], 2, "no program"),
    (["--no-time"], 2, "no program"),
    (["--stats"], 2, "no program"),
    (["--no-such", "true"], 2, "unknown option --no-such"),
    (["-x", "true"], 2, "unknown option -x"),
    (["/no/such/program"], 127, "cannot run /no/such/program: No such file or directory"),
    (["/etc/passwd"], 126, "cannot run /etc/passwd: Permission denied"),
]:
    done = run(*words)
    assert done.returncode == status and said in done.stderr, (words, done)
    assert status != 2 or "usage: greenrun" in done.stderr, (words, done)
