// f64 arithmetic with square roots: five bodies that attract each other.
#include "bench.h"

SIZE(750000)

#define BODIES 5
static f64 x[BODIES], y[BODIES], z[BODIES], vx[BODIES], vy[BODIES], vz[BODIES], mass[BODIES];

static NOINLINE void advance(f64 dt) {
    for (i32 i = 0; i < BODIES; i++) {
        for (i32 j = i + 1; j < BODIES; j++) {
            f64 dx = x[i] - x[j], dy = y[i] - y[j], dz = z[i] - z[j];
            f64 square = dx * dx + dy * dy + dz * dz;
            f64 force = dt / (square * __builtin_sqrt(square));
            vx[i] -= dx * mass[j] * force;
            vy[i] -= dy * mass[j] * force;
            vz[i] -= dz * mass[j] * force;
            vx[j] += dx * mass[i] * force;
            vy[j] += dy * mass[i] * force;
            vz[j] += dz * mass[i] * force;
        }
    }
    for (i32 i = 0; i < BODIES; i++) {
        x[i] += dt * vx[i];
        y[i] += dt * vy[i];
        z[i] += dt * vz[i];
    }
}

i64 run(i32 n) {
    for (i32 i = 0; i < BODIES; i++) {
        x[i] = i * 3.5, y[i] = i * i - 2.25, z[i] = 1.0 / (i + 1);
        vx[i] = 0.1 * i, vy[i] = 0.3 - 0.1 * i, vz[i] = -0.05 * i;
        mass[i] = i == 0 ? 39.0 : 0.04 / i;
    }
    for (i32 i = 0; i < n; i++)
        advance(0.001);
    u64 sum = 0;
    for (i32 i = 0; i < BODIES; i++)
        sum = mix(mix(mix(sum, bits(x[i])), bits(y[i])), bits(z[i]));
    return sum;
}
