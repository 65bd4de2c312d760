/*
 * pager.c: an object whose pages another process makes when they are touched (user/squares.c): this program runs again
 * below it, with the object in SLOT_EXTRA. More of it is read than the machine has memory for.
 */
#include "demo.h"
#include <tessera/process.h>

#define WORDS (PAGE / 8)

static uint64_t ram_pages(void)
{
	struct mem_total now = { 0 };

	(void)!mem_total(SLOT_SPACE, &now);
	return now.ram / PAGE;
}

static int private_copy(uint64_t object)
{
	uint64_t at, i = 1234;

	DEMAND(!mem_map_object(SLOT_SPACE, object, 0, 0, 4096 * PAGE, RW, MEM_PRIVATE, &at));
	*demo_page(at, i) = 1;
	DEMAND(*demo_page(at, i) == 1 && demo_page(at, i)[1] == (i * WORDS + 1) * (i * WORDS + 1));
	DEMAND(!mem_unmap(SLOT_SPACE, at, 4096 * PAGE));
	return 0;
}

static int read_all(uint64_t object, uint64_t size)
{
	uint64_t at, pages = size / PAGE, most = 2 * ram_pages();

	if (pages > most)
		pages = most;
	DEMAND(mem_map_object(SLOT_SPACE, object, 0, 0, size, RW, 0, &at) == E_DENIED);
	DEMAND(!mem_map_object(SLOT_SPACE, object, 0, 0, size, MEM_READ, 0, &at));
	for (uint64_t i = 0; i < pages; i++)
		DEMAND(*demo_page(at, i) == i * WORDS * i * WORDS);
	for (uint64_t i = 0; i < pages; i += 97)
		DEMAND(demo_page(at, i)[WORDS - 1] == (i * WORDS + WORDS - 1) * (i * WORDS + WORDS - 1));
	printf("pager: %lu pages of squares, each made when it was touched, on a machine of %lu pages\n", pages,
	       ram_pages());
	return private_copy(object);
}

int demo_pager(void)
{
	static const char *const below[] = { "squares", "demo", "pager", NULL };
	uint64_t size, pid, status;

	if (!mem_object_size(SLOT_SPACE, SLOT_EXTRA, &size))
		return read_all(SLOT_EXTRA, size);
	DEMAND(!process_spawn(below, PROCESS_FOREGROUND, &pid));
	DEMAND(!process_wait(pid, NULL, &status) && !status);
	return 0;
}
