// flags: -mbulk-memory
// Moving overlapping blocks of all sizes, by the instruction for it and by loops over words.
#include "bench.h"

SIZE(60000)

static u8 memory[1 << 16];

static NOINLINE void move_words(u64 *to, const u64 *from, u32 count) {
    if (to <= from)
        for (u32 i = 0; i < count; i++)
            to[i] = from[i];
    else
        for (u32 i = count; i-- > 0;)
            to[i] = from[i];
}

i64 run(i32 n) {
    u64 random = 88172645463325252u, sum = 0;
    for (u32 i = 0; i < sizeof memory; i++)
        memory[i] = (u8)random_next(&random);
    for (i32 i = 0; i < n; i++) {
        u64 r = random_next(&random);
        u32 from = r & 0x7ff8, to = r >> 16 & 0x7ff8, len = (u32)(r >> 32) & 0x1ff8;
        if (i & 1)
            __builtin_memmove(memory + to, memory + from, len);
        else
            move_words((u64 *)(memory + to), (const u64 *)(memory + from), len / 8);
        sum = mix(sum, memory[to + len]);
    }
    for (u32 i = 0; i < sizeof memory; i++)
        sum = sum * 31 + memory[i];
    return sum;
}
