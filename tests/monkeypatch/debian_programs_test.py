#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
"""Programs as they come from Debian say the same under greenrun as without it, and end with the same status. One that is
not installed is left out."""
import os
import re
import shutil
import subprocess
import sys

sys.path.insert(0, os.path.join(os.environ["GREEN_SOURCE"], "tests/system"))
from processes import scratch_folder  # noqa: E402
from servers import name_server, web_server  # noqa: E402

if os.environ.get("GREEN_VARIANT"):
    print("the patch is not combined with sanitizers")
    sys.exit(77)

GREENRUN = os.path.join(os.environ["GREEN_BUILD"], "monkeypatch/greenrun")
failed = []
tried = 0

PYTHON = """
import asyncio, select, signal, socket, subprocess, threading, time
a, b = socket.socketpair()
b.settimeout(0.05)
try:
    b.recv(1)
except TimeoutError as error:
    print("timeout", error)
a.send(b"x")
print(select.select([b], [], [], 1) == ([b], [], []), b.recv(1))
print(subprocess.run(["sh", "-c", "echo hi; exit 3"], capture_output=True))
thread = threading.Thread(target=lambda: (time.sleep(.05), a.send(b"y")))
thread.start()
b.setblocking(True)
print(b.recv(1))
thread.join()
server = socket.create_server(("127.0.0.1", 0))
client = socket.create_connection(server.getsockname())
peer, _ = server.accept()
client.sendall(b"z")
print(peer.recv(10))
async def soon():
    await asyncio.sleep(.01)
    process = await asyncio.create_subprocess_exec("echo", "from asyncio", stdout=subprocess.PIPE)
    return await process.communicate()
print(asyncio.run(soon()))
signal.signal(signal.SIGALRM, lambda *_: print("alarm"))
signal.alarm(1)
begin = time.monotonic()
time.sleep(1.2)
print(time.monotonic() - begin >= 1.2)
print(socket.getaddrinfo("localhost", 80, socket.AF_INET, socket.SOCK_STREAM))
with open("/proc/self/stat") as file:
    print(len(file.read().split()) > 20)
"""

SHELL = """
for i in 1 2 3; do (exit $i); echo $?; done
echo through | cat | tr a-z A-Z
sleep 0.1 & wait $!; echo "waited $?"
(kill -TERM $$; sleep 5) & trap 'echo trapped; exit 9' TERM; wait
"""

PERL = """
use IO::Select; use IO::Socket::INET;
my $server = IO::Socket::INET->new(Listen => 5, LocalAddr => "127.0.0.1") or die;
my $pid = fork();
if (!$pid) { my $c = IO::Socket::INET->new(PeerAddr => "127.0.0.1", PeerPort => $server->sockport); print $c "hello\\n"; exit 4; }
my $peer = $server->accept(); print scalar <$peer>;
waitpid($pid, 0); print $? >> 8, "\\n"; print `echo backticks`; print join(",", select(undef, undef, undef, 0.1)), "\\n";
"""


def run(words, given):
    done = subprocess.run(words, input=given, capture_output=True, timeout=60)
    return done.returncode, done.stdout, done.stderr


def compare(*words, given=b"", but=None):
    """`but` is a pattern of what may differ from run to run."""
    global tried
    program = shutil.which(words[0])
    if not program:
        return print(f"there is no {words[0]} here")
    without, under = (run([*before, program, *map(str, words[1:])], given) for before in ([], [GREENRUN]))
    tried += 1
    if but:
        without, under = ((s, re.sub(but, b"", o), re.sub(but, b"", e)) for s, o, e in (without, under))
    if without != under:
        failed.append(f"{words}:\n  without: {without}\n  under:   {under}")


with scratch_folder() as folder:
    for name, size in (("small", 10), ("large", 3_000_000)):
        (folder / name).write_bytes(os.urandom(size))

    compare("sh", "-c", SHELL)
    compare("bash", "-c", "cat < <(echo one; sleep 0.1; echo two); time_left=5; read -t 0.1 line; echo $?")
    compare("python3", "-c", PYTHON)
    compare("perl", "-e", PERL)
    compare("ssh", "-V")
    compare("openssl", "s_client", "-connect", "127.0.0.1:1", but=rb"[0-9A-F]{16}")
    compare("cat", given=b"through a pipe\n" * 10000)
    compare("sort", folder / "large")
    compare("tar", "c", "-C", folder, "small", "large")
    compare("timeout", "0.2", "sleep", "5")
    compare("find", folder)
    compare("xargs", "-P", "4", "-n", "1", "echo", given=b"a\n")

    with web_server(folder, lambda port: f"access_log off; server {{ listen 127.0.0.1:{port}; root {folder}; }}") as port:
        site = f"http://localhost:{port}"
        compare("curl", "-s", f"{site}/large")
        compare("curl", "-sS", f"{site}/missing", "--fail")
        compare("curl", "-sS", "--parallel", f"{site}/small", f"{site}/small")
        compare("curl", "-sS", "http://127.0.0.1:1/", but=rb"after \d+ ms")
        compare("wget", "-qO-", f"{site}/large")
        compare("wget", "-qO-", f"{site}/missing")
        if shutil.which("git"):
            here = folder / "repository"
            for words in (["init", "-q", here], ["-C", here, "-c", "user.name=a", "-c", "user.email=a@b", "commit", "-q",
                                                 "--allow-empty", "-m", "first"], ["-C", here, "update-server-info"]):
                subprocess.run(["git", *map(str, words)], check=True)
            compare("git", "ls-remote", f"{site}/repository/.git")
            compare("git", "-C", here, "log", "--oneline")

    with name_server(folder, "--address=/green.test/127.0.0.9") as port:
        compare("dig", "+short", "@127.0.0.1", "-p", port, "www.green.test")

print(f"{tried} comparisons")
print("\n".join(failed))
sys.exit(1 if failed else 0)
