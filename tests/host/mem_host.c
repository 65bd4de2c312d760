/*
 * mem_host.c: servers/mem's kernel side, written down instead of done. See mem_host.h.
 */
#include "mem_host.h"
#include <string.h>
#include <sys/mman.h>
#include "frames.h"
#include "index.h"
#include "object.h"
#include "pager.h"
#include "region.h"
#include "slots.h"
#include "space.h"
#include "vm.h"

#define SLAB_BYTES (256ul << 20)

uint64_t host_fail_pages, host_fail_shares;
bool host_wide;
bool host_fail_sticky;
uint64_t host_splits, host_merges, host_unmaps, host_revokes, host_shares;
uint32_t host_content[HOST_FRAMES];

/* A module that a test does not bring has no table. */
extern struct slab index_nodes __attribute__((weak));
extern struct slab index_sharers_slab __attribute__((weak));
extern struct slab object_slab __attribute__((weak));
extern struct slab page_slab __attribute__((weak));
extern struct slab region_slab __attribute__((weak));
struct slab space_slab = SLAB(0, struct space, 1 << 16);
extern struct frame *frames_table __attribute__((weak));
extern struct mega *frames_megas __attribute__((weak));
extern struct giga frames_gigas[] __attribute__((weak));

static uint64_t seed = 88172645463325252ull;

uint64_t host_random(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed;
}

static void *zeros(uint64_t bytes)
{
	void *p = mmap(0, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	CHECK(p != MAP_FAILED);
	return p;
}

static void slab_start(struct slab *s)
{
	if (s)
		s->base = (uint64_t)zeros(SLAB_BYTES);
}

void mem_host_start(void)
{
	slab_start(&index_nodes);
	slab_start(&index_sharers_slab);
	slab_start(&object_slab);
	slab_start(&page_slab);
	slab_start(&region_slab);
	slab_start(&space_slab);
	if (&frames_table) {
		frames_table = zeros(HOST_FRAMES * sizeof(struct frame));
		frames_megas = zeros(HOST_FRAMES / 512 * sizeof(struct mega));
	}
}

void frames_add_mega(uint32_t mega, unsigned pool) __attribute__((weak));

void mem_host_ram(uint32_t first, uint32_t megas, unsigned pool)
{
	frames_gigas[first / MEGAS_PER_GIGA].state = GIGA_SPLIT;
	for (uint32_t i = 0; i < megas; i++)
		frames_add_mega(first + i, pool);
	for (uint32_t i = first * 512; i < (first + megas) * 512; i++)
		host_content[i] = HOST_DIRT;
}

static bool fails(uint64_t *countdown)
{
	if (!*countdown || --*countdown)
		return false;
	*countdown = host_fail_sticky;
	return true;
}

bool vm_map_spare(uint64_t va)
{
	(void)va;
	return !fails(&host_fail_pages);
}

cap_t slots_frame(uint32_t frame)
{
	return 1ull << 40 | frame;
}

bool slots_split_giga(uint32_t giga)
{
	(void)giga;
	return true;
}

long slots_split_mega(uint32_t mega)
{
	/* The records come in a clear frame. */
	memset(&frames_table[mega * FRAMES_PER_MEGA], 0, FRAMES_PER_MEGA * sizeof(struct frame));
	host_splits++;
	frames_megas[mega].state = host_wide && mega % 128 ? MEGA_WIDE : MEGA_SPLIT;
	return 0;
}

void slots_merge_mega(uint32_t mega)
{
	(void)mega;
	host_merges++;
}

/* Share slots are numbers counted up; the last ones given back come again. */
static uint32_t shares_next = 1, shares_free[1 << 16], shares_freed;

uint32_t slots_share_take(void)
{
	if (fails(&host_fail_shares))
		return 0;
	host_shares++;
	return shares_freed ? shares_free[--shares_freed] : shares_next++;
}

void slots_share_give(uint32_t share)
{
	CHECK(share && share < shares_next);
	host_shares--;
	shares_free[shares_freed++] = share;
}

cap_t slots_share(uint32_t share)
{
	return 1ull << 41 | share;
}

bool vm_share(cap_t frame, uint64_t at, cap_t slot, unsigned rights)
{
	(void)rights;
	CHECK(frame >> 40 == (at == VM_WHOLE ? 1 : 4) && slot >> 41 == 1);
	return true;
}

cap_t slots_mega(uint32_t mega)
{
	return 1ull << 42 | mega * FRAMES_PER_MEGA;
}

void vm_revoke(cap_t frame)
{
	CHECK(frame >> 40 == 1 || frame >> 40 == 4);
	host_revokes++;
}

bool vm_share_row(cap_t frame, cap_t slot, uint32_t n, unsigned rights)
{
	(void)rights;
	CHECK(frame >> 40 == 1 && slot >> 41 == 1 && n);
	return true;
}

uint32_t slots_share_row(uint32_t *n)
{
	uint32_t first = slots_share_take(), most = *n;

	for (*n = 1; first && *n < most && !shares_freed && !host_fail_shares; ++*n)
		CHECK(slots_share_take() == first + *n);
	return first;
}

bool vm_clear_part(cap_t frame, uint64_t at)
{
	host_content[(frame & 0xffffffff) + (at >> PAGE_SHIFT)] = 0;
	return true;
}

bool vm_clear(uint32_t frame)
{
	host_content[frame] = 0;
	return true;
}

bool vm_copy(uint32_t to, cap_t from, uint64_t at)
{
	host_content[to] = host_content[(from & 0xffffffff) + (at == VM_WHOLE ? 0 : at >> PAGE_SHIFT)];
	return true;
}

void vm_unmap_add(cap_t frame)
{
	(void)frame;
	host_unmaps++;
}

void vm_unmap_flush(void)
{
}

/* There are no pagers here. */
bool pager_absent(uint32_t object, uint64_t page)
{
	(void)object;
	(void)page;
	return false;
}

void pager_page_gone(void)
{
	CHECK(false);
}

void pager_object_end(uint32_t object)
{
	(void)object;
}

uint32_t pager_reclaim(void)
{
	return 0;
}
