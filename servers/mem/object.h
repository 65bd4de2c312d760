/*
 * object.h: what regions map: pages of memory by number.
 *
 * ANON    pages of its own, made when first asked for: zero, or a copy of the backing object's page.
 * RANGE   frames in a row that exist already: the archive, a device's registers, memory for DMA.
 * VIEW    one space's mapping of a RANGE or of an ANON that is shared: a share of each frame it has touched.
 *
 * Clones (cow.h) name the same pages until one writes: a page is named by page.refs leaves of indices, and a leaf
 * may be in several indices. Nobody changes a shared leaf; whoever must has a copy of its own first (object_own).
 * Knows frames and slots; not regions, spaces or accounts: callers charge what is made and dropped here.
 */
#ifndef MEM_OBJECT_H
#define MEM_OBJECT_H

#include <stdbool.h>
#include <stdint.h>
#include <tessera/abi.h>
#include "index.h"
#include "layout.h"

enum object_kind { OBJECT_NONE, OBJECT_ANON, OBJECT_RANGE, OBJECT_VIEW };

struct object {
	uint32_t link;                  /* slab.h's when free; made.c's list when made */
	uint32_t generation;            /* in badges; grows when the object ends */
	uint32_t refs;                  /* regions, views, and 1 while its capability counts */
	uint32_t pages;
	uint32_t before;                /* made.c's list */
	uint16_t slack;                 /* bytes of the last page that do not belong to it */
	uint8_t made;                   /* enum made_kind: how made.c made it, 0: it did not */
	uint8_t pool;                   /* ANON: its pages come from pool `pool` - 1 while that has any; 0: from any */
	struct index index;             /* ANON: page records; VIEW: shares */
	uint32_t backing;               /* ANON: copied from, or 0; VIEW: whose frames */
	uint32_t backing_offset;        /* its page that is our page 0 */
	union {
		uint32_t frame;         /* RANGE: the first, 0 while it has none */
		uint32_t pager;         /* ANON: the attachment through which missing pages come (pager.c), 0 none */
	};
	uint32_t resident;              /* entries in the index */
	uint8_t kind;
	uint8_t rights;                 /* RANGE: most that a mapping may have */
	uint8_t named;                  /* its capability counts */
	uint8_t zero;                   /* ANON without backing: new pages are zero */
	uint32_t leaf;                  /* the index's leaf that was used last */
	uint32_t leaf_key;              /* its first page / INDEX_FAN, LEAF_NONE: there is none */
	union {
		uint32_t maker;         /* made.c's: the space that pays for it and may end it, 0 none */
		uint32_t shares;        /* ANON that made.c did not make: root of the tree of its shares; cow.c's */
	};
};
_Static_assert(sizeof(struct object) == 64, "an object is 64 bytes");

#define LEAF_NONE ~0u

static inline uint64_t object_bytes(const struct object *o)
{
	return ((uint64_t)o->pages << PAGE_SHIFT) - o->slack;
}

enum page_state {
	PAGE_HERE,
	PAGE_ABSENT,                    /* without a frame: the object's pager makes it. waiters: the demand, 0 none */
};
#define PAGE_DROPPABLE 1u               /* its pager can make it again */
#define PAGE_ALONE     2u               /* is asked for without neighbours */

/* A page of an ANON object. */
struct page {
	uint32_t frame;
	uint16_t refs;                  /* leaves that name it; 0: the record is free */
	uint8_t state, flags;           /* enum page_state, PAGE_ */
	uint32_t waiters;
	uint32_t holder;                /* object whose regions map the frame's own slot; all others map shares */
};
_Static_assert(sizeof(struct page) == 16, "a page is 16 bytes");

extern struct slab object_slab, page_slab;

static inline struct object *object_at(uint32_t id)
{
	return SLAB_AT(&object_slab, VA_OBJECTS, struct object, id);
}

static inline struct page *page_at(uint32_t id)
{
	return SLAB_AT(&page_slab, VA_PAGES, struct page, id);
}

/* Where the number of a page stands; NULL: its leaf is not there yet, or shared. */
static inline uint32_t *object_entry(struct object *o, uint32_t page)
{
	if (o->leaf_key != page / INDEX_FAN) {
		uint32_t leaf = index_find_leaf(&o->index, page);

		if (!leaf || *index_sharers(leaf))
			return 0;
		o->leaf = leaf;
		o->leaf_key = page / INDEX_FAN;
	}
	return &index_node_at(o->leaf)->entry[page % INDEX_FAN];
}

/* New objects with one reference; 0: no memory. They take a reference to the object they name. */
uint32_t object_anon(uint32_t pages, uint32_t backing, uint32_t backing_offset);
uint32_t object_range(uint32_t frame, uint64_t bytes, unsigned rights);
uint32_t object_view(uint32_t pages, uint32_t backing, uint32_t backing_offset);

void object_ref(uint32_t id);
/* Gone with the last reference; its pages must have been dropped before, but for what made.c made. */
void object_unref(uint32_t id);
/* The record of an object without references is free again. */
void object_end(uint32_t id);

/* The capability that names it without the rights in `denied`, by badge. */
uint64_t object_badge(uint32_t id, unsigned denied);
/* The object it names and what it does not allow; 0: no such object. */
uint32_t object_named(uint64_t badge, unsigned *denied);

/* Where the number of a page stands, in a leaf that is the object's alone; NULL: no memory. */
uint32_t *object_own(struct object *o, uint32_t page);
/* The object is to be dropped in two parts: no leaf across `page` is shared. index_prepare(1) came before. */
void object_cut(uint32_t id, uint32_t page);
/* The tree of the shares of an ANON object's pages. */
static inline struct index object_shares(const struct object *o)
{
	return (struct index){ o->made ? 0 : o->shares, o->index.depth };
}

/* Whether the page of a view lies behind the end of what it shows. */
static inline bool object_past_end(uint32_t id, uint32_t page)
{
	const struct object *o = object_at(id);

	return (uint64_t)page + o->backing_offset >= object_at(o->backing)->pages;
}
/* Its new pages come from this pool. */
void object_set_pool(uint32_t id, unsigned pool);
/* The slot of page `page` if it is there, 0 if not. */
cap_t object_have(uint32_t id, uint32_t page);
/* The slot of the page, which is made if it is not there (*made tells); 0: no memory. */
cap_t object_page(uint32_t id, uint32_t page, bool *made);
/*
 * Makes pages that are not there, from `page` on up to the first that is, `most` at most; how many. Their slots
 * are in run[0 .. *runs - 1]; *runs says before how many there may be, up to MAP_ITEMS.
 */
uint32_t object_fill(uint32_t id, uint32_t page, uint32_t most, struct slot_run *run, unsigned *runs);
/*
 * Drops pages first .. end - 1, as far as this request's work goes (work.h); how many it dropped. All are gone if
 * some work is left. mapped: they may be mapped, or shared, still. The range does not cut a shared leaf.
 */
uint32_t object_drop(uint32_t id, uint32_t first, uint32_t end, bool mapped);
/*
 * A page of a view whose slot was emptied, because the backing object lost it, is shared again; false: could not.
 */
bool object_renew(uint32_t id, uint32_t page);
/* How many there are. */
uint32_t object_resident(uint32_t id, uint32_t first, uint32_t end);
/*
 * Unmaps pages that are there, so that the next touch faults, likewise; the page it came to: `end` if all is
 * done.
 */
uint32_t object_unmap(uint32_t id, uint32_t first, uint32_t end);

#endif
