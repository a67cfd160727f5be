#!/bin/bash
# Builds and tests the Rust crates with the system's cargo, without the network, in build-rust/: the
# library of this checkout, the bundled sample. Installs what is missing. The last line has the numbers
# of test cases that passed and failed; the exit status is 0 if none failed.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$root"
# shellcheck source=scripts/setup.sh
source scripts/setup.sh

need_for_build
need cargo "builds the crates" command -v cargo
need flac "decodes the bundled sample" command -v flac
install_missing

build=$root/build-rust
build_for_binding "$build"
cc -Iinclude -o "$build/layout" tests/python/layout.c

export UNECHO_SAMPLES=$build/samples UNECHO_LAYOUT=$build/layout
export UNECHO_TOOL=$build/native/cli/unecho UNECHO_LIB_DIR=$build/native/src
export CARGO_TARGET_DIR=$build/target UNECHO_MODELS=$PWD/models
log=$build/test.log
cargo test --offline --no-fail-fast --manifest-path bindings/rust/Cargo.toml 2>&1 | tee "$log" || true
awk '
    /^test result:/ { passed += $4; failed += $6 }
    /^error/ { wrong = 1 }
    END {
        if (wrong && failed == 0)
            failed = 1
        printf "%d passed, %d failed\n", passed, failed
        exit failed > 0 || passed == 0
    }' "$log"
