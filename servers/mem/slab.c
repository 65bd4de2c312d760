/*
 * slab.c: tables of equal records. See slab.h.
 */
#include "slab.h"
#include "vm.h"
#include <tessera/abi.h>

bool slab_reach(struct slab *s, uint32_t end)
{
	uint32_t each = PAGE_SIZE / s->size;

	while (s->reached < end) {
		if (s->reached + each > s->limit || !vm_map_spare(s->base + (uint64_t)s->reached * s->size))
			return false;
		s->reached += each;
	}
	return true;
}

bool slab_more(struct slab *s)
{
	uint32_t first = s->reached;

	if (!slab_reach(s, first + 1))
		return false;
	for (uint32_t id = s->reached; id-- > (first ? first : 1); ) {
		*(uint32_t *)slab_at(s, id) = s->free;
		s->free = id;
		s->frees++;
	}
	return true;
}

bool slab_prepare(struct slab *s, uint32_t n)
{
	while (s->frees < n) {
		if (!slab_more(s))
			return false;
	}
	return true;
}
