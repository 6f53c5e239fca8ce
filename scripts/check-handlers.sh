#!/usr/bin/env bash
# Builds the interpreter as embedders may, looks in each build at the machine code of all handlers, and runs each often:
# one that calls the next instead of jumping to it would use up the native stack (crates/brisk/src/interp/dispatch.rs).
#
# usage: scripts/check-handlers.sh [PROFILE...]      e.g. 3/16/off: opt-level, codegen-units, link-time optimization
set -euo pipefail

cd "$(dirname "$0")/.."
[ $# -gt 0 ] || set -- 3/16/off 3/1/fat 3/1/off 2/16/off s/16/off
export CARGO_PROFILE_TEST_DEBUG=0 CARGO_PROFILE_TEST_DEBUG_ASSERTIONS=false CARGO_INCREMENTAL=0
export CARGO_PROFILE_TEST_OVERFLOW_CHECKS=false
for profile in "$@"; do
    IFS=/ read -r opt units lto <<<"$profile"
    printf '=== opt-level %s, codegen-units %s, lto %s\n' "$opt" "$units" "$lto"
    CARGO_PROFILE_TEST_OPT_LEVEL=$opt CARGO_PROFILE_TEST_CODEGEN_UNITS=$units CARGO_PROFILE_TEST_LTO=$lto \
        cargo test -q -p brisk --lib --test handlers -- uses_up_the_native_stack calls_the_next_one | tee /dev/stderr |
        grep -c '^test result: ok. [1-9]' | grep -qx 2
done
