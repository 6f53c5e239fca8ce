// flags: -fno-builtin-strlen
// String processing: a text is split into words, each lowered, counted in a trie, and searched for.
#include "bench.h"

SIZE(45)

#define LENGTH 150000
#define NODES 20000
static char text[LENGTH + 1];
static struct node {
    u32 child[26], count;
} node[NODES];
static u32 nodes;

static inline u32 is_letter(char c) {
    return (u32)((c | 32) - 'a') < 26;
}

static NOINLINE u32 count_words(void) {
    u32 words = 0;
    for (const char *p = text; *p;) {
        while (*p && !is_letter(*p))
            p++;
        if (!*p)
            break;
        u32 at = 0;
        for (; is_letter(*p); p++) {
            u32 *child = &node[at].child[(*p | 32) - 'a'];
            if (*child == 0 && nodes < NODES)
                *child = nodes++;
            at = *child;
        }
        node[at].count++;
        words++;
    }
    return words;
}

static NOINLINE u32 length_of(const char *s) {
    const char *p = s;
    while (*p)
        p++;
    return p - s;
}

static NOINLINE u32 occurrences(const char *needle) {
    u32 count = 0;
    for (const char *p = text; *p; p++) {
        const char *a = p, *b = needle;
        while (*b && *a == *b)
            a++, b++;
        count += !*b;
    }
    return count;
}

static NOINLINE i32 compare(const char *a, const char *b) {
    while (*a && *a == *b)
        a++, b++;
    return (u8)*a - (u8)*b;
}

i64 run(i32 n) {
    static const char *const needles[] = {"The", "ab", "zebra", "n the", "qu"};
    u64 seed = 1234, sum = 0;
    for (u32 i = 0; i < LENGTH;) {
        u64 word = random_next(&seed);
        u64 letters = (word % 700) * 0x9e3779b97f4a7c15u;
        for (u32 k = 0; k < 2 + word % 8 && i < LENGTH; k++, letters >>= 5)
            text[i++] = (k == 0 && word % 5 == 0 ? 'A' : 'a') + (letters & 31) % 26;
        if (i < LENGTH)
            text[i++] = word % 11 ? ' ' : '\n';
    }
    for (i32 round = 0; round < n; round++) {
        for (u32 i = 0; i < nodes; i++)
            node[i] = (struct node){0};
        nodes = 1;
        sum = mix(sum, count_words());
        sum = mix(sum, (u64)nodes << 32 | length_of(text));
        for (u32 i = 0; i < sizeof needles / sizeof *needles; i++)
            sum = mix(sum, occurrences(needles[i]));
        for (u32 i = 0; i + 16 < LENGTH; i += 16)
            sum += compare(text + i, text + i + 16) > 0;
    }
    return sum;
}
