// Strided loads with hard branches: heapsort of i64 values.
#include "bench.h"

SIZE(20)

#define COUNT 100000
static i64 heap[COUNT];

static NOINLINE void sink(u32 at, u32 end) {
    i64 value = heap[at];
    for (u32 child; (child = 2 * at + 1) < end; at = child) {
        if (child + 1 < end && heap[child] < heap[child + 1])
            child++;
        if (value >= heap[child])
            break;
        heap[at] = heap[child];
    }
    heap[at] = value;
}

i64 run(i32 n) {
    u64 seed = 23, sum = 0;
    for (i32 round = 0; round < n; round++) {
        for (u32 i = 0; i < COUNT; i++)
            heap[i] = random_next(&seed);
        for (u32 i = COUNT / 2; i-- > 0;)
            sink(i, COUNT);
        for (u32 end = COUNT - 1; end > 0; end--) {
            i64 largest = heap[0];
            heap[0] = heap[end];
            heap[end] = largest;
            sink(0, end);
        }
        for (u32 i = 0; i < COUNT; i += 7)
            sum = mix(sum, heap[i]);
    }
    return sum;
}
