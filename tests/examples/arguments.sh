#!/bin/bash
# Wrong arguments of live_duplex: status 2, how it is used, and no file. Prints TAP.
# Usage: arguments.sh LIVE_DUPLEX SAMPLES-FOLDER
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
files=("$2/meeting_mic.flac" "$2/meeting_far.flac" "$folder/clean.wav")
n=0
refused() {
    local status=0
    "$live_duplex" "$@" 2>"$folder/said" || status=$?
    n=$((n + 1))
    if [[ $status == 2 && ! -e ${files[2]} ]] && grep -q '^usage: ' "$folder/said"; then
        echo "ok $n - $# arguments ${*:4}"
    else
        echo "not ok $n - $# arguments ${*:4}: status $status"
    fi
}

live_duplex=$1
refused
refused "${files[@]:0:2}"
for stall in abc 15s -5 60001 99999999999999999999; do
    refused "${files[@]}" "$stall"
done
refused "${files[@]}" 0 0
echo "1..$n"
