// Byte by byte through text with quotes: writes a table as comma-separated values, and sums its columns up.
#include "bench.h"

SIZE(40)

static char text[400000];

static u32 write_number(u32 at, u32 x) {
    char digits[10];
    u32 count = 0;
    do
        digits[count++] = (char)('0' + x % 10);
    while (x /= 10);
    while (count)
        text[at++] = digits[--count];
    return at;
}

static u32 write_table(u32 rows, u64 *random) {
    u32 at = 0;
    for (u32 row = 0; row < rows; row++) {
        at = write_number(at, row);
        for (const char *p = ",\"a \"\"quoted\"\", name "; *p; p++)
            text[at++] = *p;
        at = write_number(at, (u32)random_next(random) % 1000);
        text[at++] = '"';
        text[at++] = ',';
        at = write_number(at, (u32)random_next(random));
        text[at++] = '\n';
    }
    return at;
}

static NOINLINE u64 read_table(u32 len) {
    u64 sum = 0, number = 0;
    u32 column = 0, quoted = 0, letters = 0;
    for (u32 i = 0; i < len; i++) {
        char c = text[i];
        if (quoted) {
            if (c != '"')
                letters++;
            else if (i + 1 < len && text[i + 1] == '"')
                i++;
            else
                quoted = 0;
        } else if (c == '"') {
            quoted = 1;
        } else if (c == ',' || c == '\n') {
            sum += number * (column + 1) + letters;
            number = letters = 0;
            column = c == ',' ? column + 1 : 0;
        } else if (c >= '0' && c <= '9') {
            number = number * 10 + (u64)(c - '0');
        }
    }
    return sum;
}

i64 run(i32 n) {
    u64 random = 2463534242u, sum = 0;
    for (i32 i = 0; i < n; i++)
        sum = mix(sum, read_table(write_table(8000, &random)));
    return sum;
}
