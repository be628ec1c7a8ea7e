#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
"""What the demo promises: --help, no unknown words, one list of broken links, and at Ctrl-C an end with what was found."""
import os
import pathlib
import signal
import subprocess

from crawler import SLOWNESS, check
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


status, said, complained = finish(start("--help"))
check(status == 0 and "Usage: demo-site" in said and complained == "", f"--help: {status} {said} {complained}")

for words in ("--nonsense",), ("5",), ("",):
    status, said, complained = finish(start(*words))
    check(status == 2 and said == "" and complained.startswith("demo-site: "), f"{words}: {status} {said} {complained}")
    check("--help" in complained, complained)

status, said, complained = finish(start())
check(status == 0 and "All found the same" in said, f"{status} {said} {complained}")
check(said.count("Broken links:\n") == 1 and said.count("linked from") > 1, f"the list is to stand there once: {said}")
check(said.count("Broken links: the same as crawl-fiber's.") == 2, said)

with start() as demo:
    first = demo.stdout.readline()  # it is about to crawl, and takes some seconds
    os.killpg(demo.pid, signal.SIGINT)
    status, said, complained = finish(demo)
check(status == 130 and "Stopped before the end" in said, f"Ctrl-C: {status} {first}{said} {complained}")
