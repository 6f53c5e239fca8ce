// Indirect calls: a chain of small operations chosen from a table by data.
#include "bench.h"

SIZE(20000000)

typedef u32 (*operation)(u32, u32);

static u32 add(u32 a, u32 b) { return a + b; }
static u32 subtract(u32 a, u32 b) { return a - b; }
static u32 multiply(u32 a, u32 b) { return a * b; }
static u32 exclusive(u32 a, u32 b) { return a ^ b; }
static u32 rotate(u32 a, u32 b) { return a << (b & 31) | a >> (-b & 31); }
static u32 average(u32 a, u32 b) { return (a & b) + ((a ^ b) >> 1); }
static u32 larger(u32 a, u32 b) { return a > b ? a : b + 1; }
static u32 swap(u32 a, u32 b) { return a << 16 | b >> 16; }

static operation volatile const table[8] = {add, subtract, multiply, exclusive, rotate, average, larger, swap};

i64 run(i32 n) {
    u32 a = 1, b = 2;
    for (i32 i = 0; i < n; i++) {
        u32 r = table[(a ^ i) & 7](a, b);
        b = a + i;
        a = r;
    }
    return (u64)a << 32 | b;
}
