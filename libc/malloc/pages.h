/*
 * pages.h: where the allocator gets memory from and what it asks of its surroundings. One file implements it:
 * pages_tessera.c by messages to mem, tests/host/pages_host.c by mmap. It keeps no record of what is committed:
 * the allocator does. All addresses and sizes are multiples of PAGE_BYTES.
 */
#ifndef MALLOC_PAGES_H
#define MALLOC_PAGES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PAGE_BYTES 4096ul
#define PAGE_RANGES 32          /* most ranges one pages_decommit takes */

/* Each thread has so many bytes of the allocator's own right below what its thread pointer points to, zero at first. */
#define PAGES_THREAD_BYTES 2048

struct page_range {
	uint64_t start;
	uint64_t size;
};

/* What the page source has done, for measurements. */
struct pages_count {
	uint64_t calls;                 /* commits and decommits */
	uint64_t current, peak;         /* bytes committed */
	uint64_t instructions;          /* spent in it */
	bool touch;                     /* set by who measures: pages are made present when they are committed */
};

extern struct pages_count pages_count;

/* The address range for the heap, nothing of it committed; its size in *size. NULL: there is none. */
void *pages_reserve(size_t *size);

/* Makes reserved pages usable: they read as zero. false: out of memory or over the limit, nothing changed. */
__attribute__((warn_unused_result)) bool pages_commit(void *start, size_t size);

/* Gives n <= PAGE_RANGES ranges of committed pages back; they stay reserved. */
void pages_decommit(const struct page_range *range, unsigned n);

/*
 * Shall mistakes be looked for rather than time saved? Asked by each thread before anything else. If so, a fault of a
 * thread that has called it is explained by malloc_explain_fault() before it is reported.
 */
bool pages_debug(void);

/* check.c: prints what the address has to do with the allocator's blocks, if anything. In debug mode only. */
void malloc_explain_fault(const void *address);

/* A number no other process can guess. */
uint64_t pages_random(void);

/*
 * A lock word is 0 when free and odd when held; what its other bits mean is up to the implementation, but they are 0
 * if no thread waits. Who takes the lock sets bit 0 and, if the word was not 0, calls pages_lock_wait, which returns
 * when the caller holds the lock. The holder clears bit 0 and, if the word was not 1, calls pages_lock_hand_over.
 */
void pages_lock_wait(uintptr_t *word);
void pages_lock_hand_over(uintptr_t *word);

/* Prints the line (no newline in it) where the user sees errors. */
void pages_print(const char *line);

/* The same, then ends the process as abort() does. */
__attribute__((noreturn)) void pages_abort(const char *line);
#endif
