#!/bin/bash
# coverage.sh BUILD: the lines of each folder of the library that the tests reached in BUILD (set up
# with -Db_coverage=true). Lists the lines that none reached; the exit status is 0 if at least 95 % of
# the lines of each folder were reached.
set -euo pipefail

build=${1:?usage: scripts/coverage.sh BUILD}
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$root"
# Several programs contain the same sources: a line counts if any of them reaches it.
status=0
for folder in model stream suppress record front dsp align linear; do
    echo "Lines of src/$folder that tests reach:"
    gcovr --root . --object-directory "$build" --filter "src/$folder/" \
        --gcov-ignore-parse-errors --fail-under-line 95 "$build/src" || status=1
done
exit "$status"
