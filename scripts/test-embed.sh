#!/bin/bash
# Builds the library as a part of other projects, with CMake's FetchContent, as a meson subproject and with
# musl, where that is installed; builds in build-embed/. The last line has the numbers of test cases that
# passed and failed; the exit status is 0 if none failed.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$root"
# shellcheck source=scripts/setup.sh
source scripts/setup.sh

need_for_tests
need cmake "one of the ways" command -v cmake
need musl-tools "another C library" command -v musl-gcc
install_missing

run_apart build-embed embed
