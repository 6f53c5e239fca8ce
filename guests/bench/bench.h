// What every benchmark program has: `run`, which does an amount of work that grows with its argument
// and returns a checksum of it; `size`, the argument of an ordinary run; and `_start`, which makes it a
// command of WASI: it runs with the number given as an argument, or with `size`, and prints the checksum.
// No library is involved, so what is measured is the program.
#pragma once

typedef unsigned char u8;
typedef unsigned short u16;
typedef int i32;
typedef unsigned int u32;
typedef long long i64;
typedef unsigned long long u64;
typedef float f32;
typedef double f64;

#ifdef __wasm__
#define EXPORT(name) __attribute__((export_name(#name)))
#else
#define EXPORT(name)
#endif
#define NOINLINE __attribute__((noinline))
#define SIZE(n) \
    EXPORT(size) i32 size(void) { return n; }

EXPORT(run) i64 run(i32 n);
EXPORT(size) i32 size(void);

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

#define WASI(name) __attribute__((import_module("wasi_snapshot_preview1"), import_name(#name))) int name

#ifdef __wasm__
WASI(args_sizes_get)(u32 *count, u32 *bytes);
WASI(args_get)(char **args, char *bytes);
WASI(fd_write)(i32 fd, const void *vectors, u32 count, u32 *written);

EXPORT(_start) void _start(void) {
    u32 count = 0, bytes = 0;
    char *args[4], text[256];
    i32 n = size();
    if (!args_sizes_get(&count, &bytes) && count > 1 && count <= 4 && bytes <= sizeof text) {
        args_get(args, text);
        n = 0;
        for (const char *digit = args[1]; *digit; digit++)
            n = n * 10 + (*digit - '0');
    }
    u64 sum = (u64)run(n);
    char line[17];
    for (u32 i = 0; i < 16; i++)
        line[i] = "0123456789abcdef"[sum >> (60 - 4 * i) & 15];
    line[16] = '\n';
    const struct { const char *start; u32 len; } vector = {line, sizeof line};
    u32 written;
    fd_write(1, &vector, 1, &written);
}
#else
// On the machine itself, which is where the expected checksums come from.
extern int printf(const char *, ...);
extern int atoi(const char *);
int main(int argc, char **argv) {
    printf("%016llx\n", (u64)run(argc > 1 ? atoi(argv[1]) : size()));
    return 0;
}
#endif
