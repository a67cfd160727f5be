#!/bin/bash
# The most calls that examples/server.c carries on one core with no hop late, in build/ or $BUILD:
#
#     scripts/calls.sh [SECONDS [SEARCH-SECONDS [clock|cpu]]]
#
# Searches with runs of SEARCH-SECONDS (10), then proves the number with one of SECONDS (600), going
# down by a twentieth up to five times. A hop is late if it is not out when the next tick is due; the
# server says how many ticks were. What the callers see is printed beside it. Both have a core each,
# at real-time priority where that is allowed: otherwise whatever else the machine does comes first.
#
# "cpu" is for a machine that pauses now and then, as virtual ones do: there a tick is late if its hops,
# with those left over from before, took more CPU time than the 8 ms that there are. That is how many
# calls the core carries if it is left alone; caches and memory are shared all the same.
set -euo pipefail
cd "$(dirname "$0")/.."
build=${BUILD:-build}
seconds=${1:-600} search=${2:-10} by=${3:-clock}
most=1000

ninja -C "$build" examples/server examples/caller >&2
folder=$(mktemp -d)
server=
stop() {
    if [[ $server ]]; then
        kill "$server" || true
        wait "$server" || true
    fi
    server=
}
trap 'stop; rm -rf "$folder"' EXIT

cores=$(nproc)
priority=()
if chrt -f 50 true 2>/dev/null; then
    priority=(chrt -f 50)
else
    echo "No real-time priority here (root or CAP_SYS_NICE): hops may be late for other reasons." >&2
fi

# Whether none of so many calls is late for so many seconds. Prints what the callers and the server
# measured.
passes() {
    local calls=$1 length=$2 report page used
    rm -f "$folder/server"
    taskset -c $((cores - 1)) "${priority[@]}" "$build/examples/server" "$folder/calls" 0 "$calls" \
        >"$folder/server" &
    server=$!
    until grep -qs '^calls' "$folder/server"; do
        kill -0 "$server"
        sleep 0.1
    done
    page=$(sed -n 's/^metrics: //p' "$folder/server")
    # Some are behind by more than their sockets hold: then the callers give up.
    report=$(taskset -c 0 "${priority[@]}" "$build/examples/caller" "$folder/calls" \
        samples/meeting_mic.flac samples/meeting_far.flac "$folder/near.wav" "$calls" "$length" 2>&1) || true
    used=$(python3 - "$page" "$calls" "$by" <<'PYTHON'
import re, sys, urllib.request
page = urllib.request.urlopen(sys.argv[1]).read().decode()
figure = lambda name: float(re.search(f"^unecho_{name} (.*)", page, re.M)[1])
us = 1e6 * float(re.search("^process_cpu_seconds_total (.*)", page, re.M)[1]) / figure("hops_total")
late = {"clock": figure("late_ticks_total"), "cpu": figure("overloaded_ticks_total")}
print(f"; server: {us:.1f} µs of CPU time a hop, {us * int(sys.argv[2]) / 80:.0f} % of a core, of "
      f"{figure('tick_seconds_count'):.0f} ticks {late['clock']:.0f} late by the clock, "
      f"{late['cpu']:.0f} by CPU time" + (", passed" if late[sys.argv[3]] == 0 else ""))
PYTHON
    ) || true
    stop
    echo "$report$used"
    [[ $report == *" hops, "* && $used == *", passed" ]]
}

lscpu | sed -n 's/^Model name: */CPU: /p'
echo "load of the machine: $(cut -d' ' -f1-3 /proc/loadavg), $cores cores"
if ((cores < 2)); then
    echo "the callers need a core of their own" >&2
    exit 1
fi
# A pause of the whole machine, as virtual ones have, spoils a short run, so each has three tries.
carries() {
    passes "$1" "$search" || passes "$1" "$search" || passes "$1" "$search"
}

low=0 high=$most
while ((high - low > (low + 19) / 20)); do
    # From below, as a server that is too busy tells little.
    next=$((low == 0 ? 16 : high == most ? 2 * low : (low + high) / 2))
    ((next = next < most ? next : most))
    if carries "$next"; then low=$next; else high=$next; fi
    ((low < most)) || break
done
echo "search: $low calls"
for ((proofs = 5; low > 0 && proofs > 0; proofs--)); do
    if passes "$low" "$seconds"; then
        echo "$low calls without a late hop in $seconds s (by $by)"
        exit
    fi
    low=$((low - (low + 19) / 20))
done
echo "no number of calls that was tried went $seconds s without a late hop: the server's time for a hop" \
    "says what the core could carry, if nothing else took it away" >&2
exit 1
