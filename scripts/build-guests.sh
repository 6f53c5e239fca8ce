#!/usr/bin/env bash
# Builds the guest programs of guests/ from their sources. The results are checked in, so this is
# needed only after a source has changed; scripts/install-guest-toolchain.sh brings the compilers. With the
# versions named there it makes what is checked in, byte for byte, wherever the repository is.
#
# usage: scripts/build-guests.sh [NAME...]        e.g. hello, fib, wat, rust, go, assemblyscript
set -euo pipefail

cd "$(dirname "$0")/../guests"
clang=${CLANG:-clang-22}
wanted() {
    local name=$1
    shift
    [ $# -eq 0 ] || [[ " $* " == *" $name "* ]]
}

# Debian calls the target wasm32-wasi, its older name. An old wasm-opt on PATH breaks newer features,
# hence --no-wasm-opt.
if wanted hello "$@"; then
    "$clang" --target=wasm32-wasi -Wno-deprecated --no-wasm-opt -Oz -Wall -Werror -Wl,--strip-all \
        hello/hello.c -o hello/hello.wasm
fi

# Freestanding: of WASI only what prints the checksum. A source names the flags it needs beyond these
# in its first line.
for source in bench/*.c; do
    name=$(basename "$source" .c)
    wanted "$name" "$@" || continue
    read -r -a flags < <(sed -n '1s,^// flags: ,,p' "$source"; echo)
    # The function names stay (they make a profile readable); the rest of the custom sections goes.
    "$clang" --target=wasm32-unknown-unknown --no-wasm-opt -O2 -nostdlib -Wall -Werror \
        "${flags[@]}" -Wl,--no-entry -Wl,-z,stack-size=16384 -Wl,--strip-debug "$source" -o "bench/$name.wasm"
done

if wanted wat "$@"; then
    for source in wat/*.wat; do
        "${WASM_TOOLS:-wasm-tools}" parse "$source" -o "${source%.wat}.wasm"
    done
fi

# In its directory: the paths of sources are in the program.
if wanted rust "$@"; then
    (cd rust && rustc --edition 2024 --target wasm32-wasip1 -O -C lto=fat -C codegen-units=1 -C panic=abort \
        -C strip=debuginfo main.rs -o guests.wasm)
fi

# The symbol table goes, which a WebAssembly module does not need; the names stay. Of the repository nothing is
# written into the program: it would be another one after each commit.
if wanted go "$@"; then
    (cd go && GOOS=wasip1 GOARCH=wasm "${GO:-go}" build -trimpath -buildvcs=false -ldflags='-s -w' -o guests.wasm .)
fi

if wanted assemblyscript "$@"; then
    "${ASC:-asc}" assemblyscript/main.ts -o assemblyscript/guests.wasm -O3 --use abort= --runtime incremental
fi
chmod -x ./*/*.wasm
ls -l ./*/*.wasm
