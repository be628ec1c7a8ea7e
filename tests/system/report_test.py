#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
"""The report of the bench is what its results and findings make of it, and so are its pictures; the bench measures what it
is asked to."""
import json
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

# One that needs nothing built, from the command to the report.
with tempfile.TemporaryDirectory() as folder:
    made = Path(folder)
    done = subprocess.run([BENCH / "run", "--no-build", "--only", "switch,spawn", "--peers", "asyncio,raw-epoll", "--rounds", "2",
                           "--seconds", "0.02", "--output", made, "--build", made], capture_output=True, text=True)
    rows = [json.loads(line) for line in (made / "report/results.jsonl").read_text().splitlines()]
    measured = [(row["point"], row["peer"], row["round"]) for row in rows if row.get("figures", {}).get("ns", 0) > 0]
    wanted = [(point, "asyncio", number) for point in ("switch 2", "switch 10", "switch 10000", "spawn") for number in range(2)]
    if done.returncode != 0 or measured != wanted or "Python asyncio" not in (made / "REPORT.md").read_text():
        sys.exit(f"measured: {done.returncode} {measured} {done.stderr}")
    if "is not here" not in done.stderr:
        sys.exit(f"nothing is said of a peer that was not built: {done.stderr}")
    added = subprocess.run([BENCH / "run", "--no-build", "--add", "--only", "spawn", "--rounds", "1", "--seconds", "0.02",
                            "--output", made, "--build", made], capture_output=True, text=True)
    rows = [json.loads(line) for line in (made / "report/results.jsonl").read_text().splitlines()[1:]]
    rounds_at = {name: sum(row["point"] == name and row["peer"] == "asyncio" for row in rows) for name in ("switch 2", "spawn")}
    if added.returncode != 0 or rounds_at != {"switch 2": 2, "spawn": 1}:
        sys.exit(f"--add: {added.returncode} {rounds_at} {added.stderr}")

unknown = subprocess.run([BENCH / "run", "--peers", "asynchio"], capture_output=True, text=True)
if unknown.returncode != 2 or "no peer is called 'asynchio': " not in unknown.stderr:
    sys.exit(f"an unknown peer: {unknown.returncode} {unknown.stderr}")
