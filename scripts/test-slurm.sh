#!/bin/bash
# Runs the job of deploy/slurm on a Slurm controller and node of its own, on the loopback: installs
# Slurm where it is missing, builds in build-slurm/. Needs root. The last line has the numbers of test
# cases that passed and failed; the exit status is 0 if none failed.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$root"
# shellcheck source=scripts/setup.sh
source scripts/setup.sh

need_for_build
need libcmocka-dev "test library" have_library cmocka
need libsoxr-dev "a resampler to compare with" have_library soxr
need slurm-wlm "the cluster's controller and node" test -x /usr/sbin/slurmctld
need munge "lets them trust each other" test -x /usr/sbin/munged
install_missing

build="build-slurm"
[[ -f $build/build.ninja ]] || meson setup "$build" -Dtools=enabled -Dtests=enabled
rm -f "$build/meson-logs/testlog.json"
meson test -C "$build" batch_slurm || true
exec python3 scripts/count_tests.py "$build/meson-logs/testlog.json"
