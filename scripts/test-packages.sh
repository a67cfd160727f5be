#!/bin/bash
# Builds the Debian packages in bare roots of Debian releases, by default 12 and 13, and tries them
# there as a user would: lintian, install, use, upgrade from an earlier version, purge. As root, with
# the machine's own Debian mirror; a few minutes and 2 GB for each release. The last line has the
# numbers of checks that passed and failed.
#
#   scripts/test-packages.sh [SUITE...]             build and try: bookworm trixie
#   scripts/test-packages.sh --try FOLDER SUITE     try the packages in FOLDER
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$root"
# shellcheck source=scripts/setup.sh
source scripts/setup.sh

need mmdebstrap "makes roots of Debian releases" command -v mmdebstrap
need dpkg-dev "reads and writes packages" command -v dpkg-parsechangelog
install_missing
((EUID == 0)) || { echo "Roots of Debian releases need root." >&2; exit 1; }

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# shellcheck disable=SC2016
mirror=$(apt-get indextargets --format '$(SITE)' 2>/dev/null | grep -m 1 debian)
passed=0
failed=0

check() {
    local what=$1
    shift
    if "$@" >"$work/log" 2>&1; then
        echo "passed: $what"
        ((++passed))
    else
        echo "FAILED: $what"
        cat "$work/log"
        ((++failed))
    fi
}

# bare SUITE FOLDER VARIANT PACKAGES
bare() {
    mmdebstrap --quiet --variant="$3" --include="$4" --components=main "$1" "$2" "$mirror"
    cp /etc/resolv.conf "$2/etc/"
}

inside() {
    chroot "$1" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8 \
        DEBIAN_FRONTEND=noninteractive "${@:2}"
}

# build SUITE FOLDER: its packages come into FOLDER.
build() {
    local at=$work/build needs
    needs=$(sed -n '/^Build-Depends:/,/^[A-Z]/ s/^\(Build-Depends:\)\? *\([a-z0-9.+-]*\).*,$/\2/p' \
        debian/control | sed 's/debhelper-compat/debhelper/' | paste -sd ,)
    bare "$1" "$at" buildd "$needs,lintian"
    mkdir -p "$at/src/unecho" "$2"
    git archive HEAD | tar xf - -C "$at/src/unecho"
    check "$1: build" inside "$at" bash -c "cd /src/unecho && dpkg-buildpackage -us -uc"
    check "$1: lintian" inside "$at" bash -c \
        "useradd -m checker && lintian_out=\$(su checker -c 'lintian /src/*.changes') &&
        echo \"\$lintian_out\" && ! grep -q '^[EW]:' <<<\"\$lintian_out\""
    cp "$at"/src/*.deb "$2/"
    rm -f "$2"/*-dbgsym_*.deb
    rm -rf "$at"
}

# The same packages with a lower version.
make_older() {
    local deb
    mkdir "$2"
    for deb in "$1"/*.deb; do
        dpkg-deb -R "$deb" "$work/older"
        sed -i -E 's/^(Version: ).*/\10.0.1/; s/(libunecho0 \(= )[^)]*/\10.0.1/' "$work/older/DEBIAN/control"
        dpkg-deb -Zgzip -z1 -b "$work/older" "$2" >/dev/null
        rm -rf "$work/older"
    done
}

install_all() {
    inside "$1" bash -c "apt-get -q -y install --no-install-recommends $2/*.deb"
}

has_version() {
    local found
    # shellcheck disable=SC2016
    found=$(inside "$1" dpkg-query -W -f '${Version}\n' libunecho0 unecho unecho-ladspa | sort -u)
    [[ $found == "$2" ]]
}

nothing_left() {
    ! inside "$1" find / -xdev -path /debs -prune -o -iname '*unecho*' -print | grep .
}

cancels() {
    local far=/usr/share/unecho/samples/meeting_far.flac mic=/usr/share/unecho/samples/meeting_mic.flac
    inside "$1" unecho process $mic $far -o /clean.wav && test -s "$1/clean.wav"
}

pipeline_runs() {
    inside "$1" gst-launch-1.0 -q unecho name=ec ! wavenc ! filesink location=/gst.wav \
        audiotestsrc num-buffers=200 ! ec.mic audiotestsrc num-buffers=200 wave=pink-noise ! ec.far &&
        (($(stat -c %s "$1/gst.wav") > 400000))
}

module_links() {
    ! inside "$1" bash -c 'ldd /usr/lib/*/obs-plugins/unecho.so' | grep 'not found'
}

program_builds() {
    printf '%s\n' '#include <stdio.h>' '#include <unecho.h>' \
        'int main(void) { return puts(unecho_version()) < 0; }' >"$1/program.c"
    # shellcheck disable=SC2016
    inside "$1" bash -c 'cc /program.c -o /program $(pkg-config --cflags --libs unecho) && /program'
}

# try SUITE FOLDER
try() {
    local at=$work/try names
    bare "$1" "$at" minbase "ca-certificates,gcc,libc6-dev,pkg-config,ladspa-sdk,gstreamer1.0-tools,gstreamer1.0-plugins-base,gstreamer1.0-plugins-good"
    inside "$at" apt-get -q update >/dev/null
    mkdir "$at/debs"
    cp -r "$2" "$at/debs/new"
    make_older "$2" "$at/debs/old"
    names=$(for deb in "$2"/*.deb; do dpkg-deb -f "$deb" Package; done)
    check "$1: install" install_all "$at" /debs/old
    check "$1: upgrade" install_all "$at" /debs/new
    check "$1: the upgrade has the new version" has_version "$at" "$(dpkg-parsechangelog -S Version)"
    check "$1: unecho" cancels "$at"
    check "$1: analyseplugin" inside "$at" analyseplugin /usr/lib/ladspa/unecho.so
    check "$1: gst-launch" pipeline_runs "$at"
    check "$1: the filter for OBS finds its libraries" module_links "$at"
    check "$1: a program builds" program_builds "$at"
    # shellcheck disable=SC2086
    check "$1: purge" inside "$at" apt-get -q -y purge $names
    rm -f "$at"/clean.wav "$at"/gst.wav "$at"/program*
    check "$1: nothing is left" nothing_left "$at"
    rm -rf "$at"
}

if [[ ${1:-} == --try ]]; then
    try "$3" "$(realpath "$2")"
else
    suites=("$@")
    ((${#suites[@]})) || suites=(bookworm trixie)
    for suite in "${suites[@]}"; do
        build "$suite" "$work/debs-$suite"
        try "$suite" "$work/debs-$suite"
    done
fi

echo "$passed passed, $failed failed"
((failed == 0))
