// f64 in locals, a data-dependent loop: the Mandelbrot set of an n by n grid.
#include "bench.h"

SIZE(1050)

static NOINLINE u32 escape(f64 cr, f64 ci) {
    f64 zr = 0, zi = 0;
    u32 i = 0;
    for (; i < 200; i++) {
        f64 rr = zr * zr, ii = zi * zi;
        if (rr + ii > 4)
            break;
        zi = 2 * zr * zi + ci;
        zr = rr - ii + cr;
    }
    return i;
}

i64 run(i32 n) {
    u64 sum = 0;
    for (i32 row = 0; row < n; row++)
        for (i32 column = 0; column < n; column++)
            sum = mix(sum, escape(2.6 * column / n - 2, 2.4 * row / n - 1.2));
    return sum;
}
