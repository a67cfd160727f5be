#!/bin/bash
# Runs the study of alignment and puts its tables into docs/alignment.md. The drift part processes
# hours of audio and takes about ten minutes.
#
#   scripts/alignment.sh [BENCH_ALIGNMENT]     default: build/bench/bench_alignment, built with
#                                              -Dbench=enabled
#
# Needs UNECHO_REFERENCE for the recordings that the page names.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
bench=${1:-$root/build/bench/bench_alignment}
page=$root/docs/alignment.md
: "${UNECHO_REFERENCE:?must name the folder of the reference data}"

figures=$(mktemp)
trap 'rm -f "$figures" "$figures.page"' EXIT
"$bench" >"$figures"
awk -v figures="$figures" '
    /^<!-- end of figures -->/ { inside = 0 }
    !inside { print }
    /^<!-- figures:/ {
        inside = 1
        print ""
        while ((getline line < figures) > 0)
            print line
    }' "$page" >"$figures.page"
cat "$figures.page" >"$page"
