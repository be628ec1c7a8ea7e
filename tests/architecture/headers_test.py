#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
"""Every header of the runtime and of the patch compiles on its own, without a warning (of those that users turn on
too), and may be included twice."""
import os
import shlex
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

from rooms import ROOT, files, report

if os.environ.get("GREEN_VARIANT"):
    print("headers are the same in every variant")
    sys.exit(77)

COMPILER = [word for word in shlex.split(os.environ.get("CXX", "g++")) if word != "ccache"]
WARNINGS = "-Wall -Wextra -Wpedantic -Wshadow -Wconversion -Werror".split()
OPTIONS = "-std=c++20 -D_GNU_SOURCE -fsyntax-only -x c++ -".split() + WARNINGS
PLACES = ["runtime", "monkeypatch"]


def compile_errors(lines):
    places = [word for place in PLACES for word in ("-I", ROOT / place)]
    done = subprocess.run(COMPILER + OPTIONS + places, input="\n".join(lines) + "\n", text=True, capture_output=True)
    return done.stderr if done.returncode else ""


def complaint(header):
    line = f"#include <{header}>"
    errors = compile_errors([line, line])
    return f"<{header}> does not compile on its own:\n{errors}" if errors else None


assert compile_errors(["#include <green/no_such_header.h>"])
headers = [path.relative_to(ROOT / place).as_posix() for place in PLACES for path in files(".h", under=place)]
assert headers
with ThreadPoolExecutor(os.cpu_count()) as workers:
    report([each for each in workers.map(complaint, headers) if each])
