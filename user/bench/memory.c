/* memory.c: page faults and mappings as a program sees them: through mem. */
#include "bench.h"

#include <mem_client.h>
#include <tessera/start.h>

#define TOUCHES 64
#define STRIDE  (16 * PAGE_SIZE)       /* no other page comes with a touched one */
#define DRAIN   1200                   /* pages: more than mem's stock of cleared frames */
#define SERIES  512
#define SMALL   0x10000
#define ROUNDS  15

static void write_pages(uint64_t addr, uint64_t pages)
{
	for (uint64_t i = 0; i < pages; i++)
		*(volatile uint64_t *)(addr + i * PAGE_SIZE) = 1;
}

/* The median cost of touching pages out of order, so that no sequence is seen; the region goes again. */
static int touch_apart(const char *key, uint64_t addr)
{
	static uint64_t costs[TOUCHES];
	uint64_t idle = bench_idle();

	for (uint64_t i = 0; i < TOUCHES; i++) {
		uint64_t at = addr + i * 27 % TOUCHES * STRIDE, start;

		bench_begin(key);
		start = sys_instret();
		*(volatile uint64_t *)at = 1;
		costs[i] = sys_instret() - start - idle - 1;
		bench_end(key);
	}
	bench_print(key, bench_median(costs, TOUCHES));
	return mem_unmap(SLOT_SPACE, addr, TOUCHES * STRIDE);
}

static int fault_warm(void)
{
	uint64_t addr = 0;
	int error = mem_map(SLOT_SPACE, 0, TOUCHES * STRIDE, MEM_READ | MEM_WRITE, 0, &addr);

	bench_warm();
	return error ? error : touch_apart("fault.zero_page", addr);
}

static int fault_cold(void)
{
	uint64_t addr = 0, drain = 0;
	int error = mem_map(SLOT_SPACE, 0, TOUCHES * STRIDE, MEM_READ | MEM_WRITE, 0, &addr);

	if (!error)
		error = mem_map(SLOT_SPACE, 0, DRAIN * PAGE_SIZE, MEM_READ | MEM_WRITE, 0, &drain);
	if (error)
		return error;
	write_pages(drain, DRAIN);
	error = touch_apart("fault.zero_page_cold", addr);
	return error ? error : mem_unmap(SLOT_SPACE, drain, DRAIN * PAGE_SIZE);
}

static int fault_around(void)
{
	uint64_t addr = 0, first, start;
	int error = mem_map(SLOT_SPACE, 0, 2 * MEGAPAGE_SIZE, MEM_READ | MEM_WRITE, 0, &addr);

	if (error)
		return error;
	first = (addr + MEGAPAGE_SIZE - 1) & -(uint64_t)MEGAPAGE_SIZE;
	bench_warm();
	bench_begin("fault.around");
	start = sys_instret();
	write_pages(first, SERIES);
	start = sys_instret() - start;
	bench_end("fault.around");
	bench_print("fault.around", start / SERIES);
	return mem_unmap(SLOT_SPACE, addr, 2 * MEGAPAGE_SIZE);
}

/* Map and touch, or map, touch and unmap, of 64 KiB that are present at once: the medians, per page. */
static int map_small(void)
{
	static uint64_t made[ROUNDS], gone[ROUNDS];
	int error = 0;

	bench_warm();
	for (int i = 0; i < ROUNDS && !error; i++) {
		uint64_t addr = 0, start = sys_instret();

		bench_begin("mem.map_64k");
		error = mem_map(SLOT_SPACE, 0, SMALL, MEM_READ | MEM_WRITE, MEM_EAGER, &addr);
		if (error)
			break;
		write_pages(addr, SMALL / PAGE_SIZE);
		made[i] = sys_instret() - start;
		bench_end("mem.map_64k");
		bench_begin("mem.unmap_64k");
		start = sys_instret();
		error = mem_unmap(SLOT_SPACE, addr, SMALL);
		gone[i] = sys_instret() - start;
		bench_end("mem.unmap_64k");
	}
	bench_print("mem.map_64k", bench_median(made, ROUNDS) / (SMALL / PAGE_SIZE));
	bench_print("mem.unmap_64k", bench_median(gone, ROUNDS) / (SMALL / PAGE_SIZE));
	return error;
}

int bench_memory(void)
{
	int error = fault_warm();

	if (!error)
		error = fault_cold();
	if (!error)
		error = fault_around();
	if (!error)
		error = map_small();
	return error ? bench_failed("memory", error) : 0;
}
