// f64 divisions and conversions: the spectral norm of an infinite matrix's corner.
#include "bench.h"

SIZE(1300)

#define MOST 2048
static f64 u[MOST], v[MOST], t[MOST];

static inline f64 element(i32 i, i32 j) {
    return 1.0 / ((i + j) * (i + j + 1) / 2 + i + 1);
}

static NOINLINE void times(i32 n, const f64 *from, f64 *to) {
    for (i32 i = 0; i < n; i++) {
        f64 sum = 0;
        for (i32 j = 0; j < n; j++)
            sum += element(i, j) * from[j];
        to[i] = sum;
    }
}

static NOINLINE void times_transposed(i32 n, const f64 *from, f64 *to) {
    for (i32 i = 0; i < n; i++) {
        f64 sum = 0;
        for (i32 j = 0; j < n; j++)
            sum += element(j, i) * from[j];
        to[i] = sum;
    }
}

i64 run(i32 n) {
    if (n > MOST)
        n = MOST;
    for (i32 i = 0; i < n; i++)
        u[i] = 1;
    for (i32 i = 0; i < 10; i++) {
        times(n, u, t), times_transposed(n, t, v);
        times(n, v, t), times_transposed(n, t, u);
    }
    f64 uv = 0, vv = 0;
    for (i32 i = 0; i < n; i++)
        uv += u[i] * v[i], vv += v[i] * v[i];
    return bits(__builtin_sqrt(uv / vv));
}
