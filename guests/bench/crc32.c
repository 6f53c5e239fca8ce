// A table lookup per byte: CRC-32, the table made at run time.
#include "bench.h"

SIZE(80)

static u32 table[256];
static u8 data[1 << 20];

static NOINLINE u32 crc(const u8 *p, u32 length) {
    u32 crc = ~0u;
    for (u32 i = 0; i < length; i++)
        crc = crc >> 8 ^ table[(crc ^ p[i]) & 0xff];
    return ~crc;
}

i64 run(i32 n) {
    for (u32 i = 0; i < 256; i++) {
        u32 c = i;
        for (i32 bit = 0; bit < 8; bit++)
            c = c & 1 ? c >> 1 ^ 0xedb88320 : c >> 1;
        table[i] = c;
    }
    for (u32 i = 0; i < sizeof data; i++)
        data[i] = i ^ i >> 9;
    u64 sum = 0;
    for (i32 i = 0; i < n; i++)
        sum = mix(sum, crc(data + i, sizeof data - i));
    return sum;
}
