/*
 * root.c: a root server that measures the kernel alone: what programs cannot do because mem holds the frames. Prints
 * lines `BENCH key value` on the firmware's console and powers off. Knows where RAM is on QEMU's virt machine.
 */
#include "root.h"

#define GIGA         2                 /* RAM starts with this gigapage of the world */
#define MEGA         16                /* a megapage of it that holds nothing */
#define PAGES        512
#define ROUNDS       8

/* Slots. */
#define SLOT_MEGA    102               /* a megapage, split */
#define COPIES       CAP(SLOT_NODE, 1024)

void root_main(void);

static void put(const char *text)
{
	while (*text)
		(void)sys_system(ROOT_SYSTEM, SYSTEM_PUTC, (uint64_t)*text++, 0);
}

static void put_number(uint64_t n)
{
	char text[24];
	unsigned at = sizeof(text) - 1;

	text[at] = 0;
	do
		text[--at] = (char)('0' + n % 10);
	while (n /= 10);
	put(text + at);
}

static __attribute__((noreturn)) void end(void)
{
	(void)sys_system(ROOT_SYSTEM, SYSTEM_RESET, 0, 0);
	for (;;)
		;
}

void must(const char *what, long result)
{
	if (result >= 0)
		return;
	put(what);
	put(": error ");
	put_number((uint64_t)-result);
	put("\n");
	end();
}

void figure(const char *key, uint64_t value)
{
	put("BENCH ");
	put(key);
	put(" ");
	put_number(value);
	put("\n");
}

/* Two megapages of RAM: one full of slots, one split into frames that lie in those. */
static void take_memory(void)
{
	must("split world", sys_split(ROOT_WORLD, GIGA, 1, SLOT_GIGA));
	must("split gigapage", sys_split(SLOT_GIGA, MEGA, 2, SLOT_NODE));
	must("carve", sys_carve(SLOT_NODE, 2, MEM_RAM));
	must("make CNode", sys_make(SLOT_NODE, TYPE_CNODE, 0));
	must("table", sys_table(ROOT_STOCK, ROOT_VSPACE, VA));
	must("table", sys_table(ROOT_STOCK + 1, ROOT_VSPACE, VA));
}

static void split(void)
{
	uint64_t start = sys_instret();

	must("split", sys_split(SLOT_MEGA, 0, PAGES, FRAMES));
	figure("frame.split512", (sys_instret() - start) / PAGES);
}

/* All frames from VA on, in as many calls as the kernel wants. What it took. */
static uint64_t map_all(unsigned rights)
{
	uint64_t start = sys_instret(), done;
	long r = -E_AGAIN;

	for (uint64_t at = 0; at < PAGES && (r >= 0 || r == -E_AGAIN); at += done) {
		done = 0;
		r = sys_map(ROOT_VSPACE, VA + (at << PAGE_SHIFT), rights, 1, FRAMES + at, PAGES - at, &done);
	}
	start = sys_instret() - start;
	must("map", r);
	return start;
}

static uint64_t unmap_all(void)
{
	uint64_t start = sys_instret(), done;
	long r = -E_AGAIN;

	for (uint64_t at = 0; at < PAGES && (r >= 0 || r == -E_AGAIN); at += done) {
		done = 0;
		r = sys_unmap(1, FRAMES + at, PAGES - at, &done);
	}
	start = sys_instret() - start;
	must("unmap", r);
	return start;
}

static uint64_t least(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static void mapping(void)
{
	uint64_t map = UINT64_MAX, protect = UINT64_MAX, unmap = UINT64_MAX;

	for (unsigned i = 0; i < ROUNDS; i++) {
		map = least(map, map_all(RIGHT_R | RIGHT_W));
		protect = least(protect, map_all(RIGHT_R));
		unmap = least(unmap, unmap_all());
	}
	figure("map.page_batch512", map / PAGES);
	figure("protect.page_batch512", protect / PAGES);
	figure("unmap.page_batch512", unmap / PAGES);
	for (unsigned i = 0; i < ROUNDS; i++) {
		uint64_t start = sys_instret(), done;

		must("map one", sys_map(ROOT_VSPACE, VA, RIGHT_R | RIGHT_W, 1, FRAMES, 1, &done));
		map = least(map, sys_instret() - start);
		start = sys_instret();
		must("unmap one", sys_unmap(1, FRAMES, 1, &done));
		unmap = least(unmap, sys_instret() - start);
	}
	figure("map.page", map);
	figure("unmap.page", unmap);
}

static void capabilities(void)
{
	uint64_t copy = UINT64_MAX, remove = UINT64_MAX, share = UINT64_MAX, clear = UINT64_MAX;

	for (unsigned i = 0; i < ROUNDS; i++) {
		uint64_t start = sys_instret();

		must("copy", sys_give(GIVE_COPY, ROOT_THREAD, 1, COPIES, RIGHT_ALL, 0, 0));
		copy = least(copy, sys_instret() - start);
		start = sys_instret();
		must("delete", sys_delete(COPIES));
		remove = least(remove, sys_instret() - start);
		start = sys_instret();
		must("share", sys_give(GIVE_SHARE, FRAMES, 1, COPIES, RIGHT_R, 0, 0));
		share = least(share, sys_instret() - start);
		must("delete", sys_delete(COPIES));
		start = sys_instret();
		must("clear", sys_fill(FRAMES, 0, 0, PAGE_SIZE));
		clear = least(clear, sys_instret() - start);
	}
	figure("cap.copy", copy);
	figure("cap.delete", remove);
	figure("frame.share", share);
	figure("frame.clear", clear);
}

void root_main(void)
{
	take_memory();
	split();
	mapping();
	capabilities();
	lend_measure();
	scale_measure();
	end();
}
