# shellcheck shell=bash
# Sourced by the tests of this folder: a folder to work in, and test cases as TAP.
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
log=$work/log
number=0

# check WHAT COMMAND...: one test case; shows what the command printed if it fails.
check() {
    local what=$1
    shift
    ((++number))
    if "$@" >"$log" 2>&1; then
        echo "ok $number - $what"
    else
        echo "not ok $number - $what"
        sed 's/^/# /' "$log"
    fi
}
