/*
 * mem_host.h: what tests of servers/mem's pure modules stand on: memory for their tables, and frames,
 * slots and mappings that are only written down.
 */
#ifndef MEM_HOST_H
#define MEM_HOST_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#define CHECK(condition) do { \
	if (!(condition)) { \
		fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition); \
		abort(); \
	} \
} while (0)

#define HOST_FRAMES     (1u << 20)      /* 4 GiB of frame numbers */
#define HOST_DIRT       0xd1d1

/* Empty tables; nothing fails. */
void mem_host_start(void);
/* RAM: `megas` whole megapages from number 512 on, in a gigapage that is split, in this pool. */
void mem_host_ram(uint32_t first, uint32_t megas, unsigned pool);

/* The n-th page of tables asked for from now on is refused, and all after it if sticky; 0: none. */
extern uint64_t host_fail_pages;
extern bool host_fail_sticky;
/* The same for share slots. */
extern uint64_t host_fail_shares;
extern uint64_t host_splits, host_merges, host_unmaps, host_revokes, host_shares;

/* Megapages are split wide. */
extern bool host_wide;

/* What is in a frame: 0 zero, HOST_DIRT, or what a test put there. */
extern uint32_t host_content[HOST_FRAMES];

uint64_t host_random(void);
#endif
