# SPDX-License-Identifier: BSL-1.0
"""The command line that the programs of all peers have in common (see ../peer.h), for Python.

    X_peer.py WORKLOAD [SIZE [SECONDS]] [NAME=VALUE ...]
    X_peer.py                                            lists its workloads

A program is X_timed.py, with what takes its own time, X_serving.py, with what serves, and X_names.py. Each has a dictionary WORKLOADS
of functions that take a Request.
"""
import dataclasses
import importlib
import importlib.util
import sys
import time


@dataclasses.dataclass
class Request:
    size: int = 2
    seconds: float = 0.2  # about so long one that repeats itself goes on
    named: dict = dataclasses.field(default_factory=dict)  # the words NAME=VALUE


def parse(words):
    request = Request(named=dict(word.split("=", 1) for word in words if "=" in word))
    places = [word for word in words if "=" not in word]
    if places:
        request.size = int(places[0])
    if len(places) > 1:
        request.seconds = float(places[1])
    return request


def timed(body):
    """Returns the seconds that body() takes."""
    start = time.perf_counter()
    body()
    return time.perf_counter() - start


def measured_seconds(measure, request):
    """measure(size, n) does an operation n times, or a little more often, and returns how many seconds that took and how
    often it was."""
    n = 64
    while measure(request.size, n)[0] * 4 < request.seconds:
        n *= 2
    spent, operations = measure(request.size, n * 3)
    return spent / operations


def each(measure):
    return lambda request: print(f"ns={measured_seconds(measure, request) * 1e9:.3f}")


def rate(measure):
    """The same of what goes on in many places at a time: prints how many there are in a second."""
    return lambda request: print(f"per_second={1 / measured_seconds(measure, request):.1f}")


def once(body):
    """body(size) is done once, after a smaller one for warming up."""

    def work(request):
        body(request.size // 100 + 1)
        print(f"seconds={timed(lambda: body(request.size)):.6f}")

    return work


def memory_bytes():
    """Returns the resident memory without pages of files, and that with the page tables."""
    with open("/proc/self/status") as status:
        kib = {line.split()[0]: int(line.split()[1]) for line in status if line.startswith(("RssAnon:", "VmPTE:"))}
    return kib["RssAnon:"] * 1024, sum(kib.values()) * 1024


def moments_of_sleep(request):
    """For some, a sample, and then for `request.size`: yields how many shall sleep until when, goes on when they do, yields
    None, and goes on when all are awake. Prints the results. See the sleepers of ../peer.h."""
    count, patience = request.size, float(request.named.get("patience", 2))
    sample, margin = max(1000, count // 20), 0.3 if count <= 100_000 else 0.7
    yield 10, time.monotonic()
    yield
    before = memory_bytes()
    begun = time.monotonic()
    yield sample, begun + margin
    start_of_sample = time.monotonic() - begun
    yield
    begun = time.monotonic()
    moment = begun + margin + start_of_sample * patience * count / sample
    yield count, moment
    asleep_at = time.monotonic()
    asleep = memory_bytes()
    if time.monotonic() >= moment:
        sys.exit("some went on before all slept: the machine was busy")
    yield
    woken_at = time.monotonic()
    resident, all_of_it = ((now - then) / count for now, then in zip(asleep, before))
    print(f"bytes_each={all_of_it:.1f} resident_bytes_each={resident:.1f} start_ns={(asleep_at - begun) * 1e9 / count:.1f}"
          f" wake_ns={(woken_at - moment) * 1e9 / count:.1f}")


def far_away(i):
    """The deadlines of ../peer.h, in seconds."""
    return 60 + i * 7919 % 3_600_000 / 1e3


def soon(i):
    return i * 7919 % 10_000 / 1e6


def run(*modules):
    """Does what the command line says with the workloads of those of the modules that there are."""
    known = {}
    for name in modules:
        if importlib.util.find_spec(name):
            known.update(importlib.import_module(name).WORKLOADS)
    if len(sys.argv) < 2:
        print("\n".join(sorted(known)))
    elif sys.argv[1] in known:
        known[sys.argv[1]](parse(sys.argv[2:]))
    else:
        sys.exit(f"{sys.argv[0]}: no workload is called '{sys.argv[1]}' here")
