"""Checks that includes point one way: a folder of src/ includes those below it in this list only.

The list is that of docs/architecture.md. Prints each include that points up; exit status 1 then.
"""

import pathlib
import re
import sys

TOP_DOWN = [
    "stream",
    "suppress",
    "onnxruntime",
    "model",
    "network",
    "record",
    "align",
    "linear",
    "front",
    "kernels",
    "dsp",
    "",
]
# The steps of reading a model, first to last; each includes those before it.
MODEL = ["graph", "onnx", "tflite", "match", "write", ""]


def main(source):
    wrong = 0
    for path in sorted(source.rglob("*.[ch]")):
        folders = path.relative_to(source).parts[:-1]
        own = folders[0] if folders else ""
        for line in path.read_text().splitlines():
            include = re.match(r'#include "(?:\.\./)?([^"]+)"', line)
            if not include or include[1].startswith("unecho"):
                continue
            to, _, rest = include[1].removeprefix(f"{own}/").partition("/")
            if not rest:
                continue
            if own == "model" and to in MODEL:
                step = folders[1] if len(folders) > 1 else ""
                good = MODEL.index(to) <= MODEL.index(step)
            else:
                good = to not in TOP_DOWN or TOP_DOWN.index(to) >= TOP_DOWN.index(own)
            if not good:
                print(f"{path}: {include[0]} points up")
                wrong += 1
    return 1 if wrong else 0


sys.exit(main(pathlib.Path(sys.argv[1])))
