#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
"""Every name of symbols.def is exported by the library, called in a row, and told of in monkeypatch/README.md; and no
other name is exported."""
import os
import re
import subprocess
import sys
from pathlib import Path

if os.environ.get("GREEN_VARIANT"):
    print("the patch is not combined with sanitizers")
    sys.exit(77)

SOURCE = Path(os.environ["GREEN_SOURCE"])
BUILD = Path(os.environ["GREEN_BUILD"])

listed = re.findall(r'^GREEN_SYMBOL\((\w+), (\w+), "(.*)"\)$',
                    (SOURCE / "monkeypatch/green/monkeypatch/symbols.def").read_text(), re.MULTILINE)
assert listed
names = {name for _, name, _ in listed}

nm = subprocess.run(["nm", "-D", "--defined-only", BUILD / "monkeypatch/libgreen-monkeypatch.so"],
                    capture_output=True, text=True, check=True).stdout
exported = {line.split()[-1] for line in nm.splitlines()}
complaints = [f"{name} is listed and not exported" for name in names - exported]
complaints += [f"{name} is exported and not listed" for name in exported - names if not re.match("_ZNK?5green", name)]

rows = "\n".join(path.read_text() for path in (SOURCE / "tests/monkeypatch/rows").glob("*.c"))
complaints += [f"no row calls {name}" for name in names if not re.search(rf"\b{name}\(", rows)]

table = re.findall(r"^\| `(\w+)` \| (\w+) \| (.*) \|$", (SOURCE / "monkeypatch/README.md").read_text(), re.MULTILINE)
wanted = [(name, family, words) for family, name, words in listed]
complaints += [f"not in the table of monkeypatch/README.md: | `{n}` | {f} | {w} |" for n, f, w in wanted
               if (n, f, w) not in table]
complaints += [f"in the table of monkeypatch/README.md and not listed: {row}" for row in table if row not in wanted]

print("\n".join(sorted(complaints)))
sys.exit(1 if complaints else 0)
