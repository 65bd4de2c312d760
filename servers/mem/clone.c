/*
 * clone.c: clones of ranges and spaces. See clone.h.
 *
 * 1. The first piece makes all regions of the clone, CLONING, with all that they will ever be charged. 2. In
 * pieces of 512 pages at most the origin loses the right to write, and the clone's objects name its pages
 * (cow.h). 3. A region whose pages have all come is what its origin was.
 */
#include "clone.h"
#include <tessera/syscall.h>
#include "account.h"
#include "cow.h"
#include "edit.h"
#include "index.h"
#include "log.h"
#include "object.h"
#include "range.h"
#include "region.h"
#include "space.h"
#include "work.h"

#define SCAN_WORK       32u             /* units of work for taking W from the pages of a page table */

/* Makes a region that is in no tree a clone in the making of region `from`. False: no memory. */
static bool region_begin(struct region *r, const struct region *from, uint32_t first, uint32_t pages)
{
	uint32_t object = cow_object(from->object);

	if (!object)
		return false;
	*r = (struct region){
		.first = first, .pages = pages, .kind = REGION_CLONING, .was = from->kind, .access = from->prot,
		.object = object, .offset = from->offset, .guard = from->guard, .next_touch = REGION_UNTOUCHED,
		.lent = 1, .origin = from->object, .stale = pages,
	};
	object_ref(from->object);
	return true;
}

static void region_complete(struct region *r)
{
	r->stale = 0;
	r->kind = r->was;
	r->prot = r->access;
	edit_leave_origin(r);
}

static bool any_leaf(const struct object *o, uint32_t first, uint32_t end)
{
	for (uint32_t page = first & ~(INDEX_FAN - 1); page < end; page += INDEX_FAN) {
		if (index_find_leaf(&o->index, page))
			return true;
	}
	return false;
}

/* Names the origin's pages first .. end - 1, which nobody can write to. */
static bool name_pages(struct space *s, const struct region *r, uint32_t first, uint32_t end)
{
	while (first < end) {
		uint32_t next = (first | (INDEX_FAN - 1)) + 1, count;

		if (next > end)
			next = end;
		if (!cow_leaf(r->object, r->origin, first, next, &count))
			return false;
		s->resident += count;
		first = next;
	}
	return true;
}

/*
 * One piece: what of the region's missing pages lies below one page table of the origin, at page `at` of its
 * space.
 */
static int region_piece(uint32_t space, uint32_t origin, uint32_t at, struct region *r)
{
	const struct space *from = space_at(origin);
	const struct region *o = region_at(region_find(from->regions, at));
	uint32_t page = r->offset + r->pages - r->stale, n = r->stale, left = 512 - at % 512;
	long error;

	/* Somebody took it away meanwhile: no more pages come. */
	if (o->object != r->origin || !(KINDS_OWN >> o->kind & 1) || o->offset + (at - o->first) != page) {
		region_complete(r);
		return 0;
	}
	if (n > left)
		n = left;
	if (n > region_end(o) - at)
		n = region_end(o) - at;
	if (any_leaf(object_at(o->object), page, page + n)) {
		work_left -= work_left < SCAN_WORK ? work_left : SCAN_WORK;
		error = sys_scan(space_vspace(origin), (uint64_t)at << PAGE_SHIFT, n, SCAN_CLEAR_W);
		if (error)
			log_error("mem: scan", error, at);
		if (!name_pages(space_at(space), r, page, page + n))
			return E_NO_MEMORY;
	} else {
		(void)work_take();
	}
	r->stale -= n;
	if (!r->stale)
		region_complete(r);
	return 0;
}

/* All of the region's pages that the work of this request reaches: 0, E_AGAIN or E_NO_MEMORY. */
static int region_pages(uint32_t space, uint32_t origin, uint32_t from, struct region *r)
{
	int error = 0;

	while (r->kind == REGION_CLONING && !error) {
		if (!work_left)
			return E_AGAIN;
		error = region_piece(space, origin, from + r->pages - r->stale, r);
	}
	return error;
}

/* Ranges. */

/* What the clone of a range will cost at most, and how many regions it takes. */
static uint64_t range_cost(const struct space *s, uint32_t first, uint32_t end, uint32_t *regions)
{
	uint64_t sum = 0;

	*regions = 0;
	for (uint32_t page = first; page < end; ++*regions) {
		const struct region *r = region_at(region_find(s->regions, page));
		uint32_t next = region_end(r) < end ? region_end(r) : end;

		sum += account_bound_clone(next - page, r->kind) + EDIT_CUT_PAGES;
		page = next;
	}
	return sum;
}

/* The reserved region at page `to`, or its first part, becomes the clone of what is at pages from .. end - 1. */
static void range_begin_one(struct space *s, uint32_t to, uint32_t from, uint32_t end)
{
	const struct region *o = region_at(region_find(s->regions, from));
	struct region clone = { 0 };
	uint32_t id;

	/* The record of its object was prepared. */
	(void)region_begin(&clone, o, to, end - from);
	clone.offset += from - o->first;
	clone.guard = 0;
	clone.was = o->kind == REGION_STACK ? REGION_ANON : o->kind;
	edit_cut_at(s, to);
	edit_cut_at(s, to + (end - from));
	id = region_find(s->regions, to);
	edit_take(s, id);
	object_unref(region_at(id)->object);
	*region_at(id) = clone;
	edit_add(s, id);
}

static int range_begin(struct space *s, uint32_t to, uint32_t first, uint32_t end)
{
	const struct region *target = region_at(region_find(s->regions, to));
	uint32_t regions;
	uint64_t reserved;

	if (!edit_covered(s, first, end, KINDS_OWN, &reserved) || target->kind != REGION_RESERVED
	    || region_end(target) < to + (end - first))
		return E_BAD_RANGE;
	if (!edit_affordable(s, range_cost(s, first, end, &regions)) || !edit_prepare(regions + 1)
	    || !cow_prepare(regions))
		return E_NO_MEMORY;
	for (uint32_t page = first; page < end; ) {
		const struct region *o = region_at(region_find(s->regions, page));
		uint32_t next = region_end(o) < end ? region_end(o) : end;

		range_begin_one(s, to + (page - first), page, next);
		page = next;
	}
	return 0;
}

/* The first region in the pages that is a clone in the making, 0: none. */
static uint32_t first_cloning(const struct space *s, uint32_t first, uint32_t end)
{
	uint32_t id = region_above(s->regions, first);

	while (id && region_at(id)->first < end && region_at(id)->kind != REGION_CLONING)
		id = region_above(s->regions, region_end(region_at(id)));
	return id && region_at(id)->first < end ? id : 0;
}

int clone_range(uint32_t space, uint64_t to, uint64_t from, uint64_t size)
{
	struct space *s = space_at(space);
	uint32_t first, end, at, upto, id;
	int error = 0;

	if (!edit_pages(from, size, &first, &end) || !edit_pages(to, size, &at, &upto))
		return E_BAD_RANGE;
	if (!first_cloning(s, at, upto))
		error = range_begin(s, at, first, end);
	while (!error && (id = first_cloning(s, at, upto)))
		error = region_pages(space, space, first + (region_at(id)->first - at), region_at(id));
	if (error == E_NO_MEMORY && first_cloning(s, at, upto))
		range_reserve_again(space, at, upto);
	return error;
}

/* Spaces. */

/* A region of a new space like region `r` of its parent: 0 or an error. */
static int add_like(uint32_t space, const struct region *r)
{
	uint32_t id = slab_take(&region_slab), object = 0;
	struct region *n = region_at(id);
	const struct object *o = object_at(r->object);

	if (!id)
		return E_NO_MEMORY;
	*n = (struct region){ .first = r->first, .pages = r->pages, .kind = r->kind, .prot = r->prot, .guard = r->guard,
			      .next_touch = REGION_UNTOUCHED };
	if (r->kind == REGION_RESERVED)
		object = object_anon(r->pages, 0, 0);
	else if (r->kind == REGION_SHARED)
		object = object_view(r->pages, o->backing, o->backing_offset + r->offset);
	else if (cow_prepare(1) && region_begin(n, r, r->first, r->pages))
		object = n->object;
	n->object = object;
	if (object && r->moving)
		n->access = r->access;
	if (!object || !edit_affordable(space_at(space), account_region(n))) {
		edit_end(id);
		return E_NO_MEMORY;
	}
	edit_add(space_at(space), id);
	return 0;
}

static int space_begin(uint32_t space, uint32_t *id)
{
	struct space *s = space_at(space);
	unsigned kinds = KINDS_OWN | 1u << REGION_RESERVED | 1u << REGION_SHARED;
	int error = space_create_child(space, id);

	if (error)
		return error;
	s->making = *id;
	for (uint32_t r = region_above(s->regions, 0); r && !error;
	     r = region_above(s->regions, region_end(region_at(r)))) {
		if (kinds >> region_at(r)->kind & 1)
			error = add_like(*id, region_at(r));
	}
	return error;
}

void clone_undo(uint32_t id)
{
	do
		work_left = ~0u;
	while (space_destroy(id));
}

int clone_space(uint32_t space, uint32_t *id)
{
	int error = 0;
	uint32_t r;

	*id = space_at(space)->making;
	if (!*id)
		error = space_begin(space, id);
	while (!error && (r = first_cloning(space_at(*id), 0, EDIT_END_PAGE)))
		error = region_pages(*id, space, region_at(r)->first, region_at(r));
	if (error && error != E_AGAIN && *id)
		clone_undo(*id);
	if (error != E_AGAIN)
		space_at(space)->making = 0;
	return error;
}
