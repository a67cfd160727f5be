#!/bin/bash
# Builds the Python package as a wheel, without the network, and prints its path. Needs a C compiler,
# meson, ninja, and Python with pip, setuptools and wheel; installs what is missing.
#
#   scripts/python-wheel.sh [FOLDER]     where the wheel goes, default build-python/
#
# PYTHON names the interpreter, default /usr/bin/python3.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# shellcheck source=scripts/setup.sh
source "$root/scripts/setup.sh"
python=${PYTHON:-/usr/bin/python3}
build=$root/build-python
folder=$(realpath -m -- "${1:-$build}")

{
    need gcc "C compiler" command -v cc
    need libc6-dev "headers of the C library" can_compile
    need meson "build system" command -v meson
    need ninja-build "build system" command -v ninja
    need python3-pip "builds the package" "$python" -m pip --version
    need python3-setuptools "builds the package" "$python" -c "import setuptools"
    need python3-wheel "builds the package" "$python" -c "import wheel"
    install_missing

    if [[ ! -f $build/library/build.ninja ]]; then
        meson setup "$build/library" "$root" -Dtools=disabled -Dtests=disabled -Dbench=disabled
    fi
    ninja -C "$build/library"
    strip --strip-unneeded -o "$build/libunecho.so" "$build/library/src/libunecho.so"

    # From a copy: setuptools leaves its own files beside setup.py.
    rm -rf "$build/source" "$build/wheel"
    mkdir -p "$build/source/bindings" "$build/source/docs" "$build/wheel" "$folder"
    cp -R "$root/bindings/python" "$build/source/bindings/"
    cp -R "$root/include" "$root/LICENSE" "$build/source/"
    cp "$root/docs/python.md" "$build/source/docs/"
    # The same checkout gives the same file.
    SOURCE_DATE_EPOCH=$(git -C "$root" log -1 --format=%ct 2>/dev/null || echo 315532800)
    export SOURCE_DATE_EPOCH
    UNECHO_LIBRARY=$build/libunecho.so "$python" -m pip --disable-pip-version-check wheel \
        --no-index --no-build-isolation --no-deps --wheel-dir "$build/wheel" \
        "$build/source/bindings/python"
    rm -f "$folder"/unecho-*.whl
    cp "$build"/wheel/unecho-*.whl "$folder/"
} >&2
ls "$folder"/unecho-*.whl
