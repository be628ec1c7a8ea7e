#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
"""Debian's Python runs its own tests of sockets, select and subprocesses under greenrun: each ends as it does without."""
import concurrent.futures
import os
import pathlib
import subprocess
import sys
import tempfile

if os.environ.get("GREEN_VARIANT"):
    print("the patch is not combined with sanitizers")
    sys.exit(77)

PYTHON = "/usr/bin/python3"  # one may have another in the PATH
SUITES = ["test_socket", "test_subprocess", "test_select", "test_selectors", "test_poll", "test_epoll"]
RUNNER = pathlib.Path(os.environ["GREEN_SOURCE"], "tests/monkeypatch/python_suite.py")
GREENRUN = pathlib.Path(os.environ["GREEN_BUILD"], "monkeypatch/greenrun")


def outcomes(prefix, names):
    """What became of each test, and what was said about those that failed."""
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run([*prefix, PYTHON, RUNNER, *names], capture_output=True, text=True, errors="replace",
                              timeout=240, cwd=folder, stdin=subprocess.DEVNULL)
    assert done.returncode == 0 and "\noutcomes\n" in "\n" + done.stdout, (prefix, names, done)
    lines = done.stdout.rpartition("outcomes\n")[2].splitlines()
    return dict(line.rsplit(": ", 1) for line in lines), done.stderr


def different(names):
    """The tests among `names` that end in another way under greenrun, with what it said; and how many there are in all."""
    with concurrent.futures.ThreadPoolExecutor() as both:
        without, under = both.map(lambda prefix: outcomes(prefix, names), ([], [GREENRUN]))
    said = {test: (word, under[0].get(test)) for test, word in without[0].items() if under[0].get(test) != word}
    said |= {test: (None, word) for test, word in under[0].items() if test not in without[0]}
    return said, under[1], len(without[0])


def check(suite):
    found, said, count = different([f"test.{suite}"])
    single = [name for name in found if name.startswith("test.")]
    if found and len(single) == len(found):  # they measure time, and the machine may be busy: each alone once more
        found = {name: words for name in single for words in different([name])[0].values()}
    return suite, found, said, count


if subprocess.run([PYTHON, "-c", "import test.test_socket"], capture_output=True, check=False).returncode != 0:
    print("Python's tests are not installed here (libpython3-testsuite)")
    sys.exit(77)
failed = False
with concurrent.futures.ThreadPoolExecutor() as all_suites:
    for suite, found, said, count in all_suites.map(check, SUITES):
        print(f"{suite}: {count} tests, {len(found)} end differently")
        if count < 5 or found:
            failed = True
            print(found, said)
sys.exit(failed)
