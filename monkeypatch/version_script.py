#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
"""Prints the version script of libgreen-monkeypatch.so: what it exports are the names of symbols.def and its own face.

    monkeypatch/version_script.py green/monkeypatch/symbols.def > OUTPUT
"""
import re
import sys
from pathlib import Path

names = re.findall(r"^GREEN_SYMBOL\(\w+, (\w+),", Path(sys.argv[1]).read_text(), re.MULTILINE)
# Without a version of their own, so that a program's references to libc's versioned names find them.
print("{\n  global:")
for name in names:
    print(f"    {name};")
print('    extern "C++" { green::monkeypatch::*; };')
print("  local: *;\n};")
