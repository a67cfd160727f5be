#!/bin/bash
# Measures on this machine and puts figures and plot where docs/benchmarks.md shows them. The machine
# should have nothing else to do: it takes about two minutes.
#
#   scripts/benchmarks.sh [UNECHO]     UNECHO: the program, default build/cli/unecho
#
# Needs UNECHO_REFERENCE for the recording and the model that the page names, and fetches ONNX
# Runtime where UNECHO_ONNXRUNTIME does not say where it is.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
unecho=${1:-$root/build/cli/unecho}
page=$root/docs/benchmarks.md
: "${UNECHO_REFERENCE:?says where the reference data is}"
if [[ -z ${UNECHO_ONNXRUNTIME:-} ]]; then
    UNECHO_ONNXRUNTIME=$("$root/scripts/onnxruntime.sh")
    export UNECHO_ONNXRUNTIME
fi

figures=$(mktemp)
trap 'rm -f "$figures" "$figures.page"' EXIT
"$unecho" bench --plot "$root/docs/benchmarks.svg" >"$figures"
awk -v figures="$figures" '
    /^<!-- end of figures -->/ { inside = 0 }
    !inside { print }
    /^<!-- figures:/ {
        inside = 1
        print ""
        while ((getline line < figures) > 0)
            print line
        print ""
    }' "$page" >"$figures.page"
cat "$figures.page" >"$page"
