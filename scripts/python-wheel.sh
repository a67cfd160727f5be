#!/bin/bash
# Builds the Python package as a wheel from this checkout, and prints its path. Uses the network only
# to install the Debian packages that are missing.
#
#   scripts/python-wheel.sh [FOLDER]     where the wheel goes, default build-python/
#
# PYTHON names the interpreter, default /usr/bin/python3; UNECHO_LIBRARY a library that is already
# built.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# shellcheck source=scripts/setup.sh
source "$root/scripts/setup.sh"
python=${PYTHON:-/usr/bin/python3}
build=$root/build-python
folder=$(realpath -m -- "${1:-$build}")

{
    if [[ -z ${UNECHO_LIBRARY:-} ]]; then
        need gcc "C compiler" command -v cc
        need libc6-dev "headers of the C library" can_compile
        need meson "build system" command -v meson
        need ninja-build "build system" command -v ninja
    fi
    need binutils "strips the library" command -v strip
    need python3-pip "builds the package" "$python" -m pip --version
    need python3-setuptools "builds the package" "$python" -c "import setuptools"
    need python3-wheel "builds the package" "$python" -c "import wheel"
    need python3-venv "a place to install it" "$python" -c "import venv, ensurepip"
    install_missing

    if [[ -z ${UNECHO_LIBRARY:-} ]]; then
        if [[ ! -f $build/build.ninja ]]; then
            meson setup "$build" "$root" -Dtools=disabled -Dtests=disabled -Dbench=disabled
        fi
        ninja -C "$build"
        UNECHO_LIBRARY=$build/src/libunecho.so
    fi

    # From a copy: setuptools leaves its own files beside setup.py.
    work=$(mktemp -d)
    trap 'rm -rf "$work"' EXIT
    mkdir -p "$work/bindings" "$work/docs" "$folder"
    cp -R "$root/bindings/python" "$work/bindings/"
    cp -R "$root/include" "$root/models" "$root/LICENSE" "$work/"
    cp "$root/docs/python.md" "$work/docs/"
    strip --strip-unneeded -o "$work/libunecho.so" "$UNECHO_LIBRARY"
    # The same checkout gives the same file.
    SOURCE_DATE_EPOCH=$(git -C "$root" log -1 --format=%ct 2>/dev/null || echo 315532800)
    export SOURCE_DATE_EPOCH
    UNECHO_LIBRARY=$work/libunecho.so "$python" -m pip --disable-pip-version-check wheel \
        --no-index --no-build-isolation --no-deps --wheel-dir "$work/wheel" \
        "$work/bindings/python"
    wheel=$(basename "$work"/wheel/unecho-*.whl)
    cp "$work/wheel/$wheel" "$folder/"
} >&2
echo "$folder/$wheel"
