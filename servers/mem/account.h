/*
 * account.h: who may use how much memory. Memory is charged when it is committed, so that a touch never
 * fails. In pages. Pure. The sum of what all accounts have committed is kept and limited here.
 */
#ifndef MEM_ACCOUNT_H
#define MEM_ACCOUNT_H

#include <stdbool.h>
#include <stdint.h>
#include "region.h"

struct account {
	uint64_t limit;                 /* 0: none of its own */
	uint64_t committed;
	struct account *parent;         /* is charged too, NULL: nobody */
};

extern struct account account_all;

/* All that accounts may commit together, of `frames` that are free once mem has started. */
void account_start(uint64_t frames);
/* Wholly or not at all. */
bool account_charge(struct account *a, uint64_t pages);
void account_release(struct account *a, uint64_t pages);
/* Charge that cannot be refused: what an unmap costs that cuts a region in two. */
void account_force(struct account *a, uint64_t pages);

/* What a region costs: its pages if they are committed, and the page tables and slots it may need at most. */
uint64_t account_region(const struct region *r);
/* The same for a region of `pages` pages wherever it lies: never less than account_region. */
uint64_t account_bound(uint64_t pages, unsigned kind, bool noreserve);
/* And for one that is a clone. */
uint64_t account_bound_clone(uint64_t pages, unsigned kind);

#endif
