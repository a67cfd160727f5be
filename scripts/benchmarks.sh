#!/bin/bash
# Measures on this machine and puts figures and plot into docs/benchmarks.md. Takes about two minutes
# on a machine that must be otherwise idle.
#
#   scripts/benchmarks.sh [UNECHO]     UNECHO: the program, default build/cli/unecho
#
# Needs UNECHO_REFERENCE for the recording and the model that the page names, and fetches ONNX
# Runtime unless UNECHO_ONNXRUNTIME names its library.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# shellcheck source=scripts/page.sh
source "$root/scripts/page.sh"
unecho=${1:-$root/build/cli/unecho}
page=$root/docs/benchmarks.md
: "${UNECHO_REFERENCE:?must name the folder of the reference data}"
if [[ -z ${UNECHO_ONNXRUNTIME:-} ]]; then
    UNECHO_ONNXRUNTIME=$("$root/scripts/onnxruntime.sh")
    export UNECHO_ONNXRUNTIME
fi

figures=$(mktemp)
trap 'rm -f "$figures"' EXIT
"$unecho" bench --plot "$root/docs/benchmarks.svg" >"$figures"
put_figures "$page" "$figures"
