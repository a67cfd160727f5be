#!/bin/bash
# Tests the npm package as its users have it: builds it, installs it, and runs it in Node and in
# Chromium, without a screen and with a microphone that plays the bundled sample. Installs what is
# missing. The last line has the numbers of test cases that passed and failed; the exit status is 0 if
# none failed.
#
#   scripts/test-web.sh [FOLDER]     a folder for screenshots of the demo page
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
screenshots=${1:+$(realpath -m -- "$1")}
cd "$root"
# shellcheck source=scripts/setup.sh
source scripts/setup.sh
# shellcheck source=scripts/npm-package.sh
source scripts/npm-package.sh

need_for_build
need flac "decodes the bundled sample" command -v flac
need nodejs "runs the tests" command -v node
need npm "installs the package" command -v npm
need node-typescript "checks the types" command -v tsc
need chromium "a browser" command -v chromium
install_missing

build=$root/build-web
package=$(scripts/web.sh "$build")
if [[ ! -f $build/native/build.ninja ]]; then
    meson setup "$build/native" -Dwerror=true -Dtools=enabled -Dtests=disabled \
        -Donnxruntime=disabled
fi
ninja -C "$build/native" cli/unecho

install_package "$package" "$build/test"
cp -R "$root"/tests/web/* .
export UNECHO_SITE=$build UNECHO_SCREENSHOTS=$screenshots
export UNECHO_TOOL=$build/native/cli/unecho UNECHO_PACKAGE=$package
run_tests
