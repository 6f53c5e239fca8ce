#!/usr/bin/env bash
# Instructions that the benchmark programs take on AArch64, in brisk's machine code and in wasmtime's, counted under
# emulation, and the bytes of their functions' code: a line for each program, and the geometric means of brisk's over
# wasmtime's.
#
#     scripts/a64-instructions.sh [NAME...]       all programs of guests/bench without names
#     HOT=10 scripts/a64-instructions.sh fib      prints the blocks that most of them are in, too
#     BRISK=interruptible scripts/a64-instructions.sh    of brisk's code as it is where deadlines or epochs stop it
#     BRISK=unprotected scripts/a64-instructions.sh      without marks of where indirect branches lead
#     BRISK=signing scripts/a64-instructions.sh          with signed return addresses, too
#
# Only what runs outside of the program itself is counted: machine code, and none of the compilers. The size is that of the
# functions, in brisk with the ways into them from outside, without what either has for all of them. Needs what
# scripts/aarch64.sh installs, and Debian 12's qemu-user, which takes plugins.
set -euo pipefail
cd "$(dirname "$0")/.."

scripts/aarch64.sh install
if ! qemu-aarch64 -help 2>/dev/null | grep -q plugin; then
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends qemu-user >/dev/null
fi
target=${CARGO_TARGET_DIR:-$PWD/target}
CARGO_PROFILE_RELEASE_LTO=off CARGO_PROFILE_RELEASE_CODEGEN_UNITS=16 CARGO_PROFILE_RELEASE_OPT_LEVEL=1 \
    scripts/aarch64.sh cargo build -q --release --manifest-path bench/Cargo.toml -p brisk-emulated
program=$target/aarch64/aarch64-unknown-linux-gnu/release/brisk-emulated
plugin=$target/aarch64/count.so
cc -O2 -shared -fPIC bench/emulated/count.c -o "$plugin"

# `count ENGINE FILE SUM`: instructions, bytes.
count() {
    local said log
    log=$(mktemp)
    if ! said=$(qemu-aarch64 -plugin "$plugin${HOT:+,hot=$HOT}" -d plugin -D "$log" "$program" "$1" "$2"); then
        echo "$2 fails in $1" >&2
        return 1
    fi
    if [ "${said%% *}" != "$3" ]; then
        echo "$2 in $1: ${said%% *} is not $3" >&2
        return 1
    fi
    if [ -n "${HOT-}" ]; then
        { echo "$1:"; cat "$log"; } >&2
    fi
    awk -v bytes="${said##* }" '$1 == "instructions" { print $2, bytes }' "$log"
    rm "$log"
}

names=("$@")
[ ${#names[@]} -gt 0 ] || mapfile -t names < <(basename -s .wasm guests/bench/*.wasm)
printf '%-14s %14s %14s %6s %8s %8s %6s\n' program brisk wasmtime ratio bytes wasmtime ratio
for name in "${names[@]}"; do
    file=guests/bench/$name.wasm
    sum=$(awk -v file="bench/$name.wasm" '$3 == file { print $4; exit }' guests/programs.txt)
    brisk=$(count "${BRISK:-brisk}" "$file" "$sum")
    peer=$(count wasmtime "$file" "$sum")
    echo "$name $brisk $peer" \
        | awk '{ printf "%-14s %14d %14d %6.3f %8d %8d %6.3f\n", $1, $2, $4, $2 / $4, $3, $5, $3 / $5 }'
done | tee /dev/stderr | awk '{ sum += log($4); size += log($7); n++ }
    END { if (n) printf "%d programs: instructions %.3f, bytes %.3f\n", n, exp(sum / n), exp(size / n) }'
