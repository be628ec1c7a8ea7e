#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
"""Prints the table of system calls by their numbers, as the compiler's <sys/syscall.h> has them.

    monkeypatch/system_calls.py COMPILER… > OUTPUT
"""
import re
import subprocess
import sys

defined = subprocess.run([*sys.argv[1:], "-E", "-dM", "-x", "c", "-"], input="#include <sys/syscall.h>\n", text=True,
                         capture_output=True, check=True).stdout
names = sorted(re.findall(r"^#define SYS_(\w+) __NR_\1$", defined, re.MULTILINE))
if "futex" not in names:
    sys.exit("no system calls in <sys/syscall.h>")
rows = "\n".join(f'    {{SYS_{name}, "{name}"}},' for name in names)
print(f"""#include <green/monkeypatch/call_name.h>

#include <sys/syscall.h>

static constexpr struct {{
    long number;
    const char* name;
}} system_calls[] = {{
{rows}
}};

const char* green::monkeypatch::detail::name_of_system_call(long number) noexcept {{
    for (const auto& each : system_calls)
        if (each.number == number) return each.name;
    return nullptr;
}}""")
