#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
"""Clang 16 accepts every source of the runtime without a warning; the other tests are built by the default compiler."""
import os
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

from rooms import ROOT, files, report

COMPILER = "clang++-16"
OPTIONS = "-std=c++20 -D_GNU_SOURCE -Wall -Wextra -Wpedantic -Werror -fsyntax-only".split()

if os.environ.get("GREEN_VARIANT"):
    print("sources are the same in every variant")
    sys.exit(77)
if not shutil.which(COMPILER):
    print(f"there is no {COMPILER}")
    sys.exit(77)


def complaint(source):
    done = subprocess.run([COMPILER, *OPTIONS, "-I", ROOT / "runtime", source], text=True, capture_output=True)
    return f"{source.relative_to(ROOT)}:\n{done.stderr}" if done.returncode else None


with ThreadPoolExecutor(os.cpu_count()) as workers:
    report([each for each in workers.map(complaint, files(".cpp", under="runtime")) if each])
