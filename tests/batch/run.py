"""run.py NAME: runs test_NAME.py and prints TAP."""

import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "..", "support")]

import tap  # noqa: E402

sys.exit(tap.run("test_" + sys.argv[1]))
