/*
 * object.c: objects and their pages. See object.h.
 */
#include "object.h"
#include "frames.h"
#include "layout.h"
#include "slots.h"
#include "vm.h"

struct slab object_slab = SLAB(VA_OBJECTS, struct object, (VA_REGIONS - VA_OBJECTS) / sizeof(struct object));
struct slab page_slab = SLAB(VA_PAGES, struct page, (VA_NODES - VA_PAGES) / sizeof(struct page));

static uint32_t object_new(enum object_kind kind, uint32_t pages, uint64_t bytes)
{
	uint32_t id = slab_take(&object_slab);
	struct object *o = object_at(id);

	if (!id)
		return 0;
	*o = (struct object){ .generation = o->generation, .kind = kind, .pages = pages, .bytes = bytes, .refs = 1,
			       .leaf_key = LEAF_NONE };
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
		o->kind = OBJECT_NONE;
		o->named = 0;
		o->generation++;
		slab_give(&object_slab, id);
		id = backing;
	}
}

uint64_t object_badge(uint32_t id)
{
	return badge_make(BADGE_OBJECT, object_at(id)->generation, id);
}

uint32_t object_named(uint64_t badge)
{
	uint32_t id = (uint32_t)badge;

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

/* The frame of a backing object's page; 0: past its end. */
static uint32_t backing_frame(const struct object *o, uint32_t page)
{
	const struct object *b = object_at(o->backing);
	uint64_t number = (uint64_t)page + o->backing_offset;

	return b->kind == OBJECT_RANGE && number < b->pages ? b->frame + number : 0;
}

/* A page record with a frame: zero, or a copy of the backing page. */
static uint32_t page_make(const struct object *o, uint32_t page)
{
	uint32_t id = slab_take(&page_slab), from = o->backing ? backing_frame(o, page) : 0, frame;

	if (!id)
		return 0;
	frame = from ? frames_take(FRAME_PAGE, id) : frames_take_clear(FRAME_PAGE, id);
	if (frame && from && !vm_copy(frame, slots_frame(from))) {
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
	uint32_t frame = backing_frame(o, page), share = frame ? slots_share_take() : 0;

	if (share && !vm_share(slots_frame(frame), slots_share(share), o->rights)) {
		slots_share_give(share);
		share = 0;
	}
	return share;
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

struct drop {
	uint32_t count;
	bool mapped;
};

static void drop_page(void *context, uint32_t entry)
{
	struct drop *d = context;
	uint32_t frame = page_at(entry)->frame;

	d->count++;
	/* Nothing takes a frame before object_drop has flushed. */
	if (d->mapped)
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
	struct drop d = { 0, mapped };

	o->leaf_key = LEAF_NONE;
	index_clear(&o->index, first, end, o->kind == OBJECT_VIEW ? drop_share : drop_page, &d);
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

static bool unmap_one(void *context, uint32_t page, uint32_t value)
{
	(void)page;
	vm_unmap_add(entry_cap(context, value));
	return true;
}

void object_unmap(uint32_t id, uint32_t first, uint32_t end)
{
	struct object *o = object_at(id);

	index_walk(&o->index, first, end, unmap_one, o);
	vm_unmap_flush();
}
