#!/bin/bash
# Builds the Python package from this checkout, as a source distribution and of that the wheel, and
# prints the wheel's path. Uses the network only to install the Debian packages that are missing.
#
#   scripts/python-wheel.sh [FOLDER]     where both go, default build-python/
#
# PYTHON names the interpreter, default /usr/bin/python3; UNECHO_LIBRARY a library that is already
# built.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# shellcheck source=scripts/setup.sh
source "$root/scripts/setup.sh"
python=${PYTHON:-/usr/bin/python3}
folder=$(realpath -m -- "${1:-$root/build-python}")

{
    if [[ -z ${UNECHO_LIBRARY:-} ]]; then
        need gcc "C compiler" command -v cc
        need libc6-dev "headers of the C library" can_compile
        need meson "build system" command -v meson
        need ninja-build "build system" command -v ninja
    else
        UNECHO_LIBRARY=$(realpath -e -- "$UNECHO_LIBRARY")
    fi
    need python3-pip "builds the package" "$python" -m pip --version
    need python3-setuptools "builds the package" "$python" -c "import setuptools"
    need python3-wheel "builds the package" "$python" -c "import wheel"
    need python3-venv "a place to install it" "$python" -c "import venv, ensurepip"
    install_missing

    # From a copy: setuptools leaves its own files beside setup.py.
    work=$(mktemp -d)
    trap 'rm -rf "$work"' EXIT
    mkdir -p "$work/bindings" "$work/docs" "$folder"
    cp -R "$root/bindings/python" "$work/bindings/"
    cp -R "$root"/{LICENSE,meson.build,meson_options.txt,include,models,src} "$work/"
    cp "$root/docs/python.md" "$work/docs/"
    # The same checkout gives the same file.
    SOURCE_DATE_EPOCH=$(git -C "$root" log -1 --format=%ct 2>/dev/null || echo 315532800)
    export SOURCE_DATE_EPOCH
    (cd "$work/bindings/python" &&
        "$python" -c "from setuptools import build_meta; build_meta.build_sdist('$work/made')")
    "$python" -m pip --disable-pip-version-check wheel --no-index --no-build-isolation --no-deps \
        --no-cache-dir --wheel-dir "$work/made" "$work"/made/unecho-*.tar.gz
    wheel=$(basename "$work"/made/unecho-*.whl)
    cp "$work"/made/* "$folder/"
} >&2
echo "$folder/$wheel"
