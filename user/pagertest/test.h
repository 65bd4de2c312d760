/*
 * test.h: what the files of pagertest share: the conformance of any pager (conform.c), pagers that misbehave
 * (misbehave.c), and what clients of those must see (faults.c).
 */
#ifndef PAGERTEST_H
#define PAGERTEST_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <mem_client.h>
#include <tessera/process.h>
#include <tessera/start.h>
#include <tessera/syscall.h>

#define PAGE         4096ul
#define FAULTY_PAGES 64ul               /* of the object of a pager that misbehaves: word 0 of page i reads i + 1 */
#define FAULTY_MS    150u               /* its deadline */

/* Returns 1, saying where, unless the condition holds. */
#define DEMAND(condition) do { \
	if (!(condition)) { \
		fprintf(stderr, "pagertest: %s:%d: not so: %s\n", __FILE__, __LINE__, #condition); \
		return 1; \
	} \
} while (0)

static inline volatile uint64_t *page_of(uint64_t at, uint64_t i)
{
	return (volatile uint64_t *)(at + i * PAGE);
}

/* Reads a word, false: the touch ended in a fault. By any thread. */
bool probe(volatile uint64_t *at, uint64_t *value);

/* The suite: whatever pages this object. 0, or 1 after saying what was wrong. */
int conform(cap_t object);
/* Pagers that misbehave, one after the other, and what is to come of it. */
int faults(void);
/* Such a pager: misbehaves `how` at `step`; its object goes to the endpoint in SLOT_EXTRA. Returns if it cannot. */
int misbehave(const char *step, const char *how);
/* A process that touches page `page` of the object in SLOT_EXTRA; its exit status is 0 if that could be read. */
int touch(uint64_t page);

#endif
