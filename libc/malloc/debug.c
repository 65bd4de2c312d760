/*
 * debug.c: the allocator when pages_debug() says so (MALLOC_DEBUG=1): slow, and made to find mistakes. Each block has
 * pages of its own and ends where the last one ends, so that a write past it faults; what is left of its pages is
 * filled and looked at when it is freed. Then its pages are given back, and its addresses are the last to be used
 * again: a touch faults. debug_explain() says what an address has to do with blocks and which code asked for them.
 *
 * The heap's range holds the records, for each page the number of its block's record, and the blocks. Every block is
 * followed by a page that is never committed, which counts as its block's. All under heap.lock.
 */
#include <errno.h>
#include <string.h>

#include "malloc_internal.h"
#include <malloc.h>

#define FILL_NEW 0xa5
#define RECORD_BYTES (64ul << 20)       /* address space for records, and for the map of pages */

struct record {
	char *p, *start;        /* the block, its first page */
	size_t size;            /* as asked for */
	const void *pc;         /* who asked */
	uint32_t pages;         /* without the guard */
	bool used;
};

static struct {
	struct record *record;  /* 0 is nobody's */
	uint32_t *page;         /* of each page of blocks: its record */
	char *record_end, *page_end, *first, *top, *limit;
	uint32_t records, oldest;
} debug;

#define heap malloc_heap

static size_t pages_of(size_t bytes)
{
	return (bytes + PAGE_BYTES - 1) & -PAGE_BYTES;
}

static bool debug_start(void)
{
	size_t size;
	char *base = pages_reserve(&size);

	if (!base || size < 4 * RECORD_BYTES)
		return false;
	debug.record = (struct record *)base;
	debug.record_end = base;
	debug.page = (uint32_t *)(base + RECORD_BYTES);
	debug.page_end = base + RECORD_BYTES;
	debug.first = debug.top = base + 2 * RECORD_BYTES;
	debug.limit = base + size;
	debug.records = 1;
	return true;
}

/* Commits what comes behind *end until `needed` is there. */
static bool extend(char **end, const void *needed)
{
	while (*end < (const char *)needed) {
		if (!pages_commit(*end, PAGE_BYTES))
			return false;
		*end += PAGE_BYTES;
	}
	return true;
}

static struct record *record_at(const void *address)
{
	size_t at = ((const char *)address - debug.first) / PAGE_BYTES;

	return (const char *)address >= debug.first && (const char *)address < debug.top ?
	       &debug.record[debug.page[at]] : NULL;
}

/* The record that was freed the longest ago and has room, for addresses to be used again; NULL: none. */
static struct record *record_reuse(size_t pages)
{
	for (uint32_t i = 1; i < debug.records; i++) {
		struct record *r;

		debug.oldest = debug.oldest + 1 < debug.records ? debug.oldest + 1 : 1;
		r = &debug.record[debug.oldest];
		if (!r->used && r->pages == pages)
			return r;
	}
	return NULL;
}

/* A record for so many pages and a guard, and where they start. NULL: no memory, or no addresses. */
static struct record *record_make(size_t pages, char **start)
{
	struct record *r = &debug.record[debug.records];
	size_t at = (debug.top - debug.first) / PAGE_BYTES;

	if (debug.records >= RECORD_BYTES / sizeof(*r) ||
	    pages + 1 > (size_t)(debug.limit - debug.top) / PAGE_BYTES ||
	    (at + pages + 1) * sizeof(*debug.page) > RECORD_BYTES) {
		r = record_reuse(pages);
		if (r)
			*start = r->start;
		return r;
	}
	if (!extend(&debug.record_end, r + 1) || !extend(&debug.page_end, debug.page + at + pages + 1))
		return NULL;
	for (size_t i = 0; i <= pages; i++)
		debug.page[at + i] = debug.records;
	*start = debug.top;
	debug.top += (pages + 1) * PAGE_BYTES;
	debug.records++;
	return r;
}

/* n bytes at `align` for the code at pc. NULL with ENOMEM: no memory. */
void *debug_alloc(size_t n, size_t align, const void *pc)
{
	size_t size = (n + GRAIN - 1) & -GRAIN, pages;
	struct record *r = NULL;
	char *start, *p = NULL;

	pages = pages_of(size + (align > GRAIN ? align : 0) + (n ? 0 : GRAIN)) / PAGE_BYTES;
	if (!cache_self()->inverse)
		cache_self()->inverse = pages_debug();
	heap_lock();
	if (n <= HEAP_MAX && align <= HEAP_MAX && (debug.record || debug_start()))
		r = record_make(pages, &start);
	if (r && pages_commit(start, pages * PAGE_BYTES)) {
		memset(start, FILL_NEW, pages * PAGE_BYTES);
		p = (char *)((uintptr_t)(start + pages * PAGE_BYTES - (size ? size : GRAIN)) & -align);
		*r = (struct record){ .p = p, .start = start, .size = n, .pc = pc, .pages = pages, .used = true };
	}
	heap_unlock();
	if (!p)
		errno = ENOMEM;
	return p;
}

/* The record of the block in use at p; ends the process if there is none. */
static struct record *record_find(const char *call, const void *p)
{
	struct record *r = record_at(p);

	if (!r || r->p != p || !r->used)
		check_bad_pointer(call, p);
	return r;
}

size_t debug_size(const char *call, void *p)
{
	return record_find(call, p)->size;
}

/* Frees p and gives its pages back; ends the process if what was left of them is not as it was filled. */
void debug_free(const char *call, void *p)
{
	struct record *r = record_find(call, p);
	char *start = r->start, *end = start + r->pages * PAGE_BYTES;
	struct page_range range = { (uint64_t)start, end - start };

	for (char *at = start; at < end; at++) {
		if (at == r->p)
			at += r->size;
		if (at < end && *at != (char)FILL_NEW)
			check_overwritten(at);
	}
	heap_lock();
	r->used = false;
	pages_decommit(&range, 1);
	heap_unlock();
}

/* What `address` has to do with a block: bytes from it, its size, who asked for it. false: with none. */
bool debug_explain(const void *address, struct debug_place *place)
{
	const struct record *r = record_at(address);

	if (!r || !r->p)
		return false;
	*place = (struct debug_place){ .offset = (const char *)address - r->p, .size = r->size, .pc = r->pc,
				       .used = r->used };
	return true;
}
