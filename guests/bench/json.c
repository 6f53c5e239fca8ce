// Recursive descent over text: a JSON document is parsed, walked and written again.
#include "bench.h"

SIZE(500)

#define ROOM (1 << 16)
static char text[ROOM], copy[ROOM];
static struct value {
    enum { NUL, FALSE, TRUE, NUMBER, STRING, ARRAY, OBJECT } kind;
    u32 first, next; // Children are linked by index; 0 ends the list.
    const char *from, *name;
    u32 length, name_length;
    f64 number;
} value[8192];
static u32 values;
static const char *at;

static void space(void) {
    while (*at == ' ' || *at == '\n')
        at++;
}

static u32 string(const char **from) {
    *from = ++at;
    while (*at != '"')
        at += *at == '\\' ? 2 : 1;
    return at++ - *from;
}

static NOINLINE f64 number(void) {
    f64 sign = 1, x = 0, scale = 1;
    if (*at == '-')
        sign = -1, at++;
    for (; *at >= '0' && *at <= '9'; at++)
        x = x * 10 + (*at - '0');
    if (*at == '.')
        for (at++; *at >= '0' && *at <= '9'; at++)
            x += (*at - '0') * (scale /= 10);
    return sign * x;
}

static NOINLINE u32 parse(void) {
    u32 index = values++;
    struct value *v = &value[index];
    v->first = v->next = 0;
    space();
    switch (*at) {
    case 'n': v->kind = NUL, at += 4; break;
    case 'f': v->kind = FALSE, at += 5; break;
    case 't': v->kind = TRUE, at += 4; break;
    case '"': v->kind = STRING, v->length = string(&v->from); break;
    case '[':
    case '{': {
        v->kind = *at == '[' ? ARRAY : OBJECT;
        char end = *at++ + 2;
        for (u32 *link = &v->first; space(), *at != end;) {
            const char *name = 0;
            u32 length = 0;
            if (v->kind == OBJECT) {
                length = string(&name);
                space();
                at++;
            }
            u32 child = parse();
            value[child].name = name, value[child].name_length = length;
            *link = child;
            link = &value[child].next;
            space();
            if (*at == ',')
                at++;
        }
        at++;
        break;
    }
    default: v->kind = NUMBER, v->number = number();
    }
    return index;
}

static char *put(char *to, const char *from, u32 length) {
    for (u32 i = 0; i < length; i++)
        *to++ = from[i];
    return to;
}

static char *put_integer(char *to, u64 x) {
    char digits[20];
    u32 count = 0;
    do
        digits[count++] = '0' + x % 10;
    while (x /= 10);
    while (count)
        *to++ = digits[--count];
    return to;
}

static NOINLINE char *write(char *to, u32 index) {
    const struct value *v = &value[index];
    switch (v->kind) {
    case NUL: return put(to, "null", 4);
    case FALSE: return put(to, "false", 5);
    case TRUE: return put(to, "true", 4);
    case NUMBER:
        if (v->number < 0)
            *to++ = '-';
        return put_integer(to, __builtin_fabs(v->number));
    case STRING:
        *to++ = '"';
        to = put(to, v->from, v->length);
        *to++ = '"';
        return to;
    case ARRAY:
    case OBJECT:
        *to++ = v->kind == ARRAY ? '[' : '{';
        for (u32 child = v->first; child; child = value[child].next) {
            if (v->kind == OBJECT) {
                *to++ = '"';
                to = put(to, value[child].name, value[child].name_length);
                *to++ = '"';
                *to++ = ':';
            }
            to = write(to, child);
            if (value[child].next)
                *to++ = ',';
        }
        *to++ = v->kind == ARRAY ? ']' : '}';
    }
    return to;
}

static void make(u64 *seed) {
    char *to = text;
    *to++ = '[';
    for (u32 i = 0; i < 400; i++) {
        u64 random = random_next(seed);
        to = put(to, i ? ",\n {\"id\": " : "{\"id\": ", i ? 10 : 7);
        to = put_integer(to, i);
        to = put(to, ", \"name\": \"item \\\"", 18);
        to = put_integer(to, random & 0xffff);
        to = put(to, "\\\"\", \"price\": -", 15);
        to = put_integer(to, random >> 20 & 0xfff);
        *to++ = '.';
        to = put_integer(to, random >> 40 & 0xff);
        to = put(to, random & 1 ? ", \"sold\": true, \"tags\": [" : ", \"sold\": null, \"tags\": [", 25);
        to = put(to, "\"red\", \"a long tag\", 1, {}]}", 28);
    }
    *to++ = ']';
    *to = 0;
}

i64 run(i32 n) {
    u64 seed = 7, sum = 0;
    for (i32 round = 0; round < n; round++) {
        make(&seed);
        at = text;
        values = 1;
        u32 root = parse();
        u32 length = write(copy, root) - copy;
        f64 total = 0;
        for (u32 i = 1; i < values; i++)
            total += value[i].kind == NUMBER ? value[i].number : value[i].kind;
        for (u32 i = 0; i < length; i += 8)
            sum = mix(sum, copy[i]);
        sum = mix(sum, bits(total));
    }
    return sum;
}
