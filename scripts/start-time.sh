#!/usr/bin/env bash
# Times a hello-world from process start to exit, and its peak memory, under several runners in turn.
#
# usage: scripts/start-time.sh [RUNNER...]        e.g. 'target/release/brisk run' 'wasmtime run'
#
# The default is target/release/brisk alone. ROUNDS is how often each runs (default: 201), GUEST what.
set -euo pipefail

cd "$(dirname "$0")/.."
guest=${GUEST:-guests/hello/hello.wasm}
[ $# -gt 0 ] || set -- "target/release/brisk run"
cargo build -q --release --manifest-path bench/Cargo.toml -p brisk-start
target=$(cargo metadata --format-version 1 --no-deps --manifest-path bench/Cargo.toml |
    sed 's/.*"target_directory":"\([^"]*\)".*/\1/')
commands=()
for runner in "$@"; do
    commands+=("$runner $guest")
done
exec "$target/release/brisk-start" "${ROUNDS:-201}" "${commands[@]}"
