#!/usr/bin/env bash
# Builds the guest programs of guests/ from their sources. The results are checked in, so this is
# needed only after a source has changed; scripts/install-guest-toolchain.sh brings the compiler.
#
# usage: scripts/build-guests.sh [NAME...]        e.g. hello, fib
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

# Freestanding: nothing imported, so that the module runs in any engine. A source names the flags it
# needs beyond these in its first line.
for source in bench/*.c; do
    name=$(basename "$source" .c)
    wanted "$name" "$@" || continue
    read -r -a flags < <(sed -n '1s,^// flags: ,,p' "$source"; echo)
    # The function names stay (they make a profile readable); the rest of the custom sections goes.
    "$clang" --target=wasm32-unknown-unknown --no-wasm-opt -O2 -nostdlib -Wall -Werror \
        "${flags[@]}" -Wl,--no-entry -Wl,-z,stack-size=16384 -Wl,--strip-debug "$source" -o "bench/$name.wasm"
done
chmod -x hello/*.wasm bench/*.wasm
ls -l hello/*.wasm bench/*.wasm
