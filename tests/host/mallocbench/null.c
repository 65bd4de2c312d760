/* null.c: the allocator that returns a constant: what it costs is subtracted. */
#include <stddef.h>

static char block[1 << 21] __attribute__((aligned(4096)));

void *malloc(size_t n) { (void)n; return block; }
void free(void *p) { (void)p; }
void *calloc(size_t count, size_t each) { (void)count; (void)each; return block; }
void *realloc(void *p, size_t n) { (void)p; (void)n; return block; }
void *aligned_alloc(size_t align, size_t n) { (void)align; (void)n; return block; }
