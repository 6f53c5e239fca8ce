// flags: -fno-optimize-sibling-calls
// Calls and little else: the doubly recursive Fibonacci numbers, kept recursive.
#include "bench.h"

SIZE(36)

static NOINLINE i32 fib(i32 n) {
    return n < 2 ? n : fib(n - 1) + fib(n - 2);
}

i64 run(i32 n) {
    return fib(n);
}
