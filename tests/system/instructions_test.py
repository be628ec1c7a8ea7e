#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
"""The ways through green that are walked most take no more instructions than they did (instructions.json), but for 3 %.

    tests/system/instructions_test.py --write     counts anew and keeps the result, when it is meant to be so

Counted by Valgrind's callgrind, which says the same on a busy machine as on a quiet one. Another compiler or libc has other
counts: the test does not apply there.
"""
import json
import os
import platform
import re
import subprocess
import sys
from pathlib import Path

SLACK = 0.03
DOES_NOT_APPLY = 77
FEW, MANY = 1000, 4000  # what only starting takes is in both
HERE = Path(__file__).resolve().parent
KEPT = HERE / "instructions.json"
BUILD = Path(os.environ.get("GREEN_BUILD", HERE.parents[1] / "build"))
PROGRAMS = [BUILD / "tests/bench" / name for name in ("hot-paths", "hot-paths-patched")]


def leave_out(why):
    print(why)
    sys.exit(DOES_NOT_APPLY)


def made_with():
    log = (BUILD / "meson-logs/meson-log.txt").read_text(errors="replace")
    compiler = re.search(r"C\+\+ compiler for the host machine: .*?\((\S+ [\d.]+)", log)
    options = json.loads((BUILD / "meson-info/intro-buildoptions.json").read_text())
    return {"machine": platform.machine(), "compiler": compiler[1] if compiler else "unknown",
            "optimization": next(each["value"] for each in options if each["name"] == "optimization"),
            "libc": os.confstr("CS_GNU_LIBC_VERSION")}


def instructions(program, path, times):
    done = subprocess.run(["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", program, path, str(times)],
                          capture_output=True, text=True, timeout=300, env=os.environ | {"MALLOC_PERTURB_": "0"})
    found = re.search(r"Collected : (\d+)", done.stderr)
    if done.returncode != 0 or not found:
        sys.exit(f"{program.name} {path} {times} ended with {done.returncode}\n{done.stderr}")
    return int(found[1])


def count_all():
    for program in PROGRAMS:
        for path in subprocess.run([program], capture_output=True, text=True, check=True).stdout.splitlines():
            yield path, (instructions(program, path, MANY) - instructions(program, path, FEW)) / (MANY - FEW)


def main():
    if os.environ.get("GREEN_VARIANT"):
        leave_out("instrumented code has other counts")
    if subprocess.run(["sh", "-c", "command -v valgrind"], stdout=subprocess.DEVNULL).returncode != 0:
        leave_out("valgrind is not here")
    here = made_with()
    if "--write" in sys.argv:
        KEPT.write_text(json.dumps({**here, "instructions": {path: round(count) for path, count in count_all()}}, indent=1) + "\n")
        return 0
    kept = json.loads(KEPT.read_text())
    if {key: kept[key] for key in here} != here:
        leave_out(f"what is kept was counted with {kept['compiler']} -O{kept['optimization']}, {kept['libc']}, {kept['machine']}")
    status = 0
    for path, count in count_all():
        before = kept["instructions"].get(path)
        if before is None or count > before * (1 + SLACK):
            print(f"{path}: {count:.0f} instructions, {'none' if before is None else before} are kept")
            status = 1
        elif count < before * (1 - SLACK):
            print(f"{path}: {count:.0f} instructions, {before} are kept: less; --write keeps that")
    return status


sys.exit(main())
