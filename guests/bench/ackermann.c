// flags: -fno-optimize-sibling-calls
// Recursion to a depth of thousands of frames: Ackermann's function of 3 and n.
#include "bench.h"

SIZE(9)

static NOINLINE i32 ackermann(i32 m, i32 n) {
    if (m == 0)
        return n + 1;
    return ackermann(m - 1, n == 0 ? 1 : ackermann(m, n - 1));
}

i64 run(i32 n) {
    return ackermann(3, n);
}
