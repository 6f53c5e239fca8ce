// Loops in loops, with a sum that keeps them from being folded.
#include "bench.h"

SIZE(26)

i64 run(i32 n) {
    u32 sum = 0;
    for (i32 a = 0; a < n; a++)
        for (i32 b = 0; b < n; b++)
            for (i32 c = 0; c < n; c++)
                for (i32 d = 0; d < n; d++)
                    for (i32 e = 0; e < n; e++)
                        sum = sum * 5 + (u32)(a ^ b ^ c ^ d ^ e);
    return sum;
}
