// flags: -fno-optimize-sibling-calls
// Calls with three arguments: Takeuchi's function, kept recursive.
#include "bench.h"

SIZE(500)

static NOINLINE i32 tak(i32 x, i32 y, i32 z) {
    return y >= x ? z : tak(tak(x - 1, y, z), tak(y - 1, z, x), tak(z - 1, x, y));
}

i64 run(i32 n) {
    u64 sum = 0;
    for (i32 i = 0; i < n; i++)
        sum = mix(sum, tak(18 + (i & 1), 12, 6));
    return sum;
}
