// Classes of characters by a table of 256 entries, and changes of case.
#include "bench.h"

SIZE(300)

enum { UPPER = 1, LOWER = 2, DIGIT = 4, SPACE = 8, PUNCT = 16 };
static u8 class[256];
static u8 text[65536];

i64 run(i32 n) {
    for (u32 c = 0; c < 128; c++)
        class[c] = c >= 'A' && c <= 'Z'   ? UPPER
                   : c >= 'a' && c <= 'z' ? LOWER
                   : c >= '0' && c <= '9' ? DIGIT
                   : c == ' ' || (c >= 9 && c <= 13) ? SPACE
                   : c > 32 && c < 127    ? PUNCT
                                          : 0;
    u64 random = 1234567, sum = 0;
    for (u32 i = 0; i < sizeof text; i++)
        text[i] = (u8)random_next(&random) & 0x7f;
    for (i32 round = 0; round < n; round++) {
        u32 words = 0, inside = 0, counts[5] = {0};
        for (u32 i = 0; i < sizeof text; i++) {
            u8 k = class[text[i]];
            u32 letter = (k & (UPPER | LOWER)) != 0;
            words += letter & !inside;
            inside = letter;
            if (k & UPPER)
                text[i] |= 0x20, counts[0]++;
            else if (k & LOWER)
                text[i] &= (u8)~0x20, counts[1]++;
            else if (k & DIGIT)
                counts[2] += text[i] - '0';
            else
                counts[3 + ((k & SPACE) != 0)]++;
        }
        sum = mix(sum, words + ((u64)counts[0] << 20) + ((u64)counts[2] << 40) + counts[3] + counts[4]);
    }
    return sum;
}
