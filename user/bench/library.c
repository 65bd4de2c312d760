/* library.c: what the C library costs where nothing but itself runs. tests/host/mallocbench measures malloc further. */
#include "bench.h"

#include <stdlib.h>
#include <string.h>

#define PAIRS 64

static uint64_t malloc_pairs(void)
{
	for (int i = 0; i < PAIRS; i++) {
		void *volatile block = malloc(16);

		free(block);
	}
	return 0;
}

int bench_library(void)
{
	static char from[PAGE_SIZE], to[PAGE_SIZE];

	bench_print("malloc.pair_16b", BENCH_LEAST(malloc_pairs()) / PAIRS);
	bench_print("memcpy.page", BENCH_LEAST(memcpy(to, from, PAGE_SIZE); __asm__ volatile("" : : : "memory")));
	bench_print("memset.page", BENCH_LEAST(memset(to, 0, PAGE_SIZE); __asm__ volatile("" : : : "memory")));
	return 0;
}
