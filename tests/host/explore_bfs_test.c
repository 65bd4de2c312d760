/*
 * explore_bfs_test.c: the short form of `explore bfs`.
 */
// SOURCES: kernel/*.c tests/host/kernel/host.c tests/host/kernel/model.c
// CFLAGS: -include tests/host/kernel/machine.h -DDEBUG=1 -fno-pie -fno-strict-aliasing -O2
// LIBS: -no-pie
// ARGS: bfs 3
#include "explore.c"
