// Multiplication of numbers of 255 bits in five limbs of 51, as elliptic curves need it: 64 by 64 to 128 bits
// without an instruction for it.
#include "bench.h"

SIZE(60000)

typedef struct { u64 low, high; } wide;

static wide multiply(u64 a, u64 b) {
    u64 a0 = (u32)a, a1 = a >> 32, b0 = (u32)b, b1 = b >> 32;
    u64 low = a0 * b0, middle = a1 * b0 + (low >> 32), other = a0 * b1 + (u32)middle;
    return (wide){other << 32 | (u32)low, a1 * b1 + (middle >> 32) + (other >> 32)};
}

static void add(wide *sum, wide x) {
    sum->low += x.low;
    sum->high += x.high + (sum->low < x.low);
}

#define MASK ((1ull << 51) - 1)

// a * b modulo 2^255 - 19.
static NOINLINE void field_multiply(u64 out[5], const u64 a[5], const u64 b[5]) {
    wide sums[5] = {{0}};
    for (i32 i = 0; i < 5; i++)
        for (i32 j = 0; j < 5; j++)
            add(&sums[(i + j) % 5], multiply(a[i], i + j < 5 ? b[j] : b[j] * 19));
    u64 carry = 0;
    for (i32 i = 0; i < 5; i++) {
        add(&sums[i], (wide){carry, 0});
        out[i] = sums[i].low & MASK;
        carry = sums[i].low >> 51 | sums[i].high << 13;
    }
    out[0] += carry * 19;
    out[1] += out[0] >> 51;
    out[0] &= MASK;
}

i64 run(i32 n) {
    u64 x[5] = {9, 0, 0, 0, 0}, y[5] = {0x62d608f25d51a, 0x412a4b4f6592a, 0x75b7171a4b31d, 0x1ff60527118fe, 0x216936d3cd6e5};
    for (i32 i = 0; i < n; i++) {
        field_multiply(x, x, y);
        field_multiply(y, y, y);
    }
    return mix(mix(x[0], x[4]), y[2]);
}
