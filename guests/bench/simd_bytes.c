// flags: -msimd128
// i8x16 and i16x8: finding, counting, brightening and differencing bytes sixteen at a time.
#include "bench.h"
#include <wasm_simd128.h>

SIZE(1200)

#define LENGTH (1 << 16)
static u8 a[LENGTH] __attribute__((aligned(16))), b[LENGTH] __attribute__((aligned(16)));

static NOINLINE u32 count(const u8 *p, u8 byte) {
    v128_t wanted = wasm_u8x16_splat(byte);
    u32 found = 0;
    for (u32 i = 0; i < LENGTH; i += 16)
        found += __builtin_popcount(wasm_i8x16_bitmask(wasm_i8x16_eq(wasm_v128_load(p + i), wanted)));
    return found;
}

static NOINLINE u32 difference(const u8 *p, const u8 *q) {
    v128_t sum = wasm_u32x4_const_splat(0);
    for (u32 i = 0; i < LENGTH; i += 16) {
        v128_t x = wasm_v128_load(p + i), y = wasm_v128_load(q + i);
        v128_t d = wasm_v128_or(wasm_u8x16_sub_sat(x, y), wasm_u8x16_sub_sat(y, x));
        sum = wasm_i32x4_add(sum, wasm_u32x4_extadd_pairwise_u16x8(wasm_u16x8_extadd_pairwise_u8x16(d)));
    }
    return wasm_u32x4_extract_lane(sum, 0) + wasm_u32x4_extract_lane(sum, 1) + wasm_u32x4_extract_lane(sum, 2) +
           wasm_u32x4_extract_lane(sum, 3);
}

static NOINLINE void blend(u8 *p, const u8 *q, i32 by) {
    v128_t weight = wasm_i16x8_splat(by), reversed = wasm_i8x16_const(15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0);
    for (u32 i = 0; i < LENGTH; i += 16) {
        v128_t x = wasm_v128_load(p + i), y = wasm_i8x16_swizzle(wasm_v128_load(q + i), reversed);
        v128_t low = wasm_i16x8_mul(wasm_u16x8_extend_low_u8x16(x), weight);
        v128_t high = wasm_i16x8_mul(wasm_u16x8_extend_high_u8x16(x), weight);
        v128_t scaled = wasm_u8x16_narrow_i16x8(wasm_u16x8_shr(low, 4), wasm_u16x8_shr(high, 4));
        wasm_v128_store(p + i, wasm_u8x16_avgr(scaled, y));
    }
}

i64 run(i32 n) {
    u64 seed = 3, sum = 0;
    for (u32 i = 0; i < LENGTH; i++) {
        a[i] = random_next(&seed);
        b[i] = i * 5;
    }
    for (i32 round = 0; round < n; round++) {
        blend(a, b, 13 + (round & 7));
        sum = mix(sum, (u64)difference(a, b) << 32 | count(a, round));
    }
    return sum;
}
