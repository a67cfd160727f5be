#!/bin/bash
# Builds and tests the Go package with the system's Go, without the network, in build-go/: the library
# of this checkout, shared and static, the bundled sample, the race detector, and a program that uses the
# package as docs/go.md says. Installs what is missing. The last line has the numbers of test cases that
# passed and failed; the exit status is 0 if none failed.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$root"
# shellcheck source=scripts/setup.sh
source scripts/setup.sh

need_for_build
need golang-go "builds the package" command -v go
need flac "decodes the bundled sample" command -v flac
install_missing

build=$root/build-go
native=$build/native
build_for_binding "$build"

export UNECHO_SAMPLES=$build/samples UNECHO_TOOL=$native/cli/unecho UNECHO_MODELS=$root/models
export GOPROXY=off GOFLAGS=-count=1 GOCACHE=$build/cache
log=$build/test.log
: >"$log"

# Shows what a command says, and notes whether it succeeds.
check() {
    local what=$1
    shift
    if "$@" 2>&1 | tee -a "$log"; then
        echo "--- PASS: $what" | tee -a "$log"
    else
        echo "--- FAIL: $what" | tee -a "$log"
    fi
}

shared() {
    PKG_CONFIG_PATH=$native/meson-uninstalled LD_LIBRARY_PATH=$native/src "$@"
}

static() {
    CGO_LDFLAGS=-L$native/src "$@" -tags unecho_static
}

formatted() {
    local files
    files=$(gofmt -l .) || return 1
    [[ -z $files ]] || {
        echo "gofmt: $files"
        return 1
    }
}

# A module outside the package, of one program.
user() {
    local folder=$build/user
    rm -rf "$folder" && mkdir -p "$folder" && cp examples/raw/main.go "$folder" || return 1
    printf '%s\n' "module user" "" "go 1.19" "" "require unecho v0.0.0" "" \
        "replace unecho => $root/bindings/go" >"$folder/go.mod"
    cd "$folder" || return 1
    shared go build -o shared || return 1
    static go build -o static || return 1
    static go build -ldflags '-extldflags "-static"' -o alone || return 1
    head -c 64000 /dev/urandom >noise
    shared ./shared <noise >expected || return 1
    ./static <noise | cmp - expected || return 1
    env -i ./alone <noise | cmp - expected || return 1
    [[ $(stat -c %s expected) == 32512 ]] && ! ldd static | grep libunecho && ! ldd alone
}

cd bindings/go
check gofmt formatted
check "go vet" shared go vet ./...
check shared shared go test -v ./...
check static static go test -v ./...
check "race detector" shared go test -v -race ./...
check "checks of cgo" shared env GODEBUG=cgocheck=2 go test -v ./...
check "benchmarks" shared go test -run '^$' -bench . -benchtime 1x .
check "a program of a user" user
# A test that is skipped here lacks something that is above.
awk '
    /^ *--- PASS: / { passed++ }
    /^ *--- (FAIL|SKIP): / { failed++ }
    END {
        printf "%d passed, %d failed\n", passed, failed
        exit failed > 0 || passed == 0
    }' "$log"
