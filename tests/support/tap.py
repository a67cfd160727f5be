"""Runs unittest's tests and prints TAP."""

import traceback
import unittest


class Tap(unittest.TestResult):
    count = 0

    def line(self, text):
        Tap.count += 1
        print(text.replace("ok", f"ok {Tap.count}", 1), flush=True)

    def addSuccess(self, test):
        self.line(f"ok - {test.id()}")

    def addSkip(self, test, reason):
        self.line(f"ok - {test.id()} # SKIP {reason}")

    def addError(self, test, error):
        self.failures.append((test, ""))
        self.line(f"not ok - {test.id()}")
        print("".join(f"# {line}\n" for text in traceback.format_exception(*error)
                      for line in text.splitlines()), end="", flush=True)

    addFailure = addError

    def addSubTest(self, test, subtest, error):
        if error is not None:
            self.addError(subtest, error)


def run(module):
    """The exit status."""
    result = Tap()
    unittest.defaultTestLoader.loadTestsFromName(module).run(result)
    print(f"1..{Tap.count}")
    return int(bool(result.failures) or Tap.count == 0)
