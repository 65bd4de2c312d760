/*
 * pieces.c: page work that takes many pieces: large ranges with every page present are decommitted, protected and
 * unmapped, whole and with holes, and all of the memory comes back.
 */
#include "demo.h"

#define SIZE  (32 * MEBIBYTE)
#define PAGES (SIZE / PAGE)

static void write_all(uint64_t at)
{
	for (uint64_t i = 0; i < PAGES; i++)
		*demo_page(at, i) = i + 1;
}

static int decommit(void)
{
	uint64_t at, before, range[4];

	DEMAND(!mem_reserve(SLOT_SPACE, 0, SIZE, 0, 0, &at));
	before = demo_usage().resident;
	DEMAND(!mem_commit(SLOT_SPACE, at, SIZE, RW));
	write_all(at);
	DEMAND(demo_usage().resident == before + SIZE);
	range[0] = at + PAGE;
	range[1] = SIZE / 2 - PAGE;
	range[2] = at + SIZE / 2 + PAGE;
	range[3] = SIZE / 2 - PAGE;
	DEMAND(!mem_decommit(SLOT_SPACE, range, sizeof range));
	DEMAND(demo_usage().resident == before + 2 * PAGE);
	DEMAND(*demo_page(at, 0) == 1 && *demo_page(at, PAGES / 2) == PAGES / 2 + 1 && demo_faults(demo_page(at, 1)));
	DEMAND(!mem_commit(SLOT_SPACE, at, SIZE, RW));
	DEMAND(*demo_page(at, 1) == 0 && *demo_page(at, PAGES - 1) == 0 && *demo_page(at, 0) == 1);
	DEMAND(!mem_unmap(SLOT_SPACE, at, SIZE) && demo_faults(demo_page(at, 0)));
	DEMAND(demo_usage().resident == before);
	printf("pieces: %lu pages in two ranges decommitted, committed again, unmapped\n", PAGES - 2);
	return 0;
}

static int protect(void)
{
	uint64_t at;

	DEMAND(!mem_map(SLOT_SPACE, 0, SIZE, RW, 0, &at));
	write_all(at);
	DEMAND(!mem_protect(SLOT_SPACE, at, SIZE, 0));
	for (uint64_t i = 0; i < PAGES; i += 500)
		DEMAND(demo_faults(demo_page(at, i)));
	DEMAND(!mem_protect(SLOT_SPACE, at, SIZE, MEM_READ));
	for (uint64_t i = 0; i < PAGES; i++)
		DEMAND(*demo_page(at, i) == i + 1);
	DEMAND(!mem_unmap(SLOT_SPACE, at, SIZE));
	printf("pieces: %lu pages made unreachable, then readable, then unmapped\n", PAGES);
	return 0;
}

/* Every second page of a range is unmapped, then the range. */
static int holes(void)
{
	uint64_t at, before = demo_usage().committed, regions = demo_usage().regions;

	DEMAND(!mem_map(SLOT_SPACE, 0, SIZE, RW, MEM_EAGER, &at));
	write_all(at);
	for (uint64_t i = 1; i < 2000; i += 2)
		DEMAND(!mem_unmap(SLOT_SPACE, at + i * PAGE, PAGE));
	DEMAND(demo_usage().regions == regions + 1000 + 1);
	for (uint64_t i = 0; i < 2000; i += 2)
		DEMAND(*demo_page(at, i) == i + 1 && demo_faults(demo_page(at, i + 1)));
	DEMAND(!mem_unmap(SLOT_SPACE, at, SIZE));
	DEMAND(demo_usage().regions == regions && demo_usage().committed == before);
	DEMAND(mem_unmap(SLOT_SPACE, at, SIZE) == E_BAD_RANGE);
	printf("pieces: a range with 1000 holes unmapped at once\n");
	return 0;
}

int demo_pieces(void)
{
	return decommit() || protect() || holes();
}
