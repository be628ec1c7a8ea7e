#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
"""Every row (rows/*.c) prints the same unpatched, by greenrun, and under the patch: in the main fiber, in one of many
fibers, and on a native thread beside a hub."""
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from itertools import zip_longest
from pathlib import Path

if os.environ.get("GREEN_VARIANT"):
    print("the patch is not combined with sanitizers")
    sys.exit(77)

HERE = Path(__file__).resolve().parent
BUILD = Path(os.environ["GREEN_BUILD"])
ROWS = sorted(path.stem for path in (HERE / "rows").glob("*.c") if path.stem != "main")


def printed_by(*command):
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    text = done.stdout + done.stderr
    return text if done.returncode == 0 else f"{text}exit status {done.returncode}\n"


def ways(name):
    row = BUILD / "tests" / f"row-{name}"
    yield [BUILD / "monkeypatch/greenrun", row]
    for place in ("main", "fiber", "thread"):
        yield [f"{row}-patched", place]


different = 0
with ThreadPoolExecutor(4) as pool:  # the rows mostly wait
    plain = {name: pool.submit(printed_by, BUILD / "tests" / f"row-{name}") for name in ROWS}
    patched = {name: [(way, pool.submit(printed_by, *way)) for way in ways(name)] for name in ROWS}
for name in ROWS:
    expected = plain[name].result()
    assert expected and "exit status" not in expected, f"{name} fails unpatched:\n{expected}"
    for way, printed in patched[name]:
        seen = printed.result()
        if seen == expected:
            continue
        different += 1
        print("differs:", *way)
        for without, under in zip_longest(expected.splitlines(), seen.splitlines(), fillvalue="(nothing)"):
            if without != under:
                print(f"  without: {without}\n  patched: {under}")
print(f"{len(ROWS)} rows, {different} ways differ")
sys.exit(1 if different else 0)
