// flags: -msimd128
// f32x4: points turned and moved by a 4 by 4 matrix, then a sum of their lengths.
#include "bench.h"
#include <wasm_simd128.h>

SIZE(900)

#define POINTS 8192
static v128_t point[POINTS];

static NOINLINE void transform(const v128_t m[4]) {
    for (i32 i = 0; i < POINTS; i++) {
        v128_t p = point[i];
        v128_t x = wasm_f32x4_mul(m[0], wasm_i32x4_shuffle(p, p, 0, 0, 0, 0));
        v128_t y = wasm_f32x4_mul(m[1], wasm_i32x4_shuffle(p, p, 1, 1, 1, 1));
        v128_t z = wasm_f32x4_mul(m[2], wasm_i32x4_shuffle(p, p, 2, 2, 2, 2));
        v128_t w = wasm_f32x4_mul(m[3], wasm_i32x4_shuffle(p, p, 3, 3, 3, 3));
        point[i] = wasm_f32x4_add(wasm_f32x4_add(x, y), wasm_f32x4_add(z, w));
    }
}

static NOINLINE f32 lengths(void) {
    v128_t sum = wasm_f32x4_const_splat(0);
    for (i32 i = 0; i < POINTS; i += 2) {
        v128_t a = wasm_f32x4_mul(point[i], point[i]), b = wasm_f32x4_mul(point[i + 1], point[i + 1]);
        sum = wasm_f32x4_add(sum, wasm_f32x4_sqrt(wasm_f32x4_add(a, b)));
    }
    return wasm_f32x4_extract_lane(sum, 0) + wasm_f32x4_extract_lane(sum, 1) + wasm_f32x4_extract_lane(sum, 2) +
           wasm_f32x4_extract_lane(sum, 3);
}

i64 run(i32 n) {
    const v128_t turn[4] = {
        wasm_f32x4_make(0.8f, 0.6f, 0, 0), wasm_f32x4_make(-0.6f, 0.8f, 0, 0),
        wasm_f32x4_make(0, 0, 1, 0), wasm_f32x4_make(0.01f, -0.02f, 0.03f, 1)};
    for (i32 i = 0; i < POINTS; i++)
        point[i] = wasm_f32x4_make(i % 31, i % 37, i % 41, 1);
    u64 sum = 0;
    for (i32 round = 0; round < n; round++) {
        transform(turn);
        sum = mix(sum, __builtin_bit_cast(u32, lengths()));
    }
    return sum;
}
