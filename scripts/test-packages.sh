#!/bin/bash
# Builds the Debian packages in bare roots of Debian releases, by default 12 and 13, and tries them
# there as a user would: lintian, install, use, upgrade from an earlier version, purge. Needs root, the
# network, some minutes and 3 GB for each release. The last line has the numbers of checks that passed
# and failed.
set -uo pipefail

usage() {
    echo "usage: scripts/test-packages.sh [SUITE...]             build and try"
    echo "       scripts/test-packages.sh --try FOLDER SUITE     try the packages in FOLDER"
    echo "SUITE: a release of Debian (default: bookworm trixie)"
}

case ${1:-} in
-h | --help) usage && exit 0 ;;
--try) (($# == 3)) || { usage && exit 2; } ;;
-*) usage && exit 2 ;;
esac

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# shellcheck source=scripts/setup.sh
source "$root/scripts/setup.sh"

((EUID == 0)) || { echo "Roots of Debian releases need root." >&2; exit 1; }
need mmdebstrap "makes roots of Debian releases" command -v mmdebstrap
need dpkg-dev "reads and writes packages" command -v dpkg-parsechangelog
install_missing

work=$(mktemp -d)
trap 'rm -rf --one-file-system "$work"' EXIT
version=$(dpkg-parsechangelog --file "$root/debian/changelog" --show-field Version)
passed=0
failed=0

# Runs inside a root.
cat >"$work/session.sh" <<'END'
mkdir -p ~/.config/pipewire/pipewire.conf.d
mkdir -p -m 700 ~/run
export XDG_RUNTIME_DIR=~/run
cat >~/.config/pipewire/pipewire.conf.d/devices.conf <<'CONF'
context.objects = [
    { factory = adapter
      args = { factory.name = support.null-audio-sink  node.name = speaker
               media.class = Audio/Sink  audio.position = [ MONO ]  object.linger = true } }
    { factory = adapter
      args = { factory.name = support.null-audio-sink  node.name = mic
               media.class = Audio/Source/Virtual  audio.position = [ MONO ]  object.linger = true } }
]
CONF
eval "$2"
pipewire &
# Its socket may be an earlier session's.
for ((tries = 0; tries < 150; tries++)); do
    pw-link -o &>/dev/null && break
    sleep 0.2
done
wireplumber &
for ((tries = 0; tries < 150; tries++)); do
    pw-link -o 2>&1 | grep "^$1$" && exit
    sleep 0.2
done
exit 1
END

check() {
    local what=$1
    shift
    if "$@" >"$work/log" 2>&1 </dev/null; then
        echo "passed: $what"
        ((++passed))
    else
        echo "FAILED: $what"
        cat "$work/log"
        ((++failed))
        return 1
    fi
}

# bare SUITE FOLDER VARIANT PACKAGES
bare() {
    # What it mounts goes with it, also where it fails to unmount.
    unshare --mount mmdebstrap --quiet --variant="$3" --include="$4" "$1" "$2" &&
        cp /etc/resolv.conf "$2/etc/" &&
        inside "$2" apt-get -q update &&
        inside "$2" useradd --create-home --shell /bin/bash someone
}

# inside ROOT COMMAND...: what it starts ends with it.
inside() {
    unshare --pid --fork --kill-child --root="$1" --mount-proc \
        env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8 DEBIAN_FRONTEND=noninteractive \
        DEB_BUILD_OPTIONS="${DEB_BUILD_OPTIONS:-}" "${@:2}"
}

# as_user ROOT SCRIPT [ARGUMENT...]
as_user() {
    inside "$1" runuser -u someone -- env HOME=/home/someone bash -c "cd; $2" bash "${@:3}"
}

# The files as they are here, committed or not.
copy_source() {
    mkdir -p "$1"
    git -C "$root" ls-files -z --cached --others --exclude-standard |
        tar --create --directory "$root" --null --files-from=- --ignore-failed-read |
        tar --extract --directory "$1"
}

# build SUITE FOLDER: the packages come into FOLDER.
build() {
    local at=$work/build
    check "$1: a root to build in" bare "$1" "$at" buildd lintian &&
        check "$1: the source" copy_source "$at/src/unecho" &&
        check "$1: what the build needs" inside "$at" bash -c \
            "cd /src/unecho && apt-get -q -y --no-install-recommends build-dep ." &&
        check "$1: build" inside "$at" bash -c "cd /src/unecho && dpkg-buildpackage -us -uc" &&
        mkdir "$2" &&
        cp "$at"/src/*.deb "$2/" &&
        rm -f "$2"/*-dbgsym_*.deb &&
        check "$1: lintian" as_user "$at" "lintian --fail-on error,warning /src/*.changes"
    rm -rf --one-file-system "$at"
}

# The same packages with a lower version.
make_older() {
    local deb
    mkdir "$2"
    for deb in "$1"/*.deb; do
        dpkg-deb -R "$deb" "$work/older" &&
            sed -i "s/\b${version//./\\.}\b/0.0.1/" "$work/older/DEBIAN/control" &&
            dpkg-deb -Zgzip -z1 -b "$work/older" "$2" &&
            rm -rf "$work/older" || return
    done
}

install_all() {
    inside "$1" bash -c "apt-get -q -y install --no-install-recommends $2/*.deb"
}

# have_version ROOT VERSION PACKAGE...
have_version() {
    local found
    # shellcheck disable=SC2016 # dpkg-query expands it
    found=$(inside "$1" dpkg-query -W -f '${Version} ${db:Status-Status}\n' "${@:3}" | sort -u)
    echo "$found"
    [[ $found == "$2 installed" ]]
}

cancels() {
    local summary
    # shellcheck disable=SC2016 # as_user expands it
    summary=$(as_user "$1" 'at=/usr/share/unecho/samples/meeting
        unecho process ${at}_mic.flac ${at}_far.flac -o clean.wav 2>&1') || return
    echo "$summary"
    awk '$1 == "echo" { weaker = -$2 } END { exit !(weaker >= 20) }' <<<"$summary"
}

# The larger network is a file: where its package puts it, or in the folder that the user names.
finds_models() {
    # shellcheck disable=SC2016 # as_user expands it
    as_user "$1" 'at=/usr/share/unecho/samples/meeting
        neural() {
            unecho process --engine neural --quiet ${at}_mic.flac ${at}_far.flac -o "$1"
        }
        cp -r /usr/share/unecho/models . &&
            neural installed.wav && UNECHO_MODELS=~/models neural named.wav &&
            cmp installed.wav named.wav &&
            ! UNECHO_MODELS=/nowhere neural missing.wav 2>said && cat said && [[ ! -e missing.wav ]] &&
            grep -q "unecho-128 is not in /nowhere" said'
}

pipeline_runs() {
    as_user "$1" "gst-launch-1.0 -q unecho name=ec ! wavenc ! filesink location=gst.wav \
        audiotestsrc num-buffers=200 ! ec.mic audiotestsrc num-buffers=200 wave=pink-noise ! ec.far" &&
        (($(stat -c %s "$1/home/someone/gst.wav") > 400000))
}

obs_module_links() {
    local libraries
    libraries=$(inside "$1" bash -c 'ldd -r /usr/lib/*/obs-plugins/unecho.so' 2>&1) || return
    echo "$libraries"
    [[ $libraries == *libobs* && $libraries != *"not found"* && $libraries != *undefined* ]]
}

program_builds() {
    printf '%s\n' '#include <stdio.h>' '#include <unecho.h>' \
        'int main(void) { return puts(unecho_version()) < 0; }' >"$1/home/someone/program.c"
    # shellcheck disable=SC2016 # as_user expands it
    as_user "$1" 'cc program.c -o program $(pkg-config --cflags --libs unecho) && ./program'
}

# gives_port ROOT PORT COMMAND: COMMAND makes a microphone with this port, in a session of PipeWire
# without sound hardware.
gives_port() {
    # WirePlumber watches these, also where there is no systemd.
    mkdir -p "$1"/run/systemd/{seats,sessions,users,machines}
    cp "$work/session.sh" "$1/home/someone/"
    # shellcheck disable=SC2016 # as_user expands it
    as_user "$1" 'dbus-run-session -- bash session.sh "$@"' "$2" "$3"
}

nothing_left() {
    local found
    found=$(inside "$1" find / -xdev \( -path /debs -o -path /home \) -prune -o \
        -iname '*unecho*' -print) || return
    echo "$found"
    [[ -z $found ]]
}

# try SUITE FOLDER
try() {
    local at=$work/try deb names=()
    for deb in "$2"/*.deb; do
        names+=("$(dpkg-deb -f "$deb" Package)")
    done
    check "$1: a root to try them in" bare "$1" "$at" minbase \
        "gcc,libc6-dev,pkgconf,ladspa-sdk,gstreamer1.0-tools,gstreamer1.0-plugins-base,gstreamer1.0-plugins-good,pipewire,wireplumber,dbus" &&
        mkdir "$at/debs" &&
        cp -r "$2" "$at/debs/new" &&
        check "$1: an earlier version" make_older "$2" "$at/debs/old" &&
        check "$1: install" install_all "$at" /debs/old &&
        check "$1: the earlier version is there" have_version "$at" 0.0.1 "${names[@]}" &&
        check "$1: upgrade" install_all "$at" /debs/new &&
        check "$1: the new version is there" have_version "$at" "$version" "${names[@]}" &&
        use "$1" "$at" &&
        check "$1: purge" inside "$at" apt-get -q -y purge "${names[@]}" &&
        check "$1: nothing is left" nothing_left "$at" &&
        check "$1: PipeWire starts without the module" gives_port "$at" mic:capture_MONO true
    rm -rf --one-file-system "$at"
}

# use SUITE ROOT
use() {
    check "$1: unecho" cancels "$2"
    check "$1: models as files" finds_models "$2"
    check "$1: analyseplugin" inside "$2" analyseplugin /usr/lib/ladspa/unecho.so
    check "$1: gst-launch" pipeline_runs "$2"
    check "$1: the filter for OBS finds its libraries" obs_module_links "$2"
    check "$1: a program builds" program_builds "$2"
    check "$1: unecho live" gives_port "$2" unecho:capture_MONO "unecho live &"
    check "$1: PipeWire's module" gives_port "$2" unecho.source:capture_FL \
        "install -D -m 644 -t ~/.config/pipewire/pipewire.conf.d \
            /usr/share/pipewire/pipewire.conf.avail/unecho.conf"
    return 0
}

if [[ ${1:-} == --try ]]; then
    try "$3" "$(realpath "$2")"
else
    suites=("$@")
    ((${#suites[@]})) || suites=(bookworm trixie)
    for suite in "${suites[@]}"; do
        build "$suite" "$work/debs-$suite"
        [[ ! -d $work/debs-$suite ]] || try "$suite" "$work/debs-$suite"
    done
fi

echo "$passed passed, $failed failed"
((failed == 0 && passed > 0))
