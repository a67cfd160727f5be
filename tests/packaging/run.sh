#!/bin/bash
# Installs the build, moves the installed tree elsewhere, and uses the library from there as any other
# project would. Prints TAP.
# Usage: run.sh SOURCE-ROOT BUILD-ROOT API-MAJOR NAMES LADSPA LIBRARY. NAMES: whether the internal names
# in the static library are local or global. LADSPA: whether the plugin is built, ladspa or no-ladspa.
# LIBRARY: which are installed, both, shared or static.
set -uo pipefail

source_root=$1
build_root=$2
library=libunecho.so.$3
names=$4
ladspa=$5
installed=$6
here=$source_root/tests/packaging
# shellcheck source=tests/packaging/tap.sh
source "$source_root/tests/packaging/tap.sh"

# check_with LIBRARY, for what needs the static or the shared library.
check_with() {
    local needed=$1
    shift
    if [[ $installed == both || $installed == "$needed" ]]; then
        check "$@"
    else
        echo "ok $((++number)) - $1 # SKIP the $needed library is not installed"
    fi
}

# check, for what needs local names in the static library.
check_local() {
    if [[ $installed == shared ]]; then
        check_with static "$@"
    elif [[ $names == local ]]; then
        check "$@"
    else
        echo "ok $((++number)) - $1 # SKIP the internal names are global in this build"
    fi
}

# check, for the LADSPA plugin.
check_ladspa() {
    if [[ $ladspa == ladspa ]]; then
        check "$@"
    else
        echo "ok $((++number)) - $1 # SKIP the plugin or analyseplugin is missing"
    fi
}

# The tree is moved after the installation: nothing in it may depend on where it was.
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
    # The loader may not look where meson installs.
    export LD_LIBRARY_PATH=$lib
}

libraries_chosen() {
    ls "$lib"
    [[ -e $lib/$library ]] && [[ $installed == static ]] && return 1
    [[ -e $lib/libunecho.a ]] && [[ $installed == shared ]] && return 1
    [[ $installed == static || -e $lib/$library ]] &&
        [[ $installed == shared || -e $lib/libunecho.a ]]
}

flags() {
    pkg-config "--define-variable=prefix=$work/moved" "$@" unecho
}

# No table of the loaded file stays writable, and none is filled in later.
hardened() {
    local file
    for file in "$lib/$library" "$work/moved/bin/unecho"; do
        [[ -e $file ]] || continue
        readelf -lW "$file" | grep -q GNU_RELRO &&
            readelf -dW "$file" | grep -Eq 'BIND_NOW|FLAGS.*NOW' || return 1
    done
}

# In a program with the rights of another user the environment has no effect. It is linked statically:
# such a program finds no library beside it.
ignores_environment() {
    local tool=$work/setuid
    ! UNECHO_CPU=none "$work/static" || return 1
    cp "$work/static" "$tool" && chmod 755 "$work" && chown 65534 "$tool" && chmod u+s "$tool" &&
        UNECHO_CPU=none "$tool"
}

# Each header by itself, and the macro among the functions.
headers_stand_alone() {
    local language=$1 header
    shift
    for header in unecho unecho_model unecho_onnxruntime; do
        printf '#include <%s.h>\nvoid use(unecho_config *c) { unecho_config_init(c); }\n' "$header" \
            >"$work/header.$language" &&
            "$@" -Wall -Wextra -pedantic -Werror -fsyntax-only "$work/header.$language" \
                "-I$work/moved/include" || return 1
    done
}

# shellcheck disable=SC2046 # flags are meant to be split
with_pkg_config() {
    cc -o "$work/shared" "$here/consumer.c" $(flags --cflags --libs) &&
        "$work/shared" && readelf -d "$work/shared" | grep -F "[$library]"
}

# shellcheck disable=SC2046
with_pkg_config_static() {
    cc -static -o "$work/static" "$here/consumer.c" $(flags --static --cflags --libs) &&
        env -u LD_LIBRARY_PATH "$work/static"
}

# Built and not installed.
with_pkg_config_uninstalled() (
    export PKG_CONFIG_PATH=$build_root/meson-uninstalled LD_LIBRARY_PATH=$build_root/src
    # shellcheck disable=SC2046
    cc -o "$work/uninstalled" "$here/consumer.c" $(pkg-config --cflags --libs unecho) &&
        "$work/uninstalled"
)

# Only the same MAJOR.MINOR will do.
with_cmake() {
    local version major minor
    version=$(pkg-config --modversion unecho)
    IFS=. read -r major minor _ <<<"$version"
    cmake -Dseries="$major.$minor" -Dnext="$major.$((minor + 1))" -S "$here" -B "$work/cmake" -G Ninja "-Dunecho_DIR=$lib/cmake/unecho" &&
        cmake --build "$work/cmake" && "$work/cmake/shared" &&
        env -u LD_LIBRARY_PATH "$work/cmake/static"
}

# The first C block of the README is a program.
readme_example() {
    awk '/^```c$/ {code = 1; next} /^```$/ {if (code) exit} code' "$source_root/README.md" \
        >"$work/example.c"
    [[ -s $work/example.c ]] || return 1
    # shellcheck disable=SC2046
    cc -std=c11 -Wall -Wextra -Werror -o "$work/example" "$work/example.c" $(flags --cflags --libs)
}

soname() {
    readelf -d "$lib/libunecho.so" | grep -F "Library soname: [$library]"
}

# only_ours_exported NM-ARGUMENT...
only_ours_exported() {
    local exported
    exported=$(nm --defined-only "$@" | awk 'NF == 3 { print $NF }') &&
        grep -qx unecho_open <<<"$exported" && grep -qx unecho_record_read <<<"$exported" &&
        ! grep -v '^unecho_' <<<"$exported"
}

# The program has functions of the same names as the library's internal ones, which must exist.
# shellcheck disable=SC2046
beside_other_names() {
    local name
    for name in fifo_push file_read; do
        nm "$lib/libunecho.a" | grep " t $name\$" || return 1
    done
    cc -static -o "$work/collision" "$here/collision.c" $(flags --static --cflags --libs) &&
        env -u LD_LIBRARY_PATH "$work/collision"
}

# Nothing tells the loader where the library is.
tool_finds_its_library() {
    env -u LD_LIBRARY_PATH "$work/moved/bin/unecho" --version
}

# Hosts read the descriptor, and `unecho live` the statistics.
two_functions_exported() {
    [[ $(nm -D --defined-only "$lib/ladspa/unecho.so" | awk '{ print $NF }' | sort | xargs) == \
        "ladspa_descriptor unecho_ladspa_stats" ]]
}

# The host of the LADSPA SDK reads both descriptors and finds nothing to complain about.
analysed() {
    local text
    text=$(analyseplugin "$lib/ladspa/unecho.so" 2>&1) && echo "$text" &&
        [[ $(grep -c '^Plugin Label: "unecho\(_stereo\)\?"$' <<<"$text") == 2 ]] &&
        ! grep -E 'ERROR|cannot use in-place' <<<"$text"
}

# only_libc_needed FILE
only_libc_needed() {
    local needed
    needed=$(readelf -d "$1" | sed -n 's/.*NEEDED.*\[\(.*\)\]/\1/p') &&
        grep -q '^libc\.' <<<"$needed" &&
        ! grep -v -E '^(libc|libm|ld-linux.*)\.so\.[0-9]+$' <<<"$needed"
}

no_text_relocations() {
    ! readelf -d "$lib/libunecho.so" | grep TEXTREL &&
        readelf -lW "$lib/libunecho.so" | grep GNU_STACK | grep -v RWE
}

check "meson install" install_tree
check "the libraries that default_library names" libraries_chosen
check "the licence" test -s "$work/moved/share/licenses/unecho/LICENSE"
check "each header stands alone in C11" headers_stand_alone c cc -std=c11
check "each header stands alone in C++11" headers_stand_alone cpp c++ -std=c++11
check_with shared "a program built with pkg-config, shared" with_pkg_config
check_with static "a program built with pkg-config, static" with_pkg_config_static
check_with both "a program built with pkg-config, not installed" with_pkg_config_uninstalled
check_with both "programs built with CMake, shared and static" with_cmake
check "the README's example compiles" readme_example
if [[ -x $work/moved/bin/unecho ]]; then
    check "the installed command line finds its library" tool_finds_its_library
else
    echo "ok $((++number)) - the installed command line finds its library # SKIP it is not built"
fi
check_with shared "the soname is $library" soname
check_with shared "the shared library exports unecho_ symbols only" only_ours_exported -D "$lib/libunecho.so"
check_local "the static library exports unecho_ symbols only" only_ours_exported -g "$lib/libunecho.a"
check_local "a program with functions named like internal ones" beside_other_names
check_with shared "only the C library is needed" only_libc_needed "$lib/libunecho.so"
check_with shared "no text relocations, no executable stack" no_text_relocations
check "library and tool have their tables read-only from the start" hardened
if [[ $(id -u) == 0 && -x $work/static ]]; then
    check "a set-uid program ignores the environment" ignores_environment
else
    echo "ok $((++number)) - a set-uid program ignores the environment # SKIP needs root and a static program"
fi
check_ladspa "the LADSPA plugin exports its descriptor and statistics only" two_functions_exported
check_ladspa "the LADSPA plugin needs only the C library" only_libc_needed "$lib/ladspa/unecho.so"
command -v analyseplugin >/dev/null || ladspa=unseen
check_ladspa "the LADSPA SDK's analyseplugin finds no fault" analysed
echo "1..$number"
