#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
"""What the demo promises: --help, no unknown words, one list of broken links, and at Ctrl-C an end with what was found."""
import os
import pathlib
import signal
import subprocess
import time

from crawler import NAMES, SLOWNESS, check
from processes import TETHER

DEMO = pathlib.Path(os.environ["GREEN_BUILD"]) / "samples/demo_site/demo-site"


def start(*arguments):
    # A session of its own, as a terminal makes one: Ctrl-C reaches all of it.
    return subprocess.Popen([*TETHER, DEMO, *arguments], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                            stderr=subprocess.PIPE, text=True, start_new_session=True)


def finish(process):
    try:
        said, complained = process.communicate(timeout=60 * SLOWNESS)
    finally:
        process.kill()
    return process.returncode, said, complained


def parent_of(process):
    try:
        return int((process / "stat").read_text().rpartition(")")[2].split()[1])
    except (OSError, ValueError):
        return None  # it has ended


def wait_for_crawler_of(demo):
    """Until there is one: it gets the signals that come from then on, because it is born with them blocked."""
    deadline = time.monotonic() + 30 * SLOWNESS
    while not any(parent_of(process) == demo.pid for process in pathlib.Path("/proc").glob("[0-9]*")):
        check(time.monotonic() < deadline and demo.poll() is None, "the demo starts no crawler")


status, said, complained = finish(start("--help"))
check(status == 0 and "Usage: demo-site" in said and complained == "", f"--help: {status} {said} {complained}")

for words in ("--nonsense",), ("5",), ("",):
    status, said, complained = finish(start(*words))
    check(status == 2 and said == "" and complained.startswith("demo-site: "), f"{words}: {status} {said} {complained}")
    check("--help" in complained, complained)

status, said, complained = finish(start())
check(status == 0 and "All found the same" in said, f"{status} {said} {complained}")
check(said.count("Broken links:\n") == 1 and said.count("linked from") > 1, f"the list is to stand there once: {said}")
check(said.count("Broken links: the same as crawl-fiber's.") == len(NAMES) - 1, said)

with start() as demo:
    first = demo.stdout.readline()
    wait_for_crawler_of(demo)  # which takes some seconds
    os.killpg(demo.pid, signal.SIGINT)
    status, said, complained = finish(demo)
check(status == 130 and "Stopped before the end" in said, f"Ctrl-C: {status} {first}{said} {complained}")
