#!/bin/bash
# Tests the kernels for 64-bit ARM on another machine: installs what is missing, cross-compiles in
# build-aarch64/ and runs tests on emulated CPUs, one with and one without the dot-product
# instructions. The last line has the numbers of test cases that passed and failed; the exit status is
# 0 if some ran and none failed.
set -euo pipefail

usage="usage: scripts/test-aarch64.sh [--all]
    --all  every test that an emulated CPU can run, not only those of what the kernels compute (about
           ten minutes more)"

# Without --all, bits stands for chunks, golden and precision, which take minutes of emulation each:
# it processes chunks of all kinds and compares the output in all precisions with constants that hold
# on x86 as well, where those three run.
tests=(kernels adaptive bits stages api)
for argument; do
    case $argument in
    --all) tests=() ;;
    -h | --help)
        echo "$usage"
        exit 0
        ;;
    *)
        echo "$usage" >&2
        exit 2
        ;;
    esac
done

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
if [[ -n ${UNECHO_REFERENCE:-} ]]; then
    UNECHO_REFERENCE=$(realpath -- "$UNECHO_REFERENCE")
    export UNECHO_REFERENCE
fi
cd "$root"
# shellcheck source=scripts/setup.sh
source scripts/setup.sh

# Debian installs arm64 packages beside those of the machine; programs find their C library where they
# would on the CPU itself, so that the emulator needs no other root.
need_for_build
need gcc-aarch64-linux-gnu "C compiler for 64-bit ARM" command -v aarch64-linux-gnu-gcc
need libc6-dev-arm64-cross "headers of its C library"
need qemu-user "emulates 64-bit ARM" command -v qemu-aarch64
need libcmocka-dev:arm64 "test library"
need libsndfile1-dev:arm64 "reads audio files"
need libsoxr-dev:arm64 "a resampler that the tests link"
if ((${#missing_packages[@]})) && command -v dpkg >/dev/null &&
    [[ $(dpkg --print-foreign-architectures) != *arm64* ]]; then
    echo "Allowing arm64 packages as well (dpkg --add-architecture arm64)."
    add=(dpkg --add-architecture arm64)
    ((EUID == 0)) || add=(sudo "${add[@]}")
    "${add[@]}"
fi
install_missing

build="build-aarch64"
# Command line and ONNX Runtime do not use the kernels differently.
setup=(--cross-file cross/aarch64.ini -Dwerror=true -Dtests=enabled -Dtools=disabled
    -Donnxruntime=disabled)
if [[ -f $build/build.ninja ]]; then
    meson setup --reconfigure "$build" "${setup[@]}" >"$build/setup.log" 2>&1 || {
        cat "$build/setup.log"
        exit 1
    }
else
    rm -rf "$build"
    meson setup "$build" "${setup[@]}"
fi
meson compile -C "$build" "${tests[@]/#/test_}"

export CMOCKA_MESSAGE_OUTPUT=TAP
logs=$build/meson-logs
rm -f "$logs"/aarch64-*.json

# run_on CPU [TEST...]: runs tests on one kind of CPU. The suite native is excluded: it replaces malloc
# or filters system calls, which would affect the emulator.
run_on() {
    local cpu=$1
    shift
    echo "CPU: $cpu"
    QEMU_CPU=$cpu meson test -C "$build" --no-rebuild --no-suite native --timeout-multiplier 5 \
        --logbase "aarch64-$cpu" "$@" || true
}

# One more case: whether the tests on this CPU covered a kernel set. A build without NEON would pass
# all others with plain C alone.
expect_set() {
    local cpu=$1 set=$2 expected=$3 found=no result=ok
    grep -q "tested: $set\\\\n" "$logs/aarch64-$cpu.json" && found=yes
    [[ $found == "$expected" ]] || result="not ok"
    echo "$cpu: $set tested: $found, expected: $expected"
    printf '{"name": "sets", "command": [], "returncode": 0, "result": "OK", "stdout": "%s"}\n' \
        "1..1\\n$result 1 - $cpu: $set tested: $found, expected: $expected" >>"$logs/aarch64-sets.json"
}

run_on max "${tests[@]}"
run_on cortex-a72 kernels adaptive
expect_set max neon yes
expect_set max dotprod yes
expect_set cortex-a72 neon yes
expect_set cortex-a72 dotprod no

echo
cat "$logs"/aarch64-*.json >"$logs/aarch64.json"
exec python3 scripts/count_tests.py "$logs/aarch64.json"
