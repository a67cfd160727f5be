#!/bin/bash
# Builds the npm package unecho-native, an add-on for Node, from this checkout for this machine, and
# prints its folder. Uses the network for Node's headers, once, and to install the Debian packages that
# are missing.
#
#   scripts/node.sh [FOLDER]     where it goes, default build-node/: FOLDER/unecho-native
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# shellcheck source=scripts/setup.sh
source "$root/scripts/setup.sh"
folder=$(realpath -m -- "${1:-$root/build-node}")
headers=$folder/headers/node_modules/node-api-headers/include

{
    need gcc "C compiler" command -v cc
    need libc6-dev "headers of the C library" can_compile
    need meson "build system" command -v meson
    need ninja-build "build system" command -v ninja
    need nodejs "runs the add-on" command -v node
    need npm "fetches Node's headers" command -v npm
    install_missing

    if [[ ! -f $folder/native/build.ninja ]]; then
        meson setup "$folder/native" "$root" -Dtests=disabled -Dbench=disabled \
            -Donnxruntime=disabled
    fi
    ninja -C "$folder/native" src/libunecho.a
    if [[ ! -f $headers/node_api.h ]]; then
        npm install --prefix "$folder/headers" --no-save --no-audit --no-fund node-api-headers@1.9.0
    fi

    package=$folder/unecho-native
    rm -rf "$package"
    mkdir -p "$package"
    cc -std=gnu11 -O2 -Wall -Wextra -Wconversion -Werror -fPIC -fvisibility=hidden -shared \
        -isystem "$headers" -I"$root/include" -I"$root/web" -o "$package/unecho.node" \
        "$root"/bindings/node/{addon,values}.c "$folder/native/src/libunecho.a" \
        -Wl,--exclude-libs,ALL -Wl,-z,relro -Wl,-z,now -s -lm -ldl
    cp "$root"/bindings/node/{index.js,index.d.ts,package.json} \
        "$root"/web/{checks.js,far-queue.js,playout.js,settings.js,types.d.ts} "$root/LICENSE" "$package/"
    version=$(meson introspect --projectinfo "$folder/native" |
        sed -E 's/.*"version": "([^"]+)".*/\1/')
    (cd "$package" && npm pkg set "version=$version" "os[]=$(node -p process.platform)" \
        "cpu[]=$(node -p process.arch)")
    # Links within the repository lead nowhere from the package.
    sed -E 's/\[([^]]*)\]\((\.\.|[a-z]+\.md)[^)]*\)/\1/g' "$root/docs/node.md" >"$package/README.md"
    chmod -R u=rwX,go=rX "$package"
} >&2
echo "$package"
