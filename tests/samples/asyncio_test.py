#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
"""Every line of green in the table of asyncio's words (samples/README.md) stands in the tests that run it, and every
word of asyncio in it is one."""
import asyncio
import os
import re
import sys
from pathlib import Path

SOURCE = Path(os.environ["GREEN_SOURCE"])
HEADING = "| asyncio | fibers | tasks |"
TESTED = [" ".join((SOURCE / f"tests/samples/asyncio_{model}_test.cpp").read_text().split()) for model in ("fiber", "task")]
WORDS = set().union(*map(dir, (asyncio, asyncio.AbstractEventLoop, asyncio.Task, asyncio.Future)))


def code(cell):
    return [" ".join(span.split()) for span in re.findall(r"`([^`]+)`", cell)]


def complaints(text):
    rows = text.partition(HEADING)[2].split("\n\n")[0].splitlines()[2:]
    for row in rows:
        asyncios, *cells = [cell.strip() for cell in row.strip("|").split(" | ")]
        if len(cells) != 2:
            yield f"not a cell for each model: {row}"
            continue
        if cells[1] == "the same":
            cells[1] = cells[0]
        for span in code(asyncios):
            word = re.match(r"(?:await |async with )?(?:\w+\.)*(\w+)", span)[1]
            if word not in WORDS | {"c", "task"}:
                yield f"asyncio has no {word}: {row}"
        if not code(cells[1]) or not code(asyncios):
            yield f"says nothing: {row}"
        for number, tested in enumerate(TESTED):
            for span in code(cells[number]):
                if span not in tested:
                    yield f"no {'fiber' if number == 0 else 'task'} runs this line: {span}"
    if len(rows) < 30:
        yield f"only {len(rows)} rows in the table below {HEADING!r}"


found = list(complaints((SOURCE / "samples/README.md").read_text()))
if found:
    sys.exit("\n".join(found))
