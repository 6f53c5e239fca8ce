// Complex numbers and strides: the fast Fourier transform of 4096 points and back, its roots by recurrence.
#include "bench.h"

SIZE(120)

#define N 4096
static f64 re[N], im[N], cosine[N / 2], sine[N / 2];

static NOINLINE void transform(f64 direction) {
    for (u32 i = 1, j = 0; i < N; i++) {
        u32 bit = N >> 1;
        for (; j & bit; bit >>= 1)
            j ^= bit;
        j ^= bit;
        if (i < j) {
            f64 x = re[i], y = im[i];
            re[i] = re[j], im[i] = im[j], re[j] = x, im[j] = y;
        }
    }
    for (u32 len = 2; len <= N; len <<= 1)
        for (u32 i = 0; i < N; i += len)
            for (u32 k = 0; k < len / 2; k++) {
                f64 c = cosine[k * (N / len)], s = direction * sine[k * (N / len)];
                u32 a = i + k, b = a + len / 2;
                f64 x = re[b] * c - im[b] * s, y = re[b] * s + im[b] * c;
                re[b] = re[a] - x, im[b] = im[a] - y;
                re[a] += x, im[a] += y;
            }
}

i64 run(i32 n) {
    // The root's own sine and cosine by halving the angle of a quarter turn, so that no library is needed.
    f64 c = 0;
    f64 s = 1;
    for (u32 len = 4; len < N; len <<= 1) {
        f64 half = __builtin_sqrt((1 + c) / 2);
        s = s / (2 * half);
        c = half;
    }
    cosine[0] = 1;
    for (u32 k = 1; k < N / 2; k++) {
        cosine[k] = cosine[k - 1] * c - sine[k - 1] * s;
        sine[k] = sine[k - 1] * c + cosine[k - 1] * s;
    }
    u64 random = 42;
    for (u32 i = 0; i < N; i++)
        re[i] = (f64)(random_next(&random) >> 40), im[i] = 0;
    for (i32 i = 0; i < n; i++) {
        transform(1);
        transform(-1);
        for (u32 k = 0; k < N; k++)
            re[k] /= N, im[k] /= N;
    }
    u64 sum = 0;
    for (u32 i = 0; i < N; i++)
        sum = mix(sum, bits(re[i]));
    return sum;
}
