#!/bin/bash
# What unecho batch costs beside the library and SpeexDSP on the same pairs of recordings, and how much
# faster two jobs are than one, in build/ or $BUILD (with -Dbench=enabled and libspeexdsp-dev):
#
#     scripts/throughput.sh [ROUNDS [PAIRS [SECONDS [NAME=PROGRAM...]]]]
#
# Every round measures all of them, one after the other; the medians of ROUNDS (3) are printed as a
# table. A PROGRAM is another canceller: called with the folder and the number of pairs, as
# bench_throughput is, it prints its CPU seconds.
set -euo pipefail
cd "$(dirname "$0")/.."
build=$(realpath "${BUILD:-build}")
rounds=${1:-3} pairs=${2:-12} seconds=${3:-100}
others=("${@:4}")

ninja -C "$build" cli/unecho bench/bench_throughput >&2
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
mkdir "$folder/in"
"$build/bench/bench_throughput" make "$folder/in" "$pairs" "$seconds"

# A line for each figure of each round: its name, a tab, the figure.
note() {
    printf '%s\t%s\n' "$1" "$2" >>"$folder/figures"
}

batch() {
    local jobs=$1 times TIMEFORMAT='%R %U %S'
    rm -rf "$folder/out"
    times=$({ time "$build/cli/unecho" batch "$folder/in" -o "$folder/out" --jobs "$jobs" -q; } 2>&1)
    read -r wall user system <<<"$times"
    note "\`unecho batch --jobs $jobs\`" "$(awk "BEGIN { print $user + $system }")"
    note "wall $jobs" "$wall"
}

for ((round = 1; round <= rounds; round++)); do
    note "the library, in memory" "$("$build/bench/bench_throughput" library "$folder/in" "$pairs")"
    batch 1
    batch 2
    note "SpeexDSP, in memory" "$("$build/bench/bench_throughput" speex "$folder/in" "$pairs")"
    for other in "${others[@]}"; do
        note "${other%%=*}" "$("${other#*=}" "$folder/in" "$pairs")"
    done
    echo "round $round of $rounds" >&2
done

python3 - "$folder/figures" "$(awk "BEGIN { print $pairs * $seconds / 3600 }")" <<'PYTHON'
import statistics, sys
figures = {}
for line in open(sys.argv[1]):
    name, figure = line.rstrip("\n").split("\t")
    figures.setdefault(name, []).append(float(figure))
hours = float(sys.argv[2])
walls = [one / two for one, two in zip(figures.pop("wall 1"), figures.pop("wall 2"))]
print("| CPU seconds for an hour of audio | median | least | most |\n|---|--:|--:|--:|")
for name, all_of in figures.items():
    rates = [f / hours for f in all_of]
    print(f"| {name} | {statistics.median(rates):.1f} | {min(rates):.1f} | {max(rates):.1f} |")
library, batch = figures["the library, in memory"], figures["`unecho batch --jobs 1`"]
shares = [a / b for a, b in zip(library, batch)]
print(f"\nTwo jobs are {statistics.median(walls):.2f} x as fast as one "
      f"({min(walls):.2f} to {max(walls):.2f}); batch has {statistics.median(shares):.2f} of the "
      f"library's speed ({min(shares):.2f} to {max(shares):.2f}).")
PYTHON
