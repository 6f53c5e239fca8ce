// f32 kernel: a filter with 32 taps over a signal, then its peak and its energy.
#include "bench.h"

SIZE(64)

#define SAMPLES 32768
#define TAPS 32
static f32 input[SAMPLES + TAPS], output[SAMPLES], taps[TAPS];

static NOINLINE void filter(void) {
    for (i32 i = 0; i < SAMPLES; i++) {
        f32 sum = 0;
        for (i32 k = 0; k < TAPS; k++)
            sum += input[i + k] * taps[k];
        output[i] = sum;
    }
}

i64 run(i32 n) {
    u64 seed = 5, sum = 0;
    for (i32 k = 0; k < TAPS; k++)
        taps[k] = (f32)(k < TAPS / 2 ? k + 1 : TAPS - k) / 272;
    for (i32 i = 0; i < SAMPLES + TAPS; i++)
        input[i] = (f32)(random_next(&seed) & 0xffff) / 32768 - 1;
    for (i32 round = 0; round < n; round++) {
        filter();
        f32 peak = 0, energy = 0;
        for (i32 i = 0; i < SAMPLES; i++) {
            f32 size = __builtin_fabsf(output[i]);
            peak = size > peak ? size : peak;
            energy += size * size;
            input[i] = output[i] + input[i] * 0.5f;
        }
        sum = mix(mix(sum, __builtin_bit_cast(u32, peak)), __builtin_bit_cast(u32, energy));
    }
    return sum;
}
