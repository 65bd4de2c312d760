/*
 * range.c: edits of a space's regions. See range.h.
 *
 * Page work goes in pieces (work.h). What is unmapped or decommitted becomes ENDING wholly in the first piece: from
 * then on it can be touched no more, but keeps its place and its charge until its pages are gone. What is
 * protected has its new access at once; `stale` says where the old one may be mapped still. The same call made
 * again goes on.
 */
#include "range.h"
#include <string.h>
#include "account.h"
#include "cow.h"
#include "edit.h"
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

#define BASE_SPAN       (1u << 24)                     /* bases differ within 64 GiB ... */
#define BASE_LOW        (1u << 18)                     /* ... above 1 GiB */

uint32_t range_random_base(uint64_t random)
{
	/* Near the start of a page table, so that small programs need only one. */
	return BASE_LOW + ((random % BASE_SPAN) & ~511u) + (random >> 32) % 64;
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

static bool prot_bad(uint32_t prot)
{
	return (prot & MEM_WRITE) && (prot & MEM_EXEC);
}

/*
 * Makes the pages of a new region present, as many as this request's work goes. The rest, and on a shortage all,
 * comes when touched.
 */
static void populate(uint32_t space, uint64_t at)
{
	struct space *s = space_at(space);
	struct region *r = region_at(region_find(s->regions, at >> PAGE_SHIFT));
	unsigned rights = r->prot & RIGHT_W ? r->prot | RIGHT_R : r->prot;
	uint32_t page = 0, end = r->pages < work_left ? r->pages : work_left;

	while (rights && page < end) {
		struct slot_run run[MAP_ITEMS];
		unsigned runs = MAP_ITEMS;
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
	struct edit_wish w = { .addr = addr, .size = size, .how = how, .prot = prot,
			  .kind = how & MEM_GUARD ? REGION_STACK : REGION_ANON };
	int error;

	if (prot_bad(prot) || how & MEM_PRIVATE)
		return E_DENIED;
	if (!size || PAGES_OF(size) > INDEX_PAGES)
		return E_BAD_RANGE;
	w.object = object_anon(PAGES_OF(size), 0, 0);
	if (!w.object)
		return E_NO_MEMORY;
	error = edit_new(space, &w, at);
	if (error)
		object_unref(w.object);
	else if (how & MEM_EAGER && !(how & MEM_NORESERVE))
		populate(space, *at);
	return error;
}

int range_reserve(uint32_t space, uint64_t addr, uint64_t size, uint64_t align, uint32_t how, uint64_t *at)
{
	struct edit_wish w = { .addr = addr, .size = size, .align = align, .how = how & ~MEM_NORESERVE,
			  .kind = REGION_RESERVED };
	int error;

	if (!size || PAGES_OF(size) > INDEX_PAGES)
		return E_BAD_RANGE;
	w.object = object_anon(PAGES_OF(size), 0, 0);
	if (!w.object)
		return E_NO_MEMORY;
	error = edit_new(space, &w, at);
	if (error)
		object_unref(w.object);
	return error;
}

int range_map_object(uint32_t space, uint32_t object, uint64_t offset, uint64_t addr, uint64_t size,
		     uint32_t prot, uint32_t how, uint64_t *at)
{
	const struct object *o = object_at(object);
	struct edit_wish w = { .addr = addr, .size = size, .how = how & ~MEM_NORESERVE, .prot = prot };
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
	error = edit_new(space, &w, at);
	if (error)
		object_unref(w.object);
	else if (how & MEM_EAGER)
		populate(space, *at);
	return error;
}

int range_map_device(uint32_t space, uint32_t object, uint64_t *at)
{
	uint32_t pages = object_at(object)->pages;
	struct edit_wish w = { .size = (uint64_t)pages << PAGE_SHIFT, .kind = REGION_DEVICE,
			       .prot = RIGHT_R | RIGHT_W };
	int error;

	w.object = object_view(pages, object, 0);
	if (!w.object)
		return E_NO_MEMORY;
	error = edit_new(space, &w, at);
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
	struct edit_wish w = { .size = (uint64_t)pages << PAGE_SHIFT, .kind = REGION_RAW, .prot = RIGHT_R | RIGHT_W };
	uint64_t at;
	int error = edit_new(space, &w, &at);

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
	edit_take(s, id);
	edit_end(id);
}

int range_commit(uint32_t space, uint64_t addr, uint64_t size, uint32_t prot)
{
	struct space *s = space_at(space);
	uint32_t first, end;
	uint64_t reserved;

	if (!edit_pages(addr, size, &first, &end) || !edit_covered(s, first, end, KINDS_HEAP, &reserved))
		return E_BAD_RANGE;
	if (prot_bad(prot))
		return E_DENIED;
	if (reserved && !edit_affordable(s, account_bound(reserved, REGION_ANON, false) + EDIT_CUT_PAGES))
		return E_NO_MEMORY;
	if (!edit_cut(s, first, end))
		return E_NO_MEMORY;
	for (uint32_t page = first; page < end; ) {
		uint32_t id = region_find(s->regions, page);
		struct region *r = region_at(id);

		page = region_end(r);
		if (r->kind != REGION_RESERVED) {
			edit_set_prot(r, prot);
			continue;
		}
		edit_take(s, id);
		r->kind = REGION_ANON;
		r->prot = prot;
		r->next_touch = REGION_UNTOUCHED;
		r->window = 0;
		edit_add(s, id);
	}
	if (edit_unmap_stale(s, first, end))
		return E_AGAIN;
	edit_merge(s, first, end);
	return 0;
}

/*
 * Whether memory of a heap is all there is in the range, committed, reserved or on the way from one to the other.
 */
static bool covered_heap(const struct space *s, uint32_t first, uint32_t end)
{
	uint64_t reserved;
	uint32_t id = first;

	if (!edit_covered(s, first, end, KINDS_HEAP | 1u << REGION_ENDING, &reserved))
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

	if (!edit_pages(addr, size, &first, &end) || !covered_heap(space_at(space), first, end))
		return E_BAD_RANGE;
	return edit_prepare(count) ? 0 : E_NO_MEMORY;
}

/* From here on its memory cannot be reached. */
static void begin_end(struct space *s, struct region *r, unsigned then, uint32_t upto)
{
	r->was = region_charged(r);
	r->kind = REGION_ENDING;
	r->then = then;
	r->upto = upto;
	r->prot = 0;
	r->stale = 0;
	edit_leave_origin(r);
	s->last = 0;
}

void range_begin_decommit(uint32_t space, uint64_t addr, uint64_t size)
{
	struct space *s = space_at(space);
	uint32_t first = addr >> PAGE_SHIFT, end = first + PAGES_OF(size), id;

	edit_cut_at(s, first);
	edit_cut_at(s, end);
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
		edit_take(s, id);
		r->kind = REGION_RESERVED;
		r->noreserve = 0;
		r->lent = 0;
		edit_add(s, id);
	}
	edit_merge(s, first, end);
	return 0;
}

void range_reserve_again(uint32_t space, uint32_t first, uint32_t end)
{
	struct space *s = space_at(space);
	uint32_t id;

	for (id = region_above(s->regions, first); id && region_at(id)->first < end;
	     id = region_above(s->regions, region_end(region_at(id)))) {
		struct object *o = object_at(region_at(id)->object);

		begin_end(s, region_at(id), REGION_RESERVED, 0);
		object_unref(o->backing);
		o->backing = 0;
		o->zero = 1;
	}
	work_left = ~0u;
	(void)range_decommit(space, (uint64_t)first << PAGE_SHIFT, (uint64_t)(end - first) << PAGE_SHIFT);
}

int range_protect(uint32_t space, uint64_t addr, uint64_t size, uint32_t prot)
{
	struct space *s = space_at(space);
	uint32_t first, end;
	uint64_t reserved;

	if (!edit_pages(addr, size, &first, &end))
		return E_BAD_RANGE;
	if (prot_bad(prot))
		return E_DENIED;
	if (!edit_covered(s, first, end, ~0u, &reserved))
		return E_BAD_RANGE;
	if (!edit_covered(s, first, end, prot & MEM_WRITE ? KINDS_OWN : KINDS_PROT, &reserved))
		return E_DENIED;
	if (!edit_affordable(s, EDIT_CUT_PAGES) || !edit_cut(s, first, end))
		return E_NO_MEMORY;
	for (uint32_t page = first; page < end; ) {
		struct region *r = region_at(region_find(s->regions, page));

		page = region_end(r);
		edit_set_prot(r, prot);
	}
	if (edit_unmap_stale(s, first, end))
		return E_AGAIN;
	edit_merge(s, first, end);
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
	if (!edit_cut(s, first, end))
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

	edit_take(s, id);
	if (r->object)
		object_unref(r->object);
	r->object = 0;
	r->noreserve = 0;
	r->was = REGION_RESERVED;
	if (!before) {
		edit_add(s, id);
		return id;
	}
	edit_take(s, before);
	region_at(before)->pages = region_end(r) - region_at(before)->first;
	slab_give(&region_slab, id);
	edit_add(s, before);
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

	if (!edit_pages(addr, size, &first, &end))
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
		edit_take(s, id);
		edit_end(id);
	}
	return 0;
}

/* Whether nothing is in the `pages` pages from `end` on, nor keeps them free. */
static bool room_behind(const struct space *s, uint32_t end, uint64_t pages)
{
	uint32_t next = region_above(s->regions, end);

	return end + pages <= EDIT_END_PAGE
	       && (!next || end + pages <= region_at(next)->first - region_at(next)->guard);
}

/* Room has been found: the region that ends at `end`, or a new one behind it, takes it. */
static int grow(uint32_t space, uint32_t end, uint32_t pages)
{
	struct space *s = space_at(space);
	uint32_t id = region_find(s->regions, end - 1);
	struct region *r = region_at(id);
	struct object *o = object_at(r->object);
	struct edit_wish w = { .addr = (uint64_t)end << PAGE_SHIFT, .size = (uint64_t)pages << PAGE_SHIFT,
			       .prot = r->prot, .how = MEM_FIXED | (r->noreserve ? MEM_NORESERVE : 0),
			       .kind = REGION_ANON };
	uint64_t at;
	int error;

	if (r->kind == REGION_ANON && o->refs == 1 && !o->shares && r->offset + r->pages == o->pages
	    && pages <= INDEX_PAGES - o->pages && index_grow(&o->index, o->pages + pages)) {
		edit_take(s, id);
		o->pages += pages;
		o->leaf_key = LEAF_NONE;
		r->pages += pages;
		edit_add(s, id);
		return 0;
	}
	w.object = object_anon(pages, 0, 0);
	if (!w.object)
		return E_NO_MEMORY;
	error = edit_new(space, &w, &at);
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
		edit_set_prot(r, 0);
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
		edit_take(s, id);
		r->first += delta;
		r->prot = r->access;
		r->moving = 0;
		r->next_touch = REGION_UNTOUCHED;
		edit_add(s, id);
	}
}

static int move(uint32_t space, uint32_t first, uint32_t end, uint32_t pages, uint64_t *at)
{
	struct edit_wish w = { .size = (uint64_t)pages << PAGE_SHIFT };
	struct space *s = space_at(space);
	uint32_t to, n;
	int error;

	if (!region_at(region_find(s->regions, first))->moving) {
		if (!edit_cut(s, first, end))
			return E_NO_MEMORY;
		begin_move(s, first, end);
	}
	if (edit_unmap_stale(s, first, end))
		return E_AGAIN;
	error = edit_place(s, &w, &to, &n);
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

	if (!edit_pages(addr, old, &first, &end) || !size || size > (uint64_t)INDEX_PAGES << PAGE_SHIFT)
		return E_BAD_RANGE;
	pages = PAGES_OF(size);
	keep = pages < end - first ? pages : end - first;
	if (!edit_covered(s, first, first + keep, KINDS_MOVE, &reserved))
		return E_BAD_RANGE;
	*at = addr;
	if (pages == end - first)
		return 0;
	if (pages < end - first)
		return range_unmap(space, addr + ((uint64_t)pages << PAGE_SHIFT),
				   (uint64_t)(end - first - pages) << PAGE_SHIFT);
	if (!edit_affordable(s, account_bound(pages - keep, REGION_ANON, false) + 2 * EDIT_CUT_PAGES))
		return E_NO_MEMORY;
	if (!region_at(region_find(s->regions, first))->moving && room_behind(s, end, pages - keep))
		return grow(space, end, pages - keep);
	return how & MEM_MOVE ? move(space, first, end, pages, at) : E_EXISTS;
}

/* Copies to (or from, if `out` is there) part of a page of the space's own. */
static int copy_page(struct space *s, const struct region *r, uint64_t addr, const void *in, void *out, size_t size)
{
	uint32_t page = r->offset + (uint32_t)(addr >> PAGE_SHIFT) - r->first;
	struct cow_page c = { .cap = 0 };
	uint8_t *view;

	if (!out || object_have(r->object, page))
		c = cow_page(r->object, page, true);
	if (!c.cap)
		return out ? E_NOT_FOUND : E_NO_MEMORY;
	s->resident += c.made;
	/* One mapping a slot: the space sees it again at its next touch. */
	vm_unmap_add(c.cap);
	vm_unmap_flush();
	view = vm_open(c.cap, out ? RIGHT_R : RIGHT_R | RIGHT_W);
	if (!view)
		return E_NO_MEMORY;
	if (out)
		memcpy(out, view + addr % PAGE_SIZE, size);
	else
		memcpy(view + addr % PAGE_SIZE, in, size);
	vm_close(c.cap);
	return 0;
}

/* Bytes of the space's own, in or out. */
static int copy(uint32_t space, uint64_t addr, const uint8_t *in, uint8_t *out, size_t size)
{
	struct space *s = space_at(space);
	uint32_t first, end;
	uint64_t reserved;
	int error = 0;

	if (!edit_pages(addr & ~(uint64_t)(PAGE_SIZE - 1), size + addr % PAGE_SIZE, &first, &end) || !size)
		return E_BAD_RANGE;
	if (!edit_covered(s, first, end, ~0u, &reserved))
		return E_BAD_RANGE;
	if (!edit_covered(s, first, end, KINDS_OWN, &reserved))
		return E_DENIED;
	for (size_t done = 0, part; done < size && !error; done += part) {
		const struct region *r = region_at(region_find(s->regions, (addr + done) >> PAGE_SHIFT));

		part = PAGE_SIZE - (addr + done) % PAGE_SIZE;
		part = part < size - done ? part : size - done;
		error = copy_page(s, r, addr + done, in ? in + done : 0, out ? out + done : 0, part);
	}
	return error;
}

int range_write(uint32_t space, uint64_t addr, const void *bytes, size_t size)
{
	return copy(space, addr, bytes, 0, size);
}

int range_read(uint32_t space, uint64_t addr, void *bytes, size_t size)
{
	return copy(space, addr, 0, bytes, size);
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
		edit_take(s, id);
		edit_end(id);
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
