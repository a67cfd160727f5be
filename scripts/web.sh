#!/bin/bash
# Builds the npm package and the demo page from this checkout, and prints the package's folder. Uses the
# network only to install the Debian packages that are missing. The same checkout gives the same files.
#
#   scripts/web.sh [FOLDER]     where they go, default build-web/: FOLDER/unecho and FOLDER/demo
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# shellcheck source=scripts/setup.sh
source "$root/scripts/setup.sh"
folder=$(realpath -m -- "${1:-$root/build-web}")

# build NAME [FLAG]: the modules, compiled with a flag.
build() {
    local at=$folder/modules/$1
    if [[ ! -f $at/build.ninja ]]; then
        rm -rf "$at"
        meson setup "$at" "$root" --cross-file "$root/cross/wasm32.ini" "-Dc_args=${2:-}" \
            -Doptimization=s -Dtools=disabled -Dtests=disabled -Dbench=disabled \
            -Dladspa=disabled -Donnxruntime=disabled
    fi
    ninja -C "$at" web/unecho.wasm web/convert.wasm
}

{
    need clang "C compiler for WebAssembly" command -v clang
    need lld "linker for WebAssembly" command -v wasm-ld
    need llvm "archiver for WebAssembly" command -v llvm-ar
    need binaryen "makes the modules smaller" command -v wasm-opt
    need wasi-libc "C library for WebAssembly" test -f /usr/lib/wasm32-wasi/libc.a
    need libclang-rt-dev-wasm32 "what clang's code calls"
    need meson "build system" command -v meson
    need ninja-build "build system" command -v ninja
    need nodejs "converts the model" command -v node
    install_missing

    build scalar
    build simd -msimd128

    package=$folder/unecho
    rm -rf "$package" "$folder/demo"
    mkdir -p "$package" "$folder/demo"
    for kind in scalar simd; do
        wasm-opt -O2 --enable-simd --enable-bulk-memory --enable-nontrapping-float-to-int \
            --enable-sign-ext --enable-mutable-globals \
            "$folder/modules/$kind/web/unecho.wasm" -o "$package/unecho-$kind.wasm"
    done
    node "$root/web/convert.js" "$folder/modules/scalar/web/convert.wasm" \
        "$root/models/unecho-post.onnx" "$package/unecho-post.onnx"
    cd "$root/web"
    cp assets.js canceller.js capture.js checks.js echo-canceller.js far-queue.js index.d.ts index.js \
        index.node.js load.js playout.js settings.js types.d.ts "$root/LICENSE" "$package/"
    # Bundlers copy the worklet as it is, so that it must not import anything.
    {
        sed -e '/^import /d' -e 's/^export //' checks.js playout.js far-queue.js settings.js \
            canceller.js
        sed '/^import /d' worklet.js
    } >"$package/worklet.js"
    version=$(meson introspect --projectinfo "$folder/modules/simd" |
        sed -E 's/.*"version": "([^"]+)".*/\1/')
    sed "s/\"version\": \"[^\"]*\"/\"version\": \"$version\"/" package.json >"$package/package.json"
    # Links within the repository lead nowhere from the package.
    sed -E 's/\[([^]]*)\]\((\.\.|[a-z]+\.md)[^)]*\)/\1/g' "$root/docs/web.md" >"$package/README.md"
    cp demo/* "$root"/samples/meeting_{mic,far}.flac "$folder/demo/"
    chmod -R u=rwX,go=rX "$package" "$folder/demo"
} >&2
echo "$package"
