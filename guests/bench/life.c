// Two-dimensional byte loads in i32 arithmetic: Conway's game of life on a torus.
#include "bench.h"

SIZE(220)

#define SIDE 256
static u8 world[2][SIDE][SIDE];

static NOINLINE u32 step(const u8 (*from)[SIDE], u8 (*to)[SIDE]) {
    u32 alive = 0;
    for (u32 y = 0; y < SIDE; y++) {
        const u8 *above = from[(y - 1) % SIDE], *row = from[y], *below = from[(y + 1) % SIDE];
        for (u32 x = 0; x < SIDE; x++) {
            u32 l = (x - 1) % SIDE, r = (x + 1) % SIDE;
            u32 around = above[l] + above[x] + above[r] + row[l] + row[r] + below[l] + below[x] + below[r];
            to[y][x] = around == 3 || (around == 2 && row[x]);
            alive += to[y][x];
        }
    }
    return alive;
}

i64 run(i32 n) {
    u64 seed = 31, sum = 0;
    for (u32 y = 0; y < SIDE; y++)
        for (u32 x = 0; x < SIDE; x++)
            world[0][y][x] = random_next(&seed) % 3 == 0;
    for (i32 i = 0; i < n; i++)
        sum = mix(sum, step(world[i & 1], world[~i & 1]));
    return sum;
}
