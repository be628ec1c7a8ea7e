#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
"""Every row (rows/*.c) prints the same unpatched, by greenrun, and under the patch: in the main fiber, in one of many
fibers, and on a native thread beside a hub. Those that reads and polls concern do so too where the patch has less to stand
on: without the family that sees closes, and on a kernel without RWF_NOWAIT for pipes."""
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from itertools import zip_longest
from pathlib import Path

if os.environ.get("GREEN_VARIANT"):
    print("the patch is not combined with sanitizers")
    sys.exit(77)

DOES_NOT_APPLY = 77
HERE = Path(__file__).resolve().parent
BUILD = Path(os.environ["GREEN_BUILD"])
OLD_KERNEL = BUILD / "tests/old-kernel"  # exit status 77: this one cannot be made to look old
ROWS = sorted(path.stem for path in (HERE / "rows").glob("*.c") if path.stem != "main")


def printed_by(*command):
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    except subprocess.TimeoutExpired as late:
        return f"{(late.stdout or b'').decode()}does not end; exit status none\n"
    if done.returncode == DOES_NOT_APPLY:
        return None
    text = done.stdout + done.stderr
    return text if done.returncode == 0 else f"{text}exit status {done.returncode}\n"


def ways(name):
    row = BUILD / "tests" / f"row-{name}"
    yield [BUILD / "monkeypatch/greenrun", row]
    for place in ("main", "fiber", "thread"):
        yield [f"{row}-patched", place]
    if name in ("tcp", "socket", "stream", "select"):
        yield [BUILD / "monkeypatch/greenrun", "--no-descriptor", row]
    if name in ("stream", "select"):
        yield [OLD_KERNEL, BUILD / "monkeypatch/greenrun", row]
        yield [OLD_KERNEL, f"{row}-patched", "fiber"]


def compare(name, way):
    """What differs, line by line. The rows are full of short times: on a busy machine one of three tries must be good."""
    for _ in range(3):
        expected = printed_by(BUILD / "tests" / f"row-{name}")
        seen = printed_by(*way)
        if seen is None:
            return []
        if seen == expected and "exit status" not in expected:
            return []
    lines = zip_longest(expected.splitlines(), seen.splitlines(), fillvalue="(nothing)")
    return [f"differs: {' '.join(map(str, way))}",
            *(f"  without: {without}\n  patched: {under}" for without, under in lines if without != under)]


with ThreadPoolExecutor(3) as pool:  # the rows mostly wait
    found = list(pool.map(lambda pair: compare(*pair), [(name, way) for name in ROWS for way in ways(name)]))
different = sum(bool(each) for each in found)
print("\n".join(line for each in found for line in each))
print(f"{len(ROWS)} rows, {different} ways differ")
sys.exit(1 if different else 0)
