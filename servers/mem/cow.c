/*
 * cow.c: pages that several objects name. See cow.h.
 */
#include "cow.h"
#include "frames.h"
#include "layout.h"
#include "object.h"
#include "slots.h"
#include "vm.h"

/* Objects while there are clones: counts of sharers have 15 bits and the audit's mark. */
#define OBJECTS_MOST 30000u

static bool lent(const struct object *o, uint32_t page, uint32_t entry)
{
	return page_at(entry)->refs > 1 || *index_sharers(index_find_leaf(&o->index, page));
}

bool cow_fresh(uint32_t id, uint32_t page)
{
	const struct object *o = object_at(id);
	struct index shares = object_shares(o);
	uint32_t entry = index_get(&o->index, page);

	return entry && page_at(entry)->state == PAGE_HERE && page_at(entry)->holder != id && lent(o, page, entry)
	       && !(shares.root && index_get(&shares, page));
}

/* The share by which the object maps a page that another one holds; 0: none and none can be made. */
static cap_t share(struct object *o, uint32_t page, const struct page *p)
{
	struct index shares = object_shares(o);
	uint32_t *slot = index_slot(&shares, page);

	o->shares = shares.root;
	if (!slot)
		return 0;
	if (!*slot) {
		uint32_t id = slots_share_take();

		if (!id)
			return 0;
		if (!vm_share(slots_frame(p->frame), VM_WHOLE, slots_share(id), RIGHT_R | RIGHT_W | RIGHT_X)) {
			slots_share_give(id);
			return 0;
		}
		*slot = id;
	}
	return slots_share(*slot);
}

bool cow_renew(uint32_t id, uint32_t page)
{
	const struct object *o = object_at(id);
	struct index shares = object_shares(o);
	uint32_t there = index_get(&shares, page), entry = index_get(&o->index, page);

	return there && entry && vm_share(slots_frame(page_at(entry)->frame), VM_WHOLE, slots_share(there),
					  RIGHT_R | RIGHT_W | RIGHT_X);
}

/* The slot by which the object maps the page: its share, the frame's own, or a new share. */
static cap_t mapped_by(struct object *o, uint32_t id, uint32_t page, struct page *p)
{
	struct index shares = object_shares(o);
	bool has = shares.root && index_get(&shares, page);

	if (!has && !p->holder)
		p->holder = id;
	return !has && p->holder == id ? slots_frame(p->frame) : share(o, page, p);
}

/* The object maps the page no more, which it is about to leave. */
static void unmap(struct object *o, uint32_t id, uint32_t page, struct page *p)
{
	struct index shares = object_shares(o);
	uint32_t *slot = shares.root && index_get(&shares, page) ? index_slot(&shares, page) : 0;

	if (o->made) {
		/* Views of all that share it; they ask again. */
		vm_revoke(slots_frame(p->frame));
	} else if (slot) {
		slots_share_give(*slot);
		*slot = 0;
	} else if (p->holder == id) {
		vm_unmap_add(slots_frame(p->frame));
		vm_unmap_flush();
		p->holder = 0;
	}
}

/* A copy of the page for the object alone; its slot, 0: no memory. */
static cap_t take_copy(uint32_t id, uint32_t page)
{
	struct object *o = object_at(id);
	uint32_t *entry = object_own(o, page), copy = entry ? slab_take(&page_slab) : 0;
	uint32_t frame = copy ? frames_take(FRAME_PAGE, copy) : 0;

	if (frame && !vm_copy(frame, slots_frame(page_at(*entry)->frame), VM_WHOLE)) {
		frames_give(frame);
		frame = 0;
	}
	if (!frame) {
		if (copy)
			slab_give(&page_slab, copy);
		return 0;
	}
	unmap(o, id, page, page_at(*entry));
	page_at(*entry)->refs--;
	*page_at(copy) = (struct page){ .frame = frame, .refs = 1, .holder = id };
	*entry = copy;
	return slots_frame(frame);
}

struct cow_page cow_page(uint32_t id, uint32_t page, bool write)
{
	struct object *o = object_at(id);
	uint32_t entry = index_get(&o->index, page);
	struct cow_page c = { 0 };

	if (!entry) {
		c.cap = object_page(id, page, &c.made);
		return c;
	}
	if (page_at(entry)->state != PAGE_HERE)
		return c;
	c.lent = lent(o, page, entry);
	if (c.lent && write) {
		c.lent = false;
		c.cap = take_copy(id, page);
	} else {
		c.cap = o->made ? slots_frame(page_at(entry)->frame) : mapped_by(o, id, page, page_at(entry));
	}
	return c;
}

bool cow_prepare(uint32_t objects)
{
	return object_slab.used + objects <= OBJECTS_MOST && slab_prepare(&object_slab, objects);
}

uint32_t cow_object(uint32_t origin)
{
	const struct object *o = object_at(origin);
	uint32_t id = object_anon(o->pages, o->made ? 0 : o->backing, o->made ? 0 : o->backing_offset);

	if (id) {
		object_at(id)->zero = object_at(origin)->zero;
		object_at(id)->pool = object_at(origin)->pool;
		object_at(id)->index.depth = object_at(origin)->index.depth;
	}
	return id;
}

/* Names each page of the leaf that is in the range in a leaf of the clone's own. */
static void share_part(uint32_t *entry, const uint32_t *from, uint32_t first, uint32_t end, uint32_t *count)
{
	for (uint32_t i = first; i < end; i++) {
		if (!from[i] || entry[i])
			continue;
		entry[i] = from[i];
		page_at(from[i])->refs++;
		++*count;
	}
}

/* How many entries are not 0; two at a time while none is, as in most leaves. Their numbers have 31 bits. */
static uint32_t leaf_count(const uint32_t *entry)
{
	const uint64_t carry = 0x7fffffff7fffffff, there = ~carry;
	uint64_t all = there;
	uint32_t n = 0;

	for (unsigned i = 0; i < INDEX_FAN; i += 8) {
		const uint64_t *two = (const uint64_t *)(entry + i);

		all &= (two[0] + carry) & (two[1] + carry) & (two[2] + carry) & (two[3] + carry);
	}
	for (unsigned i = 0; all != there && i < INDEX_FAN; i++)
		n += entry[i] != 0;
	return all == there ? INDEX_FAN : n;
}

bool cow_leaf(uint32_t clone, uint32_t origin, uint32_t page, uint32_t end, uint32_t *count)
{
	struct object *o = object_at(origin), *c = object_at(clone);
	uint32_t from = index_find_leaf(&o->index, page), *to, *slot;
	bool whole = page % INDEX_FAN == 0 && (end - page == INDEX_FAN || end == o->pages);

	*count = 0;
	if (!from)
		return true;
	to = index_leaf_slot(&c->index, page);
	if (!to)
		return false;
	if (whole && !*to) {
		*to = from;
		++*index_sharers(from);
		*count = leaf_count(index_node_at(from)->entry);
		/* Neither writes into it from now on. */
		o->leaf_key = LEAF_NONE;
	} else {
		slot = object_own(c, page);
		if (!slot)
			return false;
		share_part(slot - page % INDEX_FAN, index_node_at(from)->entry, page % INDEX_FAN,
			   (end - 1) % INDEX_FAN + 1, count);
	}
	c->resident += *count;
	return true;
}
