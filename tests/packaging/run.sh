#!/bin/bash
# Installs the build into a folder of its own, moves the folder, and uses the library from there as
# a stranger would. Speaks TAP. Usage: run.sh SOURCE-ROOT BUILD-ROOT
set -uo pipefail

source_root=$1
build_root=$2
here=$source_root/tests/packaging
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
log=$work/log
number=0

# check WHAT COMMAND...: one test case; what the command printed is shown if it fails.
check() {
    local what=$1
    shift
    ((++number))
    if "$@" >"$log" 2>&1; then
        echo "ok $number - $what"
    else
        echo "not ok $number - $what"
        sed 's/^/# /' "$log"
    fi
}

# From the tree as it would lie on disk, moved elsewhere: nothing in it may know where it was.
install_tree() {
    local prefix
    meson install -C "$build_root" --no-rebuild --destdir "$work/stage" || return 1
    prefix=$(meson introspect "$build_root" --buildoptions |
        python3 -c 'import json, sys
print(next(o["value"] for o in json.load(sys.stdin) if o["name"] == "prefix"))') || return 1
    mv "$work/stage$prefix" "$work/moved" || return 1
    pc=$(find "$work/moved" -name unecho.pc) && [[ -n $pc ]] || return 1
    lib=$(cd "$(dirname "$pc")/.." && pwd)
    export PKG_CONFIG_PATH=$lib/pkgconfig
    # Meson may have installed elsewhere than the loader looks.
    export LD_LIBRARY_PATH=$lib
}

flags() {
    pkg-config "--define-variable=prefix=$work/moved" "$@" unecho
}

header_stands_alone() {
    local language=$1
    shift
    echo '#include <unecho.h>' >"$work/header.$language" &&
        "$@" -Wall -Wextra -pedantic -Werror -fsyntax-only "$work/header.$language" \
            "-I$work/moved/include"
}

# shellcheck disable=SC2046 # flags are meant to be split
with_pkg_config() {
    cc -o "$work/shared" "$here/consumer.c" $(flags --cflags --libs) &&
        "$work/shared" && readelf -d "$work/shared" | grep -F 'libunecho.so.0'
}

# shellcheck disable=SC2046
with_pkg_config_static() {
    cc -static -o "$work/static" "$here/consumer.c" $(flags --static --cflags --libs) &&
        env -u LD_LIBRARY_PATH "$work/static"
}

with_cmake() {
    cmake -S "$here" -B "$work/cmake" -G Ninja "-Dunecho_DIR=$lib/cmake/unecho" &&
        cmake --build "$work/cmake" && "$work/cmake/shared" &&
        env -u LD_LIBRARY_PATH "$work/cmake/static"
}

# The first C block of the README is a program that must compile.
readme_example() {
    awk '/^```c$/ {code = 1; next} /^```$/ {if (code) exit} code' "$source_root/README.md" \
        >"$work/example.c"
    [[ -s $work/example.c ]] || return 1
    # shellcheck disable=SC2046
    cc -std=c11 -Wall -Wextra -Werror -o "$work/example" "$work/example.c" $(flags --cflags --libs)
}

soname() {
    readelf -d "$lib/libunecho.so" | grep -F 'Library soname: [libunecho.so.0]'
}

only_ours_exported() {
    local names
    names=$(nm -D --defined-only "$lib/libunecho.so" | awk '{print $NF}') &&
        grep -qx unecho_open <<<"$names" && grep -qx unecho_record_read <<<"$names" && ! grep -v '^unecho_' <<<"$names"
}

only_ours_needed() {
    local needed
    needed=$(readelf -d "$lib/libunecho.so" | sed -n 's/.*NEEDED.*\[\(.*\)\]/\1/p') &&
        grep -q '^libc\.' <<<"$needed" &&
        ! grep -v -E '^(libc|libm|ld-linux.*)\.so\.[0-9]+$' <<<"$needed"
}

no_text_relocations() {
    ! readelf -d "$lib/libunecho.so" | grep TEXTREL &&
        readelf -lW "$lib/libunecho.so" | grep GNU_STACK | grep -v RWE
}

check "meson install" install_tree
check "the header stands alone in C11" header_stands_alone c cc -std=c11
check "the header stands alone in C++11" header_stands_alone cpp c++ -std=c++11
check "a program built with pkg-config, shared" with_pkg_config
check "a program built with pkg-config, static" with_pkg_config_static
check "programs built with CMake, shared and static" with_cmake
check "the README's example compiles" readme_example
check "the soname is libunecho.so.0" soname
check "only unecho_ symbols are exported" only_ours_exported
check "only the C library is needed" only_ours_needed
check "no text relocations, no executable stack" no_text_relocations
echo "1..$number"
