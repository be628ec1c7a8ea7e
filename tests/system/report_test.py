#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
"""The report of the bench is what its results and findings make of it, and so are its pictures."""
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

BENCH = Path(os.environ["GREEN_SOURCE"]) / "tests/bench"
if os.environ.get("GREEN_VARIANT"):
    print("the report is the same in every variant")
    sys.exit(77)

with tempfile.TemporaryDirectory() as folder:
    made = Path(folder)
    (made / "report").mkdir()
    shutil.copy(BENCH / "report/results.jsonl", made / "report")
    subprocess.run([BENCH / "run", "--report", "--output", made], check=True)
    kept = {path.relative_to(BENCH) for path in [BENCH / "REPORT.md", *(BENCH / "report").glob("*.svg")]}
    fresh = {path.relative_to(made) for path in [made / "REPORT.md", *(made / "report").glob("*.svg")]}
    if kept != fresh:
        sys.exit(f"made: {sorted(map(str, fresh - kept))}, not made: {sorted(map(str, kept - fresh))}")
    for path in sorted(kept):
        if (BENCH / path).read_text() != (made / path).read_text():
            sys.exit(f"tests/bench/{path} is another one: tests/bench/run --report writes it")

empty = subprocess.run([BENCH / "run", "--report", "--output", "/nonexistent"], capture_output=True, text=True)
if empty.returncode == 0 or "measure first" not in empty.stderr:
    sys.exit(f"without results: {empty.returncode} {empty.stderr}")
