#!/usr/bin/env bash
# Measures brisk and its peers: run time of the benchmark guests, loading, instances and calls.
#
# usage: scripts/bench.sh [ARGUMENTS OF brisk-peers]        --help lists them
#
# Everything runs on one processor core, CPU (default: the last one). FAST=1 leaves wasmtime out, which
# shortens the build.
set -euo pipefail

cd "$(dirname "$0")/../bench"
features=()
[ -z "${FAST:-}" ] || features=(--no-default-features)
cargo build --release -p brisk-peers "${features[@]}"
target=$(cargo metadata --format-version 1 --no-deps | sed 's/.*"target_directory":"\([^"]*\)".*/\1/')
exec taskset -c "${CPU:-$(($(nproc) - 1))}" "$target/release/brisk-peers" "$@"
