#!/bin/bash
# Builds the library as a part of other projects, with CMake's FetchContent, as a meson subproject, with
# musl, and for other CPUs, which are emulated; builds in build-embed/. The last line has the numbers of
# test cases that passed and failed; the exit status is 0 if none failed.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$root"
# shellcheck source=scripts/setup.sh
source scripts/setup.sh

need_for_tests
need cmake "one of the ways" command -v cmake
need musl-tools "another C library" command -v musl-gcc
need gcc-i686-linux-gnu "compiler for 32-bit x86" command -v i686-linux-gnu-gcc
need libc6-dev-i386-cross "headers of its C library"
need gcc-arm-linux-gnueabihf "compiler for 32-bit ARM" command -v arm-linux-gnueabihf-gcc
need libc6-dev-armhf-cross "headers of its C library"
need gcc-s390x-linux-gnu "compiler for a big-endian CPU" command -v s390x-linux-gnu-gcc
need libc6-dev-s390x-cross "headers of its C library"
need qemu-user "runs what they make" command -v qemu-s390x
install_missing

run_apart build-embed embed
