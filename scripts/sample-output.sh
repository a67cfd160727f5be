#!/bin/bash
# Makes what the README shows of the bundled sample: samples/meeting_clean.flac, the output with the
# default settings, and docs/sample.svg, the spectrograms before and after out of doctor's picture.
# Usage: scripts/sample-output.sh [UNECHO]
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."
unecho=${1:-build/cli/unecho}
picture=$(mktemp --suffix .svg)
trap 'rm -f "$picture"' EXIT

cd samples
case $unecho in
/*) ;;
*) unecho=../$unecho ;;
esac
"$unecho" process meeting_mic.flac meeting_far.flac -o meeting_clean.flac
"$unecho" doctor -q meeting_mic.flac meeting_far.flac --picture "$picture" >/dev/null
# The upper edge of the spectrograms' part, whose title stands 24 above its panel.
top=$(sed -n 's/.*y="\([0-9]*\)\(\.[0-9]*\)\?" class="head">Before: .*/\1/p' "$picture")
height=$(sed -n 's/^<svg .* height="\([0-9]*\)".*/\1/p' "$picture")
sed -e "1s/viewBox=\"[^\"]*\"/viewBox=\"0 $((top - 20)) 1000 $((height - top + 20))\"/" \
    -e "1s/ height=\"[0-9]*\"/ height=\"$((height - top + 20))\"/" "$picture" |
    awk '/class="head">Before: / { shown = 1 } NR <= 2 || /^<rect .*class="page"/ || /^<style/ || shown' \
        >../docs/sample.svg
