# SPDX-License-Identifier: BSL-1.0
"""The order of the rooms, and how the tests beside this file read the tree."""
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

# From high to low. A room may include itself and every room on a later line, never a sibling on its own line.
LINES = [
    ["http"],
    ["tls"],
    ["net", "file", "process"],
    ["dns", "offload"],
    ["io"],
    ["sync"],
    ["bridge"],
    ["fiber", "coro"],
    ["hub"],
    ["context"],
    ["base"],
    ["sys"],
]
LINE_OF = {room: number for number, line in enumerate(LINES) for room in line}

# Rooms beside the stack of lines: they stand on fiber and coro, and only the face may include them.
OBSERVERS = ["inspect", "testing"]

# Rooms that only some others may see, although they lie below many.
VISIBLE_TO = {"context": ["context", "fiber"]}

SKIPPED_DIRECTORIES = {".git", ".cache", "__pycache__"}


def may_include(room, other):
    """Whether a file of `room` may include a header of `other`."""
    if room == other:
        return True
    if room in VISIBLE_TO.get(other, [room]):
        if room in OBSERVERS:
            return other in LINE_OF and LINE_OF[other] >= LINE_OF["fiber"]
        return other in LINE_OF and LINE_OF[other] > LINE_OF[room]
    return False


def files(*endings, under="."):
    """Every source file below `under` with one of these endings, build directories left out."""
    for path in sorted((ROOT / under).rglob("*")):
        parts = path.relative_to(ROOT).parts
        if SKIPPED_DIRECTORIES & set(parts) or parts[0].startswith("build") and len(parts) > 1:
            continue
        if path.is_file() and (not endings or path.name.endswith(endings)):
            yield path


def includes(text):
    """(line number, name, whether in angle brackets) of every #include."""
    for number, line in enumerate(text.splitlines(), 1):
        found = re.match(r'\s*#\s*include\s*([<"])([^>"]+)[>"]', line)
        if found:
            yield number, found[2], found[1] == "<"


def report(complaints):
    """Prints the complaints and ends the test."""
    for complaint in complaints:
        print(complaint)
    raise SystemExit(1 if complaints else 0)
