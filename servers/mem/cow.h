/*
 * cow.h: copy-on-write: several objects name the same pages until one of them writes.
 *
 * A clone names its origin's leaves of the index; a leaf that one of them must change is copied, and so is a page
 * that is named more than once when somebody writes to it. The last one that names a page writes to it as it is.
 * A frame's own slot is mapped by the page's holder; every other sharer maps a share of it, which stands in its
 * object's tree of shares. Nothing here makes a mapping weaker: who clones takes the right to write away first
 * (clone.c).
 */
#ifndef MEM_COW_H
#define MEM_COW_H

#include <stdbool.h>
#include <stdint.h>
#include <tessera/abi.h>

struct cow_page {
	cap_t cap;                      /* the slot to map; 0: no memory */
	bool made;                      /* the page was not there before */
	bool lent;                      /* others name it too: not to be mapped for writing */
};

/*
 * The page of an ANON object as its regions are to map it. write: it is to be the object's alone, and what the
 * object mapped there before is unmapped.
 */
struct cow_page cow_page(uint32_t id, uint32_t page, bool write);
/* Whether the page is there, named by others too, and never mapped by this object's regions. */
bool cow_fresh(uint32_t id, uint32_t page);
/* The share of a page was revoked: its slot is filled again. False: there is none, or no memory. */
bool cow_renew(uint32_t id, uint32_t page);

/* Makes sure that so many cow_objects succeed; false: no memory, or too many objects. */
bool cow_prepare(uint32_t objects);
/* A new ANON object, without pages, that can be a clone of this one: one reference; 0: no memory. */
uint32_t cow_object(uint32_t origin);
/*
 * The clone names what its origin has in pages page .. end - 1, within one leaf, where it has nothing itself. How
 * many pages there are, in *count; false: no memory.
 */
bool cow_leaf(uint32_t clone, uint32_t origin, uint32_t page, uint32_t end, uint32_t *count);

/* Whether each page and leaf is counted as often as it is named; *pages: how many pages there are. */
bool cow_audit(uint64_t *pages);

#endif
