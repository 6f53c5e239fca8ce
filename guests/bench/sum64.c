// A single loop over i64 values in locals: no calls, no memory.
#include "bench.h"

SIZE(75000000)

i64 run(i32 n) {
    u64 a = 1, b = 7;
    for (u64 i = 0; i < (u64)n; i++) {
        a += b ^ i;
        b = (b << 5) + (a >> 11) - i * 3;
    }
    return a ^ b;
}
