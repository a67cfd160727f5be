#!/bin/bash
# Runs the job of deploy/slurm on a Slurm controller and node of its own, on the loopback: installs
# Slurm where it is missing, builds in build-slurm/. Needs root. The last line has the numbers of test
# cases that passed and failed; the exit status is 0 if none failed.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$root"
# shellcheck source=scripts/setup.sh
source scripts/setup.sh

need_for_tests
need slurm-wlm "the cluster's controller and node" test -x /usr/sbin/slurmctld
need munge "lets them trust each other" test -x /usr/sbin/munged
install_missing

run_apart build-slurm batch_slurm -Dtools=enabled
