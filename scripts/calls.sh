#!/bin/bash
# The most calls that examples/server.c carries on one core with no hop late, in build/ or $BUILD:
#
#     scripts/calls.sh [SECONDS [SEARCH-SECONDS [BUDGET [CALLS]]]]
#
# Searches with runs of SEARCH-SECONDS (30), or begins with CALLS, then proves the number with a run of
# SECONDS (600), going down by a twentieth up to five times. A hop is late if the caller has it later
# than BUDGET ms (20) after its tick, or any tick of the server is: the playout buffer of who hears it
# (examples/caller.c). How many exceed 8 ms, a server without any buffer, is printed beside it.
#
# Server and callers have a core each, at real-time priority where that is allowed: otherwise whatever
# else the machine does comes first. cyclictest (Debian's rt-tests) watches both cores from above that
# priority: a thread that sleeps until a given time every 0.5 ms. What it comes too late are pauses of
# the machine, which no program on it causes or prevents. A server's late ticks that the core's pauses
# do not explain are its own: so are those by CPU time, whose hops, with those left over from before,
# took more CPU time than there is.
set -euo pipefail
cd "$(dirname "$0")/.."
build=${BUILD:-build}
seconds=${1:-600} search=${2:-30} budget=${3:-20} first=${4:-0}
most=1000

ninja -C "$build" examples/server examples/caller >&2
folder=$(mktemp -d)
server='' observer=''
stop() {
    local each
    for each in $server $observer; do
        kill "$each" || true
        wait "$each" || true
    done
    server='' observer=''
}
trap 'stop; rm -rf "$folder"' EXIT

cores=$(nproc)
priority=()
if chrt -f 50 true 2>/dev/null; then
    priority=(chrt -f 50)
else
    echo "No real-time priority here (root or CAP_SYS_NICE): hops may be late for other reasons." >&2
fi

# Pauses of each core, until it is stopped.
observe() {
    rm -f "$folder/pauses"
    if ((${#priority[@]})) && command -v cyclictest >/dev/null; then
        cyclictest --quiet --threads=2 --affinity="0,$((cores - 1))" --priority=90 --interval=500 \
            --histogram=60000 --json="$folder/pauses" >/dev/null &
        observer=$!
    fi
}

# Whether none of so many calls is late for so many seconds. Prints what the callers, the server and
# the observer measured.
passes() {
    local calls=$1 length=$2 report page used stolen
    rm -f "$folder/server"
    stolen=$(steal)
    taskset -c $((cores - 1)) "${priority[@]}" "$build/examples/server" "$folder/calls" 0 "$calls" \
        >"$folder/server" &
    server=$!
    until grep -qs '^calls' "$folder/server"; do
        kill -0 "$server"
        sleep 0.1
    done
    page=$(sed -n 's/^metrics: //p' "$folder/server")
    observe
    # Some are behind by more than their sockets hold: then the callers give up.
    report=$(taskset -c 0 "${priority[@]}" "$build/examples/caller" "$folder/calls" \
        samples/meeting_mic.flac samples/meeting_far.flac "$folder/near.wav" "$calls" "$length" \
        "$budget" 2>&1) || true
    [[ $observer ]] && kill -INT "$observer" && wait "$observer" && observer=
    used=$(python3 - "$page" "$calls" "$folder/pauses" "$(($(steal) - stolen))" <<'PYTHON'
import json, os, re, sys, urllib.request
page = urllib.request.urlopen(sys.argv[1]).read().decode()
figure = lambda name: float(re.search(f"^unecho_{name} (.*)", page, re.M)[1])
us = 1e6 * float(re.search("^process_cpu_seconds_total (.*)", page, re.M)[1]) / figure("hops_total")
print(f"  server: {us:.1f} µs of CPU time a hop, {us * int(sys.argv[2]) / 80:.0f} % of a core; of "
      f"{figure('tick_delay_seconds_count'):.0f} ticks {figure('late_ticks_total'):.0f} late by 8 ms, "
      f"{figure('overloaded_ticks_total'):.0f} by CPU time")
def pauses(thread):
    counts = {int(us): n for us, n in thread["histogram"].items()}
    over = [sum(n for us, n in counts.items() if us > 1000 * ms) for ms in [1, 4, 8, 16]]
    return "{} pauses over 1 ms, {} over 4, {} over 8, {} over 16".format(*over) \
        + f", longest {thread['max'] / 1000:.1f} ms"
if os.path.exists(sys.argv[3]):
    with open(sys.argv[3]) as file:
        threads = json.load(file)["thread"]
    print(f"  machine: the server's core {pauses(threads['1'])};\n"
          f"           the callers' core {pauses(threads['0'])};")
print(f"           {10 * int(sys.argv[4])} ms stolen from the server's core, by /proc/stat")
PYTHON
    ) || true
    stop
    echo "$report"
    echo "$used"
    [[ $report == *" hops, 0 late by $budget ms"* ]]
}

# Ticks of 10 ms that the hypervisor gave to others.
steal() {
    awk -v "core=cpu$((cores - 1))" '$1 == core { print $9 }' /proc/stat
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

low=$first high=$most
while ((first == 0 && high - low > (low + 19) / 20)); do
    # From below, as a server that is too busy tells little.
    next=$((low == 0 ? 16 : high == most ? 2 * low : (low + high) / 2))
    ((next = next < most ? next : most))
    if carries "$next"; then low=$next; else high=$next; fi
    ((low < most)) || break
done
((first)) || echo "search: $low calls"
for ((proofs = 5; low > 0 && proofs > 0; proofs--)); do
    if passes "$low" "$seconds"; then
        echo "$low calls without a hop late by $budget ms in $seconds s"
        exit
    fi
    low=$((low - (low + 19) / 20))
done
echo "no number of calls that was tried went $seconds s without a late hop: the server's time for a hop" \
    "says what the core could carry, if nothing else took it away" >&2
exit 1
