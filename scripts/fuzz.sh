#!/bin/bash
# Runs the fuzz targets on libFuzzer, with AddressSanitizer and UndefinedBehaviorSanitizer, in
# build-fuzz/. Corpora stay there and grow from run to run. Findings are in build-fuzz/found/TARGET;
# once fixed, they belong in fuzz/kept/TARGET. Ends with a table; the exit status is 0 if nothing was
# found.
set -euo pipefail

usage="usage: scripts/fuzz.sh [SECONDS [TARGET...]]
    SECONDS  for each target (default 60)
    TARGET   onnx, tflite, api, command_line, record (default: all)"

case ${1:-} in
-h | --help)
    echo "$usage"
    exit 0
    ;;
esac
seconds=${1:-60}
[[ $seconds =~ ^[1-9][0-9]*$ ]] || {
    echo "$usage" >&2
    exit 2
}
shift || true
targets=("$@")
((${#targets[@]})) || targets=(onnx tflite api command_line record)

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$root"
# shellcheck source=scripts/setup.sh
source scripts/setup.sh
need_for_build
need libcmocka-dev "test library" have_library cmocka
need clang "has libFuzzer" command -v clang
install_missing

build=$root/build-fuzz
if [[ ! -f $build/build.ninja ]]; then
    rm -rf "$build"
    CC=clang meson setup "$build" -Dfuzz=true -Dtools=enabled -Dtests=enabled \
        -Dbuildtype=debugoptimized -Db_lundef=false \
        -Db_sanitize=address,undefined -Dc_args=-fsanitize=fuzzer-no-link
fi
ninja -C "$build" "${targets[@]/#/fuzz/fuzz_}" fuzz/seeds

# A file that does not fit in memory is not a crash: the loaders report it.
export ASAN_OPTIONS=allocator_may_return_null=1
export UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1
failed=0
table=$(printf '%-14s %12s %8s %10s %6s' target executions seconds edges found)
for target in "${targets[@]}"; do
    corpus=$build/corpus/$target found=$build/found/$target log=$build/$target.log
    mkdir -p "$corpus" "$found"
    "$build/fuzz/seeds" "$target" "$corpus" >/dev/null
    folders=("$corpus")
    [[ ! -d fuzz/kept/$target ]] || folders+=("$root/fuzz/kept/$target")
    # One that waits for nothing: seconds of CPU time count, the clock only if something hangs.
    (
        ulimit -t $((seconds + 5))
        exec "$build/fuzz/fuzz_$target" -max_total_time="$seconds" -timeout=30 \
            -report_slow_units=30 -max_len=30000 -rss_limit_mb=3000 -print_final_stats=1 \
            -close_fd_mask=3 -artifact_prefix="$found/" "${folders[@]}"
    ) >"$log" 2>&1 || failed=1
    executions=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
    edges=$(sed -n 's/.* cov: \([0-9]*\) .*/\1/p' "$log" | tail -n 1)
    count=$(find "$found" -type f | wc -l)
    ((count == 0)) || failed=1
    table+=$(printf '\n%-14s %12s %8s %10s %6s' "$target" "${executions:-?}" "$seconds" \
        "${edges:-?}" "$count")
done
echo "$table"
exit "$failed"
