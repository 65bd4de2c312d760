/*
 * explore_random_test.c: the short form of `explore random`.
 */
// SOURCES: kernel/*.c tests/host/kernel/host.c tests/host/kernel/model.c
// CFLAGS: -include tests/host/kernel/machine.h -DDEBUG=1 -fno-pie -fno-strict-aliasing -O2
// LIBS: -no-pie
// ARGS: random 1000000 1
#include "explore.c"
