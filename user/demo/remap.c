/* remap.c: a range grows in place, moves when there is no room, and shrinks: its pages are not copied. */
#include "demo.h"

#define PAGES (16 * MEBIBYTE / PAGE)

static int holds(uint64_t at, uint64_t from, uint64_t to)
{
	for (uint64_t i = from; i < to; i++)
		DEMAND(*demo_page(at, i) == i + 1);
	return 0;
}

static int grow(uint64_t *at)
{
	uint64_t where, block;

	DEMAND(!mem_map(SLOT_SPACE, 0, PAGES * PAGE, RW, 0, at));
	for (uint64_t i = 0; i < PAGES; i++)
		*demo_page(*at, i) = i + 1;
	DEMAND(!mem_remap(SLOT_SPACE, *at, PAGES * PAGE, 2 * PAGES * PAGE, 0, &where) && where == *at);
	DEMAND(!holds(*at, 0, PAGES) && *demo_page(*at, 2 * PAGES - 1) == 0);
	/* Something behind it: it must move. */
	DEMAND(!mem_map(SLOT_SPACE, *at + 2 * PAGES * PAGE, PAGE, RW, MEM_FIXED, &block));
	DEMAND(mem_remap(SLOT_SPACE, *at, 2 * PAGES * PAGE, 3 * PAGES * PAGE, 0, &where) == E_EXISTS);
	DEMAND(!holds(*at, 0, PAGES));
	return 0;
}

static int move(uint64_t *at)
{
	uint64_t resident = demo_usage().resident, where;

	DEMAND(!mem_remap(SLOT_SPACE, *at, 2 * PAGES * PAGE, 3 * PAGES * PAGE, MEM_MOVE, &where) && where != *at);
	DEMAND(demo_faults(demo_page(*at, 0)) && demo_faults(demo_page(*at, 2 * PAGES - 1)));
	DEMAND(demo_usage().resident == resident && !holds(where, 0, PAGES));
	for (uint64_t i = 2 * PAGES; i < 3 * PAGES; i += 100) {
		DEMAND(*demo_page(where, i) == 0);
		*demo_page(where, i) = i + 1;
	}
	printf("remap: %lu pages grown in place, then moved, none copied\n", PAGES);
	*at = where;
	return 0;
}

static int shrink(uint64_t at)
{
	uint64_t where;

	DEMAND(!mem_remap(SLOT_SPACE, at, 3 * PAGES * PAGE, 10 * PAGE, 0, &where) && where == at);
	DEMAND(!holds(at, 0, 10) && demo_faults(demo_page(at, 10)) && demo_faults(demo_page(at, 3 * PAGES - 1)));
	DEMAND(mem_remap(SLOT_SPACE, at, 11 * PAGE, 12 * PAGE, 0, &where) == E_BAD_RANGE);
	DEMAND(mem_remap(SLOT_SPACE, at + 1, PAGE, PAGE, 0, &where) == E_BAD_RANGE);
	DEMAND(mem_remap(SLOT_SPACE, at, PAGE, 0, 0, &where) == E_BAD_RANGE);
	DEMAND(mem_remap(SLOT_SPACE, at, 10 * PAGE, 1ul << 38, MEM_MOVE, &where) == E_BAD_RANGE);
	DEMAND(mem_remap(SLOT_SPACE, at, 10 * PAGE, 1ul << 35, MEM_MOVE, &where) == E_NO_MEMORY);
	DEMAND(!mem_remap(SLOT_SPACE, at, 10 * PAGE, 10 * PAGE, 0, &where) && !holds(at, 0, 10));
	DEMAND(!mem_unmap(SLOT_SPACE, at, 10 * PAGE));
	printf("remap: cut to 10 pages, the others fault\n");
	return 0;
}

int demo_remap(void)
{
	uint64_t before = demo_usage().committed, at = 0;

	if (grow(&at) || move(&at) || shrink(at))
		return 1;
	/* The one page that stood in the way is left. */
	DEMAND(demo_usage().committed <= before + 4 * PAGE);
	return 0;
}
