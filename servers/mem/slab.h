/*
 * slab.h: tables of equal records that grow by a page at a time and are named by index; 0 is no record.
 * Records keep their contents when they are given back, but for the first four bytes (generations survive).
 * Records of a table stay where they are; pages of a table are kept. Knows vm.h only.
 */
#ifndef MEM_SLAB_H
#define MEM_SLAB_H

#include <stdbool.h>
#include <stdint.h>

struct slab {
	uint64_t base;          /* address of record 0 */
	uint32_t size;          /* bytes a record, a power of two */
	uint32_t limit;         /* records at most */
	uint32_t reached;       /* records that memory is there for */
	uint32_t free;          /* first free one, linked through the first word */
	uint32_t frees;         /* in that list */
	uint32_t used;
};

#define SLAB(va, type, most) { .base = (va), .size = sizeof(type), .limit = (most) }

/* Where tables are is known when mem is compiled; a test on the build machine puts them elsewhere. */
#if HOST
#define SLAB_AT(slab, va, type, id) ((type *)(slab)->base + (id))
#else
#define SLAB_AT(slab, va, type, id) ((type *)(va) + (id))
#endif

static inline void *slab_at(const struct slab *s, uint32_t id)
{
	return (void *)(s->base + (uint64_t)id * s->size);
}

/* Makes records for the list of free ones; false: no memory or too many. */
bool slab_more(struct slab *s);

/* Takes the first free record, which is `record`: there must be one. */
static inline uint32_t slab_take_free(struct slab *s, const void *record)
{
	uint32_t id = s->free;

	s->free = *(const uint32_t *)record;
	s->frees--;
	s->used++;
	return id;
}

/* A record, 0: no memory or too many. What is in it is left over from its last use, or zero. */
static inline uint32_t slab_take(struct slab *s)
{
	if (!s->free && !slab_more(s))
		return 0;
	return slab_take_free(s, slab_at(s, s->free));
}

static inline void slab_give(struct slab *s, uint32_t id)
{
	*(uint32_t *)slab_at(s, id) = s->free;
	s->free = id;
	s->frees++;
	s->used--;
}

/* Makes sure that the next n takes succeed. */
bool slab_prepare(struct slab *s, uint32_t n);
/* Makes sure that there is memory for records below `end`; for tables that keep their own order. */
bool slab_reach(struct slab *s, uint32_t end);

#endif
