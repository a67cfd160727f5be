#!/usr/bin/python3
# Counts the test cases in meson's testlog.json by their TAP lines ("ok 3 - name"), prints the whole
# output of each program that failed, and ends with "N passed, N failed[, N skipped]". The exit status
# is 0 if something passed and nothing failed.

import json
import pathlib
import re
import sys

CASE = re.compile(r"^(not )?ok \d+\b(.*)$", re.MULTILINE)
PLAN = re.compile(r"^1\.\.(\d+)", re.MULTILINE)


def count(program):
    """Passed, failed and skipped cases of one program."""
    output = program.get("stdout") or ""
    passed = failed = skipped = 0
    for negative, rest in CASE.findall(output):
        # cmocka 1.1 writes "not ok 3 # SKIP name".
        if re.match(r".*# *SKIP\b", rest, re.IGNORECASE):
            skipped += 1
        elif negative:
            failed += 1
        else:
            passed += 1
    cases = passed + failed + skipped
    planned = sum(int(n) for n in PLAN.findall(output))
    result = program["result"]
    if cases == 0 and planned == 0:
        # A program without cases counts as one.
        return int(result == "OK"), int(result not in ("OK", "SKIP")), int(result == "SKIP")
    if failed == 0 and (result not in ("OK", "SKIP") or cases < planned):
        # It crashed, timed out, or ended before its last case.
        failed = 1
    return passed, failed, skipped


def show(program):
    print(f"==== {program['name']}: {program['result']}, exit status {program['returncode']}")
    print("$ " + " ".join(program["command"]))
    for stream in ("stdout", "stderr"):
        text = (program.get(stream) or "").rstrip("\n")
        if text:
            print(f"---- {stream}\n{text}")
    print("====\n")


def main():
    path = pathlib.Path(sys.argv[1])
    lines = path.read_text(errors="replace").splitlines() if path.exists() else []
    total = [0, 0, 0]
    for program in map(json.loads, lines):
        counts = count(program)
        if counts[1]:
            show(program)
        total = [a + b for a, b in zip(total, counts)]
    if not any(total):
        print("No test ran.")
    passed, failed, skipped = total
    print(f"{passed} passed, {failed} failed" + (f", {skipped} skipped" if skipped else ""))
    sys.exit(0 if passed and not failed else 1)


main()
