/* numa.c: pages come from the pool that was chosen for them (the nodes of the device tree), while it has any. */
#include "demo.h"

#define PAGES 1000ul

static uint64_t free_of(uint32_t pool)
{
	struct mem_pool now = { 0 };

	return mem_pool(SLOT_SPACE, pool, &now) ? 0 : now.free / PAGE;
}

static int from_pool(uint32_t pool)
{
	uint64_t at, before, after;
	struct mem_pool now;

	DEMAND(!mem_pool(SLOT_SPACE, pool, &now));
	DEMAND(!mem_map(SLOT_SPACE, 0, PAGES * PAGE, RW, 0, &at) && !mem_place(SLOT_SPACE, at, PAGES * PAGE, pool));
	before = free_of(pool);
	for (uint64_t i = 0; i < PAGES; i++) {
		DEMAND(*demo_page(at, i) == 0);
		*demo_page(at, i) = i;
	}
	after = free_of(pool);
	DEMAND(before >= after + PAGES);
	printf("numa: %lu pages of pool %u, node %u: it has %lu less\n", PAGES, pool, now.node, before - after);
	DEMAND(!mem_unmap(SLOT_SPACE, at, PAGES * PAGE));
	return 0;
}

int demo_numa(void)
{
	uint64_t pools, at;
	struct mem_total now = { 0 };

	DEMAND(!mem_total(SLOT_SPACE, &now));
	pools = now.pools;
	for (uint32_t pool = 0; pool < pools; pool++) {
		/* A node without memory of its own has a pool too. */
		if (free_of(pool) > 2 * PAGES && from_pool(pool))
			return 1;
	}
	DEMAND(!mem_map(SLOT_SPACE, 0, PAGE, RW, 0, &at));
	DEMAND(mem_place(SLOT_SPACE, at, PAGE, (uint32_t)pools) == E_NOT_FOUND);
	DEMAND(mem_place(SLOT_SPACE, at, 0, 0) == E_BAD_RANGE && !mem_unmap(SLOT_SPACE, at, PAGE));
	return 0;
}
