/*
 * object.c: objects and their pages. See object.h.
 */
#include "object.h"
#include "frames.h"
#include "layout.h"
#include "made.h"
#include "slots.h"
#include "vm.h"
#include "work.h"

struct slab object_slab = SLAB(VA_OBJECTS, struct object, (VA_REGIONS - VA_OBJECTS) / sizeof(struct object));
struct slab page_slab = SLAB(VA_PAGES, struct page, (VA_NODES - VA_PAGES) / sizeof(struct page));

static uint32_t object_new(enum object_kind kind, uint32_t pages, uint64_t bytes)
{
	uint32_t id = slab_take(&object_slab);
	struct object *o = object_at(id);

	if (!id)
		return 0;
	*o = (struct object){ .generation = o->generation, .kind = kind, .pages = pages, .refs = 1,
			       .slack = ((uint64_t)pages << PAGE_SHIFT) - bytes, .leaf_key = LEAF_NONE };
	index_init(&o->index, pages);
	return id;
}

uint32_t object_anon(uint32_t pages, uint32_t backing, uint32_t backing_offset)
{
	uint32_t id = object_new(OBJECT_ANON, pages, (uint64_t)pages << PAGE_SHIFT);

	if (id && !backing)
		object_at(id)->zero = 1;
	if (id && backing) {
		object_ref(backing);
		object_at(id)->backing = backing;
		object_at(id)->backing_offset = backing_offset;
	}
	return id;
}

uint32_t object_range(uint32_t frame, uint64_t bytes, unsigned rights)
{
	uint32_t id = object_new(OBJECT_RANGE, PAGES_OF(bytes), bytes);

	if (id) {
		object_at(id)->frame = frame;
		object_at(id)->rights = rights;
	}
	return id;
}

uint32_t object_view(uint32_t pages, uint32_t backing, uint32_t backing_offset)
{
	uint32_t id = object_new(OBJECT_VIEW, pages, (uint64_t)pages << PAGE_SHIFT);

	if (id) {
		object_ref(backing);
		object_at(id)->backing = backing;
		object_at(id)->backing_offset = backing_offset;
		object_at(id)->rights = object_at(backing)->rights;
	}
	return id;
}

void object_ref(uint32_t id)
{
	object_at(id)->refs++;
}

void object_unref(uint32_t id)
{
	/* A loop, not a recursion: an object's end may be its backing object's. */
	while (id) {
		struct object *o = object_at(id);
		uint32_t backing = o->backing;

		if (--o->refs)
			return;
		if (o->made)
			made_unused(id);
		else
			object_end(id);
		id = backing;
	}
}

void object_end(uint32_t id)
{
	struct object *o = object_at(id);

	o->kind = OBJECT_NONE;
	o->named = 0;
	o->generation++;
	slab_give(&object_slab, id);
}

/* What a capability does not allow stands above the index. */
#define DENIED_SHIFT 28
#define INDEX_MASK   ((1u << DENIED_SHIFT) - 1)

uint64_t object_badge(uint32_t id, unsigned denied)
{
	return badge_make(BADGE_OBJECT, object_at(id)->generation, id | denied << DENIED_SHIFT);
}

uint32_t object_named(uint64_t badge, unsigned *denied)
{
	uint32_t id = (uint32_t)badge & INDEX_MASK;

	*denied = (uint32_t)badge >> DENIED_SHIFT;
	if (badge_kind(badge) != BADGE_OBJECT || !id || id >= object_slab.reached)
		return 0;
	if (!object_at(id)->named || (object_at(id)->generation & BADGE_GENERATION) != badge_generation(badge))
		return 0;
	return id;
}

static cap_t entry_cap(const struct object *o, uint32_t entry)
{
	return o->kind == OBJECT_VIEW ? slots_share(entry) : slots_frame(page_at(entry)->frame);
}

cap_t object_have(uint32_t id, uint32_t page)
{
	const struct object *o = object_at(id);
	uint32_t entry = index_get(&o->index, page);

	return entry ? entry_cap(o, entry) : 0;
}

/* The slot of a backing object's page, which is made if it is to be; 0: past its end, none there, or no memory. */
static cap_t backing_page(const struct object *o, uint32_t page, bool make)
{
	const struct object *b = object_at(o->backing);
	uint64_t number = (uint64_t)page + o->backing_offset;
	bool made;

	if (number >= b->pages)
		return 0;
	if (b->kind == OBJECT_ANON)
		return make ? object_page(o->backing, number, &made) : object_have(o->backing, number);
	return b->whole ? slots_mega(b->frame / FRAMES_PER_MEGA) : slots_frame(b->frame + number);
}

/* Where in its slot's frame the page is: pages of a megapage that is not split have one slot. */
static uint64_t backing_at(const struct object *o, uint32_t page)
{
	const struct object *b = object_at(o->backing);

	return b->whole ? ((uint64_t)page + o->backing_offset) % FRAMES_PER_MEGA << PAGE_SHIFT : VM_WHOLE;
}

/* A page record with a frame: zero, or a copy of the backing page. */
static uint32_t page_make(const struct object *o, uint32_t page)
{
	cap_t from = o->backing ? backing_page(o, page, false) : 0;
	uint32_t id = slab_take(&page_slab), frame;

	if (!id)
		return 0;
	frame = from ? frames_take(FRAME_PAGE, id) : frames_take_clear(FRAME_PAGE, id);
	if (frame && from && !vm_copy(frame, from, backing_at(o, page))) {
		frames_give(frame);
		frame = 0;
	}
	if (!frame) {
		slab_give(&page_slab, id);
		return 0;
	}
	*page_at(id) = (struct page){ .frame = frame, .refs = 1 };
	return id;
}

static uint32_t share_make(const struct object *o, uint32_t page)
{
	cap_t from = backing_page(o, page, true);
	uint32_t share = from ? slots_share_take() : 0;

	if (share && !vm_share(from, backing_at(o, page), slots_share(share), o->rights)) {
		slots_share_give(share);
		share = 0;
	}
	return share;
}

bool object_renew(uint32_t id, uint32_t page)
{
	const struct object *o = object_at(id);
	uint32_t share = index_get(&o->index, page);
	cap_t from = o->kind == OBJECT_VIEW && share ? backing_page(o, page, true) : 0;

	return from && vm_share(from, backing_at(o, page), slots_share(share), o->rights);
}

cap_t object_page(uint32_t id, uint32_t page, bool *made)
{
	struct object *o = object_at(id);
	uint32_t *slot = object_entry(o, page);

	*made = false;
	if (!slot) {
		slot = index_slot(&o->index, page);
		if (!slot)
			return 0;
	}
	if (!*slot) {
		*slot = o->kind == OBJECT_VIEW ? share_make(o, page) : page_make(o, page);
		if (!*slot)
			return 0;
		o->resident++;
		*made = true;
	}
	return entry_cap(o, *slot);
}

/* One more slot behind the runs; false: no room. */
static bool run_add(struct slot_run *run, unsigned *runs, cap_t cap)
{
	if (*runs && run[*runs - 1].cap + run[*runs - 1].count == cap) {
		run[*runs - 1].count++;
		return true;
	}
	if (*runs == MAP_ITEMS)
		return false;
	run[(*runs)++] = (struct slot_run){ cap, 1 };
	return true;
}

/*
 * Zero pages for a row of entries of one leaf, as long as they are empty and cleared frames and records are at hand;
 * how many.
 */
static uint32_t fill_stock(uint32_t *entry, uint32_t most, struct slot_run *run, unsigned *runs)
{
	uint32_t n = 0, last = 0;
	cap_t cap = 0;

	if (most > frames_stock.used)
		most = frames_stock.used;
	if (most > page_slab.frees)
		most = page_slab.frees;
	for (; n < most && !entry[n]; n++) {
		uint32_t id = page_slab.free, frame = frames_stock.frame[frames_stock.used - 1 - n];
		struct page *p = page_at(id);

		/* The slots of a CNode stand in a row; it ends where the index has all bits set. */
		if (frame == last + 1 && frame % FRAMES_PER_MEGA && (cap & NODE_SLOTS) != NODE_SLOTS)
			cap++;
		else
			cap = slots_frame(frame);
		last = frame;
		if (!run_add(run, runs, cap))
			break;
		page_slab.free = *(const uint32_t *)p;
		frames_table[frame].owner = id;
		frames_table[frame].state = FRAME_PAGE;
		*p = (struct page){ .frame = frame, .refs = 1 };
		entry[n] = id;
	}
	frames_stock.used -= n;
	frames_counts[FRAME_CLEARED] -= n;
	frames_counts[FRAME_PAGE] += n;
	page_slab.frees -= n;
	page_slab.used += n;
	return n;
}

uint32_t object_fill(uint32_t id, uint32_t page, uint32_t most, struct slot_run *run, unsigned *runs)
{
	struct object *o = object_at(id);
	uint32_t n = 0;

	*runs = 0;
	while (n < most) {
		uint32_t *entry = object_entry(o, page + n), leaf = INDEX_FAN - (page + n) % INDEX_FAN, got = 0;
		bool made;
		cap_t cap;

		if (entry && *entry)
			break;
		if (entry && o->zero)
			got = fill_stock(entry, leaf < most - n ? leaf : most - n, run, runs);
		o->resident += got;
		n += got;
		if (got)
			continue;
		/* No leaf, no stock, or not of zeros: one page the long way. */
		if (*runs == MAP_ITEMS)
			break;
		cap = object_page(id, page + n, &made);
		if (!cap)
			break;
		run_add(run, runs, cap);
		n++;
	}
	return n;
}

struct drop {
	uint32_t count;
	bool mapped, shared;
};

static void drop_page(void *context, uint32_t entry)
{
	struct drop *d = context;
	uint32_t frame = page_at(entry)->frame;

	d->count++;
	/* Nothing takes a frame before object_drop has flushed. */
	if (d->mapped && d->shared)
		vm_revoke(slots_frame(frame));
	else if (d->mapped)
		vm_unmap_add(slots_frame(frame));
	frames_give(frame);
	slab_give(&page_slab, entry);
}

static void drop_share(void *context, uint32_t entry)
{
	struct drop *d = context;

	d->count++;
	slots_share_give(entry);
}

uint32_t object_drop(uint32_t id, uint32_t first, uint32_t end, bool mapped)
{
	struct object *o = object_at(id);
	struct drop d = { 0, mapped, o->made };

	o->leaf_key = LEAF_NONE;
	index_clear(&o->index, first, end, &work_left, o->kind == OBJECT_VIEW ? drop_share : drop_page, &d);
	vm_unmap_flush();
	o->resident -= d.count;
	return d.count;
}

static bool count_one(void *context, uint32_t page, uint32_t value)
{
	(void)page;
	(void)value;
	++*(uint32_t *)context;
	return true;
}

uint32_t object_resident(uint32_t id, uint32_t first, uint32_t end)
{
	uint32_t count = 0;

	index_walk(&object_at(id)->index, first, end, count_one, &count);
	return count;
}

struct unmap {
	const struct object *object;
	uint32_t next;
};

static bool unmap_one(void *context, uint32_t page, uint32_t value)
{
	struct unmap *u = context;

	u->next = page;
	if (!work_take())
		return false;
	vm_unmap_add(entry_cap(u->object, value));
	return true;
}

uint32_t object_unmap(uint32_t id, uint32_t first, uint32_t end)
{
	struct unmap u = { object_at(id), first };

	if (index_walk(&u.object->index, first, end, unmap_one, &u))
		u.next = end;
	vm_unmap_flush();
	return u.next;
}
