// Compression: an LZ77 compressor with a hash of last positions, its decompressor, and a comparison.
#include "bench.h"

SIZE(75)

#define LENGTH 200000
static u8 plain[LENGTH], packed[LENGTH * 2], unpacked[LENGTH];
static u32 last[1 << 14];

static inline u32 load(const u8 *p) {
    return p[0] | p[1] << 8 | p[2] << 16 | (u32)p[3] << 24;
}

// A literal run is its length and the bytes, a match is 0x80 + length - 4 and the distance.
static NOINLINE u32 compress(void) {
    u8 *to = packed;
    u32 literal = 0;
    for (u32 i = 0; i < 1 << 14; i++)
        last[i] = ~0u;
    for (u32 at = 0; at < LENGTH;) {
        u32 matched = 0, candidate = ~0u;
        if (at + 4 <= LENGTH) {
            u32 hash = load(plain + at) * 2654435761u >> 18;
            candidate = last[hash];
            last[hash] = at;
            if (candidate != ~0u && at - candidate < 65536)
                while (matched < 131 && at + matched < LENGTH && plain[candidate + matched] == plain[at + matched])
                    matched++;
        }
        u32 end = matched >= 4 ? at : at + 1;
        if (end - literal == 127 || (matched >= 4 && end > literal) || end == LENGTH) {
            *to++ = end - literal;
            while (literal < end)
                *to++ = plain[literal++];
        }
        if (matched >= 4) {
            *to++ = 0x80 + matched - 4;
            *to++ = at - candidate;
            *to++ = (at - candidate) >> 8;
            literal = at += matched;
        } else {
            at = end;
        }
    }
    return to - packed;
}

static NOINLINE u32 decompress(u32 length) {
    u8 *to = unpacked;
    for (const u8 *from = packed; from < packed + length;) {
        u32 token = *from++;
        if (token < 0x80) {
            while (token--)
                *to++ = *from++;
        } else {
            const u8 *match = to - (from[0] | from[1] << 8);
            from += 2;
            for (token -= 0x80 - 4; token--;)
                *to++ = *match++;
        }
    }
    return to - unpacked;
}

i64 run(i32 n) {
    u64 seed = 77, sum = 0;
    for (u32 i = 0; i < LENGTH;) {
        // Words of a small vocabulary, so that there is something to find.
        u64 word = random_next(&seed);
        u64 letters = (word % 300) * 0x9e3779b97f4a7c15u;
        for (u32 k = 0; k < 3 + word % 7 && i < LENGTH; k++, letters >>= 5)
            plain[i++] = 'a' + (letters & 31) % 26;
        if (i < LENGTH)
            plain[i++] = ' ';
    }
    for (i32 round = 0; round < n; round++) {
        plain[round * 97 % LENGTH]++;
        u32 length = compress();
        if (decompress(length) != LENGTH)
            return -1;
        for (u32 i = 0; i < LENGTH; i++)
            if (plain[i] != unpacked[i])
                return -2;
        sum = mix(sum, length);
    }
    return sum;
}
