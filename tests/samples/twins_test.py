#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
"""Every small sample, in each model and in plain C, prints what its folder says (expected-NAME.txt, else expected.txt) and
nothing on standard error. Its head says what it shows, how to run it, and what one will see."""
import os
import re
import subprocess
import sys
from pathlib import Path

BUILD = Path(os.environ["GREEN_BUILD"])
SAMPLES = Path(os.environ["GREEN_SOURCE"]) / "samples"
# What the README says of them.
MOST_LINES = int(re.search(r"None has more than (\d+) lines", (SAMPLES / "README.md").read_text())[1])
# ThreadSanitizer ends a program with more than 8,128 flows.
TOO_MANY_FIBERS = ["03_many_sleepers-fiber"] if os.environ.get("GREEN_VARIANT") == "thread" else []
# The patch is not combined with sanitizers.
NEEDS_THE_PATCH = "patched" if os.environ.get("GREEN_VARIANT") else None
# The samples run on the computer's own clock: where a busy machine holds one up, what is due after 60 ms and after 80 ms is
# due at once. So the order of lines, and nothing else, may be wrong in some of the tries.
MOST_TRIES = 4

# What cannot be had ends the program with a line that names it; a grep with the status that grep(1) has for it.
UNAVAILABLE = [("10_grep", ["/no/such/file"], 2), ("10_grep", ["/"], 2), ("13_raw_get", ["127.0.0.1", "1"], 1)]

complaints = []
programs = sorted(source for pattern in ("*.cpp", "*.c") for source in SAMPLES.glob("[0-9][0-9]_*/" + pattern))
if not programs:
    sys.exit("there are no samples")


def run(name, expected):
    """Once; says whether it should be tried again."""
    try:
        ran = subprocess.run([BUILD / "samples" / name], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120)
    except subprocess.TimeoutExpired:
        complaints.append(f"{name} does not end")
        return False
    if ran.returncode:
        complaints.append(f"{name} ended with {ran.returncode}")
    if ran.stderr:
        complaints.append(f"{name} said on standard error:\n{ran.stderr}")
    if ran.returncode or ran.stderr or ran.stdout == expected:
        return False
    if sorted(ran.stdout.splitlines()) == sorted(expected.splitlines()):
        return True
    complaints.append(f"{name} printed:\n{ran.stdout}")
    return False


for source in programs:
    name = f"{source.parent.name}-{source.stem}"
    if len(source.read_text().splitlines()) > MOST_LINES:
        complaints.append(f"{source.relative_to(SAMPLES)} has more than {MOST_LINES} lines")
    head = re.match(r"// SPDX.*\n// (?P<shows>\S.*)\n//\n//     (?P<run>\S.*)\n//\n(?P<rest>(//.*\n)+)", source.read_text())
    if not head:
        complaints.append(f"{source.relative_to(SAMPLES)} does not begin with what it shows, how to run it, and what one will see")
    else:
        if not re.fullmatch(rf"build/samples/{name}( \[.*\])?", head["run"]):
            complaints.append(f"{source.relative_to(SAMPLES)} does not say how to run it (build/samples/{name})")
        if "You will see" not in " ".join(head["rest"].replace("//", " ").split()):
            complaints.append(f"{source.relative_to(SAMPLES)} does not say what one will see")
    if name in TOO_MANY_FIBERS or source.stem == NEEDS_THE_PATCH:
        continue
    own = source.parent / f"expected-{source.stem}.txt"
    expected = (own if own.exists() else source.parent / "expected.txt").read_text()
    tries = 1
    while (again := run(name, expected)) and tries < MOST_TRIES:
        tries += 1
    if again:
        complaints.append(f"{name} prints its lines in another order, {MOST_TRIES} times running")
    for folder, words, status in UNAVAILABLE:
        if folder != source.parent.name:
            continue
        ran = subprocess.run([BUILD / "samples" / name, *words], capture_output=True, text=True, timeout=120)
        if ran.returncode != status or ran.stdout or words[0] not in ran.stderr:
            complaints.append(f"{name} {' '.join(words)} ended with {ran.returncode} and said:\n{ran.stderr}")
if complaints:
    sys.exit("\n".join(complaints))
print(f"{len(programs)} programs")
