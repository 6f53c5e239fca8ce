// Byte stores with a stride: the sieve of Eratosthenes.
#include "bench.h"

SIZE(42)

#define LIMIT 1000000
static u8 composite[LIMIT];

i64 run(i32 n) {
    u64 sum = 0;
    for (i32 round = 0; round < n; round++) {
        for (u32 i = 0; i < LIMIT; i++)
            composite[i] = 0;
        u32 count = 0;
        for (u32 i = 2; i < LIMIT - round; i++) {
            if (composite[i])
                continue;
            count++;
            for (u64 j = (u64)i * i; j < LIMIT; j += i)
                composite[j] = 1;
        }
        sum = mix(sum, count);
    }
    return sum;
}
