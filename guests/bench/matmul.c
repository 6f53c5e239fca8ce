// f64 loads and multiply-adds in three nested loops: a matrix product.
#include "bench.h"

SIZE(440)

#define MOST 512
static f64 a[MOST * MOST], b[MOST * MOST], c[MOST * MOST];

static NOINLINE void multiply(i32 n) {
    for (i32 i = 0; i < n; i++) {
        for (i32 j = 0; j < n; j++) {
            f64 sum = 0;
            for (i32 k = 0; k < n; k++)
                sum += a[i * n + k] * b[k * n + j];
            c[i * n + j] = sum;
        }
    }
}

i64 run(i32 n) {
    if (n > MOST)
        n = MOST;
    for (i32 i = 0; i < n * n; i++) {
        a[i] = (i % 17) - 8.25;
        b[i] = (i % 13) * 0.5 - 3;
    }
    multiply(n);
    u64 sum = 0;
    for (i32 i = 0; i < n * n; i++)
        sum = mix(sum, bits(c[i]));
    return sum;
}
