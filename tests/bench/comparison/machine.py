# SPDX-License-Identifier: BSL-1.0
"""What the machine is on which is measured."""
import platform
from pathlib import Path


def processor():
    names = [line.split(":", 1)[1].strip() for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name")]
    return names[0] if names else platform.machine()
