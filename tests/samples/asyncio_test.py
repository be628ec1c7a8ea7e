#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
"""Every line of green in the table of asyncio's words (samples/README.md) stands in the tests that run it, and every
word of asyncio in it is one. Every name in a line is said: in the text above the table, in the row's first cell, or by a
declaration in the same column, in that row or one above."""
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


# In C++: what is no name of the user's, and what comes with a scope or an object that is.
LITERAL = r'"[^"]*"|\b\d\w*'
KNOWN = set("""auto bool int void const for while return co_await co_return true false""".split())
NAME = r"(?<![\w.>:])(?<!\.\.)[A-Za-z_]\w*(?!\w|::)"
DECLARED = r"(?:\bauto|\bcancelled|\bgreen::\w+(?:<[\w:]+>)?|\bstd::\w+)[&*]? (\w+)"


def undeclared(spans, said):
    """The names in these lines that nobody has said; adds those that they declare to `said`."""
    for span in spans:
        line = re.sub(LITERAL, "", span).replace("->", ".")
        said.update(re.findall(DECLARED, line))
        said.update(name for names in re.findall(r"auto \[([^]]*)\]", line) for name in names.split(", "))
        yield from set(re.findall(NAME, line)) - said - KNOWN


def complaints(text):
    above = text.partition(HEADING)[0].rpartition("\n## ")[2]
    said = [set(code(above)), set(code(above))]
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
            said[number].update(name for span in code(asyncios) for name in re.findall(r"\w+", span))
            for name in undeclared(code(cells[number]), said[number]):
                yield f"nobody says what {name} is: {cells[number]}"
            for span in code(cells[number]):
                if span not in tested:
                    yield f"no {'fiber' if number == 0 else 'task'} runs this line: {span}"
    if len(rows) < 30:
        yield f"only {len(rows)} rows in the table below {HEADING!r}"


found = list(complaints((SOURCE / "samples/README.md").read_text()))
if found:
    sys.exit("\n".join(found))
