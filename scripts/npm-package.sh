# shellcheck shell=bash
# Sourced by the scripts that test the npm packages: installs a package as its users do, with the
# bundled sample beside it, and runs the tests there.

# install_package PACKAGE FOLDER: installs it in the folder, emptied before, and goes there. Called in
# the checkout's folder. Exports UNECHO_SAMPLES.
install_package() {
    local samples=$PWD/samples end
    rm -rf "$2"
    mkdir -p "$2"
    cd "$2" || return
    echo '{"private": true, "type": "module"}' >package.json
    npm install --offline --no-audit --no-fund "$(npm pack --silent "$1")" >/dev/null
    for end in mic far; do
        flac --silent --decode --output-name "meeting_$end.wav" "$samples/meeting_$end.flac"
    done
    cp "$samples/meeting.json" .
    export UNECHO_SAMPLES=$PWD
}

# run_tests: those of the current folder. The last line has the numbers that passed and failed; fails
# if one failed or none passed.
run_tests() {
    local passed failed
    node --test --test-reporter=tap ./*.test.js | tee log.tap || true
    passed=$(sed -n 's/^# pass //p' log.tap)
    failed=$(sed -n 's/^# fail //p' log.tap)
    echo "${passed:-0} passed, ${failed:-1} failed"
    ((${failed:-1} == 0 && ${passed:-0} > 0))
}
