#!/bin/bash
# Fetches the ONNX Runtime for tests and benchmarks into build-onnxruntime/, unless it is there, and
# prints the path of its library. Version and checksum are in tests/onnxruntime/package-lock.json. It
# comes in an npm package, of which only the library for this processor is kept. Fails with the reason
# on stderr. With --is-there it fetches nothing: whether there is one, or none for this machine.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# shellcheck source=scripts/setup.sh
source "$root/scripts/setup.sh"

version=$(sed -n 's/.*"onnxruntime-node": "\([0-9.]*\)".*/\1/p' "$root/tests/onnxruntime/package.json")
case $(uname -s)/$(uname -m) in
Linux/x86_64) platform=linux/x64 ;;
Linux/aarch64) platform=linux/arm64 ;;
*)
    [[ ${1:-} != --is-there ]] || exit 0
    echo "The package has no ONNX Runtime for $(uname -s) on $(uname -m)." >&2
    exit 1
    ;;
esac

folder="$root/build-onnxruntime"
library="$folder/$version/${platform#linux/}/libonnxruntime.so.1"
if [[ ${1:-} == --is-there ]]; then
    [[ -f $library ]]
    exit
fi
if [[ ! -f $library ]]; then
    {
        need npm "fetches ONNX Runtime for the tests" command -v npm
        install_missing
    } >&2
    mkdir -p "$(dirname "$library")"
    download=$(mktemp -d "$folder/download.XXXXXX")
    trap 'rm -rf "$download"' EXIT
    cp "$root"/tests/onnxruntime/package*.json "$download"
    echo "Fetching ONNX Runtime $version ..." >&2
    # The packages' own scripts would fetch more than the library.
    (cd "$download" && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error --fetch-retries=1) >&2
    found=$(find "$download/node_modules/onnxruntime-node" -path "*/$platform/libonnxruntime.so.1")
    # In one step, so that nobody loads half a library.
    mv "$found" "$library.new"
    mv "$library.new" "$library"
fi
echo "$library"
