# SPDX-License-Identifier: BSL-1.0
"""The workload `dns` in Python; see ../names.h."""
import itertools

_numbers = itertools.count()


def next_name():
    return f"host{next(_numbers)}.bench.test"


def names_each(size, n):
    return (n + size - 1) // size
