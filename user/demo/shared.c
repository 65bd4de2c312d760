/*
 * shared.c: an object of a program's own: two mappings show the same memory; cut short, its pages are gone from both,
 * and longer again they are new; a limited capability does not map for writing.
 */
#include "demo.h"
#include <tessera/ipc.h>

#define PAGES 300ul

static int map_twice(cap_t object, uint64_t *a, uint64_t *b)
{
	DEMAND(!mem_map_object(SLOT_SPACE, object, 0, 0, PAGES * PAGE, RW, 0, a));
	DEMAND(!mem_map_object(SLOT_SPACE, object, 0, 0, PAGES * PAGE, MEM_READ, 0, b));
	for (uint64_t i = 0; i < PAGES; i++) {
		DEMAND(*demo_page(*a, i) == 0);
		*demo_page(*a, i) = i + 1;
	}
	for (uint64_t i = 0; i < PAGES; i++)
		DEMAND(*demo_page(*b, i) == i + 1);
	printf("shared: %lu pages written through one mapping, read through another\n", PAGES);
	return 0;
}

static int cut_and_grow(cap_t object, uint64_t a, uint64_t b)
{
	uint64_t size;

	DEMAND(!mem_object_resize(SLOT_SPACE, object, 100 * PAGE - 5));
	DEMAND(!mem_object_size(SLOT_SPACE, object, &size) && size == 100 * PAGE - 5);
	DEMAND(!demo_faults(demo_page(a, 99)) && demo_faults(demo_page(a, 100)) && demo_faults(demo_page(b, 299)));
	DEMAND(!mem_object_resize(SLOT_SPACE, object, 2 * PAGES * PAGE));
	DEMAND(!demo_faults(demo_page(a, 100)) && *demo_page(a, 100) == 0 && *demo_page(b, 299) == 0);
	*demo_page(a, 299) = 7;
	DEMAND(*demo_page(b, 299) == 7 && *demo_page(b, 99) == 100);
	printf("shared: cut to 100 pages, the others fault in both mappings; longer again, they are new and zero\n");
	return 0;
}

static int limit(cap_t object)
{
	cap_t limited;
	uint64_t at;

	DEMAND(!mem_object_limit(SLOT_SPACE, object, MEM_READ, &limited));
	DEMAND(mem_map_object(SLOT_SPACE, limited, 0, 0, PAGE, RW, 0, &at) == E_DENIED);
	DEMAND(mem_object_resize(SLOT_SPACE, limited, PAGE) == E_DENIED);
	DEMAND(mem_object_destroy(SLOT_SPACE, limited) == E_DENIED);
	DEMAND(!mem_map_object(SLOT_SPACE, limited, 0, 0, PAGE, MEM_READ, 0, &at) && *demo_page(at, 0) == 1);
	DEMAND(!mem_unmap(SLOT_SPACE, at, PAGE));
	DEMAND(!mem_map_object(SLOT_SPACE, limited, 0, 0, PAGE, RW, MEM_PRIVATE, &at) && *demo_page(at, 0) == 1);
	*demo_page(at, 0) = 99;
	DEMAND(!mem_unmap(SLOT_SPACE, at, PAGE));
	cap_free(limited);
	printf("shared: a capability limited to reading does not map for writing\n");
	return 0;
}

int demo_shared(void)
{
	uint64_t before = demo_usage().committed, address, a, b;
	cap_t object, other;

	DEMAND(mem_object_create(SLOT_SPACE, 16 * PAGE, MEM_CONTIGUOUS, &object, &address) == E_DENIED);
	DEMAND(!mem_object_create(SLOT_SPACE, PAGES * PAGE, 0, &object, &address) && address == 0);
	DEMAND(demo_usage().committed == before + (PAGES + 1) * PAGE);
	if (map_twice(object, &a, &b) || cut_and_grow(object, a, b) || limit(object))
		return 1;
	DEMAND(*demo_page(a, 0) == 1);
	DEMAND(!mem_unmap(SLOT_SPACE, a, PAGES * PAGE));
	DEMAND(!mem_object_destroy(SLOT_SPACE, object));
	DEMAND(mem_map_object(SLOT_SPACE, object, 0, 0, PAGE, RW, 0, &a) == E_BAD_HANDLE);
	DEMAND(*demo_page(b, 99) == 100);
	DEMAND(!mem_unmap(SLOT_SPACE, b, PAGES * PAGE));
	cap_free(object);
	DEMAND(demo_usage().committed == before);
	/* What is left behind goes with the program. */
	DEMAND(!mem_object_create(SLOT_SPACE, PAGES * PAGE, 0, &other, &address));
	DEMAND(!mem_map_object(SLOT_SPACE, other, 0, 0, PAGES * PAGE, RW, MEM_EAGER, &a) && *demo_page(a, 200) == 0);
	return 0;
}
