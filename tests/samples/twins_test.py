#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
"""Every small sample, in each model, prints what its folder's expected.txt says, and nothing on standard error."""
import os
import re
import subprocess
import sys
from pathlib import Path

BUILD = Path(os.environ["GREEN_BUILD"])
SAMPLES = Path(os.environ["GREEN_SOURCE"]) / "samples"
MOST_LINES = 70
# ThreadSanitizer ends a program with more than 8,128 flows.
TOO_MANY_FIBERS = ["03_many_sleepers-fiber"] if os.environ.get("GREEN_VARIANT") == "thread" else []

complaints = []
programs = sorted(SAMPLES.glob("[0-9][0-9]_*/*.cpp"))
if not programs:
    sys.exit("there are no samples")
for source in programs:
    name = f"{source.parent.name}-{source.stem}"
    if len(source.read_text().splitlines()) > MOST_LINES:
        complaints.append(f"{source.relative_to(SAMPLES)} has more than {MOST_LINES} lines")
    if not re.search(rf"build/samples/{name}( \[.*\])?\n", source.read_text()):
        complaints.append(f"{source.relative_to(SAMPLES)} does not say how to run it (build/samples/{name})")
    if name in TOO_MANY_FIBERS:
        continue
    try:
        ran = subprocess.run([BUILD / "samples" / name], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120)
    except subprocess.TimeoutExpired:
        complaints.append(f"{name} does not end")
        continue
    if ran.returncode:
        complaints.append(f"{name} ended with {ran.returncode}")
    if ran.stdout != (source.parent / "expected.txt").read_text():
        complaints.append(f"{name} printed:\n{ran.stdout}")
    if ran.stderr:
        complaints.append(f"{name} said on standard error:\n{ran.stderr}")
if complaints:
    sys.exit("\n".join(complaints))
print(f"{len(programs)} programs")
