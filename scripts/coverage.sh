#!/bin/bash
# coverage.sh BUILD: which lines of the loaders, of the stream and of what lies between it and the
# network the tests that ran in BUILD (made with -Db_coverage=true) reach. Lists those that none
# reaches; the exit status is 0 if at least 95 % of the lines of each folder are reached.
set -euo pipefail

build=${1:?usage: scripts/coverage.sh BUILD}
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$root"
# Several programs are made of the same sources: a line counts where any of them reaches it.
status=0
for folder in model stream record front align linear; do
    echo "Lines of src/$folder that tests reach:"
    gcovr --root . --object-directory "$build" --filter "src/$folder/" \
        --gcov-ignore-parse-errors --fail-under-line 95 "$build/src" || status=1
done
exit "$status"
