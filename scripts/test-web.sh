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

need_for_build
need flac "decodes the bundled sample" command -v flac
need nodejs "runs the tests" command -v node
need npm "installs the package" command -v npm
need chromium "a browser" command -v chromium
install_missing

build=$root/build-web
package=$(scripts/web.sh "$build")
if [[ ! -f $build/native/build.ninja ]]; then
    meson setup "$build/native" -Dwerror=true -Dtools=enabled -Dtests=disabled \
        -Donnxruntime=disabled
fi
ninja -C "$build/native" cli/unecho

# As a user installs it.
test=$build/test
rm -rf "$test"
mkdir -p "$test"
cp -R tests/web/* "$test/"
cd "$test"
echo '{"private": true, "type": "module"}' >package.json
npm install --offline --no-audit --no-fund "$(npm pack --silent "$package")" >/dev/null

for end in mic far; do
    flac --silent --decode --output-name "meeting_$end.wav" "$root/samples/meeting_$end.flac"
done
cp "$root/samples/meeting.json" .
export UNECHO_SAMPLES=$test UNECHO_SITE=$build UNECHO_SCREENSHOTS=$screenshots
export UNECHO_TOOL=$build/native/cli/unecho UNECHO_PACKAGE=$package
node --test --test-reporter=tap ./*.test.js | tee log.tap || true
passed=$(sed -n 's/^# pass //p' log.tap)
failed=$(sed -n 's/^# fail //p' log.tap)
echo "${passed:-0} passed, ${failed:-1} failed"
((${failed:-1} == 0))
