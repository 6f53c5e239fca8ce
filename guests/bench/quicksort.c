// Recursion, comparisons and swaps: quicksort of i32 values, insertion sort at the leaves.
#include "bench.h"

SIZE(18)

#define COUNT 150000
static i32 values[COUNT];

static NOINLINE void sort(i32 *low, i32 *high) {
    while (high - low > 12) {
        i32 a = *low, b = low[(high - low) / 2], c = *high;
        i32 pivot = a < b ? (b < c ? b : a < c ? c : a) : (a < c ? a : b < c ? c : b);
        i32 *i = low, *j = high;
        while (i <= j) {
            while (*i < pivot)
                i++;
            while (*j > pivot)
                j--;
            if (i <= j) {
                i32 value = *i;
                *i++ = *j;
                *j-- = value;
            }
        }
        if (j - low < high - i) {
            sort(low, j);
            low = i;
        } else {
            sort(i, high);
            high = j;
        }
    }
    for (i32 *i = low + 1; i <= high; i++) {
        i32 value = *i, *j = i;
        for (; j > low && j[-1] > value; j--)
            *j = j[-1];
        *j = value;
    }
}

i64 run(i32 n) {
    u64 seed = 17, sum = 0;
    for (i32 round = 0; round < n; round++) {
        for (i32 i = 0; i < COUNT; i++)
            values[i] = random_next(&seed) >> 20;
        sort(values, values + COUNT - 1);
        for (i32 i = 1; i < COUNT; i++)
            sum = mix(sum, values[i - 1] <= values[i] ? values[i] : 1);
    }
    return sum;
}
