#!/bin/bash
# Scores the engines on real recordings and puts the table where docs/quality.md shows it. It takes
# some minutes.
#
#   scripts/quality.sh FOLDER [UNECHO]     FOLDER: the recordings and their program `score`;
#                                          UNECHO: the program, default build/cli/unecho
#
# The recordings are other people's and not part of the repository; docs/quality.md says what FOLDER
# holds. The scores of each clip stay in $UNECHO_QUALITY_OUT, default /tmp/unecho-quality.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# shellcheck source=scripts/page.sh
source "$root/scripts/page.sh"
folder=${1:?usage: scripts/quality.sh FOLDER [UNECHO]}
unecho=$(realpath -- "${2:-$root/build/cli/unecho}")
export UNECHO_QUALITY_OUT=${UNECHO_QUALITY_OUT:-/tmp/unecho-quality}

score() { # NAME OPTIONS
    "$folder/score" "$1" "$unecho process {mic} {far} -o {out} -q $2"
}
for engine in linear+neural linear neural; do
    score "$engine" "--engine $engine"
done
live="linear+neural, live"
score "$live" "--chunk 128"

figures=$(mktemp)
trap 'rm -f "$figures"' EXIT
/usr/bin/python3 "$root/scripts/quality_table.py" "$UNECHO_QUALITY_OUT" "$folder/others.json" \
    linear+neural "$live" linear neural >"$figures"
put_figures "$root/docs/quality.md" "$figures"
