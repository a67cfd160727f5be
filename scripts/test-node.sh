#!/bin/bash
# Tests the npm package unecho-native as its users have it: builds it, installs it, and runs it in Node.
# Installs what is missing. The last line has the numbers of test cases that passed and failed; the exit
# status is 0 if none failed. Where there is neither Node nor a way to install it, the tests are skipped.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$root"
# shellcheck source=scripts/setup.sh
source scripts/setup.sh

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

# As a user installs it.
test=$build/test
rm -rf "$test"
mkdir -p "$test"
cp tests/node/* tests/web/{any-canceller,sample}.js samples/meeting.json "$test/"
cd "$test"
echo '{"private": true, "type": "module"}' >package.json
npm install --offline --no-audit --no-fund "$(npm pack --silent "$package")" >/dev/null

for end in mic far; do
    flac --silent --decode --output-name "meeting_$end.wav" "$root/samples/meeting_$end.flac"
done
export UNECHO_SAMPLES=$test UNECHO_TOOL=$build/native/cli/unecho
node --test --test-reporter=tap ./*.test.js | tee log.tap || true
passed=$(sed -n 's/^# pass //p' log.tap)
failed=$(sed -n 's/^# fail //p' log.tap)
echo "${passed:-0} passed, ${failed:-1} failed"
((${failed:-1} == 0 && ${passed:-0} > 0))
