#!/usr/bin/env bash
# Runs the real programs of scripts/fetch-programs.sh under a runner and under wasmtime and compares
# exit status, stdout, stderr and every file they wrote.
#
# usage: scripts/check-programs.sh DIR [RUNNER...]
#
# RUNNER defaults to `target/release/brisk run`; it must understand wasmtime's `--dir HOST::GUEST`.
# wasmtime is $WASMTIME, DIR/wasmtime or the one on PATH; without one nothing was compared, which is
# a failure. ONLY=NAME runs the one case.
set -uo pipefail

if [ $# -lt 1 ]; then
    sed -n 's/^# usage: /usage: /p' "$0" >&2
    exit 2
fi
dir=$(cd "$1" && pwd) || exit 2
shift
repo=$(cd "$(dirname "$0")/.." && pwd)
runner=("${@:-$repo/target/release/brisk}")
[ $# -gt 0 ] || runner+=(run)
# Each run has a directory of its own, so a relative path to the runner must not depend on this one.
runner[0]=$(realpath "$(command -v "${runner[0]}")") || { echo "no runner ${runner[0]}" >&2; exit 2; }
wasmtime=${WASMTIME:-}
[ -n "$wasmtime" ] || { [ -x "$dir/wasmtime" ] && wasmtime=$dir/wasmtime; }
[ -n "$wasmtime" ] || wasmtime=$(command -v wasmtime) || { echo "no wasmtime to compare with" >&2; exit 2; }

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
ran=0
failed=0

# once SIDE NAME COMMAND... : one run in its own copy of the inputs, with what it did in SIDE/.
once() {
    local side=$scratch/$2.$1
    shift 2
    cp -r "$scratch/in" "$side"
    (
        cd "$side" || exit 1
        timeout "${LIMIT:-300}" "$@" >stdout 2>stderr </dev/null
        echo $? >status
    )
}

# check NAME STATUS RUN-ARGUMENTS... : runs it in both and compares. STATUS is the exit status the
# program must have, so that two runs which fail alike do not pass.
check() {
    local name=$1 status=$2
    shift 2
    if [ -n "${ONLY:-}" ] && [ "$ONLY" != "$name" ]; then
        return
    fi
    ran=$((ran + 1))
    once expected "$name" "$wasmtime" run "$@"
    local begin end
    begin=$(date +%s%N)
    once actual "$name" "${runner[@]}" "$@"
    end=$(date +%s%N)
    local ms=$(((end - begin) / 1000000))
    if [ "$(cat "$scratch/$name.expected/status")" != "$status" ]; then
        echo "FAIL $name: wasmtime itself exits with $(cat "$scratch/$name.expected/status")"
        head -5 "$scratch/$name.expected/stderr"
        failed=$((failed + 1))
    elif difference=$(diff -r "$scratch/$name.expected" "$scratch/$name.actual"); then
        echo "ok   $name ($ms ms)"
    else
        echo "FAIL $name ($ms ms): < wasmtime, > ${runner[*]}"
        echo "$difference" | head -20
        failed=$((failed + 1))
    fi
}

# The inputs. Results of floating point and of hashing are in them so that a wrong one shows.
mkdir "$scratch/in"
cat >"$scratch/in/loop.js" <<'JS'
class Lcg {
    constructor(seed) { this.state = BigInt(seed); }
    next() { this.state = (this.state * 6364136223846793005n + 1442695040888963407n) & 0xffffffffffffffffn;
             return Number(this.state >> 33n); }
}
const lcg = new Lcg(7), seen = new Map();
let hash = 0;
for (let i = 0; i < 20000; i++) {
    const n = lcg.next();
    hash = (Math.imul(hash, 31) + n) | 0;
    seen.set(n % 97, (seen.get(n % 97) ?? 0) + 1);
}
const doc = { hash, buckets: [...seen].sort((a, b) => a[0] - b[0]).slice(0, 5), root: Math.sqrt(2), big: (2n ** 130n).toString() };
const text = JSON.stringify(doc);
console.log(text, JSON.stringify(JSON.parse(text)) === text);
console.log("a1b22c333".replace(/\d+/g, d => `<${d.length}>`), [3, 1, 2].toSorted().join());
function* fib() { let [a, b] = [0, 1]; for (;;) { yield a; [a, b] = [b, a + b]; } }
for (const f of fib()) { if (f > 1e6) { console.log(f); break; } }
try { null.x } catch (e) { console.log(e.name) }
JS
cat >"$scratch/in/picture.svg" <<'SVG'
<svg xmlns="http://www.w3.org/2000/svg" width="200" height="120" viewBox="0 0 200 120">
  <defs>
    <linearGradient id="g"><stop offset="0" stop-color="#e64"/><stop offset="1" stop-color="#26c"/></linearGradient>
    <filter id="b"><feGaussianBlur stdDeviation="3"/></filter>
    <clipPath id="c"><rect x="20" y="10" width="160" height="100" rx="20"/></clipPath>
  </defs>
  <rect width="200" height="120" fill="url(#g)"/>
  <circle cx="60" cy="60" r="40" fill="#fff" opacity=".6" filter="url(#b)"/>
  <g clip-path="url(#c)" transform="rotate(7 100 60)">
    <path d="M100 20 C150 0 190 60 150 100 S80 90 100 20Z" stroke="#000" stroke-width="4" stroke-dasharray="9 5" fill="none"/>
  </g>
</svg>
SVG
cat >"$scratch/in/script.py" <<'PY'
import collections, hashlib, json, re, sys

words = re.findall(r"[a-z]+", "the quick brown fox jumps over the lazy dog the end " * 100)
top = collections.Counter(words).most_common(3)
print(json.dumps({"top": top, "sha": hashlib.sha256(repr(words).encode()).hexdigest()}, sort_keys=True))

class Squares:
    def __init__(self, n):
        self.n = n
    def __iter__(self):
        try:
            for i in range(self.n):
                yield i * i
        finally:
            print("done", self.n)

print(sum(Squares(20000)), 2**200, 0.1 + 0.2, sys.version_info[:3])
try:
    {}["missing"]
except KeyError as error:
    print("caught", error)
PY
cp "$repo/guests/real/blink.s" "$scratch/in/"
cat >"$scratch/in/factor.smt2" <<'SMT'
(set-logic QF_BV)
(declare-fun a () (_ BitVec 32))
(declare-fun b () (_ BitVec 32))
(assert (= (bvmul a b) #x00a1b2c1))
(assert (bvult #x00000001 a))
(assert (bvult a b))
(assert (bvult b #x00010000))
(check-sat)
(get-value (a b))
(exit)
SMT

check quickjs 0 --dir .::. "$dir/quickjs.wasm" loop.js
check resvg 0 --dir .::/ "$dir/resvg.wasm" picture.svg picture.png
check cpython 0 "$dir/python-3.11.3.wasm" -c "$(cat "$scratch/in/script.py")"
check avr-as 0 --dir .::. "$dir/avr-as.wasm" -mmcu=avr5 blink.s -o blink.o
# The object file for avr-objcopy is wasmtime's, so that this case stands alone.
if (cd "$scratch/in" && "$wasmtime" run --dir .::. "$dir/avr-as.wasm" -mmcu=avr5 blink.s -o blink.o); then
    check avr-objcopy 0 --dir .::. "$dir/avr-objcopy.wasm" -O ihex blink.o blink.hex
fi
check icepll 0 "$dir/icepll.wasm" -i 12 -o 60
# Boolector's own convention: 10 is satisfiable.
check boolector 10 --dir .::. "$dir/boolector.wasm" --model-gen factor.smt2

if [ $ran -eq 0 ] || { [ -z "${ONLY:-}" ] && [ $ran -ne 7 ]; }; then
    echo "FAIL only $ran programs ran"
    exit 1
fi
echo "$((ran - failed)) of $ran programs agree with $("$wasmtime" --version)"
[ $failed -eq 0 ]
