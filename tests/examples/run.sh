#!/bin/bash
# Runs an example on the bundled sample and measures what it wrote. Prints TAP.
# Usage: run.sh EXAMPLE MEASURE SAMPLES-FOLDER [ARGUMENT...]
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"$1" "$3/meeting_mic.flac" "$3/meeting_far.flac" "$folder/clean.wav" "${@:4}" >&2
"$2" --tap "$3/meeting" "$folder/clean.wav"
