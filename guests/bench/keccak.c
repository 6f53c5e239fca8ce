// 64-bit rotations and logic over 25 words: the permutation of SHA-3, hashing a chain of blocks.
#include "bench.h"

SIZE(60000)

static u64 rotate(u64 x, u32 by) {
    return by ? x << by | x >> (64 - by) : x;
}

static NOINLINE void permute(u64 s[25]) {
    u8 lfsr = 1;
    for (i32 round = 0; round < 24; round++) {
        u64 column[5], b[25];
        for (i32 x = 0; x < 5; x++)
            column[x] = s[x] ^ s[x + 5] ^ s[x + 10] ^ s[x + 15] ^ s[x + 20];
        for (i32 x = 0; x < 5; x++) {
            u64 d = column[(x + 4) % 5] ^ rotate(column[(x + 1) % 5], 1);
            for (i32 y = 0; y < 25; y += 5)
                s[y + x] ^= d;
        }
        // rho and pi together: the place moves as the rotation grows.
        i32 x = 1, y = 0;
        b[0] = s[0];
        for (u32 t = 0; t < 24; t++) {
            i32 next = (2 * x + 3 * y) % 5;
            b[5 * next + y] = rotate(s[5 * y + x], (t + 1) * (t + 2) / 2 % 64);
            x = y;
            y = next;
        }
        for (y = 0; y < 25; y += 5)
            for (x = 0; x < 5; x++)
                s[y + x] = b[y + x] ^ (~b[y + (x + 1) % 5] & b[y + (x + 2) % 5]);
        for (i32 j = 0; j < 7; j++) {
            if (lfsr & 1)
                s[0] ^= 1ull << ((1 << j) - 1);
            lfsr = (u8)(lfsr << 1) ^ (lfsr >> 7 ? 0x71 : 0);
        }
    }
}

i64 run(i32 n) {
    u64 state[25] = {0};
    for (i32 i = 0; i < n; i++) {
        state[0] ^= (u64)i;
        state[16] ^= 0x8000000000000000u;
        permute(state);
    }
    return mix(state[0], state[24]);
}
