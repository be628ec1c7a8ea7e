#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
"""Programs that do what is hard to bear for something that is preloaded (programs/*), and the samples in plain C: by
greenrun they print the same, and end the same way."""
import os
import resource
import sys
from pathlib import Path

sys.path.insert(0, os.path.join(os.environ["GREEN_SOURCE"], "tests/system"))
from processes import scratch_folder  # noqa: E402

from comparison import BUILD, compare, finish  # noqa: E402

HERE = Path(__file__).resolve().parent
SAMPLES = Path(os.environ["GREEN_SOURCE"]) / "samples"
tried = set()


def program(name, *words, **options):
    tried.add(name)
    status = compare(f"{BUILD}/tests/program-{name}", *words, **options)
    assert status is not None, f"{name} is not built"
    return status


def limited_to(descriptors):
    def limit():
        _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (descriptors, max(descriptors, hard) if hard >= 0 else hard))
    return limit


assert program("never_blocks", "word") == 3
assert program("looks_around") == 0
assert program("forks_at_once") == 0
assert program("threads_from_the_start") == 0
assert program("own_malloc") == 0
assert program("executes_itself") == 4
assert program("waits_for_ever") == 0
assert program("waits_outside_main", f"{BUILD}/tests/waiting_module.so") == 5
for way in "loop", "range", "from":
    assert program("closes_everything", way) == 0
    assert program("closes_everything", way, "after a wait") == 0
for words in [], ["after a wait"]:
    assert program("own_handlers", *words) == -11
    assert program("starts_programs", *words) == 0
    assert program("cancels_threads", *words) == 0
for spare in 0, 1, 2, 3, 4, 5, 60, 200:
    assert program("few_descriptors", spare) == 0
    assert program("few_descriptors", spare, "after a wait") == 0
for limit in 4, 5, 6, 20, 80, 200:  # the dynamic loader needs one more than the three
    assert program("few_descriptors", preexec_fn=limited_to(limit)) == 0

for way, status in {"return": 7, "exit": 8, "_exit": 9, "quick_exit": 10, "abort": -6, "kill": -15, "alarm": -14,
                    "handler": 14, "pipe": -13, "closed-pipe-ignored": 0, "closed-socket": -13, "thread": 12,
                    "pthread_exit": 0, "child": 11}.items():
    assert program("ends", way) == status, way

with scratch_folder() as folder:
    assert program("standard_library", folder, given=b"one two\nthree\n") == 0

for source in sorted(SAMPLES.glob("*/plain.c")):
    assert compare(f"{BUILD}/samples/{source.parent.name}-plain") == 0, source

all_there_are = {source.stem for source in (HERE / "programs").glob("*.c*") if not source.stem.endswith("_module")}
assert tried == all_there_are, tried ^ all_there_are
finish()
