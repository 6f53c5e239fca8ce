// 32-bit additions, rotations and exclusive ors: the ChaCha20 stream over a buffer.
#include "bench.h"

SIZE(400000)

#define QUARTER(a, b, c, d)                                                      \
    (x[a] += x[b], x[d] = left(x[d] ^ x[a], 16), x[c] += x[d], x[b] = left(x[b] ^ x[c], 12), \
     x[a] += x[b], x[d] = left(x[d] ^ x[a], 8), x[c] += x[d], x[b] = left(x[b] ^ x[c], 7))

static u32 left(u32 x, u32 by) {
    return x << by | x >> (32 - by);
}

static NOINLINE void block(const u32 in[16], u32 out[16]) {
    u32 x[16];
    for (i32 i = 0; i < 16; i++)
        x[i] = in[i];
    for (i32 i = 0; i < 10; i++) {
        QUARTER(0, 4, 8, 12), QUARTER(1, 5, 9, 13), QUARTER(2, 6, 10, 14), QUARTER(3, 7, 11, 15);
        QUARTER(0, 5, 10, 15), QUARTER(1, 6, 11, 12), QUARTER(2, 7, 8, 13), QUARTER(3, 4, 9, 14);
    }
    for (i32 i = 0; i < 16; i++)
        out[i] = x[i] + in[i];
}

i64 run(i32 n) {
    u32 key[16] = {0x61707865, 0x3320646e, 0x79622d32, 0x6b206574}, out[16];
    for (u32 i = 4; i < 12; i++)
        key[i] = 0x03020100 + i * 0x04040404;
    u64 sum = 0;
    for (i32 i = 0; i < n; i++) {
        key[12] = (u32)i;
        block(key, out);
        sum = mix(sum, out[0] ^ (u64)out[15] << 32);
    }
    return sum;
}
