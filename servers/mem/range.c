/*
 * range.c: edits of a space's regions. See range.h.
 *
 * Edits work on whole regions: `cut` makes region borders at both ends of the range first. The charge of a
 * space is always the sum of account_region over its regions, plus its objects: add and take keep it so.
 *
 * Page work goes in pieces (work.h). What is unmapped or decommitted becomes ENDING wholly in the first piece: from
 * then on it can be touched no more, but keeps its place and its charge until its pages are gone. What is protected has
 * its new access at once; `stale` says where the old one may be mapped still. The same call made again goes on.
 */
#include "range.h"
#include <string.h>
#include "account.h"
#include "fault.h"
#include "frames.h"
#include "layout.h"
#include "made.h"
#include "object.h"
#include "pager.h"
#include "random.h"
#include "region.h"
#include "slots.h"
#include "space.h"
#include "vm.h"
#include "work.h"

#define FIRST_PAGE      16u                            /* the lowest 64 KiB are never mapped */
#define END_PAGE        (uint32_t)(USER_END >> PAGE_SHIFT)
#define PLACE_LOW       (0x1000000u >> PAGE_SHIFT)     /* where nobody said where: above 16 MiB */
#define BASE_SPAN       (1u << 24)                     /* bases differ within 64 GiB ... */
#define BASE_LOW        (1u << 18)                     /* ... above 1 GiB */
#define CUT_REGIONS     2                              /* records that two cuts may take */
#define CUT_PAGES       4                              /* and what they may add to the charge */

uint32_t range_random_base(uint64_t random)
{
	/* Near the start of a page table, so that small programs need only one. */
	return BASE_LOW + ((random % BASE_SPAN) & ~511u) + (random >> 32) % 64;
}

/* The range in pages; false: empty, misaligned or outside the user half. */
static bool range_pages(uint64_t addr, uint64_t size, uint32_t *first, uint32_t *end)
{
	if (addr % PAGE_SIZE || !size || addr >= USER_END || size > USER_END - addr || addr < FIRST_PAGE * PAGE_SIZE)
		return false;
	*first = addr >> PAGE_SHIFT;
	*end = *first + PAGES_OF(size);
	return true;
}

static void add(struct space *s, uint32_t id)
{
	const struct region *r = region_at(id);

	account_force(&s->account, account_region(r));
	s->regions = region_insert(s->regions, id);
	s->region_count++;
	s->reserved += r->kind == REGION_RESERVED ? r->pages : 0;
}

static void take(struct space *s, uint32_t id)
{
	const struct region *r = region_at(id);

	s->regions = region_remove(s->regions, id);
	account_release(&s->account, account_region(r));
	s->region_count--;
	s->last = 0;
	s->reserved -= r->kind == REGION_RESERVED ? r->pages : 0;
}

/* True if the space could be charged so much more. */
static bool affordable(struct space *s, uint64_t pages)
{
	if (!account_charge(&s->account, pages))
		return false;
	account_release(&s->account, pages);
	return true;
}

/* Makes a region end at `page` if one lies across it. The record for the upper part has been prepared. */
static void cut_at(struct space *s, uint32_t page)
{
	uint32_t id = region_find(s->regions, page), upper;
	struct region *r, *u;

	if (!id || region_at(id)->first == page)
		return;
	upper = slab_take(&region_slab);
	r = region_at(id);
	u = region_at(upper);
	take(s, id);
	*u = *r;
	u->first = page;
	u->pages = region_end(r) - page;
	u->offset = r->offset + (page - r->first);
	r->pages = page - r->first;
	r->stale = r->stale > u->pages ? r->stale - u->pages : 0;
	u->stale -= r->stale;
	if (u->object)
		object_ref(u->object);
	add(s, id);
	add(s, upper);
}

static bool cut(struct space *s, uint32_t first, uint32_t end)
{
	if (!slab_prepare(&region_slab, CUT_REGIONS))
		return false;
	cut_at(s, first);
	cut_at(s, end);
	return true;
}

/* Drops the pages of a region, as far as the work goes; true: all. mapped: the space lives. */
static bool drop_pages(struct space *s, const struct region *r, bool mapped)
{
	uint32_t n;

	if (!r->object)
		return true;
	n = object_drop(r->object, r->offset, r->offset + r->pages, mapped);
	if (region_views(r))
		s->shared -= n;
	else
		s->resident -= n;
	if (r->noreserve)
		account_release(&s->account, n);
	return work_left;
}

/* A region that is in no tree and has no pages. */
static void end_region(uint32_t id)
{
	struct region *r = region_at(id);

	if (r->object)
		object_unref(r->object);
	slab_give(&region_slab, id);
}

static bool mergeable(const struct region *a, const struct region *b)
{
	return region_end(a) == b->first && a->kind == b->kind && a->prot == b->prot && a->object == b->object
	       && a->object && a->offset + a->pages == b->offset && a->guard == b->guard
	       && a->noreserve == b->noreserve && a->kind != REGION_ENDING
	       && !a->stale && !b->stale && !a->moving && !b->moving;
}

/* Makes one region of this and the one before it if they are alike. */
static uint32_t merge_below(struct space *s, uint32_t id)
{
	uint32_t before = region_below(s->regions, region_at(id)->first);

	if (!before || !mergeable(region_at(before), region_at(id)))
		return id;
	take(s, id);
	take(s, before);
	region_at(before)->pages += region_at(id)->pages;
	object_unref(region_at(id)->object);
	slab_give(&region_slab, id);
	add(s, before);
	return before;
}

static void merge_around(struct space *s, uint32_t first, uint32_t end)
{
	uint32_t id = region_find(s->regions, first), next;

	while (id) {
		id = merge_below(s, id);
		if (region_at(id)->first >= end)
			return;
		next = region_above(s->regions, region_end(region_at(id)));
		if (!next || region_at(next)->first > end)
			return;
		id = next;
	}
}

/*
 * What every new region goes through. Its object's reference passes to the region; the caller drops it
 * on an error.
 */
struct wish {
	uint64_t addr, size, align;
	uint32_t how, kind, prot, object, offset;
};

static int place(const struct space *s, const struct wish *w, uint32_t *first, uint32_t *pages)
{
	uint32_t guard = w->how & MEM_GUARD ? REGION_GUARD_PAGES : 0, end, next;
	uint64_t align = w->align ? w->align >> PAGE_SHIFT : 1;

	if (!w->size || w->size > USER_END || w->align & (w->align - 1) || (w->align && w->align < PAGE_SIZE)
	    || w->align > USER_END)
		return E_BAD_RANGE;
	*pages = PAGES_OF(w->size);
	if (w->how & MEM_FIXED) {
		if (!range_pages(w->addr, w->size, first, &end) || *first % align)
			return E_BAD_RANGE;
		next = region_above(s->regions, *first);
		return next && region_at(next)->first < end ? E_EXISTS : 0;
	}
	*first = region_place(s->regions, s->base, END_PAGE - FIRST_PAGE, *pages, guard, align);
	if (!*first)
		*first = region_place(s->regions, PLACE_LOW, END_PAGE - FIRST_PAGE, *pages, guard, align);
	return *first ? 0 : E_BAD_RANGE;
}

static int new_region(uint32_t space, const struct wish *w, uint64_t *at)
{
	struct space *s = space_at(space);
	uint32_t first, pages, id;
	struct region *r;
	int error = place(s, w, &first, &pages);

	if (error)
		return error;
	if (!affordable(s, account_bound(pages, w->kind, w->how & MEM_NORESERVE)))
		return E_NO_MEMORY;
	id = slab_take(&region_slab);
	if (!id)
		return E_NO_MEMORY;
	r = region_at(id);
	*r = (struct region){
		.first = first, .pages = pages, .kind = w->kind, .prot = w->prot, .object = w->object,
		.offset = w->offset, .guard = w->how & MEM_GUARD ? REGION_GUARD_PAGES : 0,
		.noreserve = (w->how & MEM_NORESERVE) != 0, .next_touch = REGION_UNTOUCHED,
	};
	add(s, id);
	*at = (uint64_t)first << PAGE_SHIFT;
	return 0;
}

static bool prot_bad(uint32_t prot)
{
	return (prot & MEM_WRITE) && (prot & MEM_EXEC);
}

/*
 * Makes the pages of a new region present, as many as this request's work goes. The rest, and on a shortage all, comes
 * when touched.
 */
static void populate(uint32_t space, uint64_t at)
{
	struct space *s = space_at(space);
	struct region *r = region_at(region_find(s->regions, at >> PAGE_SHIFT));
	unsigned rights = r->prot & RIGHT_W ? r->prot | RIGHT_R : r->prot;
	uint32_t page = 0, end = r->pages < work_left ? r->pages : work_left;

	while (rights && page < end) {
		struct slot_run run[MAP_ITEMS];
		unsigned runs;
		uint32_t n = object_fill(r->object, r->offset + page, end - page, run, &runs);

		*(region_views(r) ? &s->shared : &s->resident) += n;
		if (!n || space_map_runs(space, (uint64_t)(r->first + page) << PAGE_SHIFT, run, runs, rights))
			break;
		page += n;
		work_left -= n;
	}
	/* The next touch goes on where this ended. */
	r->window = AROUND_START;
	r->next_touch = r->first + page;
}

int range_map(uint32_t space, uint64_t addr, uint64_t size, uint32_t prot, uint32_t how, uint64_t *at)
{
	struct wish w = { .addr = addr, .size = size, .how = how, .prot = prot,
			  .kind = how & MEM_GUARD ? REGION_STACK : REGION_ANON };
	int error;

	if (prot_bad(prot) || how & MEM_PRIVATE)
		return E_DENIED;
	if (!size || PAGES_OF(size) > INDEX_PAGES)
		return E_BAD_RANGE;
	w.object = object_anon(PAGES_OF(size), 0, 0);
	if (!w.object)
		return E_NO_MEMORY;
	error = new_region(space, &w, at);
	if (error)
		object_unref(w.object);
	else if (how & MEM_EAGER && !(how & MEM_NORESERVE))
		populate(space, *at);
	return error;
}

int range_reserve(uint32_t space, uint64_t addr, uint64_t size, uint64_t align, uint32_t how, uint64_t *at)
{
	struct wish w = { .addr = addr, .size = size, .align = align, .how = how & ~MEM_NORESERVE,
			  .kind = REGION_RESERVED };
	int error;

	if (!size || PAGES_OF(size) > INDEX_PAGES)
		return E_BAD_RANGE;
	w.object = object_anon(PAGES_OF(size), 0, 0);
	if (!w.object)
		return E_NO_MEMORY;
	error = new_region(space, &w, at);
	if (error)
		object_unref(w.object);
	return error;
}

int range_map_object(uint32_t space, uint32_t object, uint64_t offset, uint64_t addr, uint64_t size,
		     uint32_t prot, uint32_t how, uint64_t *at)
{
	const struct object *o = object_at(object);
	struct wish w = { .addr = addr, .size = size, .how = how & ~MEM_NORESERVE, .prot = prot };
	int error;

	if (offset % PAGE_SIZE || !size || offset >= (uint64_t)o->pages << PAGE_SHIFT
	    || PAGES_OF(size) > o->pages - (offset >> PAGE_SHIFT) || PAGES_OF(size) > INDEX_PAGES)
		return E_BAD_RANGE;
	if (prot_bad(prot) || (!(how & MEM_PRIVATE) && prot & ~o->rights) || !pager_may_map(space, object))
		return E_DENIED;
	if (how & MEM_PRIVATE) {
		w.kind = REGION_PRIVATE;
		w.object = object_anon(PAGES_OF(size), object, offset >> PAGE_SHIFT);
	} else {
		w.kind = REGION_SHARED;
		w.object = object_view(PAGES_OF(size), object, offset >> PAGE_SHIFT);
	}
	if (!w.object)
		return E_NO_MEMORY;
	error = new_region(space, &w, at);
	if (error)
		object_unref(w.object);
	else if (how & MEM_EAGER)
		populate(space, *at);
	return error;
}

int range_map_device(uint32_t space, uint32_t object, uint64_t *at)
{
	uint32_t pages = object_at(object)->pages;
	struct wish w = { .size = (uint64_t)pages << PAGE_SHIFT, .kind = REGION_DEVICE, .prot = RIGHT_R | RIGHT_W };
	int error;

	w.object = object_view(pages, object, 0);
	if (!w.object)
		return E_NO_MEMORY;
	error = new_region(space, &w, at);
	if (error)
		object_unref(w.object);
	return error;
}

int range_map_raw(uint32_t space, uint32_t *page)
{
	return range_map_window(space, 1, page);
}

int range_map_window(uint32_t space, uint32_t pages, uint32_t *page)
{
	struct wish w = { .size = (uint64_t)pages << PAGE_SHIFT, .kind = REGION_RAW, .prot = RIGHT_R | RIGHT_W };
	uint64_t at;
	int error = new_region(space, &w, &at);

	if (!error)
		*page = at >> PAGE_SHIFT;
	return error;
}

void range_unmap_raw(uint32_t space, uint32_t page)
{
	struct space *s = space_at(space);
	uint32_t id = region_find(s->regions, page);

	if (!id)
		return;
	take(s, id);
	end_region(id);
}

/*
 * Whether every page of the range is in a region of one of the kinds (bits); *reserved: pages in
 * reserved ones.
 */
static bool covered(const struct space *s, uint32_t first, uint32_t end, unsigned kinds, uint64_t *reserved)
{
	uint32_t page = first;

	*reserved = 0;
	while (page < end) {
		uint32_t id = region_find(s->regions, page), next;

		if (!id || !(kinds >> region_at(id)->kind & 1))
			return false;
		next = region_end(region_at(id)) < end ? region_end(region_at(id)) : end;
		if (region_at(id)->kind == REGION_RESERVED)
			*reserved += next - page;
		page = next;
	}
	return true;
}

#define KINDS_HEAP  (1u << REGION_ANON | 1u << REGION_RESERVED)
#define KINDS_OWN   (1u << REGION_ANON | 1u << REGION_PRIVATE | 1u << REGION_STACK)
#define KINDS_MOVE  (1u << REGION_ANON | 1u << REGION_PRIVATE)
#define KINDS_PROT  (KINDS_OWN | 1u << REGION_SHARED)

/* Changes the access of a whole region; mappings that would allow more are to go. */
static void set_prot(struct region *r, uint32_t prot)
{
	if (r->prot & ~prot && r->object)
		r->stale = r->pages;
	r->prot = prot;
}

/* Unmaps what is stale in the range: 0, or E_AGAIN. */
static int unmap_stale(const struct space *s, uint32_t first, uint32_t end)
{
	uint32_t id = region_above(s->regions, first);

	for (; id && region_at(id)->first < end; id = region_above(s->regions, region_end(region_at(id)))) {
		struct region *r = region_at(id);
		uint32_t upto = r->offset + r->pages;

		if (!r->stale)
			continue;
		r->stale = upto - object_unmap(r->object, upto - r->stale, upto);
		if (r->stale)
			return E_AGAIN;
	}
	return 0;
}

int range_commit(uint32_t space, uint64_t addr, uint64_t size, uint32_t prot)
{
	struct space *s = space_at(space);
	uint32_t first, end;
	uint64_t reserved;

	if (!range_pages(addr, size, &first, &end) || !covered(s, first, end, KINDS_HEAP, &reserved))
		return E_BAD_RANGE;
	if (prot_bad(prot))
		return E_DENIED;
	if (reserved && !affordable(s, account_bound(reserved, REGION_ANON, false) + CUT_PAGES))
		return E_NO_MEMORY;
	if (!cut(s, first, end))
		return E_NO_MEMORY;
	for (uint32_t page = first; page < end; ) {
		uint32_t id = region_find(s->regions, page);
		struct region *r = region_at(id);

		page = region_end(r);
		if (r->kind != REGION_RESERVED) {
			set_prot(r, prot);
			continue;
		}
		take(s, id);
		r->kind = REGION_ANON;
		r->prot = prot;
		r->next_touch = REGION_UNTOUCHED;
		r->window = 0;
		add(s, id);
	}
	if (unmap_stale(s, first, end))
		return E_AGAIN;
	merge_around(s, first, end);
	return 0;
}

/* Whether memory of a heap is all there is in the range, committed, reserved or on the way from one to the other. */
static bool covered_heap(const struct space *s, uint32_t first, uint32_t end)
{
	uint64_t reserved;
	uint32_t id = first;

	if (!covered(s, first, end, KINDS_HEAP | 1u << REGION_ENDING, &reserved))
		return false;
	for (id = region_above(s->regions, first); id && region_at(id)->first < end;
	     id = region_above(s->regions, region_end(region_at(id)))) {
		if (region_at(id)->kind == REGION_ENDING && region_at(id)->then != REGION_RESERVED)
			return false;
	}
	return true;
}

int range_may_decommit(uint32_t space, uint64_t addr, uint64_t size, uint32_t count)
{
	uint32_t first, end;

	if (!range_pages(addr, size, &first, &end) || !covered_heap(space_at(space), first, end))
		return E_BAD_RANGE;
	return slab_prepare(&region_slab, count * CUT_REGIONS) ? 0 : E_NO_MEMORY;
}

/* From here on its memory cannot be reached. */
static void begin_end(struct space *s, struct region *r, unsigned then, uint32_t upto)
{
	if (r->kind != REGION_ENDING)
		r->was = r->kind;
	r->kind = REGION_ENDING;
	r->then = then;
	r->upto = upto;
	r->prot = 0;
	r->stale = 0;
	s->last = 0;
}

void range_begin_decommit(uint32_t space, uint64_t addr, uint64_t size)
{
	struct space *s = space_at(space);
	uint32_t first = addr >> PAGE_SHIFT, end = first + PAGES_OF(size), id;

	cut_at(s, first);
	cut_at(s, end);
	for (id = region_above(s->regions, first); id && region_at(id)->first < end;
	     id = region_above(s->regions, region_end(region_at(id)))) {
		if (region_at(id)->kind == REGION_ANON)
			begin_end(s, region_at(id), REGION_RESERVED, 0);
	}
}

int range_decommit(uint32_t space, uint64_t addr, uint64_t size)
{
	struct space *s = space_at(space);
	uint32_t first = addr >> PAGE_SHIFT, end = first + PAGES_OF(size);

	for (uint32_t page = first; page < end; ) {
		uint32_t id = region_above(s->regions, page);
		struct region *r = region_at(id);

		page = id ? region_end(r) : end;
		if (!id || r->kind != REGION_ENDING || r->then != REGION_RESERVED)
			continue;
		if (!drop_pages(s, r, true))
			return E_AGAIN;
		take(s, id);
		r->kind = REGION_RESERVED;
		r->noreserve = 0;
		add(s, id);
	}
	merge_around(s, first, end);
	return 0;
}

int range_protect(uint32_t space, uint64_t addr, uint64_t size, uint32_t prot)
{
	struct space *s = space_at(space);
	uint32_t first, end;
	uint64_t reserved;

	if (!range_pages(addr, size, &first, &end))
		return E_BAD_RANGE;
	if (prot_bad(prot))
		return E_DENIED;
	if (!covered(s, first, end, ~0u, &reserved))
		return E_BAD_RANGE;
	if (!covered(s, first, end, prot & MEM_WRITE ? KINDS_OWN : KINDS_PROT, &reserved))
		return E_DENIED;
	if (!affordable(s, CUT_PAGES) || !cut(s, first, end))
		return E_NO_MEMORY;
	for (uint32_t page = first; page < end; ) {
		struct region *r = region_at(region_find(s->regions, page));

		page = region_end(r);
		set_prot(r, prot);
	}
	if (unmap_stale(s, first, end))
		return E_AGAIN;
	merge_around(s, first, end);
	return 0;
}

/* The first piece of an unmap: 0 when all of the range is ENDING, or an error. */
static int begin_unmap(struct space *s, uint32_t first, uint32_t end)
{
	uint32_t id = region_above(s->regions, first);

	if (!id || region_at(id)->first >= end)
		return E_BAD_RANGE;
	/* It goes on. What is not ENDING now is new. */
	if (region_at(id)->kind == REGION_ENDING && !region_at(id)->then && region_at(id)->upto == end)
		return 0;
	for (; id && region_at(id)->first < end; id = region_above(s->regions, region_end(region_at(id)))) {
		if (region_at(id)->kind == REGION_RAW)
			return E_BAD_RANGE;
	}
	if (!cut(s, first, end))
		return E_NO_MEMORY;
	for (id = region_above(s->regions, first); id && region_at(id)->first < end;
	     id = region_above(s->regions, region_end(region_at(id))))
		begin_end(s, region_at(id), 0, end);
	return 0;
}

/* A region without pages takes the place of those that go until all have none, so that nobody else gets it. */
static uint32_t hollow_out(struct space *s, uint32_t id, uint32_t before)
{
	struct region *r = region_at(id);

	take(s, id);
	if (r->object)
		object_unref(r->object);
	r->object = 0;
	r->noreserve = 0;
	r->was = REGION_RESERVED;
	if (!before) {
		add(s, id);
		return id;
	}
	take(s, before);
	region_at(before)->pages = region_end(r) - region_at(before)->first;
	slab_give(&region_slab, id);
	add(s, before);
	return before;
}

/* Work is left: the regions below `upto` are done and become one. */
static int again_unmap(struct space *s, uint32_t first, uint32_t upto)
{
	uint32_t before = 0;

	for (uint32_t id = region_above(s->regions, first); id && region_at(id)->first < upto;
	     id = region_above(s->regions, region_end(region_at(id)))) {
		if (region_at(id)->kind == REGION_ENDING && !region_at(id)->then)
			before = id = region_at(id)->object || before ? hollow_out(s, id, before) : id;
		else
			before = 0;
	}
	return E_AGAIN;
}

int range_unmap(uint32_t space, uint64_t addr, uint64_t size)
{
	struct space *s = space_at(space);
	uint32_t first, end, id;
	int error;

	if (!range_pages(addr, size, &first, &end))
		return E_BAD_RANGE;
	error = begin_unmap(s, first, end);
	if (error)
		return error;
	for (id = region_above(s->regions, first); id && region_at(id)->first < end;
	     id = region_above(s->regions, region_end(region_at(id)))) {
		struct region *r = region_at(id);

		if (r->kind != REGION_ENDING || r->then)
			continue;
		if (!work_take() || !drop_pages(s, r, true))
			return again_unmap(s, first, region_at(id)->first);
		/* What it viewed may be gone with it. */
		if (region_views(r))
			id = hollow_out(s, id, 0);
	}
	if (!made_work())
		return again_unmap(s, first, end);
	while ((id = region_above(s->regions, first)) && region_at(id)->first < end) {
		first = region_end(region_at(id));
		if (region_at(id)->kind != REGION_ENDING || region_at(id)->then)
			continue;
		take(s, id);
		end_region(id);
	}
	return 0;
}

/* Whether nothing is in the `pages` pages from `end` on, nor keeps them free. */
static bool room_behind(const struct space *s, uint32_t end, uint64_t pages)
{
	uint32_t next = region_above(s->regions, end);

	return end + pages <= END_PAGE
	       && (!next || end + pages <= region_at(next)->first - region_at(next)->guard);
}

/* Room has been found: the region that ends at `end`, or a new one behind it, takes it. */
static int grow(uint32_t space, uint32_t end, uint32_t pages)
{
	struct space *s = space_at(space);
	uint32_t id = region_find(s->regions, end - 1);
	struct region *r = region_at(id);
	struct object *o = object_at(r->object);
	struct wish w = { .addr = (uint64_t)end << PAGE_SHIFT, .size = (uint64_t)pages << PAGE_SHIFT, .prot = r->prot,
			  .how = MEM_FIXED | (r->noreserve ? MEM_NORESERVE : 0), .kind = REGION_ANON };
	uint64_t at;
	int error;

	if (r->kind == REGION_ANON && o->refs == 1 && r->offset + r->pages == o->pages
	    && pages <= INDEX_PAGES - o->pages && index_grow(&o->index, o->pages + pages)) {
		take(s, id);
		o->pages += pages;
		o->leaf_key = LEAF_NONE;
		r->pages += pages;
		add(s, id);
		return 0;
	}
	w.object = object_anon(pages, 0, 0);
	if (!w.object)
		return E_NO_MEMORY;
	error = new_region(space, &w, &at);
	if (error)
		object_unref(w.object);
	return error;
}

/* The regions of a range, which are whole, are not to be touched until they are elsewhere. */
static void begin_move(struct space *s, uint32_t first, uint32_t end)
{
	for (uint32_t id = region_above(s->regions, first); id && region_at(id)->first < end;
	     id = region_above(s->regions, region_end(region_at(id)))) {
		struct region *r = region_at(id);

		r->access = r->prot;
		r->moving = 1;
		set_prot(r, 0);
	}
	s->last = 0;
}

/* They are `delta` pages further on now, with their pages, which are mapped there when they are touched. */
static void end_move(struct space *s, uint32_t first, uint32_t end, uint32_t delta)
{
	uint32_t id;

	for (uint32_t page = first; page < end; ) {
		struct region *r;

		id = region_find(s->regions, page);
		r = region_at(id);
		page = region_end(r);
		take(s, id);
		r->first += delta;
		r->prot = r->access;
		r->moving = 0;
		r->next_touch = REGION_UNTOUCHED;
		add(s, id);
	}
}

static int move(uint32_t space, uint32_t first, uint32_t end, uint32_t pages, uint64_t *at)
{
	struct wish w = { .size = (uint64_t)pages << PAGE_SHIFT };
	struct space *s = space_at(space);
	uint32_t to, n;
	int error;

	if (!region_at(region_find(s->regions, first))->moving) {
		if (!cut(s, first, end))
			return E_NO_MEMORY;
		begin_move(s, first, end);
	}
	if (unmap_stale(s, first, end))
		return E_AGAIN;
	error = place(s, &w, &to, &n);
	/* What growing may take, so that it cannot fail afterwards. */
	if (!error && (!slab_prepare(&region_slab, 1) || !slab_prepare(&object_slab, 1)))
		error = E_NO_MEMORY;
	end_move(s, first, end, error ? 0 : to - first);
	if (error)
		return error;
	*at = (uint64_t)to << PAGE_SHIFT;
	return grow(space, to + (end - first), pages - (end - first));
}

int range_remap(uint32_t space, uint64_t addr, uint64_t old, uint64_t size, uint32_t how, uint64_t *at)
{
	struct space *s = space_at(space);
	uint32_t first, end, pages, keep;
	uint64_t reserved;

	if (!range_pages(addr, old, &first, &end) || !size || size > (uint64_t)INDEX_PAGES << PAGE_SHIFT)
		return E_BAD_RANGE;
	pages = PAGES_OF(size);
	keep = pages < end - first ? pages : end - first;
	if (!covered(s, first, first + keep, KINDS_MOVE, &reserved))
		return E_BAD_RANGE;
	*at = addr;
	if (pages == end - first)
		return 0;
	if (pages < end - first)
		return range_unmap(space, addr + ((uint64_t)pages << PAGE_SHIFT),
				   (uint64_t)(end - first - pages) << PAGE_SHIFT);
	if (!affordable(s, account_bound(pages - keep, REGION_ANON, false) + 2 * CUT_PAGES))
		return E_NO_MEMORY;
	if (!region_at(region_find(s->regions, first))->moving && room_behind(s, end, pages - keep))
		return grow(space, end, pages - keep);
	return how & MEM_MOVE ? move(space, first, end, pages, at) : E_EXISTS;
}

/* Copies part of a page of the space's own. */
static int write_page(struct space *s, const struct region *r, uint64_t addr, const void *bytes, size_t size)
{
	bool made;
	cap_t cap = object_page(r->object, r->offset + (uint32_t)(addr >> PAGE_SHIFT) - r->first, &made);
	uint8_t *view;

	if (!cap)
		return E_NO_MEMORY;
	s->resident += made;
	/* One mapping a slot: the space sees it again at its next touch. */
	vm_unmap_add(cap);
	vm_unmap_flush();
	view = vm_open(cap, RIGHT_R | RIGHT_W);
	if (!view)
		return E_NO_MEMORY;
	memcpy(view + addr % PAGE_SIZE, bytes, size);
	vm_close(cap);
	return 0;
}

int range_write(uint32_t space, uint64_t addr, const void *bytes, size_t size)
{
	struct space *s = space_at(space);
	const uint8_t *from = bytes;
	uint32_t first, end;
	uint64_t reserved;
	int error = 0;

	if (!range_pages(addr & ~(uint64_t)(PAGE_SIZE - 1), size + addr % PAGE_SIZE, &first, &end) || !size)
		return E_BAD_RANGE;
	if (!covered(s, first, end, ~0u, &reserved))
		return E_BAD_RANGE;
	if (!covered(s, first, end, KINDS_OWN, &reserved))
		return E_DENIED;
	while (size && !error) {
		size_t part = PAGE_SIZE - addr % PAGE_SIZE;

		if (part > size)
			part = size;
		error = write_page(s, region_at(region_find(s->regions, addr >> PAGE_SHIFT)), addr, from, part);
		addr += part;
		from += part;
		size -= part;
	}
	return error;
}

bool range_query(uint32_t space, uint64_t addr, struct mem_region *found)
{
	const struct space *s = space_at(space);
	uint32_t id = addr < USER_END ? region_above(s->regions, addr >> PAGE_SHIFT) : 0;
	const struct region *r = region_at(id);
	uint64_t size = (uint64_t)r->pages << PAGE_SHIFT;

	if (!id)
		return false;
	*found = (struct mem_region){
		.start = (uint64_t)r->first << PAGE_SHIFT, .size = size, .prot = r->prot, .kind = r->kind,
		.committed = (KINDS_OWN >> r->kind & 1) && !r->noreserve ? size : 0,
		.object_offset = (uint64_t)r->offset << PAGE_SHIFT,
	};
	if (r->object)
		found->resident = (uint64_t)object_resident(r->object, r->offset, r->offset + r->pages) << PAGE_SHIFT;
	else
		found->resident = size;
	if (r->kind == REGION_PRIVATE || r->kind == REGION_SHARED)
		found->object_offset += (uint64_t)object_at(r->object)->backing_offset << PAGE_SHIFT;
	return true;
}

bool range_clear(uint32_t space)
{
	struct space *s = space_at(space);

	while (s->regions) {
		uint32_t id = s->regions;

		if (!work_take() || !drop_pages(s, region_at(id), false))
			return false;
		take(s, id);
		end_region(id);
	}
	return true;
}

static uint64_t charge(uint32_t root)
{
	const struct region *r = region_at(root);
	uint64_t sum;

	if (!root)
		return 0;
	sum = account_region(r) + charge(r->left) + charge(r->right);
	if (r->noreserve && r->object)
		sum += object_resident(r->object, r->offset, r->offset + r->pages);
	return sum;
}

uint64_t range_charge(uint32_t space)
{
	return charge(space_at(space)->regions);
}
