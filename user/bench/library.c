/* library.c: what the C library costs where nothing but itself runs. */
#include "bench.h"

#include <string.h>

int bench_library(void)
{
	static char from[PAGE_SIZE], to[PAGE_SIZE];

	bench_print("memcpy.page", BENCH_LEAST(memcpy(to, from, PAGE_SIZE); __asm__ volatile("" : : : "memory")));
	bench_print("memset.page", BENCH_LEAST(memset(to, 0, PAGE_SIZE); __asm__ volatile("" : : : "memory")));
	return 0;
}
