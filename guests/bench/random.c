// A generator of random numbers with a state of 624 words (the Mersenne twister).
#include "bench.h"

SIZE(20000000)

static u32 state[624];
static u32 at;

static NOINLINE void refill(void) {
    for (u32 i = 0; i < 624; i++) {
        u32 y = (state[i] & 0x80000000u) | (state[(i + 1) % 624] & 0x7fffffffu);
        state[i] = state[(i + 397) % 624] ^ y >> 1 ^ (y & 1 ? 0x9908b0dfu : 0);
    }
    at = 0;
}

static u32 next(void) {
    if (at == 624)
        refill();
    u32 y = state[at++];
    y ^= y >> 11;
    y ^= y << 7 & 0x9d2c5680u;
    y ^= y << 15 & 0xefc60000u;
    return y ^ y >> 18;
}

i64 run(i32 n) {
    state[0] = 5489;
    for (u32 i = 1; i < 624; i++)
        state[i] = 1812433253u * (state[i - 1] ^ state[i - 1] >> 30) + i;
    at = 624;
    u32 sum = 0;
    for (i32 i = 0; i < n; i++)
        sum = sum * 3 + next();
    return sum;
}
