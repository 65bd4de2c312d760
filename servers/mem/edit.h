/*
 * edit.h: the steps that every edit of a space's regions is made of.
 *
 * Edits work on whole regions: edit_cut makes region borders at both ends of the range first. The charge of a
 * space is always the sum of account_region over its regions, plus its objects: edit_add and edit_take keep it
 * so. Knows nothing of the calls; range.c and clone.c do.
 */
#ifndef MEM_EDIT_H
#define MEM_EDIT_H

#include <stdbool.h>
#include <stdint.h>
#include <mem_idl.h>
#include "region.h"
#include "space.h"

#define EDIT_FIRST_PAGE  16u                           /* the lowest 64 KiB are never mapped */
#define EDIT_END_PAGE    (uint32_t)(USER_END >> PAGE_SHIFT)
#define EDIT_CUT_REGIONS 2                             /* records, and nodes of indices, that an edit_cut may take */
#define EDIT_CUT_PAGES   6                             /* and what it may add to the charge */

#define KINDS_HEAP  (1u << REGION_ANON | 1u << REGION_RESERVED)
#define KINDS_OWN   (1u << REGION_ANON | 1u << REGION_PRIVATE | 1u << REGION_STACK)
#define KINDS_MOVE  (1u << REGION_ANON | 1u << REGION_PRIVATE)
#define KINDS_PROT  (KINDS_OWN | 1u << REGION_SHARED)

/* A new region. Its object's reference passes to it; on an error the caller drops that. */
struct edit_wish {
	uint64_t addr, size, align;
	uint32_t how, kind, prot, object, offset;
};

/* The range in pages; false: empty, misaligned or outside the user half. */
bool edit_pages(uint64_t addr, uint64_t size, uint32_t *first, uint32_t *end);
/* Into the tree and out of it, with its charge. */
void edit_add(struct space *s, uint32_t id);
void edit_take(struct space *s, uint32_t id);
/* True if the space could be charged so much more. */
bool edit_affordable(struct space *s, uint64_t pages);

/* Makes a region end at `page` if one lies across it. What it needs has been prepared. */
void edit_cut_at(struct space *s, uint32_t page);
/* Makes sure that so many edit_cuts cannot fail. */
bool edit_prepare(uint32_t cuts);
bool edit_cut(struct space *s, uint32_t first, uint32_t end);
/* The record of a region that is in no tree and has no pages. */
void edit_end(uint32_t id);
/* It is no clone in the making any more. */
void edit_leave_origin(struct region *r);
/* Makes one region of neighbours that are alike. */
void edit_merge(struct space *s, uint32_t first, uint32_t end);

/* Where a new region goes; 0 or an error. */
int edit_place(const struct space *s, const struct edit_wish *w, uint32_t *first, uint32_t *pages);
int edit_new(uint32_t space, const struct edit_wish *w, uint64_t *at);

/* Whether every page of the range is in a region of one of the kinds (bits); *reserved: pages in reserved ones. */
bool edit_covered(const struct space *s, uint32_t first, uint32_t end, unsigned kinds, uint64_t *reserved);
/*
 * Changes the access of a whole region; mappings that would allow more are to go: edit_unmap_stale, 0 or E_AGAIN.
 */
void edit_set_prot(struct region *r, uint32_t prot);
int edit_unmap_stale(const struct space *s, uint32_t first, uint32_t end);

#endif
