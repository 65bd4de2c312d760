/*
 * edit.c: regions go in and out of a space's tree. See edit.h.
 */
#include "edit.h"
#include "account.h"
#include "object.h"
#include "region.h"

#define PLACE_LOW       (0x1000000u >> PAGE_SHIFT)     /* where nobody said where: above 16 MiB */

bool edit_pages(uint64_t addr, uint64_t size, uint32_t *first, uint32_t *end)
{
	if (addr % PAGE_SIZE || !size || addr >= USER_END || size > USER_END - addr
	    || addr < EDIT_FIRST_PAGE * PAGE_SIZE)
		return false;
	*first = addr >> PAGE_SHIFT;
	*end = *first + PAGES_OF(size);
	return true;
}

/* Into the tree; it is charged already. */
static void enter(struct space *s, uint32_t id)
{
	const struct region *r = region_at(id);

	s->regions = region_insert(s->regions, id);
	s->region_count++;
	s->reserved += r->kind == REGION_RESERVED ? r->pages : 0;
}

void edit_add(struct space *s, uint32_t id)
{
	account_force(&s->account, account_region(region_at(id)));
	enter(s, id);
}

void edit_take(struct space *s, uint32_t id)
{
	const struct region *r = region_at(id);

	s->regions = region_remove(s->regions, id);
	account_release(&s->account, account_region(r));
	s->region_count--;
	s->last = 0;
	s->reserved -= r->kind == REGION_RESERVED ? r->pages : 0;
}

bool edit_affordable(struct space *s, uint64_t pages)
{
	return account_may(&s->account, pages);
}

void edit_cut_at(struct space *s, uint32_t page)
{
	uint32_t id = region_find(s->regions, page), upper;
	struct region *r, *u;

	if (!id || region_at(id)->first == page)
		return;
	upper = slab_take(&region_slab);
	r = region_at(id);
	if (r->object)
		object_cut(r->object, r->offset + (page - r->first));
	u = region_at(upper);
	edit_take(s, id);
	*u = *r;
	u->first = page;
	u->pages = region_end(r) - page;
	u->offset = r->offset + (page - r->first);
	r->pages = page - r->first;
	r->stale = r->stale > u->pages ? r->stale - u->pages : 0;
	u->stale -= r->stale;
	if (u->object)
		object_ref(u->object);
	if (u->origin)
		object_ref(u->origin);
	edit_add(s, id);
	edit_add(s, upper);
}

bool edit_prepare(uint32_t cuts)
{
	return slab_prepare(&region_slab, cuts * EDIT_CUT_REGIONS) && index_prepare(cuts * EDIT_CUT_REGIONS);
}

bool edit_cut(struct space *s, uint32_t first, uint32_t end)
{
	if (!edit_prepare(1))
		return false;
	edit_cut_at(s, first);
	edit_cut_at(s, end);
	return true;
}

void edit_end(uint32_t id)
{
	struct region *r = region_at(id);

	if (r->object)
		object_unref(r->object);
	edit_leave_origin(r);
	slab_give(&region_slab, id);
}

void edit_leave_origin(struct region *r)
{
	if (r->origin)
		object_unref(r->origin);
	r->origin = 0;
}

static bool mergeable(const struct region *a, const struct region *b)
{
	return region_end(a) == b->first && a->kind == b->kind && a->prot == b->prot && a->object == b->object
	       && a->object && a->offset + a->pages == b->offset && a->guard == b->guard
	       && a->noreserve == b->noreserve && a->lent == b->lent && a->sequential == b->sequential
	       && a->kind < REGION_ENDING && !a->stale && !b->stale && !a->moving && !b->moving;
}

/* Makes one region of this and the one before it if they are alike. */
static uint32_t merge_below(struct space *s, uint32_t id)
{
	uint32_t before = region_below(s->regions, region_at(id)->first);

	if (!before || !mergeable(region_at(before), region_at(id)))
		return id;
	edit_take(s, id);
	edit_take(s, before);
	region_at(before)->pages += region_at(id)->pages;
	object_unref(region_at(id)->object);
	slab_give(&region_slab, id);
	edit_add(s, before);
	return before;
}

void edit_merge(struct space *s, uint32_t first, uint32_t end)
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

int edit_place(const struct space *s, const struct edit_wish *w, uint32_t *first, uint32_t *pages)
{
	uint32_t guard = w->how & MEM_GUARD ? REGION_GUARD_PAGES : 0, end, next;
	uint64_t align = w->align ? w->align >> PAGE_SHIFT : 1;

	if (!w->size || w->size > USER_END || w->align & (w->align - 1) || (w->align && w->align < PAGE_SIZE)
	    || w->align > USER_END)
		return E_BAD_RANGE;
	*pages = PAGES_OF(w->size);
	if (w->how & MEM_FIXED) {
		if (!edit_pages(w->addr, w->size, first, &end) || *first % align)
			return E_BAD_RANGE;
		next = region_above(s->regions, *first);
		return next && region_at(next)->first < end ? E_EXISTS : 0;
	}
	*first = region_place(s->regions, s->base, EDIT_END_PAGE - EDIT_FIRST_PAGE, *pages, guard, align);
	if (!*first)
		*first = region_place(s->regions, PLACE_LOW, EDIT_END_PAGE - EDIT_FIRST_PAGE, *pages, guard, align);
	return *first ? 0 : E_BAD_RANGE;
}

int edit_new(uint32_t space, const struct edit_wish *w, uint64_t *at)
{
	struct space *s = space_at(space);
	uint32_t first, pages, id;
	struct region *r;
	int error = edit_place(s, w, &first, &pages);

	if (error)
		return error;
	id = slab_take(&region_slab);
	if (!id)
		return E_NO_MEMORY;
	r = region_at(id);
	*r = (struct region){
		.first = first, .pages = pages, .kind = w->kind, .prot = w->prot, .object = w->object,
		.offset = w->offset, .guard = w->how & MEM_GUARD ? REGION_GUARD_PAGES : 0,
		.noreserve = (w->how & MEM_NORESERVE) != 0, .next_touch = REGION_UNTOUCHED,
	};
	if (!account_charge(&s->account, account_region(r))) {
		slab_give(&region_slab, id);
		return E_NO_MEMORY;
	}
	enter(s, id);
	*at = (uint64_t)first << PAGE_SHIFT;
	return 0;
}

bool edit_covered(const struct space *s, uint32_t first, uint32_t end, unsigned kinds, uint64_t *reserved)
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

void edit_set_prot(struct region *r, uint32_t prot)
{
	if (r->prot & ~prot && r->object)
		r->stale = r->pages;
	r->prot = prot;
}

int edit_unmap_stale(const struct space *s, uint32_t first, uint32_t end)
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
