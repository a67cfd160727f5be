# shellcheck shell=bash
# Sourced by other scripts: finds out which Debian packages are missing, lists and installs them. Uses
# neither apt nor the network if none is missing.
#
#   need PACKAGE WHAT-FOR [COMMAND...]   PACKAGE is needed, unless COMMAND succeeds
#   install_missing                      install what is missing; exits if it cannot
#   build FOLDER                         ninja, as one line of progress
#   build_for_binding FOLDER             library and command line in FOLDER/native, the bundled sample
#                                        as raw 16-bit samples in FOLDER/samples
#   run_apart FOLDER TEST OPTION...      one test, in a build of its own; its count ends the script

missing_packages=()
missing_reasons=()

is_installed() {
    [[ $(dpkg-query -W -f='${db:Status-Status}' "$1" 2>/dev/null) == installed ]]
}

need() {
    local package=$1 reason=$2
    shift 2
    if is_installed "$package" || { (($#)) && "$@" >/dev/null 2>&1; }; then
        return 0
    fi
    missing_packages+=("$package")
    missing_reasons+=("$reason")
}

list_missing() {
    local i
    for i in "${!missing_packages[@]}"; do
        printf '    %-18s %s\n' "${missing_packages[i]}" "${missing_reasons[i]}"
    done
}

# Reads what apt-get says; shows how much it is and, on a terminal, how far it has come.
show_installing() {
    local line steps=0 done=0
    while read -r line; do
        case $line in
        *" newly installed, "*)
            [[ $line =~ ([0-9]+)\ newly ]] || continue
            echo "    ${BASH_REMATCH[1]} packages in all"
            steps=$((3 * BASH_REMATCH[1]))
            ;;
        "Need to get "* | "After this operation"*) echo "    $line" ;;
        "Get:"* | "Unpacking "* | "Setting up "*)
            [[ ! -t 1 ]] || printf '\r    %d of %d steps' $((++done)) "$steps"
            ;;
        esac
    done
    [[ ! -t 1 ]] || printf '\r%30s\r' ""
}

install_missing() {
    ((${#missing_packages[@]})) || return 0
    local apt=(env DEBIAN_FRONTEND=noninteractive apt-get -q -y)
    local log

    if ! command -v apt-get >/dev/null || ! command -v dpkg-query >/dev/null; then
        printf '%s\n' "The following are needed, and this system has no apt-get to install them" \
            "(the names are those of Debian's packages):"
        list_missing
        printf '%s\n' "Please install the equivalents on your system, then run this again."
        exit 1
    fi

    printf '%s\n' "Needed and not installed:"
    list_missing
    if ((EUID != 0)); then
        if ! command -v sudo >/dev/null; then
            printf '%s\n' "Installing them needs root, and there is no sudo here. As root, run" \
                "    apt-get update && apt-get install --no-install-recommends ${missing_packages[*]}" \
                "then run this again."
            exit 1
        fi
        apt=(sudo "${apt[@]}")
    fi

    printf '%s\n' "Installing them and their dependencies with apt-get ..."
    log=$(mktemp)
    # An unreachable source may not matter; if it does, the installation fails.
    "${apt[@]}" update >"$log" 2>&1 || printf '%s\n' "apt-get update had problems; continuing."
    # All who source this set pipefail.
    if ! "${apt[@]}" install --no-install-recommends "${missing_packages[@]}" 2>&1 |
        tee -a "$log" | show_installing; then
        cat "$log"
        rm -f "$log"
        printf '%s\n' "apt-get could not install everything: see above."
        exit 1
    fi
    rm -f "$log"
    printf '%s\n\n' "Installed."
    missing_packages=()
    missing_reasons=()
}

# On a terminal ninja rewrites one line by itself.
build() {
    local log=$1/build.log
    if [[ -t 1 && ${TERM:-dumb} != dumb ]]; then
        ninja -C "$1"
        return
    fi
    echo "Building in $1/ ..."
    ninja -C "$1" >"$log" 2>&1 || {
        cat "$log"
        return 1
    }
    tail -n 1 "$log"
}

have_library() {
    pkg-config --exists "$1"
}

can_compile() {
    cc -E - <<<'#include <stdio.h>'
}

# For the library and the command line.
need_for_build() {
    need gcc "C compiler" command -v cc
    need libc6-dev "headers of the C library" can_compile
    need meson "build system" command -v meson
    need ninja-build "build system" command -v ninja
    need pkg-config "finds libraries" command -v pkg-config
    need libsndfile1-dev "reads and writes audio files" have_library sndfile
    need libxxhash-dev "tells the contents of files apart" have_library libxxhash
}

# For the tests as well.
need_for_tests() {
    need_for_build
    need libcmocka-dev "test library" have_library cmocka
    need libsoxr-dev "a resampler to compare with" have_library soxr
}

build_for_binding() {
    local end
    [[ -f $1/native/build.ninja ]] ||
        meson setup "$1/native" -Dwerror=true -Dtools=enabled -Dtests=disabled -Donnxruntime=disabled
    ninja -C "$1/native"
    mkdir -p "$1/samples"
    for end in mic far; do
        flac --silent --force --decode --force-raw-format --endian=little --sign=signed \
            --output-name "$1/samples/$end.s16" "samples/meeting_$end.flac"
    done
}

run_apart() {
    [[ -f $1/build.ninja ]] || meson setup "$1" -Dtests=enabled "${@:3}"
    rm -f "$1/meson-logs/testlog.json"
    meson test -C "$1" "$2" || true
    exec python3 scripts/count_tests.py "$1/meson-logs/testlog.json"
}
