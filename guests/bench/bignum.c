// i64 products and carries: factorials in 32-bit limbs, and their decimal digits.
#include "bench.h"

SIZE(20000)

#define LIMBS 16384
static u32 limb[LIMBS];
static u32 used;

static NOINLINE void multiply(u32 by) {
    u64 carry = 0;
    for (u32 i = 0; i < used; i++) {
        carry += (u64)limb[i] * by;
        limb[i] = carry;
        carry >>= 32;
    }
    if (carry && used < LIMBS)
        limb[used++] = carry;
}

static NOINLINE u32 divide(u32 by) {
    u64 rest = 0;
    for (u32 i = used; i-- > 0;) {
        rest = rest << 32 | limb[i];
        limb[i] = rest / by;
        rest %= by;
    }
    while (used && limb[used - 1] == 0)
        used--;
    return rest;
}

i64 run(i32 n) {
    u64 sum = 0;
    limb[0] = used = 1;
    for (i32 i = 2; i <= n; i++)
        multiply(i);
    while (used)
        sum = mix(sum, divide(1000000000));
    return sum;
}
