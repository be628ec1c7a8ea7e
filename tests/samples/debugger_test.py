#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
"""What samples/README.md says that gdb shows of a fiber and of a task holds, for 18_backtraces."""
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

if not shutil.which("gdb") or os.environ.get("GREEN_VARIANT"):
    sys.exit(77)  # a sanitizer and a debugger are in each other's way


def frames(model, *commands):
    """The functions that `bt` lists, innermost first, at the place to which the commands lead."""
    words = [word for command in ("set breakpoint pending on", *commands, "run", "bt") for word in ("-ex", command)]
    done = subprocess.run(["gdb", "-q", "-nx", "-batch", *words, Path(os.environ["GREEN_BUILD"]) / f"samples/18_backtraces-{model}"],
                          stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=240)
    found = re.findall(r"^#\d+ +(?:0x[0-9a-f]+ in )?([\w:]+)", done.stdout, re.M)
    if not found:
        sys.exit(f"gdb shows nothing:\n{done.stdout}{done.stderr}")
    return found


def check(condition, shown):
    if not condition:
        sys.exit(f"gdb shows {shown}")


fiber = frames("fiber", "break query")
check(fiber[:3] == ["query", "transaction", "request"], fiber)
check("green::detail::control::run_to_end" in fiber or "green::detail::control::entry" in fiber, fiber)
task = frames("coro", "break query")
check(task[0] == "query" and "request" not in task and "green::detail::loop::run" in task, task)
