#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
"""No coroutine here is one that GCC 12 miscompiles: `if (co_await f()) co_return x;` never gets there, and
`a && co_await f()` awaits in any case. And what is to be awaited says so to whoever forgets it."""
import re

from rooms import ROOT, files, report

PITFALL = re.compile(r"\bif (?:constexpr )?\((?:[^;{}]|\n)*?\bco_await\b[^;{}]*\)\s*\{?\s*co_return\b")


SHORT_CIRCUIT = re.compile(r'(?:&&|\|\|)(?:[^(){};"]|\([^()]*\)|\()*?\bco_await\b')


NOT_MISSED = re.compile(r"\b(?:class|struct) \w*awaiter\b[^;{]*\{")


def complaints(name, text):
    text = re.sub(r"//.*", "", text)
    for found in NOT_MISSED.finditer(text):
        line = text.count("\n", 0, found.start()) + 1
        yield f"{name}:{line}: an awaiter is not [[nodiscard]]"
    for pitfall, what in ((PITFALL, "in the condition of an if that returns"), (SHORT_CIRCUIT, "behind && or ||")):
        for found in pitfall.finditer(text):
            line = text.count("\n", 0, found.start()) + 1
            yield f"{name}:{line}: a co_await {what}; name its result first (see coro/task.h)"


assert list(complaints("x", "if (co_await f() == 4) co_return 1;"))
assert list(complaints("x", "while (n)\n    if (co_await f()) {\n        co_return 1;"))
assert list(complaints("x", "class my_awaiter : base {"))
assert not list(complaints("x", "class [[nodiscard]] my_awaiter : base {"))
assert list(complaints("x", "co_return known || co_await f();"))
assert list(complaints("x", "while (more && (x = co_await f()) > 0) ++n;"))
assert not list(complaints("x", "if (a && b) co_await g();"))
assert not list(complaints("x", "const bool b = co_await f();\nif (b) co_return 1;"))
report([each for path in files(".cpp", ".h", ".inc")
        for each in complaints(path.relative_to(ROOT).as_posix(), path.read_text())])
