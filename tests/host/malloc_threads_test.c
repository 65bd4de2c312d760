/*
 * malloc_threads_test.c: malloc_test.c under ThreadSanitizer: what threads do with each other's blocks is no data race.
 */
// SOURCES: libc/malloc/malloc.c libc/malloc/classes.c libc/malloc/span.c libc/malloc/check.c
// SOURCES: libc/malloc/debug.c libc/malloc/walk.c tests/host/mallocbench/pages_host.c
// CFLAGS: -DMALLOC_PREFIX=t_ -fno-strict-aliasing -fsanitize=thread
// SANITIZE: thread
// LIBS: -lpthread
// ARGS: 2000
#include "malloc_test.c"
