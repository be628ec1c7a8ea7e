#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
"""The include line is the architecture: no room includes one above it or beside it."""
import re

from rooms import LINE_OF, OBSERVERS, ROOT, files, includes, may_include, report

THIRD_PARTY = re.compile(r"boost/|ares|openssl/|zlib\.h|gumbo|doctest|CLI/|valgrind/")
PLATFORM = re.compile(r"^\s*#\s*(?:el)?if.*(__SANITIZE_|__has_feature|__x86_64__|__aarch64__|GREEN_[AT]SAN)", re.M)
PLATFORM_PLACES = ("green/sys/", "green/context/", "green/hub/poller")


def complaints_about_runtime(name, text):
    """`name` is the path below runtime/, as in green/sync/event.h."""
    parts = name.split("/")
    room = parts[1] if len(parts) > 2 else None  # green/green.h is the face: it may include every room
    if room and room not in LINE_OF and room not in OBSERVERS:
        yield f"{name}: the room '{room}' has no place in tests/architecture/rooms.py"
        return
    for number, included, angled in includes(text):
        where = f"{name}:{number}"
        if not angled:
            yield f'{where}: "{included}" is included by a relative name, not by its full path'
        elif included.startswith("monkeypatch"):
            yield f"{where}: nothing in the runtime includes monkeypatch"
        elif included.startswith("green/") and room:
            other = included.split("/")[1]
            if included.count("/") < 2:
                yield f"{where}: a room includes the face <{included}>"
            elif not may_include(room, other):
                yield f"{where}: {room} must not include {other} (<{included}>)"
        elif name.endswith(".h") and THIRD_PARTY.match(included):
            yield f"{where}: <{included}> is a third party's, in a header that users include"
    if room and not name.startswith(PLATFORM_PLACES):
        for found in PLATFORM.finditer(text):
            yield f"{name}: asks for a platform or a sanitizer ({found[1]}) outside sys, context and the poller"


def complaints_about_samples(name, text):
    for number, included, _ in includes(text):
        if included.split("/")[:2] in (["green", "sys"], ["green", "context"]):
            yield f"{name}:{number}: a sample includes <{included}>, which is not for users"
    if re.search(r"\bdetail::", text):
        yield f"{name}: a sample uses what is in a namespace detail"


def check_that_rules_can_fail():
    for name, text in [
        ("green/hub/hub.h", "#include <green/fiber/fiber.h>"),
        ("green/coro/task.h", "#include <green/fiber/fiber.h>"),
        ("green/net/tcp.h", "#include <green/file/file.h>"),
        ("green/hub/hub.h", "#include <green/inspect/fibers.h>"),
        ("green/sync/event.h", "#include <green/context/stack.h>"),
        ("green/sync/event.h", "#include <green/green.h>"),
        ("green/sync/event.h", '#include "queue.h"'),
        ("green/dns/resolver.h", "#include <ares.h>"),
        ("green/net/tcp.cpp", "#include <monkeypatch/patch.h>"),
        ("green/attic/old.h", ""),
        ("green/sync/event.cpp", "#ifdef X\n#elif __has_feature(y)"),
    ]:
        assert list(complaints_about_runtime(name, text)), (name, text)
    assert not list(complaints_about_runtime("green/net/tcp.cpp", "#include <green/dns/r.h>\n#include <ares.h>"))
    assert not list(complaints_about_runtime("green/green.h", "#include <green/http/client.h>"))
    assert list(complaints_about_samples("a.cpp", "#include <green/sys/calls.h>"))


check_that_rules_can_fail()
found = []
for path in files(".h", ".cpp", under="runtime"):
    found += complaints_about_runtime(path.relative_to(ROOT / "runtime").as_posix(), path.read_text())
for path in files(".h", ".cpp", under="samples"):
    found += complaints_about_samples(path.relative_to(ROOT).as_posix(), path.read_text())
report(found)
