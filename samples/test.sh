#!/bin/bash
# What the README promises about the bundled sample, as run-demo does it. Speaks TAP.
# Usage: test.sh UNECHO MEASURE SAMPLES-FOLDER
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"$1" process "$3/meeting_mic.flac" "$3/meeting_far.flac" -o "$folder/clean.flac" >&2
"$2" --tap "$3/meeting" "$folder/clean.flac"
