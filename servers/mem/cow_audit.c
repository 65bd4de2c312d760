/*
 * cow_audit.c: the check that pages and leaves are counted as often as they are named. See cow.h.
 *
 * 1. Each leaf that is met the first time is marked and takes one off the count of each page that it names; each
 * time it is met again it takes one off its own count. All counts are 0 then, if they were true. 2. The same the
 * other way round.
 */
#include "cow.h"
#include "frames.h"
#include "object.h"

#define MARK 0x8000u

struct check {
	uint64_t pages;                 /* whose count came to 0 */
	bool wrong;
};

static void take_off(void *context, uint32_t leaf)
{
	struct check *c = context;

	if (*index_sharers(leaf) & MARK) {
		c->wrong |= *index_sharers(leaf) == MARK;
		--*index_sharers(leaf);
		return;
	}
	*index_sharers(leaf) |= MARK;
	for (unsigned i = 0; i < INDEX_FAN; i++) {
		uint32_t entry = index_node_at(leaf)->entry[i];

		if (!entry)
			continue;
		c->wrong |= page_at(entry)->refs == 0;
		c->pages += --page_at(entry)->refs == 0;
	}
}

static void put_back(void *context, uint32_t leaf)
{
	struct check *c = context;

	if (!(*index_sharers(leaf) & MARK)) {
		++*index_sharers(leaf);
		return;
	}
	c->wrong |= *index_sharers(leaf) != MARK;
	*index_sharers(leaf) = 0;
	for (unsigned i = 0; i < INDEX_FAN; i++) {
		uint32_t entry = index_node_at(leaf)->entry[i];

		if (entry)
			page_at(entry)->refs++;
	}
}

static void all(void (*visit)(void *context, uint32_t leaf), struct check *c)
{
	for (uint32_t id = 1; id < object_slab.reached; id++) {
		if (object_at(id)->kind == OBJECT_ANON)
			index_leaves(&object_at(id)->index, visit, c);
	}
}

bool cow_audit(uint64_t *pages)
{
	struct check c = { 0 };

	all(take_off, &c);
	all(put_back, &c);
	*pages = c.pages;
	return !c.wrong && c.pages == page_slab.used;
}
