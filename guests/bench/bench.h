// What every benchmark program exports: `run`, which does an amount of work that grows with its
// argument and returns a checksum of it, and `size`, the argument of an ordinary run. Neither
// imports anything, so the same module runs in any engine.
#pragma once

typedef unsigned char u8;
typedef unsigned short u16;
typedef int i32;
typedef unsigned int u32;
typedef long long i64;
typedef unsigned long long u64;
typedef float f32;
typedef double f64;

#define EXPORT(name) __attribute__((export_name(#name)))
#define NOINLINE __attribute__((noinline))
#define SIZE(n) \
    EXPORT(size) i32 size(void) { return n; }

EXPORT(run) i64 run(i32 n);

// One step of a checksum over any words.
static inline u64 mix(u64 sum, u64 word) {
    sum = (sum ^ word) * 0x9e3779b97f4a7c15u;
    return sum ^ (sum >> 29);
}

static inline u64 bits(f64 x) {
    return __builtin_bit_cast(u64, x);
}

// A random number, good enough to shuffle data with (xorshift64).
static inline u64 random_next(u64 *state) {
    u64 x = *state;
    x ^= x << 13;
    x ^= x >> 7;
    x ^= x << 17;
    return *state = x;
}
