# SPDX-License-Identifier: BSL-1.0
"""Runs a program as it is and by greenrun, and keeps what differs: exit status (or signal), output, and errors."""
import os
import re
import shutil
import subprocess
import sys

if os.environ.get("GREEN_VARIANT"):
    print("the patch is not combined with sanitizers")
    sys.exit(77)

BUILD = os.environ["GREEN_BUILD"]
GREENRUN = os.path.join(BUILD, "monkeypatch/greenrun")

compared = 0
differences = []


def _run(words, given, **options):
    done = subprocess.run(words, input=given, capture_output=True, timeout=60, **options)
    return done.returncode, done.stdout, done.stderr


def compare(*words, given=b"", but=None, prepare=None, **options):
    """One that is not installed is left out. `but` is a pattern of what may differ from run to run, `prepare(way)` is
    called before each of the two runs, and all else is for subprocess.run. Returns the status without the patch."""
    global compared
    program = shutil.which(words[0])
    if not program:
        return print(f"there is no {words[0]} here")
    seen = []
    for way in "without", "under":
        if prepare:
            prepare(way)
        status, output, errors = _run([*([GREENRUN] if way == "under" else []), program, *map(str, words[1:])], given, **options)
        if but:
            output, errors = re.sub(but, b"", output), re.sub(but, b"", errors)
        seen.append((status, output, errors))
    compared += 1
    if seen[0] != seen[1]:
        differences.append(f"{words}:\n  without: {seen[0]}\n  under:   {seen[1]}")
    return seen[0][0]


def finish():
    print(f"{compared} comparisons")
    print("\n".join(differences))
    sys.exit(1 if differences else 0)
