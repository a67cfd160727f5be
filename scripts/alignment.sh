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
# shellcheck source=scripts/page.sh
source "$root/scripts/page.sh"
bench=${1:-$root/build/bench/bench_alignment}
page=$root/docs/alignment.md
: "${UNECHO_REFERENCE:?must name the folder of the reference data}"

figures=$(mktemp)
trap 'rm -f "$figures"' EXIT
"$bench" >"$figures"
put_figures "$page" "$figures"
