#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
"""No coroutine here, nor in an example, is one that GCC 12 miscompiles (see coro/task.h): with a co_await in a
condition that declares no variable, behind `&&`, `||` or `?`, or of what `?:` chooses. And what is to be awaited says
so to whoever forgets it."""
import re

from rooms import ROOT, files, report

HEAD = re.compile(r"\b(?:if|while|for|switch) ?\(")
DECLARATION = re.compile(r"\s*(?!co_await\b)[A-Za-z_][\w:<>, ]*[\s&*]+(?:\w+|\[[^]]*\])\s*(?:=|:[^:]|;|\{)")
SHORT_CIRCUIT = re.compile(r'(?:&&|\|\||\?)(?:[^(){};"]|\([^()]*\)|\()*?\bco_await\b')
CHOSEN = re.compile(r"\bco_await \((?:[^(){};]|\([^()]*\))*\?")
NOT_MISSED = re.compile(r"\b(?:class|struct) \w*awaiter\b[^;{]*\{")


def in_parentheses(text, start):
    """What stands between the parenthesis that opens before `start` and its end; what is in braces left out."""
    inside, parentheses, braces = "", 1, 0
    for char in text[start:]:
        braces += (char == "{") - (char == "}")
        if not braces:
            parentheses += (char == "(") - (char == ")")
            if not parentheses:
                return inside
            inside += char
    return ""


def pitfalls(text):
    """Where they stand in the text of a source, and what they are. Examples in its comments count."""
    shown = text.replace("//", "  ")
    for found in HEAD.finditer(shown):
        head = in_parentheses(shown, found.end())
        if "co_await" in head and not DECLARATION.match(head):
            yield found.start(), "in a condition that declares no variable"
    run = re.sub(r"//.*", lambda comment: " " * len(comment[0]), text)
    for pattern, what in ((SHORT_CIRCUIT, "behind &&, || or ?"), (CHOSEN, "of what ?: chooses")):
        for found in pattern.finditer(run):
            yield found.start(), what


def complaints(name, text):
    for found in NOT_MISSED.finditer(re.sub(r"//.*", "", text)):
        yield f"{name}: an awaiter is not [[nodiscard]]: {found[0]}"
    for start, what in pitfalls(text):
        line = text.count("\n", 0, start) + 1
        yield f"{name}:{line}: a co_await {what}; name its result first (see coro/task.h)"


def complaints_about_examples(name, text):
    """Of the pieces of code in a text."""
    for example in re.findall(r"^```\w*\n(.*?)^```|`([^`\n]+)`", text, re.M | re.S):
        for complaint in complaints(name, "".join(example)):
            yield f"{complaint}: {''.join(example)}"


for bad in ["if (co_await f() == 4) co_return 1;", "if (co_await f()) g();", "if (a) if (!co_await f(h(1), 2)) g();",
            "while (n)\n    if (co_await f()) {\n        co_return 1;", "while (co_await f()) g();",
            "do g(); while (more(co_await f()));", "for (; co_await f();) g();", "switch (co_await f()) {",
            "if (g(); co_await f()) h();", "if (n = co_await f(); n) h();", "//     if (co_await f()) g();",
            "auto l = []() -> task<void> { while (co_await f()) g(); };",
            "class my_awaiter : base {",
            "co_return known || co_await f();", "while (more && (x = co_await f()) > 0) ++n;",
            "co_return known ? 1 : co_await f();", "co_return a ? co_await f() : g();",
            "int x = co_await (a ? f() : g());"]:
    assert list(complaints("x", bad)), bad
for good in ["class [[nodiscard]] my_awaiter : base {", "if (a && b) co_await g();", "if (a) co_await g();",
             "const bool b = co_await f();\nif (b) co_return 1;", "while (auto n = co_await all.next()) f(*n);",
             "while (std::size_t n = co_await f(a, b)) g();", "if (const bool b = co_await f(); !b) g();",
             "for (int i = 0; i < co_await f(); ++i) g();", "for (const auto& [a, b] : co_await f()) g();",
             "while (!a) f(co_await g());", "int x = co_await f() ? 1 : 2;",
             "if (!run([]() -> task<void> { co_await f(); })) g();"]:
    assert not list(complaints("x", good)), good
assert list(complaints_about_examples("x", "| `c` | `while (co_await f()) g();` |"))
assert list(complaints_about_examples("x", "```cpp\nif (co_await f())\n    g();\n```"))
assert not list(complaints_about_examples("x", "an `if` (with a `co_await` in it) or `&&`: `co_await f();`"))

report([*(each for path in files(".cpp", ".h", ".inc")
          for each in complaints(path.relative_to(ROOT).as_posix(), path.read_text())),
        *(each for path in files(".md")
          for each in complaints_about_examples(path.relative_to(ROOT).as_posix(), path.read_text()))])
