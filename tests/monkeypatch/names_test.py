#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
"""Names that a real name server (dnsmasq) answers: the row rows/names.c prints the same unpatched and in every patched
way. It runs in namespaces of its own, where 127.0.0.1:53 and the files in /etc are the test's."""
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from itertools import zip_longest
from pathlib import Path

if os.environ.get("GREEN_VARIANT"):
    print("the patch is not combined with sanitizers")
    sys.exit(77)

BUILD = Path(os.environ["GREEN_BUILD"])
ROW = BUILD / "tests/row-names"

if sys.argv[1:] != ["inside"]:
    apart = ["unshare", "--map-root-user", "--net", "--mount"]
    for needed in ([*apart, "true"], ["dnsmasq", "--version"], ["ip", "-V"]):
        if not shutil.which(needed[0]) or subprocess.run(needed, capture_output=True).returncode != 0:
            print(f"cannot run: {' '.join(needed)}")
            sys.exit(77)
    sys.exit(subprocess.run([*apart, sys.executable, __file__, "inside"]).returncode)

# --- in the namespaces ---

FILES = {
    "resolv.conf": "nameserver 127.0.0.1\nsearch nowhere.test test\noptions timeout:2 attempts:1\n",
    "hosts": "127.0.0.1 localhost\n192.0.2.77 both.test in-file.test\n2001:db8::77 in-file.test only-six\n",
    "gai.conf": "",
    "nsswitch.conf": "",
}
# The patch stands where dns stands.
SOURCES = ["hosts: files dns", "hosts:dns [UNAVAIL=continue NOTFOUND = continue] files # comment", "hosts: unknown files\thosts  dns",
           "passwd: files"]
RECORDS = [
    "--host-record=two.test,192.0.2.1,2001:db8::1", "--host-record=two.test,203.0.113.1",
    "--host-record=both.test,198.51.100.1,2001:db8::2",
    "--host-record=four.test,192.0.2.4", "--host-record=six.test,2001:db8::6", "--host-record=only-six.test,192.0.2.6",
    "--cname=alias.test,two.test", "--cname=far.test,alias.test", "--txt-record=text.test,something",
    *(f"--host-record=many.test,192.0.2.{i},2001:db8::{i:x}" for i in range(100, 150)),
    "--ptr-record=9.2.0.192.in-addr.arpa,nine.test", "--local=/test/", "--local=/2.0.192.in-addr.arpa/",
    "--local=/localhost/", "--local=/in-file/",
]
NAMES = [
    "two.test", "TWO.test", "two.test.", "two", "both.test", "four.test", "six.test", "alias.test", "far.test",
    "many.test", "text.test", "missing.test", "missing.test.", "missing", "in-file.test", "only-six", "localhost",
    "refused.example", "a..b", ".two.test", "a b.test", "a/b.test", "_x.test", "-x.test", "x:y", "", ".",
    "x" * 63 + ".test", "x" * 64 + ".test", ("y" * 60 + ".") * 4 + "test", ("z" * 60 + ".") * 6 + "test",
    "192.0.2.1", "192.0.2.9", "192.0.2.250", "192.0.2.77", "198.51.100.77", "2001:db8::6", "2001:db8::ffff",
    "::ffff:192.0.2.9", "::192.0.2.9",
]

directory = Path(tempfile.mkdtemp(prefix="green-names-"))
for name, text in FILES.items():
    (directory / name).write_text(text)
    if Path("/etc", name).exists():
        subprocess.run(["mount", "--bind", directory / name, f"/etc/{name}"], check=True)
# Both families reach something, so that the order of addresses has its reasons.
for words in ("link set lo up", "address add 192.0.2.200/24 dev lo", "-6 address add 2001:db8::200/64 dev lo nodad"):
    subprocess.run(["ip", *words.split()], check=True)


def wait_until_answering():
    question = b"\0\1\1\0\0\1\0\0\0\0\0\0\3two\4test\0\0\1\0\1"
    for _ in range(200):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
            asking.settimeout(0.05)
            try:
                asking.connect(("127.0.0.1", 53))
                asking.send(question)
                return asking.recv(512)
            except OSError:
                time.sleep(0.02)
    raise SystemExit("dnsmasq does not answer")


def settled(text):
    """Without what dnsmasq changes from answer to answer: the order of equal addresses."""
    calls = []
    for line in text.splitlines():
        if not line.startswith("  "):
            calls.append([])
        before, found, addresses = line.partition(", addresses ")
        calls[-1].append(before + found + " ".join(sorted(addresses.split())))
    for call in calls:
        if "(many.test" in call[0]:
            nameless = [line.replace("many.test", "no name") for line in call[1:]]
            call[1:] = sorted(nameless) + [f"  {len(nameless) - sum(a == b for a, b in zip(nameless, call[1:]))} named"]
    return "\n".join(line for call in calls for line in call) + "\n"


def printed_by(*command):
    done = subprocess.run(command, capture_output=True, text=True, timeout=300,
                          env={**os.environ, "ROW_NAMES": ",".join(NAMES)})
    return settled(f"{done.stdout}{done.stderr}exit status {done.returncode}\n")


def compare():
    """How many ways differ."""
    expected, different = printed_by(ROW), 0
    for told in ("192.0.2.1 port 80", "2001:db8::1 port 80", ", two.test", "aliases far.test alias.test", "nine.test",
                 "): -2,", "exit status 0"):
        assert told in expected, f"unpatched, {told!r} is not among:\n{expected}"
    ways = [[BUILD / "monkeypatch/greenrun", ROW], *([f"{ROW}-patched", place] for place in ("main", "fiber", "thread"))]
    for way in ways:
        seen = printed_by(*way)
        if seen == expected:
            continue
        different += 1
        print("differs:", *way)
        call = ""
        for without, under in zip_longest(expected.splitlines(), seen.splitlines(), fillvalue="(nothing)"):
            call = call if without.startswith("  ") else without
            if without != under:
                print(f"  in {call}\n    without: {without}\n    patched: {under}")
    return different


server = subprocess.Popen(
    ["dnsmasq", "--no-daemon", "--conf-file=/dev/null", "--no-resolv", "--no-hosts", "--pid-file",
     "--bind-interfaces", "--listen-address=127.0.0.1", *RECORDS], stderr=subprocess.DEVNULL)
different = 0
try:
    wait_until_answering()
    for sources in SOURCES:
        (directory / "nsswitch.conf").write_text(f"services: files\n{sources}\n")
        differing = compare()
        # Whatever source comes after it, a cancelled call says so.
        tests = subprocess.run([BUILD / "tests/test-monkeypatch", "--test-case=a killed fiber's look-ups*"],
                               capture_output=True, text=True, timeout=60)
        if tests.returncode != 0 or " 1 passed" not in tests.stdout:
            print(tests.stdout)
            different += 1
        print(f"{sources!r}: {len(NAMES)} names, {differing} ways differ")
        different += differing
finally:
    server.terminate()
    server.wait()
    for name in FILES:
        subprocess.run(["umount", f"/etc/{name}"], capture_output=True)
    shutil.rmtree(directory)
sys.exit(1 if different else 0)
