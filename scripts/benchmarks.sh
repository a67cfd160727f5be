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
# shellcheck source=scripts/page.sh
source "$root/scripts/page.sh"
unecho=${1:-$root/build/cli/unecho}
page=$root/docs/benchmarks.md
: "${UNECHO_REFERENCE:?says where the reference data is}"
if [[ -z ${UNECHO_ONNXRUNTIME:-} ]]; then
    UNECHO_ONNXRUNTIME=$("$root/scripts/onnxruntime.sh")
    export UNECHO_ONNXRUNTIME
fi

figures=$(mktemp)
trap 'rm -f "$figures"' EXIT
"$unecho" bench --plot "$root/docs/benchmarks.svg" >"$figures"
put_figures "$page" "$figures"
