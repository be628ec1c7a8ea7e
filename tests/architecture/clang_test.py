#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
"""Clang 16 accepts every source of the runtime and the patch, and a program that uses Boost.Context beside it, without
a warning; the other tests are built by the default compiler."""
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
    return complaint_of(source.relative_to(ROOT), source)


def complaint_of(name, *arguments, program=None):
    places = ["-I", ROOT / "runtime", "-I", ROOT / "monkeypatch"]
    done = subprocess.run([COMPILER, *OPTIONS, *places, *arguments], input=program, text=True, capture_output=True)
    return f"{name}:\n{done.stderr}" if done.returncode else None


BESIDE_BOOST = "#include <boost/context/detail/fcontext.hpp>\n#include <green/green.h>\n"

with ThreadPoolExecutor(os.cpu_count()) as workers:
    complaints = list(workers.map(complaint, [*files(".cpp", under="runtime"),
                                              *files(".cpp", under="monkeypatch/green")]))
complaints.append(complaint_of("a program with Boost.Context", "-x", "c++", "-", program=BESIDE_BOOST))
report([each for each in complaints if each])
