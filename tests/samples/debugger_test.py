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


def shown(model, *commands):
    """What gdb prints for the commands, on 18_backtraces of that model."""
    words = [word for command in ("set breakpoint pending on", *commands) for word in ("-ex", command)]
    done = subprocess.run(["gdb", "-q", "-nx", "-batch", *words, Path(os.environ["GREEN_BUILD"]) / f"samples/18_backtraces-{model}"],
                          stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=240)
    return done.stdout + done.stderr


def frames(model, place):
    """The functions that `bt` lists, innermost first, where it stops at `place`."""
    text = shown(model, f"break {place}", "run", "bt")
    found = re.findall(r"^#\d+ +(?:0x[0-9a-f]+ in )?([\w:]+)", text, re.M)
    check(found, text)
    return found


def check(condition, seen):
    if not condition:
        sys.exit(f"gdb shows {seen}")


# It runs, and has not waited yet.
fiber = frames("fiber", "query")
check(fiber[:3] == ["query", "transaction", "request"], fiber)
check("green::detail::control::run_to_end" in fiber or "green::detail::control::entry" in fiber, fiber)
task = frames("coro", "query")
check(task[0] == "query" and "request" not in task and "green::detail::loop::run" in task, task)

# It runs again after its wait, which the kill has ended.
AFTER_THE_WAIT = "__cxa_throw"
fiber = frames("fiber", AFTER_THE_WAIT)
query = fiber.index("query")
check(fiber[query:query + 3] == ["query", "transaction", "request"], fiber)
task = frames("coro", AFTER_THE_WAIT)
query = task.index("query")
check("transaction" not in task and "request" not in task and "green::detail::loop::run" in task, task)
check("green::detail::trampoline::run" in task, task)

# Its variables, and who awaits it.
text = shown("coro", f"break {AFTER_THE_WAIT}", "run", f"frame {query}", "print number", "print *frame_ptr",
             "info symbol *(void**)frame_ptr->_Coro_promise.after.bits_")
check(re.search(r"^\$1 = 1$", text, re.M) and "_Coro_resume_fn" in text, text)
check(re.search(r"^transaction\(", text, re.M), text)
