#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
"""The patch where it has less to stand on: on a kernel without RWF_NOWAIT for pipes, without the family that sees closes,
and in a program that is patched late."""
import os
import subprocess
import sys
from pathlib import Path

if os.environ.get("GREEN_VARIANT"):
    print("the patch is not combined with sanitizers")
    sys.exit(77)

TESTS = Path(os.environ["GREEN_BUILD"]) / "tests"
GREENRUN = TESTS.parent / "monkeypatch/greenrun"
failed = False


def same(expected, *command):
    """A busy machine has three tries, as in differential_test.py."""
    global failed
    for _ in range(3):
        wanted = subprocess.run(expected, capture_output=True, text=True, timeout=60) if expected else None
        try:
            seen = subprocess.run(command, capture_output=True, text=True, timeout=60)
        except subprocess.TimeoutExpired as late:
            seen = late
            continue
        if seen.returncode == 77:
            print("left out here:", seen.stderr)
            return
        if seen.returncode == 0 and (not wanted or seen.stdout == wanted.stdout):
            return
    failed = True
    print("differs:", *command)
    print(seen.stdout, seen.stderr)


OLD_KERNEL = TESTS / "old-kernel"
same(None, OLD_KERNEL, TESTS / "test-monkeypatch")
for row in "stream", "select":
    same([TESTS / f"row-{row}"], OLD_KERNEL, GREENRUN, TESTS / f"row-{row}")
    same([TESTS / f"row-{row}"], OLD_KERNEL, TESTS / f"row-{row}-patched", "fiber")
for row in "tcp", "socket", "stream":
    same([TESTS / f"row-{row}"], GREENRUN, "--no-descriptor", TESTS / f"row-{row}")
same(None, TESTS / "patched-late")
sys.exit(failed)
