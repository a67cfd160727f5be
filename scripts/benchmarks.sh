#!/bin/bash
# Measures on this machine and puts figures and plot into docs/benchmarks.md. Takes about two minutes
# on a machine that must be otherwise idle.
#
#   scripts/benchmarks.sh [UNECHO]     UNECHO: the program, default build/tools/unecho
#
# Needs UNECHO_REFERENCE for the recording and the model that the page names, and fetches ONNX
# Runtime unless UNECHO_ONNXRUNTIME names its library.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
unecho=${1:-$root/build/tools/unecho}
page=$root/docs/benchmarks.md
: "${UNECHO_REFERENCE:?must name the folder of the reference data}"
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
