#!/bin/sh
# Installs what scripts/build-guests.sh needs on Debian: clang and lld with the WebAssembly target,
# the WASI C library and its C++ library. Run as root.
set -eu
apt-get update
apt-get install -y --no-install-recommends \
    clang-22 lld-22 wasi-libc libclang-rt-22-dev-wasm32 libc++-22-dev-wasm32 libc++abi-22-dev-wasm32
clang-22 --version
