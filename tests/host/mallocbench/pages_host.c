/*
 * pages_host.c: the allocator's pages on the host: one mmap without access, opened and closed page by page.
 * What is committed is recorded and checked: committing or decommitting twice is the allocator's mistake.
 * pages_fail lets a commit fail; pages_stop, when set, is jumped to by pages_abort with the line in pages_line.
 */
#define _GNU_SOURCE
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "pages_host.h"

#define HEAP_BYTES (8ul << 30)

struct pages_count pages_count;
uint64_t pages_fail;
bool pages_debug_mode;
jmp_buf *pages_stop;
char pages_line[200];

static char *base;
static uint8_t *committed;

static void expect(const void *start, size_t size, int state)
{
	size_t first = ((const char *)start - base) / PAGE_BYTES, n = size / PAGE_BYTES;

	if ((uintptr_t)start % PAGE_BYTES || size % PAGE_BYTES || !size || size > HEAP_BYTES ||
	    first + n > HEAP_BYTES / PAGE_BYTES)
		abort();
	for (size_t i = first; i < first + n; i++) {
		if (committed[i] != state)
			abort();
		committed[i] = !state;
	}
}

void *pages_reserve(size_t *size)
{
	int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;

	base = mmap(NULL, HEAP_BYTES, PROT_NONE, flags, -1, 0);
	committed = mmap(NULL, HEAP_BYTES / PAGE_BYTES, PROT_READ | PROT_WRITE, flags, -1, 0);
	if (base == MAP_FAILED || committed == MAP_FAILED)
		abort();
	*size = HEAP_BYTES;
	return base;
}

bool pages_commit(void *start, size_t size)
{
	if (pages_fail && --pages_fail == 0)
		return false;
	expect(start, size, 0);
	if (mprotect(start, size, PROT_READ | PROT_WRITE))
		abort();
	pages_count.calls++;
	pages_count.current += size;
	if (pages_count.current > pages_count.peak)
		pages_count.peak = pages_count.current;
	return true;
}

void pages_decommit(const struct page_range *range, unsigned n)
{
	if (n < 1 || n > PAGE_RANGES)
		abort();
	pages_count.calls++;
	for (unsigned i = 0; i < n; i++) {
		void *start = (void *)range[i].start;

		expect(start, range[i].size, 1);
		if (madvise(start, range[i].size, MADV_DONTNEED) || mprotect(start, range[i].size, PROT_NONE))
			abort();
		pages_count.current -= range[i].size;
	}
}

bool pages_debug(void)
{
	return pages_debug_mode;
}

uint64_t pages_random(void)
{
	return 0x243f6a8885a308d3;
}

void pages_lock_wait(uintptr_t *word)
{
	while (__atomic_fetch_or(word, 1, __ATOMIC_ACQUIRE))
		sched_yield();
}

void pages_lock_hand_over(uintptr_t *word)
{
	(void)word;
	abort();
}

void pages_print(const char *line)
{
	fprintf(stderr, "%s\n", line);
}

void pages_abort(const char *line)
{
	snprintf(pages_line, sizeof(pages_line), "%s", line);
	if (pages_stop)
		longjmp(*pages_stop, 1);
	pages_print(line);
	abort();
}
