// Byte loads and stores: reversing, adding and comparing buffers one byte at a time.
#include "bench.h"

SIZE(110)

#define LENGTH (1 << 18)
static u8 a[LENGTH], b[LENGTH];

static NOINLINE void reverse(u8 *restrict to, const u8 *restrict from) {
    for (u32 i = 0; i < LENGTH; i++)
        to[i] = from[LENGTH - 1 - i];
}

static NOINLINE void add(u8 *restrict to, const u8 *restrict from) {
    u8 carry = 0;
    for (u32 i = 0; i < LENGTH; i++) {
        u32 sum = to[i] + from[i] + carry;
        to[i] = sum;
        carry = sum >> 8;
    }
}

static NOINLINE u32 differences(const u8 *p, const u8 *q) {
    u32 count = 0;
    for (u32 i = 0; i < LENGTH; i++)
        count += p[i] != q[i];
    return count;
}

i64 run(i32 n) {
    u64 sum = 0, seed = 11;
    for (u32 i = 0; i < LENGTH; i++)
        a[i] = random_next(&seed);
    for (i32 i = 0; i < n; i++) {
        reverse(b, a);
        add(a, b);
        sum = mix(sum, differences(a, b));
    }
    return sum;
}
