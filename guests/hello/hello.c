// The smallest useful WASI program: greets whom it is told to, or the world.
#include <stdio.h>

int main(int argc, char **argv) {
    fputs("Hello, ", stdout);
    fputs(argc > 1 ? argv[1] : "world", stdout);
    puts("!");
    return 0;
}
