// Bytes in and out through tables: base64 there and back.
#include "bench.h"

SIZE(140)

#define LENGTH 196608
static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
static u8 value[256], plain[LENGTH], text[LENGTH / 3 * 4], decoded[LENGTH];

static NOINLINE void encode(void) {
    u8 *to = text;
    for (const u8 *from = plain; from < plain + LENGTH; from += 3, to += 4) {
        u32 group = from[0] << 16 | from[1] << 8 | from[2];
        to[0] = alphabet[group >> 18];
        to[1] = alphabet[group >> 12 & 63];
        to[2] = alphabet[group >> 6 & 63];
        to[3] = alphabet[group & 63];
    }
}

static NOINLINE u32 decode(void) {
    u8 *to = decoded, bad = 0;
    for (const u8 *from = text; from < text + sizeof text; from += 4, to += 3) {
        u8 a = value[from[0]], b = value[from[1]], c = value[from[2]], d = value[from[3]];
        u32 group = a << 18 | b << 12 | c << 6 | d;
        bad |= a | b | c | d;
        to[0] = group >> 16, to[1] = group >> 8, to[2] = group;
    }
    return bad & 0x80;
}

i64 run(i32 n) {
    u64 seed = 41, sum = 0;
    for (i32 i = 0; i < 256; i++)
        value[i] = 0x80;
    for (i32 i = 0; i < 64; i++)
        value[(u8)alphabet[i]] = i;
    for (u32 i = 0; i < LENGTH; i++)
        plain[i] = random_next(&seed);
    for (i32 round = 0; round < n; round++) {
        plain[round] += round;
        encode();
        if (decode())
            return -1;
        for (u32 i = 0; i < LENGTH; i += 64)
            sum = mix(sum, text[i] << 8 | (decoded[i] ^ plain[i]));
    }
    return sum;
}
