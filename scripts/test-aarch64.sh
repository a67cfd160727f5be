#!/bin/bash
# Proves the kernels for 64-bit ARM on another machine: installs what is missing, cross-compiles to
# build-aarch64/ and runs tests on emulated CPUs, one with and one without the dot-product
# instructions. The last line tells how many test cases passed and failed; the exit status is 0 if
# some ran and none failed.
set -euo pipefail

usage="usage: scripts/test-aarch64.sh [--all]
    --all  every test that an emulated CPU can run, not only the ones about what the kernels compute
           (about ten minutes more)"

# Not among the quick ones: chunks, golden and precision, which take minutes of emulation each. \`bits\`
# stands for them: it takes chunks of all kinds, and holds the output of all precisions against
# constants that the same test holds against on x86, where those three run.
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

# Debian's arm64 packages stand beside those of the machine; programs find their C library where
# they would on the CPU itself, so that the emulator needs no other root.
need_for_build
need gcc-aarch64-linux-gnu "C compiler for 64-bit ARM" command -v aarch64-linux-gnu-gcc
need libc6-dev-arm64-cross "headers of its C library"
need qemu-user "runs programs for 64-bit ARM" command -v qemu-aarch64
need libcmocka-dev:arm64 "test library"
need libsndfile1-dev:arm64 "reads audio files"
need libsoxr-dev:arm64 "another resampler, which the tests are built with"
if ((${#missing_packages[@]})) && command -v dpkg >/dev/null &&
    [[ $(dpkg --print-foreign-architectures) != *arm64* ]]; then
    echo "Letting dpkg install arm64 packages too (dpkg --add-architecture arm64)."
    add=(dpkg --add-architecture arm64)
    ((EUID == 0)) || add=(sudo "${add[@]}")
    "${add[@]}"
fi
install_missing

build="build-aarch64"
# The command line and ONNX Runtime have nothing to do with kernels.
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

# Runs tests on one kind of CPU: CPU [TEST...]. Suite native: what replaces malloc or filters system
# calls, which means the emulator's own here.
run_on() {
    local cpu=$1
    shift
    echo "CPU: $cpu"
    QEMU_CPU=$cpu meson test -C "$build" --no-rebuild --no-suite native --timeout-multiplier 5 \
        --logbase "aarch64-$cpu" "$@" || true
}

# One more case: that the tests of this CPU did, or did not, cover a set of kernels. A build without
# NEON would pass all others with plain C alone.
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
