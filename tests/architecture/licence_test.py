#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
"""Every source file names its licence in its first line, after a #! line if it has one."""
from rooms import ROOT, files, report

SOURCES = (".h", ".cpp", ".c", ".S", ".py", ".sh", ".cmake", "meson.build", "meson_options.txt")


def names_licence(text):
    lines = text.splitlines() or [""]
    if lines[0].startswith("#!") and len(lines) > 1:
        lines = lines[1:]
    return lines[0].lstrip("/*# ").startswith("SPDX-License-Identifier: ")


def is_script(path):
    with path.open("rb") as file:
        return file.read(2) == b"#!"


assert names_licence("// SPDX-License-Identifier: BSL-1.0")
assert names_licence("#!/bin/sh\n# SPDX-License-Identifier: BSL-1.0")
assert not names_licence("#include <a>\n// SPDX-License-Identifier: BSL-1.0") and not names_licence("")
report([f"{path.relative_to(ROOT)}: the first line does not name the licence"
        for path in files() if (path.name.endswith(SOURCES) or is_script(path)) and not names_licence(path.read_text())])
