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
	uint64_t keep;                  /* so much of the whole is left to it, whatever others take */
};

extern struct account account_all;
/* What of the keeps is not committed yet: nobody else gets it. */
extern uint64_t account_kept;

/* All that accounts may commit together, of `frames` that are free once mem has started. */
void account_start(uint64_t frames);
/*
 * Another limit (0: none) and keep for it. False: less than it has committed already, or what is to be kept is not
 * there.
 */
bool account_limits(struct account *a, uint64_t limit, uint64_t keep);
/* How full it is, in 64ths of its limit or of the whole, whichever is fuller: 0 .. 64. */
unsigned account_level(const struct account *a);
/* Whether a charge of so much would not be refused. */
bool account_may(const struct account *a, uint64_t pages);
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
