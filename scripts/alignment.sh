#!/bin/bash
# Runs the study of alignment and puts its tables where docs/alignment.md shows them. The drift part
# cancels some hours of audio: it takes about ten minutes.
#
#   scripts/alignment.sh [BENCH_ALIGNMENT]     default: build/bench/bench_alignment, which is built
#                                              with -Dbench=enabled
#
# Needs UNECHO_REFERENCE for the recordings that the page names.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# shellcheck source=scripts/page.sh
source "$root/scripts/page.sh"
bench=${1:-$root/build/bench/bench_alignment}
page=$root/docs/alignment.md
: "${UNECHO_REFERENCE:?says where the reference data is}"

figures=$(mktemp)
trap 'rm -f "$figures"' EXIT
"$bench" >"$figures"
put_figures "$page" "$figures"
