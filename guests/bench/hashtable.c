// Unpredictable loads: inserts, lookups and removals in an open-addressed table of u64 keys.
#include "bench.h"

SIZE(12000000)

#define SLOTS (1 << 17)
static u64 keys[SLOTS];
static u32 values[SLOTS];

static inline u32 home(u64 key) {
    return (key * 0x9e3779b97f4a7c15u) >> 47;
}

static NOINLINE u32 *find(u64 key) {
    for (u32 i = home(key);; i = (i + 1) & (SLOTS - 1))
        if (keys[i] == key || keys[i] == 0) {
            keys[i] = key;
            return &values[i];
        }
}

// Moves later keys of the same run back, so that no search stops early.
static NOINLINE void remove(u64 key) {
    u32 hole = home(key);
    while (keys[hole] != key) {
        if (keys[hole] == 0)
            return;
        hole = (hole + 1) & (SLOTS - 1);
    }
    for (u32 i = (hole + 1) & (SLOTS - 1); keys[i]; i = (i + 1) & (SLOTS - 1)) {
        if (((i - home(keys[i])) & (SLOTS - 1)) >= ((i - hole) & (SLOTS - 1))) {
            keys[hole] = keys[i], values[hole] = values[i];
            hole = i;
        }
    }
    keys[hole] = 0, values[hole] = 0;
}

i64 run(i32 n) {
    u64 seed = 99, sum = 0;
    for (u32 i = 0; i < SLOTS; i++)
        keys[i] = 0, values[i] = 0;
    for (i32 i = 0; i < n; i++) {
        u64 key = (random_next(&seed) & 0xffff) + 1;
        if (i % 4 == 3)
            remove(key);
        else
            sum += ++*find(key);
    }
    return mix(sum, seed);
}
