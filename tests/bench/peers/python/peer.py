# SPDX-License-Identifier: BSL-1.0
"""The command line that the programs of all peers have in common (see ../peer.h), for Python.

    X_peer.py WORKLOAD [SIZE [SECONDS]] [NAME=VALUE ...]
    X_peer.py                                            lists its workloads

A program is X_timed.py, with what takes its own time, and X_serving.py, with what serves. Each has a dictionary WORKLOADS
of functions that take a Request.
"""
import dataclasses
import importlib
import importlib.util
import sys


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
