#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
"""Programs as they come from Debian say the same under greenrun as without it, and end with the same status. One that is
not installed is left out."""
import os
import shutil
import subprocess
import sys

sys.path.insert(0, os.path.join(os.environ["GREEN_SOURCE"], "tests/system"))
from processes import scratch_folder  # noqa: E402
from servers import accepts, certificate, name_server, postgres, redis, up, web_server  # noqa: E402

from comparison import compare, finish  # noqa: E402

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
signal.setitimer(signal.ITIMER_REAL, 0.05)
begin = time.monotonic()
time.sleep(0.2)
print(time.monotonic() - begin >= 0.2)
print(socket.getaddrinfo("localhost", 80, socket.AF_INET, socket.SOCK_STREAM))
with open("/proc/self/stat") as file:
    print(len(file.read().split()) > 20)
"""

SHELL = """
for i in 1 2 3; do (exit $i); echo $?; done
echo through | cat | tr a-z A-Z
sleep 0.1 & wait $!; echo "waited $?"
trap 'echo trapped; exit 9' TERM; (sleep 0.05; kill -TERM $$) & wait
"""

PERL = """
use IO::Select; use IO::Socket::INET;
my $server = IO::Socket::INET->new(Listen => 5, LocalAddr => "127.0.0.1") or die;
my $pid = fork();
if (!$pid) { my $c = IO::Socket::INET->new(PeerAddr => "127.0.0.1", PeerPort => $server->sockport); print $c "hello\\n"; exit 4; }
my $peer = $server->accept(); print scalar <$peer>;
waitpid($pid, 0); print $? >> 8, "\\n"; print `echo backticks`; print join(",", select(undef, undef, undef, 0.1)), "\\n";
"""

PYTHON_WITH_CHILDREN = """
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

PYTHON_SERVERS = """
import concurrent.futures, queue, selectors, socket, socketserver, subprocess, threading
class Upper(socketserver.StreamRequestHandler):
    def handle(self):
        self.wfile.write(self.rfile.readline().upper())
def ask(port, text):
    with socket.create_connection(("127.0.0.1", port), timeout=20) as client:
        client.sendall(text.encode() + b"\\n")
        return client.makefile().readline()
for kind in socketserver.ThreadingTCPServer, socketserver.ForkingTCPServer, socketserver.TCPServer:
    with kind(("127.0.0.1", 0), Upper) as server:
        threading.Thread(target=server.serve_forever, args=[0.01]).start()
        with concurrent.futures.ThreadPoolExecutor(5) as pool:
            print(list(pool.map(lambda i: ask(server.server_address[1], f"line {i}"), range(10))))
        server.shutdown()
def child(number):
    done = subprocess.run(["sh", "-c", f"read x; sleep 0.0{number}; echo $x; exit {number}"], input=b"%d" % number, capture_output=True)
    return done.returncode, done.stdout
with concurrent.futures.ThreadPoolExecutor(4) as pool:
    print(list(pool.map(child, range(8))))
jobs = queue.Queue()
threading.Timer(0.01, jobs.put, ["from a timer"]).start()
print(jobs.get(timeout=20), threading.Event().wait(0.01))
a, b = socket.socketpair()
with selectors.DefaultSelector() as selector:
    selector.register(a, selectors.EVENT_READ, "a")
    print(selector.select(0.01), b.send(b"x"), [key.data for key, _ in selector.select()])
"""

PERL_ALARM = """
use IO::Select; use IO::Socket; use POSIX ":sys_wait_h"; use Time::HiRes "ualarm"; $| = 1;
socketpair(my $a, my $b, AF_UNIX, SOCK_STREAM, PF_UNSPEC) or die;
my $select = IO::Select->new($a);
print scalar($select->can_read(0.05)), "\\n";
syswrite($b, "word"); print scalar($select->can_read), "\\n"; sysread($a, my $word, 10); print "$word\\n";
local $SIG{ALRM} = sub { die "alarm\\n" };
eval { ualarm 50_000, 50_000; sysread($a, $word, 1) }; print "died: $@"; ualarm 0;
eval { ualarm 50_000, 50_000; my $line = <$a> }; print "died: $@"; ualarm 0;
eval { ualarm 50_000, 50_000; sleep 100 }; print "died: $@"; ualarm 0;
$SIG{ALRM} = sub { print "told\\n" }; alarm 1; print sleep(50) < 50 ? "cut short\\n" : "slept on\\n";
my @children = map { my $n = $_; my $pid = fork(); if (!$pid) { select(undef, undef, undef, 0.01 * $n); exit $n } $pid } 1 .. 4;
my %status; while ((my $pid = wait()) > 0) { $status{$pid} = $? >> 8 } print join(",", map { $status{$_} } @children), "\\n";
open(my $pipe, "-|", "echo from a pipe; exit 3"); print <$pipe>; close($pipe); print $? >> 8, "\\n";
my $reaped = 0; local $SIG{CHLD} = sub { while (waitpid(-1, WNOHANG) > 0) { $reaped = $? >> 8 } };
if (!fork()) { select(undef, undef, undef, 0.02); exit 7 } sleep 1 while !$reaped; print "reaped $reaped\\n";
"""

MAKEFILE = """
all: a b c
\t@echo $(shell echo from a shell; exit 2) $(.SHELLSTATUS)
a b c:
\t@sleep 0.0$(words $@); echo made
broken:
\t@exit 7
"""

SHELL_WITH_TRAPS = """
for i in 1 2 3; do (exit $i); echo $?; done
trap 'echo told' USR1; (kill -USR1 $$); true
sleep 0.05 & first=$!; (sleep 0.01; exit 9) & wait $!; echo $?; wait $first; echo $?
yes | head -n 3 | sed 's/y/n/'; echo $(echo inner; exit 4) $?
sh -c 'kill -TERM $$'; echo $?
"""

with scratch_folder() as folder:
    for name, size in (("small", 10), ("large", 3_000_000)):
        (folder / name).write_bytes(os.urandom(size))

    for shell in "sh", "bash", "dash":
        compare(shell, "-c", SHELL)
        compare(shell, "-c", SHELL_WITH_TRAPS)
    compare("bash", "-c", "cat < <(echo one; sleep 0.1; echo two); time_left=5; read -t 0.1 line; echo $?")
    for program in PYTHON, PYTHON_WITH_CHILDREN, PYTHON_SERVERS:
        compare("python3", "-c", program)
    for program in PERL, PERL_ALARM:
        compare("perl", "-e", program)
    compare("ssh", "-V")
    compare("cat", given=b"through a pipe\n" * 10000)
    compare("sort", folder / "large")
    compare("tar", "c", "-C", folder, "small", "large")
    compare("timeout", "0.2", "sleep", "5")
    compare("find", folder)
    compare("sh", "-c", f"find {folder} -type f -print0 | sort -z | xargs -0 -n 1 -P 1 wc -c")
    compare("sh", "-c", f"find {folder} -type f | xargs -n 1 -P 4 md5sum | sort; echo $?")
    compare("sh", "-c", f"tar c -C {folder} small large | gzip -1 | gzip -d | tar t; echo $?")
    compare("bash", "-c", f"set -o pipefail; tar c -C {folder} large | gzip -1 | head -c 10 | wc -c; echo $?")
    compare("tar", "cz", "-f", "/dev/null", "-C", folder, "small", "large")
    compare("xargs", "-P", "4", "-n", "1", "echo", given=b"a\n")
    compare("xargs", "-P3", "-n1", "-a", "/dev/null", "echo")
    compare("sh", "-c", "seq 20 | xargs -P4 -n1 sh -c 'exit 0'; echo $?")
    compare("timeout", "0.05", "sleep", "60")
    compare("setsid", "--wait", "sh", "-c", "exit 8")

    (folder / "Makefile").write_text(MAKEFILE)
    compare("make", cwd=folder)
    compare("make", "-j2", cwd=folder)
    compare("make", "-j3", "-k", "broken", "all", cwd=folder)

    with web_server(folder, lambda port: f"access_log off; server {{ listen 127.0.0.1:{port}; root {folder}; }}") as port:
        site = f"http://localhost:{port}"
        compare("curl", "-s", f"{site}/large")
        compare("curl", "-sS", f"{site}/missing", "--fail")
        compare("curl", "-sS", "--no-progress-meter", "--parallel", f"{site}/small", f"{site}/small")
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

    certificate(folder)
    compare("openssl", "s_client", "-connect", "127.0.0.1:1", but=rb"[0-9A-F]{16}")
    with up(lambda port: ["openssl", "s_server", "-accept", f"127.0.0.1:{port}", "-cert", folder / "cert.pem", "-key",
                          folder / "key.pem", "-rev", "-quiet"], accepts, folder / "s_server.log") as port:
        for version in "-tls1_2", "-tls1_3":
            compare("openssl", "s_client", "-quiet", version, "-CAfile", folder / "cert.pem", "-connect", f"localhost:{port}",
                    given=b"desrever\nCLOSE\n")

    with redis(folder) as port:
        if port:
            redis_cli = ["redis-cli", "-p", port]
            compare(*redis_cli, "set", "key", "value")
            compare(*redis_cli, given=b"get key\nincr n\nincr n\nblpop none 0.05\nlrange list 0 -1\nnonsense\n", prepare=lambda _: subprocess.run(
                [*map(str, redis_cli), "del", "n"], check=True, capture_output=True))
            compare(*redis_cli, "--pipe", given=b"SET a 1\r\n" * 5000)
            compare("redis-cli", "-p", "1", "ping")

    with postgres(folder) as port:
        if port:
            psql = ["psql", "-X", "-h", "localhost", "-p", port, "-U", "green", "postgres"]
            compare(*psql, "-c", "select generate_series(1, 20000) as number, pg_sleep(0) as slept")
            compare(*psql, "-v", "ON_ERROR_STOP=1", given=b"""
                create temp table t (n int); insert into t select generate_series(1, 1000);
                copy t to stdout; select sum(n) from t; listen x; notify x; select pg_sleep(0.05);
                \\! echo from a shell
                select 1/0; select 2;
            """, but=rb"PID \d+")
            compare("psql", "-X", "-h", "127.0.0.1", "-p", "1", "-U", "green", "postgres")

finish()
