#!/bin/bash
# The library as it is chosen, and as a part of other projects: with CMake's FetchContent, and as a meson subproject on a
# machine that has none of the libraries that the tests and the command line need. The README's example
# is built in each; its output must be that of the library in BUILD-ROOT. Prints TAP.
# Usage: embed.sh SOURCE-ROOT BUILD-ROOT
set -uo pipefail

source_root=$1
build_root=$2
# shellcheck source=tests/packaging/tap.sh
source "$source_root/tests/packaging/tap.sh"
emulator=()

# Samples as the machine has them that the example is for.
swapped() {
    if [[ ${endian:-little} == big ]]; then dd conv=swab status=none; else cat; fi
}

# Both ends are noise, which every part of the canceller has to work on.
output_of() {
    head -c 256000 "$source_root/models/unecho-post.onnx" | swapped | "$@" | swapped | cksum
}

expected() {
    awk '/^```c$/ {code = 1; next} /^```$/ {if (code) exit} code' "$source_root/README.md" \
        >"$work/example.c"
    cc -std=c11 -o "$work/expected" "$work/example.c" "-I$source_root/include" \
        "-L$build_root/src" "-Wl,-rpath,$build_root/src" -lunecho &&
        expected=$(output_of "$work/expected")
}

same_output() {
    local got
    got=$(output_of "$@") || return 1
    echo "output $got, expected $expected"
    [[ $got == "$expected" ]]
}

# with_cmake FOLDER [ARGUMENT...]
with_cmake() {
    local folder=$work/$1
    shift
    cmake -S "$source_root/tests/packaging/embed" -B "$folder" -G Ninja "-Dsource=$source_root" \
        "-Dexample=$work/example.c" "$@" && cmake --build "$folder" && same_output "${emulator[@]}" "$folder/example"
}

# for_machine ENDIAN CPU TRIPLET EMULATOR [FLAGS]: a static program for another CPU, emulated.
for_machine() {
    local endian=$1 cpu=$2 triplet=$3 emulator=("$4") flags=${5:-}
    with_cmake "$cpu" -DCMAKE_SYSTEM_NAME=Linux "-DCMAKE_SYSTEM_PROCESSOR=$cpu" \
        "-DCMAKE_C_COMPILER=$triplet-gcc" "-DCMAKE_C_FLAGS=$flags" -DCMAKE_EXE_LINKER_FLAGS=-static \
        -DCMAKE_BUILD_TYPE=Release
}

with_meson() {
    mkdir -p "$work/project/subprojects" &&
        cp "$source_root/tests/packaging/embed/meson.build" "$work/example.c" "$work/project" &&
        ln -s "$source_root" "$work/project/subprojects/unecho" &&
        PKG_CONFIG_LIBDIR=/nowhere meson setup "$work/project/build" "$work/project" &&
        [[ $(meson introspect --tests "$work/project/build") == "[]" ]] &&
        ninja -C "$work/project/build" && same_output "$work/project/build/example"
}

# with_library KIND: only that one is installed, and pkg-config's plain flags fit it.
with_library() {
    local other lib
    [[ $1 == static ]] && other=libunecho.so || other=libunecho.a
    meson setup "$work/$1-build" "$source_root" "-Ddefault_library=$1" --auto-features=disabled \
        --prefix="$work/$1" && meson install -C "$work/$1-build" || return 1
    lib=$(dirname "$(find "$work/$1" -name 'libunecho.*' | head -n 1)")
    [[ ! -e $lib/$other ]] || return 1
    # shellcheck disable=SC2046
    cc -std=c11 -o "$work/$1-example" "$work/example.c" \
        $(PKG_CONFIG_PATH=$lib/pkgconfig pkg-config --cflags --libs unecho) "-Wl,-rpath,$lib" &&
        same_output "$work/$1-example"
}

check "the README's example with the built library" expected
if command -v cmake >/dev/null; then
    check "FetchContent, static, with the default flags" with_cmake static
    check "FetchContent, shared, -O0" with_cmake shared -DBUILD_SHARED_LIBS=ON -DCMAKE_BUILD_TYPE=Debug
else
    echo "ok $((++number)) - FetchContent # SKIP there is no CMake"
fi
if command -v cmake >/dev/null && command -v musl-gcc >/dev/null; then
    check "with musl, static" with_cmake musl -DCMAKE_C_COMPILER=musl-gcc \
        -DCMAKE_EXE_LINKER_FLAGS=-static -DCMAKE_BUILD_TYPE=Release
else
    echo "ok $((++number)) - with musl # SKIP there is no musl-gcc"
fi
# Without SSE2 by default, without fused multiply-add, and with the bytes the other way round.
while read -r name machine; do
    read -ra words <<<"$machine"
    if command -v cmake >/dev/null && command -v "${words[2]}-gcc" >/dev/null &&
        command -v "${words[3]}" >/dev/null; then
        check "for $name" for_machine "${words[@]}"
    else
        echo "ok $((++number)) - for $name # SKIP there is no compiler or emulator for it"
    fi
done <<'END'
32-bit-x86 little i686 i686-linux-gnu qemu-i386
32-bit-ARM little armv7l arm-linux-gnueabihf qemu-arm -mfpu=neon-vfpv4
s390x big s390x s390x-linux-gnu qemu-s390x
END
check "a meson subproject" with_meson
check "only the static library" with_library static
check "only the shared library" with_library shared
echo "1..$number"
