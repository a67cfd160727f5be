"""run.py NAME: runs test_NAME.py and prints TAP."""

import os
import sys
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


def main():
    try:
        import numpy  # noqa: F401
    except ImportError as error:
        if os.environ.get("CI") == "true":
            print(f"Bail out! {error}")
            return 1
        print(f"1..0 # SKIP {error}")
        return 0
    sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
    tests = unittest.defaultTestLoader.loadTestsFromName("test_" + sys.argv[1])
    result = Tap()
    tests.run(result)
    print(f"1..{Tap.count}")
    return int(bool(result.failures) or Tap.count == 0)


if __name__ == "__main__":
    sys.exit(main())
