/*
 * account.c: commit charges. See account.h.
 */
#include "account.h"

#define TABLE_PAGES      512u           /* pages below one page table */
#define SLOTS_PAGE       127u           /* share slots in a CNode of one frame */
#define KEEP_FRAMES      32u            /* never committed: mem's own recursion */

struct account account_all;

void account_start(uint64_t frames)
{
	uint64_t overhead = frames / 50 + KEEP_FRAMES;

	account_all.limit = frames > overhead ? frames - overhead : 1;
}

bool account_charge(struct account *a, uint64_t pages)
{
	for (const struct account *up = a; up; up = up->parent) {
		if (up->limit && (up->committed > up->limit || pages > up->limit - up->committed))
			return false;
	}
	if (account_all.committed > account_all.limit || pages > account_all.limit - account_all.committed)
		return false;
	account_force(a, pages);
	return true;
}

void account_force(struct account *a, uint64_t pages)
{
	for (; a; a = a->parent)
		a->committed += pages;
	account_all.committed += pages;
}

void account_release(struct account *a, uint64_t pages)
{
	for (; a; a = a->parent)
		a->committed -= pages;
	account_all.committed -= pages;
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
