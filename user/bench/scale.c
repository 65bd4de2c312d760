/* scale.c: how faults and mappings do among many regions and with frames that lie apart; `bench scale`, with 16 GiB. */
#include "bench.h"

#include <mem_client.h>
#include <tessera/start.h>

#define PROBES     64
#define BASE       0x2800000000ul      /* nothing else is there */
#define SMALL      0x10000
#define ROUNDS     15
#define HOLES      0x4000000ul         /* of which every second page is given back */

/* Region n of a page: the pages between them are no one's. */
static uint64_t place(uint64_t n)
{
	return BASE + 2 * n * PAGE_SIZE;
}

/* The median cost of touching one-page regions, of `count` all over; the page table is there. */
static void touch_regions(const char *key, uint64_t count)
{
	static uint64_t costs[PROBES];
	uint64_t idle = bench_idle();

	bench_warm();
	for (uint64_t i = 0; i < PROBES; i++) {
		uint64_t n = (2 * i + 1) * (count / (2 * PROBES)) & ~1ull, start;

		*(volatile uint64_t *)place(n) = 1;
		start = sys_instret();
		*(volatile uint64_t *)place(n + 1) = 1;
		costs[i] = sys_instret() - start - idle - 1;
	}
	bench_print(key, bench_median(costs, PROBES));
}

static int regions(const char *key, uint64_t count)
{
	uint64_t addr;
	int error = 0;

	for (uint64_t n = 0; !error && n < count; n++)
		error = mem_map(SLOT_SPACE, place(n), PAGE_SIZE, MEM_READ | MEM_WRITE, MEM_FIXED, &addr);
	if (!error)
		touch_regions(key, count);
	return error ? error : mem_unmap(SLOT_SPACE, BASE, 2 * count * PAGE_SIZE);
}

/* Map and touch 64 KiB that are present at once: the median per page. */
static int map_small(const char *key)
{
	static uint64_t costs[ROUNDS];
	int error = 0;

	bench_warm();
	for (int i = 0; i < ROUNDS && !error; i++) {
		uint64_t addr = 0, start = sys_instret();

		error = mem_map(SLOT_SPACE, 0, SMALL, MEM_READ | MEM_WRITE, MEM_EAGER, &addr);
		for (uint64_t at = 0; !error && at < SMALL; at += PAGE_SIZE)
			*(volatile char *)(addr + at) = 1;
		costs[i] = sys_instret() - start;
	}
	bench_print(key, bench_median(costs, ROUNDS) / (SMALL / PAGE_SIZE));
	return error;
}

/* No two free frames stand in a row but those of megapages that nobody has split. */
static int make_holes(uint64_t *addr)
{
	uint64_t ranges[2 * MEM_MAX_RANGES], reserved = 0;
	int error = mem_reserve(SLOT_SPACE, 0, HOLES, PAGE_SIZE, 0, &reserved);

	if (!error)
		error = mem_commit(SLOT_SPACE, reserved, HOLES, MEM_READ | MEM_WRITE);
	for (uint64_t at = 0; !error && at < HOLES; at += PAGE_SIZE)
		*(volatile char *)(reserved + at) = 1;
	for (uint64_t at = 0; !error && at < HOLES; at += MEM_MAX_RANGES * 2 * PAGE_SIZE) {
		for (uint64_t i = 0; i < MEM_MAX_RANGES; i++) {
			ranges[2 * i] = reserved + at + 2 * i * PAGE_SIZE;
			ranges[2 * i + 1] = PAGE_SIZE;
		}
		error = mem_decommit(SLOT_SPACE, ranges, sizeof ranges);
	}
	*addr = reserved;
	return error;
}

/* Uses up what is cleared already. */
static int drain(void)
{
	uint64_t addr = 0, size = 2048 * PAGE_SIZE;
	int error = mem_map(SLOT_SPACE, 0, size, MEM_READ | MEM_WRITE, 0, &addr);

	for (uint64_t at = 0; !error && at < size; at += PAGE_SIZE)
		*(volatile char *)(addr + at) = 1;
	return error;
}

int bench_scale(void)
{
	uint64_t holes = 0;
	int error = regions("scale.fault_zero_page.1000", 1000);

	if (!error)
		error = regions("scale.fault_zero_page.10000", 10000);
	if (!error)
		error = regions("scale.fault_zero_page.100000", 100000);
	if (!error)
		error = map_small("scale.map_64k.whole");
	if (!error)
		error = make_holes(&holes);
	if (!error)
		error = drain();
	if (!error)
		error = map_small("scale.map_64k.fragmented");
	return error ? bench_failed("scale", error) : 0;
}
