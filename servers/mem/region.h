/*
 * region.h: the regions of an address space: an AVL tree by address, with the largest gap of each subtree
 * so that a free place is found without looking at every region. Pages are numbered by address >> 12.
 * Pure: a tree is the number of its root; records are in one table that slab.h gives out. Knows nothing of
 * what a region maps.
 */
#ifndef MEM_REGION_H
#define MEM_REGION_H

#include <stdbool.h>
#include <stdint.h>
#include "layout.h"
#include "slab.h"

#define REGION_UNTOUCHED   ~0u
#define REGION_GUARD_PAGES 16           /* kept free on both sides of a region with a guard */

struct region {
	/* The tree; only region.c writes these. */
	uint32_t left, right;
	uint32_t low, high;             /* extent of the subtree, guards included: [low, high) */
	uint32_t gap;                   /* largest gap between two neighbours in the subtree */
	uint8_t height;
	/* The place; changed only while the region is out of the tree. */
	uint8_t guard;                  /* pages to keep free on both sides */
	uint8_t kind;                   /* enum region_kind */
	uint8_t prot;                   /* RIGHT_R, _W, _X */
	uint32_t first, pages;
	/* What is there; range.c's and fault.c's. */
	uint32_t object;
	uint32_t offset;                /* first page's number in the object */
	uint32_t next_touch;            /* page that continues the last fault's window, UNTOUCHED: none */
	uint8_t window;                 /* pages brought at the last fault */
	uint8_t noreserve;              /* pages are charged when touched */
	uint8_t was;                    /* ENDING: its kind before */
	uint8_t then;                   /* ENDING: RESERVED, or 0: it goes */
	uint32_t upto;                  /* ENDING and going: end of the range that goes with it */
	uint32_t stale;                 /* so many pages at its end may be mapped with more than prot still */
	uint8_t moving;                 /* on its way to another place: prot is 0 until it is there ... */
	uint8_t access;                 /* ... and then this again */
	uint8_t lent;                   /* made as a clone: may map shares of pages */
	uint8_t sequential;             /* advised: a first touch brings all pages up to the end of its page table */
	uint32_t origin;                /* CLONING: object it is a clone of, one reference; `stale` pages are to come */
};
_Static_assert(sizeof(struct region) == 64, "a region is 64 bytes");

enum region_kind {                      /* as the interface tells them */
	REGION_ANON = 1, REGION_SHARED, REGION_PRIVATE, REGION_STACK, REGION_RAW, REGION_DEVICE, REGION_RESERVED,
	REGION_ENDING,                  /* unmapped or decommitted, but not all of its pages are gone */
	REGION_CLONING,                 /* will be what it `was`, with access `access`, once all its pages have come */
};

extern struct slab region_slab;

static inline struct region *region_at(uint32_t id)
{
	return SLAB_AT(&region_slab, VA_REGIONS, struct region, id);
}

static inline uint32_t region_end(const struct region *r)
{
	return r->first + r->pages;
}

/* The kind by which its memory is charged and counted. */
static inline unsigned region_charged(const struct region *r)
{
	return r->kind >= REGION_ENDING ? r->was : r->kind;
}

/* Its pages are shares of another object's. */
static inline bool region_views(const struct region *r)
{
	return region_charged(r) == REGION_SHARED || region_charged(r) == REGION_DEVICE;
}

/* The region that holds the page, 0: none. */
uint32_t region_find(uint32_t root, uint32_t page);
/* The first region that ends above the page: holds it or is the next. 0: none. */
uint32_t region_above(uint32_t root, uint32_t page);
/* The last region that starts below the page. 0: none. */
uint32_t region_below(uint32_t root, uint32_t page);
/* New root. The region must not overlap another. */
uint32_t region_insert(uint32_t root, uint32_t id);
uint32_t region_remove(uint32_t root, uint32_t id);
/*
 * The lowest page p >= from with [p, p + pages) free, guards of all kept, inside [low, high), p a multiple
 * of align; 0: none.
 */
uint32_t region_place(uint32_t root, uint32_t low, uint32_t high, uint32_t pages, uint32_t guard,
		      uint32_t align);
/* 0, or what is wrong with the tree. *count: regions in it. */
unsigned region_check(uint32_t root, uint64_t *count);

#endif
