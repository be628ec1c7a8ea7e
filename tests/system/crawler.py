# SPDX-License-Identifier: BSL-1.0
"""Runs a crawler as a user would, and reads what it leaves behind."""
import dataclasses
import json
import os
import pathlib
import re
import signal
import subprocess
import sys
import time

from processes import TETHER

BUILD = pathlib.Path(os.environ["GREEN_BUILD"])
#: The crawlers, which promise the same. The first one is run unless a test says otherwise.
NAMES = ["crawl-fiber", "crawl-coro", "crawl-threads"]
if (BUILD / "samples/crawler/crawl-patched").exists():  # there is no patch in a build with sanitizers
    NAMES.append("crawl-patched")
program_name = NAMES[0]
FIELDS = ["url", "status", "type", "bytes", "depth", "from", "error", "milliseconds"]

build_options = json.loads((BUILD / "meson-info/intro-buildoptions.json").read_text())
SANITIZED = any(o["name"] == "b_sanitize" and o["value"] != "none" for o in build_options)
#: Bounds on time are for ordinary builds; with a sanitizer everything takes longer.
SLOWNESS = 5 if SANITIZED else 1


def choose(name):
    """From now on, this one is run."""
    global program_name
    program_name = name


def program(name=None):
    return BUILD / "samples/crawler" / (name or program_name)


def stops_within():
    """Seconds after Ctrl-C, with room for a busy machine: whoever waits for a page to time out takes longer by far. A
    blocked thread cannot be told; libcurl asks once a second."""
    return (4 if program_name == "crawl-threads" else 3) * SLOWNESS


def fail(reason):
    print(f"FAILED: {reason}")
    sys.exit(1)


def check(condition, reason):
    if not condition:
        fail(reason)


@dataclasses.dataclass
class Crawl:
    """One finished run."""
    status: int
    seconds: float
    cpu_seconds: float
    peak_bytes: int  # resident
    stdout: str
    stderr: str
    records: list

    def record(self, url):
        """The one line about `url`."""
        found = [r for r in self.records if r["url"] == url]
        check(len(found) == 1, f"{len(found)} lines for {url}, not one: {found}\n{self.text()}")
        return found[0]

    def check_status(self, expected):
        check(self.status == expected, f"exit status {self.status}, not {expected}\n{self.text()}")

    def text(self):
        return f"--- exit status {self.status}\n--- standard output:\n{self.stdout}\n--- standard error:\n{self.stderr}"


class Crawling:
    """A run under way. `limit_seconds` is what it takes at the very most: after that it is killed, and the test fails."""

    def __init__(self, folder, *arguments, limit_seconds=60, out=None, prefix=(), terminal=None):
        self.out = folder / "out.jsonl" if out is None else out
        self.files = [folder / "stdout", folder / "stderr"]
        self.limit_seconds = limit_seconds * SLOWNESS
        if self.out and out is None:
            self.out.unlink(missing_ok=True)
            arguments = ("--out", self.out) + arguments
        command = TETHER + [str(a) for a in (*prefix, program(), *arguments)]
        with open(self.files[0], "wb") as stdout, open(self.files[1], "wb") as stderr:
            self.began = time.monotonic()
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=stdout,
                                            stderr=stderr if terminal is None else terminal)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.returncode is None:
            self.process.kill()
            self.process.wait()

    @property
    def pid(self):
        return self.process.pid

    def seconds(self):
        return time.monotonic() - self.began

    def interrupt(self, number=signal.SIGINT):
        """Ctrl-C or SIGTERM, once the program has got as far as to wait for it; before, it would just end."""
        while not self.expects(number) and self.seconds() < self.limit_seconds:
            time.sleep(0.01)
        os.kill(self.pid, number)  # send_signal() would look first whether it has ended, and take its status

    def expects(self, number):
        """Whether it has blocked the signal, to read it from a descriptor, or has ended."""
        status = pathlib.Path(f"/proc/{self.pid}/status").read_text()
        blocked = re.search(r"^SigBlk:\s*(\w+)", status, re.M)
        return int(blocked[1], 16) >> (number - 1) & 1 or "(zombie)" in status

    def finish(self, meanwhile=lambda: None):
        """Waits for its end, calling `meanwhile` over and over, and returns a Crawl."""
        while True:
            # wait4, because Popen does not tell what the process used.
            pid, status, usage = os.wait4(self.pid, os.WNOHANG)
            if pid:
                self.process.returncode = os.waitstatus_to_exitcode(status)
                return self.result(self.seconds(), usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024)
            if self.seconds() > self.limit_seconds:
                self.process.kill()
                self.process.wait()
                fail(f"still running after {self.limit_seconds} seconds\n{self.result(self.seconds(), 0, 0).text()}")
            meanwhile()
            time.sleep(0.02)

    def result(self, seconds, cpu_seconds, peak_bytes):
        stdout, stderr = [file.read_text(errors="replace") for file in self.files]
        crawl = Crawl(self.process.returncode, seconds, cpu_seconds, peak_bytes, stdout, stderr, self.records())
        # Its exit status alone does not tell: AddressSanitizer's is 1, as for broken links.
        check("Sanitizer" not in stderr and "runtime error:" not in stderr, f"a sanitizer complains\n{crawl.text()}")
        check(crawl.status >= 0 or crawl.status == -9, f"killed by signal {-crawl.status}\n{crawl.text()}")
        return crawl

    def records(self):
        if not self.out or not self.out.is_file():
            return []
        lines = self.out.read_text().split("\n")
        check(lines[-1] == "", f"the last line of the --out file is cut off: {lines[-1]!r}")
        found = []
        for line in lines[:-1]:
            try:
                found.append(json.loads(line))
            except ValueError as error:
                fail(f"not JSON in the --out file: {line!r}: {error}")
            check(list(found[-1]) == FIELDS, f"fields {list(found[-1])}, not {FIELDS}")
        return found


def crawl(folder, *arguments, **options):
    with Crawling(folder, *arguments, **options) as under_way:
        return under_way.finish()


def one_line_error(run):
    """Checks for wrong use: status 2, nothing but a short message; returns the message."""
    run.check_status(2)
    check(run.stdout == "", f"something on standard output\n{run.text()}")
    lines = run.stderr.splitlines()
    check(lines and lines[0].startswith(f"{program_name}: "), f"no message that begins with the program's name\n{run.text()}")
    # A second line may point to --help; nothing else.
    check(len(lines) == 1 or (len(lines) == 2 and re.search("--help", lines[1])), f"more than a line\n{run.text()}")
    return lines[0]
