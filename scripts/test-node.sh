#!/bin/bash
# Tests the npm package unecho-native as its users have it: builds it, installs it, and runs it in Node.
# Installs what is missing. The last line has the numbers of test cases that passed and failed; the exit
# status is 0 if none failed. Where there is neither Node nor a way to install it, the tests are skipped.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$root"
# shellcheck source=scripts/setup.sh
source scripts/setup.sh
# shellcheck source=scripts/npm-package.sh
source scripts/npm-package.sh

if ! command -v node >/dev/null && ! command -v apt-get >/dev/null; then
    echo "skipped: Node is not installed"
    exit 0
fi
need_for_build
need flac "decodes the bundled sample" command -v flac
install_missing

build=$root/build-node
package=$(scripts/node.sh "$build")
ninja -C "$build/native" cli/unecho

install_package "$package" "$build/test"
cp "$root"/tests/node/* "$root"/tests/web/{any-canceller,any-playout,sample}.js .
export UNECHO_TOOL=$build/native/cli/unecho
run_tests
