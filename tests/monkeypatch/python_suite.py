# SPDX-License-Identifier: BSL-1.0
"""Runs tests of Python's own suite, named as unittest does, and prints one line for each: its name and what became of it."""
import sys
import unittest


class outcomes(unittest.TestResult):
    def __init__(self):
        super().__init__()
        self.lines = []

    def note(self, test, word):
        self.lines.append(f"{test.id()}: {word}")

    def addSuccess(self, test):
        self.note(test, "ok")

    def addSkip(self, test, reason):
        self.note(test, "skipped")

    def addFailure(self, test, error):
        self.note(test, "failed")
        print(test.id(), self._exc_info_to_string(error, test), file=sys.stderr)

    addError = addFailure


def tests_of(suite):
    for each in suite:
        if isinstance(each, unittest.TestSuite):
            yield from tests_of(each)
        elif "VSOCK" not in each.id():  # these wait for a virtual machine's host
            yield each


found = outcomes()
unittest.TestSuite(tests_of(unittest.defaultTestLoader.loadTestsFromNames(sys.argv[1:]))).run(found)
sys.stdout.flush()
print("outcomes")
print("\n".join(sorted(found.lines)))
