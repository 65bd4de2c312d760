/*
 * account.c: commit charges. See account.h.
 */
#include "account.h"

#define TABLE_PAGES      512u           /* pages below one page table */
#define SLOTS_PAGE       127u           /* share slots in a CNode of one frame */
#define KEEP_FRAMES      32u            /* never committed: mem's own recursion */

struct account account_all;
uint64_t account_kept;

void account_start(uint64_t frames)
{
	uint64_t overhead = frames / 50 + KEEP_FRAMES;

	account_all.limit = frames > overhead ? frames - overhead : 1;
}

/* What of its keep an account could still commit. */
static uint64_t unused(const struct account *a)
{
	return a->keep > a->committed ? a->keep - a->committed : 0;
}

/* The part of a charge that is not taken out of keeps. */
static uint64_t beyond_keeps(const struct account *a, uint64_t pages)
{
	uint64_t kept = 0;

	if (!account_kept)
		return pages;
	for (; a; a = a->parent)
		kept = unused(a) > kept ? unused(a) : kept;
	return pages > kept ? pages - kept : 0;
}

bool account_may(const struct account *a, uint64_t pages)
{
	uint64_t taken = account_all.committed + account_kept, more = beyond_keeps(a, pages);

	for (const struct account *up = a; up; up = up->parent) {
		if (up->limit && (up->committed > up->limit || pages > up->limit - up->committed))
			return false;
	}
	if ((more || !pages) && (taken > account_all.limit || more > account_all.limit - taken))
		return false;
	return true;
}

/* Changes what is committed, and what is kept with it. */
static void change(struct account *a, uint64_t pages)
{
	for (; a; a = a->parent) {
		if (a->keep)
			account_kept -= unused(a);
		a->committed += pages;
		if (a->keep)
			account_kept += unused(a);
	}
	account_all.committed += pages;
}

bool account_charge(struct account *a, uint64_t pages)
{
	if (!account_may(a, pages))
		return false;
	change(a, pages);
	return true;
}

void account_force(struct account *a, uint64_t pages)
{
	change(a, pages);
}

void account_release(struct account *a, uint64_t pages)
{
	change(a, -pages);
}

bool account_limits(struct account *a, uint64_t limit, uint64_t keep)
{
	uint64_t others = account_kept - unused(a), more = keep > a->committed ? keep - a->committed : 0;

	if ((limit && (limit < a->committed || keep > limit))
	    || (more > unused(a) && account_all.committed + others + more > account_all.limit))
		return false;
	a->limit = limit;
	a->keep = keep;
	account_kept = others + more;
	return true;
}

static unsigned level(uint64_t committed, uint64_t limit)
{
	return !limit ? 0 : committed >= limit ? 64 : (unsigned)(committed * 64 / limit);
}

unsigned account_level(const struct account *a)
{
	unsigned most = level(account_all.committed + account_kept, account_all.limit);

	for (; a; a = a->parent)
		most = level(a->committed, a->limit) > most ? level(a->committed, a->limit) : most;
	return most;
}

/* Pages for the share slots that so many pages may take. */
static uint64_t share_pages(uint64_t pages)
{
	return (pages + SLOTS_PAGE - 1) / SLOTS_PAGE;
}

/* Pages of data that a region of this kind commits. */
static uint64_t data_pages(uint64_t pages, unsigned kind, bool noreserve)
{
	switch (kind) {
	case REGION_ANON:
	case REGION_PRIVATE:
	case REGION_STACK:
		return noreserve ? 0 : pages;
	case REGION_SHARED:
	case REGION_DEVICE:
		return share_pages(pages);
	default:
		return 0;
	}
}

uint64_t account_region(const struct region *r)
{
	uint32_t first = r->first / TABLE_PAGES, last = (region_end(r) - 1) / TABLE_PAGES;
	uint64_t tables = last - first + 1;

	if (region_charged(r) == REGION_RESERVED)
		return 1;
	tables += last / TABLE_PAGES - first / TABLE_PAGES + 1;
	if (r->lent)
		tables += share_pages(r->pages);
	return data_pages(r->pages, region_charged(r), r->noreserve) + tables;
}

uint64_t account_bound(uint64_t pages, unsigned kind, bool noreserve)
{
	uint64_t tables = pages / TABLE_PAGES + 2;

	if (kind == REGION_RESERVED)
		return 1;
	return data_pages(pages, kind, noreserve) + tables + tables / TABLE_PAGES + 2;
}

uint64_t account_bound_clone(uint64_t pages, unsigned kind)
{
	return account_bound(pages, kind, false) + share_pages(pages);
}
