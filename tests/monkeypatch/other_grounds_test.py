#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
"""The patch's own tests on a kernel without RWF_NOWAIT for pipes, and a program that is patched late."""
import os
import subprocess
import sys
from pathlib import Path

if os.environ.get("GREEN_VARIANT"):
    print("the patch is not combined with sanitizers")
    sys.exit(77)

DOES_NOT_APPLY = 77
TESTS = Path(os.environ["GREEN_BUILD"]) / "tests"


def passes(*command):
    """A busy machine has three tries, as in differential_test.py."""
    for _ in range(3):
        try:
            done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=60)
        except subprocess.TimeoutExpired as late:
            said = f"{(late.stdout or b'').decode()}does not end"
            continue
        if done.returncode in (0, DOES_NOT_APPLY):
            return True
        said = f"{done.stdout}exit status {done.returncode}"
    print(*command, said, sep="\n")
    return False


results = [passes(TESTS / "old-kernel", TESTS / "test-monkeypatch"), passes(TESTS / "patched-late")]
sys.exit(not all(results))
