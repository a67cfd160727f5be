#!/bin/bash
# Builds the library for 64-bit Windows with MinGW-w64, in build-windows/ with meson and once with
# CMake, and the command line with it, and runs the README's example and unecho.exe under Wine; what
# they put out must be what a build for this machine does. libsndfile is built from Debian's source,
# with FLAC, Ogg Vorbis and Opus, which stays in build-windows-sndfile/. On Debian 12 it installs what
# is missing. The last line has the numbers of checks that passed and failed.
set -uo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$root" || exit 1
# shellcheck source=scripts/setup.sh
source scripts/setup.sh
need_for_build
need cmake "builds it a second time" command -v cmake
need gcc-mingw-w64-x86-64 "C compiler for Windows" command -v x86_64-w64-mingw32-gcc
need g++-mingw-w64-x86-64 "libsndfile's build asks for it" command -v x86_64-w64-mingw32-g++
need dpkg-dev "unpacks the source of libsndfile" command -v dpkg-source
need make "builds what libsndfile needs" command -v make
need libsndfile1-dev "for the command line on this machine" have_library sndfile
need sox "writes the sample as WAV" command -v sox
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

# libsndfile for Windows with FLAC, Ogg Vorbis and Opus; it stays, and cross.ini, written last, tells
# meson where it is.
sndfile=$root/build-windows-sndfile

# What automake makes is there; that some of it seems older than its sources, by Debian's patches, is
# no reason to need automake.
generated=(ACLOCAL=: AUTOCONF=: AUTOHEADER=: AUTOMAKE=:)

# Each builds a library from Debian's source, static, into $sndfile/prefix: PACKAGE OPTION...
build_with_configure() {
    unpack "$1" || return 1
    # Nothing of libssp, which programs would have to bring.
    (cd "$sndfile/$1/source" && ./configure --quiet --host=x86_64-w64-mingw32 \
        "--prefix=$sndfile/prefix" --disable-shared \
        CFLAGS='-O2 -D_FORTIFY_SOURCE=0' "${@:2}") &&
        make -s -j "$(nproc)" -C "$sndfile/$1/source" "${generated[@]}" install
}

build_with_cmake() {
    local folder=$sndfile/$1 tools=x86_64-w64-mingw32
    unpack "$1" || return 1
    cmake -S "$folder/source" -B "$folder/build" -G Ninja -Wno-dev -DCMAKE_BUILD_TYPE=Release \
        -DCMAKE_SYSTEM_NAME=Windows -DCMAKE_SYSTEM_PROCESSOR=AMD64 -DCMAKE_C_COMPILER=$tools-gcc \
        -DCMAKE_CXX_COMPILER=$tools-g++ -DCMAKE_RC_COMPILER=$tools-windres \
        "-DCMAKE_PREFIX_PATH=$sndfile/prefix" "-DCMAKE_INSTALL_PREFIX=$sndfile/prefix" \
        "${@:2}" && ninja -C "$folder/build" install
}

unpack() {
    mkdir -p "$sndfile/$1" && (cd "$sndfile/$1" && "${apt[@]}" source --download-only "$1") &&
        dpkg-source --no-check -x "$sndfile/$1"/*.dsc "$sndfile/$1/source"
}

build_sndfile() {
    [[ ! -f $sndfile/cross.ini ]] || return 0
    local suite
    suite=$(. /etc/os-release && echo "$VERSION_CODENAME")
    rm -rf "$sndfile"
    mkdir -p "$sndfile/lists/partial"
    echo "deb-src http://deb.debian.org/debian $suite main" >"$sndfile/sources.list"
    local apt=(apt-get -q -o "Dir::Etc::sourcelist=$sndfile/sources.list"
        -o Dir::Etc::sourceparts=/dev/null -o "Dir::State::lists=$sndfile/lists")
    local -x PKG_CONFIG_LIBDIR=$sndfile/prefix/lib/pkgconfig
    "${apt[@]}" update && build_with_configure libogg && build_with_configure libvorbis &&
        build_with_configure opus --disable-{doc,extra-programs,stack-protector} &&
        build_with_configure flac \
            --disable-{cpplibs,programs,examples,doxygen-docs,stack-smash-protection} &&
        build_with_cmake libsndfile -DCMAKE_C_FLAGS=-DFLAC__NO_DLL -DENABLE_MPEG=OFF \
            -DBUILD_PROGRAMS=OFF -DBUILD_EXAMPLES=OFF -DBUILD_TESTING=OFF -DINSTALL_MANPAGES=OFF || return 1
    printf '[properties]\npkg_config_libdir = %s\n[binaries]\npkgconfig = %s\n' \
        "'$sndfile/prefix/lib/pkgconfig'" "'pkg-config'" >"$sndfile/cross.ini"
}

build() {
    set_up build-windows --cross-file cross/mingw64.ini --cross-file "$sndfile/cross.ini" \
        -Dprefer_static=true -Dwerror=true -Dtools=enabled && ninja -C build-windows &&
        set_up build-windows/native -Dtools=enabled && ninja -C build-windows/native
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

# ---- The command line ---------------------------------------------------------------------------

# tool WORD...: unecho.exe, in the folder of its files.
tool() {
    (cd "$work/tool" && /usr/lib/wine/wine64 ./unecho.exe "$@")
}

native() {
    (cd "$work/native" && "$root/build-windows/native/cli/unecho" "$@")
}

install_tool() {
    local folder end
    for folder in tool native; do
        mkdir -p "$work/$folder/sub"
        for end in mic far; do
            sox "samples/meeting_$end.flac" "$work/$folder/$end.wav" &&
                cp "$work/$folder/$end.wav" "$work/$folder/sub" || return 1
        done
    done
    cp -r build-windows/cli/unecho.exe build-windows/src/libunecho-0.dll models "$work/tool" &&
        tool --version | grep '^unecho [0-9]'
}

process_files() {
    native process mic.wav far.wav -o out.wav && tool process mic.wav far.wav -o out.wav &&
        cmp "$work/tool/out.wav" "$work/native/out.wav"
}

# Vorbis decoders round as their compilers do, so with Ogg the samples are not compared.
process_other_formats() {
    local end
    for end in mic far; do
        cp "samples/meeting_$end.flac" "$work/tool/$end.flac" &&
            sox "samples/meeting_$end.flac" "$work/tool/$end.ogg" || return 1
    done
    tool process mic.flac far.flac -o out.flac &&
        cmp <(sox "$work/tool/out.flac" -t s16 -) <(sox "$work/native/out.wav" -t s16 -) &&
        tool process mic.ogg far.ogg -o out.ogg && [[ $(soxi -t "$work/tool/out.ogg") == vorbis ]] &&
        tool doctor mic.ogg far.ogg
}

# An earlier output is replaced, and nothing else is left. In cmd.exe's manner.
process_in_folders() {
    echo old >"$work/tool/sub/out.wav"
    tool process 'sub\mic.wav' 'sub\far.wav' -o 'sub\out.wav' &&
        cmp "$work/tool/sub/out.wav" "$work/native/out.wav" &&
        [[ $(find "$work/tool/sub" -type f | wc -l) == 3 ]]
}

refuse() {
    cp "$work/tool/mic.wav" "$work/before.wav"
    tool process mic.wav far.wav -o mic.wav
    [[ $? == 1 ]] && cmp "$work/tool/mic.wav" "$work/before.wav" || return 1
    tool process none.wav far.wav -o new.wav 2>"$work/why"
    [[ $? == 1 && ! -e $work/tool/new.wav ]] && grep 'none.wav: No such file' "$work/why"
}

pipes() {
    local words=(process -q --reference --raw s16le --chunk 160 - far.wav -o -)
    native "${words[@]}" <samples/meeting_mic.flac >"$work/native.raw" &&
        tool "${words[@]}" <samples/meeting_mic.flac >"$work/tool.raw" &&
        cmp "$work/native.raw" "$work/tool.raw" && [[ -s $work/tool.raw ]]
}

doctor() {
    native doctor --json mic.wav far.wav >"$work/native.json" &&
        tool doctor --json mic.wav far.wav --picture p.svg >"$work/tool.json" &&
        cmp "$work/native.json" "$work/tool.json" && grep '</svg>' "$work/tool/p.svg"
}

check "libsndfile from Debian's source" build_sndfile
check "builds without warnings" build
check "the README's example on this machine" write_programs
check "the same with the DLL under Wine" with_dll
check "the same with the static library" windows static build-windows/src/libunecho.a
check "the same with CMake's library" with_cmake
check "unecho.exe runs under Wine" install_tool
check "unecho.exe process gives the same file" process_files
check "unecho.exe process with FLAC and Ogg" process_other_formats
check "with names in folders, over an earlier file" process_in_folders
check "unecho.exe keeps its inputs, and names a file that is missing" refuse
check "unecho.exe in a pipe" pipes
check "unecho.exe doctor says the same" doctor
echo "$passed passed, $failed failed"
((failed == 0 && passed > 0))
