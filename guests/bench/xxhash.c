// i64 products and rotations over memory: XXH64 of a buffer.
#include "bench.h"

SIZE(1600)

#define LENGTH (1 << 19)
static u64 data[LENGTH / 8];

#define P1 0x9e3779b185ebca87u
#define P2 0xc2b2ae3d27d4eb4fu
#define P3 0x165667b19e3779f9u
#define P4 0x85ebca77c2b2ae63u

static inline u64 rotate(u64 x, u32 by) {
    return x << by | x >> (64 - by);
}

static inline u64 lane(u64 sum, u64 word) {
    return rotate(sum + word * P2, 31) * P1;
}

static NOINLINE u64 hash(u64 seed) {
    u64 a = seed + P1 + P2, b = seed + P2, c = seed, d = seed - P1;
    for (u32 i = 0; i < LENGTH / 8; i += 4) {
        a = lane(a, data[i]);
        b = lane(b, data[i + 1]);
        c = lane(c, data[i + 2]);
        d = lane(d, data[i + 3]);
    }
    u64 h = rotate(a, 1) + rotate(b, 7) + rotate(c, 12) + rotate(d, 18);
    h = (h ^ lane(0, a)) * P1 + P4;
    h = (h ^ lane(0, b)) * P1 + P4;
    h = (h ^ lane(0, c)) * P1 + P4;
    h = (h ^ lane(0, d)) * P1 + P4;
    h += LENGTH;
    h = (h ^ h >> 33) * P2;
    h = (h ^ h >> 29) * P3;
    return h ^ h >> 32;
}

i64 run(i32 n) {
    u64 sum = 0;
    for (u64 i = 0; i < LENGTH / 8; i++)
        data[i] = i * 0x0123456789abcdef;
    for (i32 i = 0; i < n; i++)
        sum = hash(sum);
    return sum;
}
