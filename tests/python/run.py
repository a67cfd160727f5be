"""run.py NAME: runs test_NAME.py and prints TAP."""

import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "..", "support")]

import tap  # noqa: E402


def main():
    try:
        import numpy  # noqa: F401
    except ImportError as error:
        if os.environ.get("CI") == "true":
            print(f"Bail out! {error}")
            return 1
        print(f"1..0 # SKIP {error}")
        return 0
    return tap.run("test_" + sys.argv[1])


if __name__ == "__main__":
    sys.exit(main())
