#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
"""The pictures and the table of figures in samples/README.md say what was measured (pictures/models.json), and all of the
pictures are shown."""
import os
import subprocess
import sys
from pathlib import Path

SOURCE = Path(os.environ["GREEN_SOURCE"])
README = (SOURCE / "samples/README.md").read_text()

checked = subprocess.run([SOURCE / "tests/bench/plot", "--check"], capture_output=True, text=True)
complaints = [checked.stdout + checked.stderr] * (checked.returncode != 0)
pictures = sorted((SOURCE / "samples/pictures").glob("*.svg"))
complaints += [f"{path.name} is not shown" for path in pictures if f"](pictures/{path.name})" not in README]
complaints += ["there are no pictures"] * (not pictures)
if complaints:
    sys.exit("\n".join(complaints))
