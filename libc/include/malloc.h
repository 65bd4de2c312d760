/*
 * malloc.h: what the allocator offers beyond stdlib.h. docs/malloc.md has the design.
 */
#ifndef _INCLUDE_MALLOC_H_
#define _INCLUDE_MALLOC_H_

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Bytes, except where a number is said. */
struct mallinfo2 {
	size_t arena;           /* committed */
	size_t ordblks;         /* number of free pieces, those in slabs not counted */
	size_t smblks;          /* number of free blocks in slabs */
	size_t hblks;           /* number of large blocks in use */
	size_t hblkhd;          /* in large blocks in use */
	size_t usmblks;         /* 0 */
	size_t fsmblks;         /* in free blocks of slabs */
	size_t uordblks;        /* in all blocks in use */
	size_t fordblks;        /* free, of what is committed */
	size_t keepcost;        /* what malloc_trim(0) would give back */
};
#define mallinfo mallinfo2      /* the older name: the fields are wide already */

void *malloc(size_t n);
void free(void *p);
void *calloc(size_t count, size_t each);
void *realloc(void *p, size_t n);
void *reallocarray(void *p, size_t count, size_t each);
void *memalign(size_t align, size_t n);
void *aligned_alloc(size_t align, size_t n);
int posix_memalign(void **out, size_t align, size_t n);
void *valloc(size_t n);
void *pvalloc(size_t n);
size_t malloc_usable_size(void *p);
int malloc_trim(size_t keep);
struct mallinfo2 mallinfo2(void);
void malloc_stats(void);

#ifdef __cplusplus
}
#endif
#endif
