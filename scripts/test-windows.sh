#!/bin/bash
# Builds the library for 64-bit Windows with MinGW-w64, in build-windows/ with meson and once with
# CMake, and runs the README's example under Wine with the DLL and with the static library; its output
# must be that of a build for this machine. On Debian 12 it installs what is missing. The command line
# is not among it: Debian has no libsndfile for Windows. The last line has the numbers of checks that
# passed and failed.
set -uo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$root" || exit 1
# shellcheck source=scripts/setup.sh
source scripts/setup.sh
need_for_build
need cmake "builds it a second time" command -v cmake
need gcc-mingw-w64-x86-64 "C compiler for Windows" command -v x86_64-w64-mingw32-gcc
need wine64 "runs programs for Windows" test -x /usr/lib/wine/wine64
install_missing

work=$(mktemp -d)
# Wine's own server outlives the programs for some seconds, and needs its folder so long.
trap 'WINEPREFIX="$work/wine" /usr/lib/wine/wineserver64 -k; rm -rf "$work"' EXIT
export WINEPREFIX=$work/wine WINEDEBUG=-all
passed=0
failed=0

check() {
    local what=$1
    shift
    if "$@" >"$work/log" 2>&1; then
        echo "ok - $what"
        ((++passed))
    else
        echo "not ok - $what"
        sed 's/^/# /' "$work/log"
        ((++failed))
    fi
}

set_up() {
    local folder=$1
    shift
    [[ -f $folder/build.ninja ]] || meson setup "$folder" -Dtests=disabled -Dladspa=disabled "$@"
}

build() {
    set_up build-windows --cross-file cross/mingw64.ini -Dwerror=true && ninja -C build-windows &&
        set_up build-windows/native -Dtools=disabled && ninja -C build-windows/native
}

# In Windows' text mode samples would not arrive as they are.
write_programs() {
    awk '/^```c$/ {code = 1; next} /^```$/ {if (code) exit} code' README.md >"$work/example.c"
    cat >"$work/main.c" <<'END'
#include <fcntl.h>
#include <io.h>
#include <stdio.h>
int example(void);
int main(void)
{
    _setmode(_fileno(stdin), _O_BINARY);
    _setmode(_fileno(stdout), _O_BINARY);
    return example();
}
END
    cc -o "$work/expected" "$work/example.c" -Iinclude -Lbuild-windows/native/src \
        "-Wl,-rpath,$PWD/build-windows/native/src" -lunecho &&
        "$work/expected" <models/unecho-post.onnx >"$work/expected.raw"
}

# windows NAME ARGUMENT...: the example, linked with the arguments, gives the same bits.
windows() {
    local name=$1
    shift
    x86_64-w64-mingw32-gcc -c -Dmain=example -Iinclude "$work/example.c" -o "$work/$name.o" &&
        x86_64-w64-mingw32-gcc -o "$work/$name.exe" "$work/main.c" "$work/$name.o" "$@" &&
        /usr/lib/wine/wine64 "$work/$name.exe" <models/unecho-post.onnx >"$work/$name.raw" &&
        cmp "$work/$name.raw" "$work/expected.raw"
}

with_dll() {
    cp build-windows/src/libunecho-0.dll "$work" && windows dll build-windows/src/libunecho.dll.a
}

with_cmake() {
    cmake -S . -B build-windows/cmake -G Ninja -DCMAKE_SYSTEM_NAME=Windows \
        -DCMAKE_SYSTEM_PROCESSOR=AMD64 -DCMAKE_C_COMPILER=x86_64-w64-mingw32-gcc &&
        cmake --build build-windows/cmake && windows cmake build-windows/cmake/libunecho.a
}

check "builds without warnings" build
check "the README's example on this machine" write_programs
check "the same with the DLL under Wine" with_dll
check "the same with the static library" windows static build-windows/src/libunecho.a
check "the same with CMake's library" with_cmake
echo "$passed passed, $failed failed"
((failed == 0 && passed > 0))
