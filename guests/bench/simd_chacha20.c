// flags: -msimd128
// i32x4: the ChaCha20 stream, a row of the state in each vector.
#include "bench.h"
#include <wasm_simd128.h>

SIZE(600000)

static v128_t left(v128_t x, u32 by) {
    return wasm_v128_or(wasm_i32x4_shl(x, by), wasm_u32x4_shr(x, 32 - by));
}

static void quarter(v128_t *a, v128_t *b, v128_t *c, v128_t *d) {
    *a = wasm_i32x4_add(*a, *b), *d = left(wasm_v128_xor(*d, *a), 16);
    *c = wasm_i32x4_add(*c, *d), *b = left(wasm_v128_xor(*b, *c), 12);
    *a = wasm_i32x4_add(*a, *b), *d = left(wasm_v128_xor(*d, *a), 8);
    *c = wasm_i32x4_add(*c, *d), *b = left(wasm_v128_xor(*b, *c), 7);
}

static NOINLINE void block(const v128_t in[4], v128_t out[4]) {
    v128_t a = in[0], b = in[1], c = in[2], d = in[3];
    for (i32 i = 0; i < 10; i++) {
        quarter(&a, &b, &c, &d);
        b = wasm_i32x4_shuffle(b, b, 1, 2, 3, 0);
        c = wasm_i32x4_shuffle(c, c, 2, 3, 0, 1);
        d = wasm_i32x4_shuffle(d, d, 3, 0, 1, 2);
        quarter(&a, &b, &c, &d);
        b = wasm_i32x4_shuffle(b, b, 3, 0, 1, 2);
        c = wasm_i32x4_shuffle(c, c, 2, 3, 0, 1);
        d = wasm_i32x4_shuffle(d, d, 1, 2, 3, 0);
    }
    out[0] = wasm_i32x4_add(a, in[0]), out[1] = wasm_i32x4_add(b, in[1]);
    out[2] = wasm_i32x4_add(c, in[2]), out[3] = wasm_i32x4_add(d, in[3]);
}

i64 run(i32 n) {
    v128_t key[4], out[4];
    key[0] = wasm_i32x4_make(0x61707865, 0x3320646e, 0x79622d32, 0x6b206574);
    key[1] = wasm_i32x4_make(0x13121110, 0x17161514, 0x1b1a1918, 0x1f1e1d1c);
    key[2] = wasm_i32x4_make(0x23222120, 0x27262524, 0x2b2a2928, 0x2f2e2d2c);
    u64 sum = 0;
    for (i32 i = 0; i < n; i++) {
        key[3] = wasm_i32x4_make(i, 0, 0, 0);
        block(key, out);
        sum = mix(sum, (u32)wasm_i32x4_extract_lane(out[0], 0) ^ (u64)(u32)wasm_i32x4_extract_lane(out[3], 3) << 32);
    }
    return sum;
}
