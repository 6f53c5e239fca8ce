#!/bin/sh
# Builds the guests that are checked in next to their sources. Wants clang-22, lld-22, wasi-libc and
# libclang-rt-22-dev-wasm32 for C; for Rust a toolchain with its library's source in $RUSTC_WEB's sysroot
# (Debian: rustc-web and rust-web-src), whose standard library is built for wasm32-wasip1.
set -eu
cd "$(dirname "$0")"

for name in posix echo; do
    clang-22 --target=wasm32-wasi --no-wasm-opt -O2 -Wall -Wextra -Wl,--strip-all "$name.c" -o "$name.wasm"
done

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/src"
cp std.rs "$work/src/main.rs"
cat >"$work/Cargo.toml" <<'TOML'
[package]
name = "std"
version = "0.0.0"
edition = "2024"

[profile.release]
opt-level = "s"
lto = true
codegen-units = 1
panic = "abort"
strip = true

[workspace]
TOML
export RUSTC="${RUSTC_WEB:-/usr/bin/rustc}" RUSTC_BOOTSTRAP=1
export CARGO_TARGET_WASM32_WASIP1_LINKER=clang-22
export CARGO_TARGET_WASM32_WASIP1_RUSTFLAGS="-C link-self-contained=no -C link-arg=--target=wasm32-wasi \
-C link-arg=-fuse-ld=/usr/bin/wasm-ld-22 -C link-arg=--no-wasm-opt"
(cd "$work" && CARGO_TARGET_DIR="$work/target" cargo build --release --target wasm32-wasip1 \
    -Zbuild-std=std,panic_abort)
cp "$work/target/wasm32-wasip1/release/std.wasm" std.wasm
ls -l ./*.wasm
