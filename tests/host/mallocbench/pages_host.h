/*
 * pages_host.h: what tests see of the host's page source, and the allocator under its test names.
 */
#ifndef PAGES_HOST_H
#define PAGES_HOST_H

#include <malloc.h>
#include <setjmp.h>

#include "pages.h"

extern uint64_t pages_fail;     /* let the n-th commit from now on fail; 0: none */
extern bool pages_debug_mode;    /* what pages_debug() says */
extern jmp_buf *pages_stop;
extern char pages_line[200];

void *t_malloc(size_t n);
void t_free(void *p);
void *t_calloc(size_t count, size_t each);
void *t_realloc(void *p, size_t n);
void *t_reallocarray(void *p, size_t count, size_t each);
void *t_memalign(size_t align, size_t n);
void *t_aligned_alloc(size_t align, size_t n);
int t_posix_memalign(void **out, size_t align, size_t n);
void *t_valloc(size_t n);
void *t_pvalloc(size_t n);
size_t t_malloc_usable_size(void *p);
int t_malloc_trim(size_t keep);
struct mallinfo2 t_mallinfo2(void);
void t_malloc_stats(void);
const char *malloc_check(uint64_t *used);
void malloc_thread_end(void);
#endif
