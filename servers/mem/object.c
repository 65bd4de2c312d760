/*
 * object.c: objects and their pages. See object.h.
 */
#include "object.h"
#include "frames.h"
#include "layout.h"
#include "made.h"
#include "pager.h"
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

/* The slot of what stands in an index; 0: a page without a frame. */
void object_set_pool(uint32_t id, unsigned pool)
{
	struct object *o = object_at(id);

	o->pool = (uint8_t)(pool + 1);
	/* The cleared stock is of any pool. */
	o->zero = 0;
}

static cap_t entry_cap(const struct object *o, uint32_t entry)
{
	if (o->kind == OBJECT_VIEW)
		return slots_share(entry);
	return page_at(entry)->state == PAGE_HERE ? slots_frame(page_at(entry)->frame) : 0;
}

cap_t object_have(uint32_t id, uint32_t page)
{
	const struct object *o = object_at(id);
	uint32_t entry = index_get(&o->index, page);

	return entry ? entry_cap(o, entry) : 0;
}

/* Has no slot of its own: its megapage is not split. */
static bool frame_is_part(uint32_t frame)
{
	return frames_megas[frame / FRAMES_PER_MEGA].state >= MEGA_USED;
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
	return frame_is_part(b->frame + number) ? slots_mega((b->frame + number) / FRAMES_PER_MEGA)
						: slots_frame(b->frame + number);
}

/* Where in its slot's frame the page is: pages of a megapage that is not split have one slot. */
static uint64_t backing_at(const struct object *o, uint32_t page)
{
	const struct object *b = object_at(o->backing);
	uint32_t frame = b->frame + page + o->backing_offset;

	if (b->kind != OBJECT_RANGE || !frame_is_part(frame))
		return VM_WHOLE;
	return (uint64_t)frame % FRAMES_PER_MEGA << PAGE_SHIFT;
}

/* A frame for a page of the object: dirty if something will be copied into it. */
static uint32_t page_frame(const struct object *o, uint32_t id, bool dirty)
{
	uint32_t frame = o->pool ? frames_take_pool(o->pool - 1u, FRAME_PAGE, id) : 0;

	if (!frame)
		return dirty ? frames_take(FRAME_PAGE, id) : frames_take_clear(FRAME_PAGE, id);
	if (dirty || vm_clear(frame))
		return frame;
	frames_set(frame, FRAME_BAD, 0);
	return 0;
}

/*
 * A page record with a frame for object `holder`: zero, or a copy of the backing page; 0: no memory, or only a pager
 * has it.
 */
static uint32_t page_make(const struct object *o, uint32_t holder, uint32_t page)
{
	cap_t from = o->backing ? backing_page(o, page, false) : 0;
	uint32_t id, frame;

	if (o->pager || (!from && o->backing && pager_absent(o->backing, (uint64_t)page + o->backing_offset)))
		return 0;
	id = slab_take(&page_slab);
	if (!id)
		return 0;
	frame = page_frame(o, id, from);
	/* A shortage may have cost the page that is to be copied. */
	if (frame && from && (from != backing_page(o, page, false) || !vm_copy(frame, from, backing_at(o, page)))) {
		frames_give(frame);
		frame = 0;
	}
	if (!frame) {
		slab_give(&page_slab, id);
		return 0;
	}
	*page_at(id) = (struct page){ .frame = frame, .refs = 1, .holder = holder };
	return id;
}

static uint32_t share_make(const struct object *o, uint32_t page)
{
	uint32_t share = backing_page(o, page, true) ? slots_share_take() : 0;
	/* Again: a shortage may have cost it. */
	cap_t from = share ? backing_page(o, page, true) : 0;

	if (share && (!from || !vm_share(from, backing_at(o, page), slots_share(share), o->rights))) {
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

uint32_t *object_own(struct object *o, uint32_t page)
{
	uint32_t *leaf = index_leaf_slot(&o->index, page), copy;

	if (leaf && *leaf && *index_sharers(*leaf)) {
		copy = index_node_make();
		if (!copy)
			return 0;
		*index_node_at(copy) = *index_node_at(*leaf);
		for (unsigned i = 0; i < INDEX_FAN; i++) {
			if (index_node_at(copy)->entry[i])
				page_at(index_node_at(copy)->entry[i])->refs++;
		}
		--*index_sharers(*leaf);
		*leaf = copy;
		o->leaf_key = LEAF_NONE;
	}
	return leaf ? index_slot(&o->index, page) : 0;
}

void object_cut(uint32_t id, uint32_t page)
{
	struct object *o = object_at(id);
	uint32_t leaf = page % INDEX_FAN ? index_find_leaf(&o->index, page) : 0;

	if (leaf && *index_sharers(leaf))
		(void)object_own(o, page);
}

cap_t object_page(uint32_t id, uint32_t page, bool *made)
{
	struct object *o = object_at(id);
	uint32_t *slot = object_entry(o, page), there;

	*made = false;
	if (!slot) {
		there = index_get(&o->index, page);
		if (there)
			return entry_cap(o, there);
		slot = object_own(o, page);
		if (!slot)
			return 0;
	}
	if (!*slot) {
		*slot = o->kind == OBJECT_VIEW ? share_make(o, page) : page_make(o, id, page);
		if (!*slot)
			return 0;
		o->resident++;
		*made = true;
	}
	return entry_cap(o, *slot);
}

/* Slots behind the runs; false: no room. */
static bool run_add(struct slot_run *run, unsigned *runs, cap_t cap, uint32_t count)
{
	if (*runs && run[*runs - 1].cap + run[*runs - 1].count == cap) {
		run[*runs - 1].count += count;
		return true;
	}
	if (*runs == MAP_ITEMS)
		return false;
	run[(*runs)++] = (struct slot_run){ cap, count };
	return true;
}

/*
 * Takes frames of the stock that stand in a row with the last one for a row of empty entries; how many, 1 at
 * least.
 */
static uint32_t stock_row(uint32_t holder, uint32_t *entry, uint32_t most)
{
	const uint32_t *stock = &frames_stock.frame[frames_stock.used - 1];
	uint32_t frame = *stock, row = slots_row(frame), n = 0, id = page_slab.free;

	if (most > row)
		most = row;
	do {
		struct page *p = page_at(id);

		entry[n++] = id;
		frames_table[frame] = (struct frame){ .owner = id, .state = FRAME_PAGE };
		id = *(const uint32_t *)p;
		*p = (struct page){ .frame = frame, .refs = 1, .holder = holder };
		frame++;
	} while (n < most && *--stock == frame && !entry[n]);
	page_slab.free = id;
	page_slab.frees -= n;
	page_slab.used += n;
	frames_stock.used -= n;
	frames_counts[FRAME_CLEARED] -= n;
	frames_counts[FRAME_PAGE] += n;
	return n;
}

/* Shares of frames in a row of a RANGE for a row of empty entries; how many. */
static uint32_t share_row(const struct object *o, uint32_t page, uint32_t *entry, uint32_t most)
{
	const struct object *b = object_at(o->backing);
	uint64_t number = (uint64_t)page + o->backing_offset;
	uint32_t frame = b->frame + (uint32_t)number, row, first, n = 1;

	if (number >= b->pages || frame_is_part(frame))
		return 0;
	row = slots_row(frame);
	if (most > row)
		most = row;
	if (most > b->pages - number)
		most = b->pages - number;
	while (n < most && !entry[n])
		n++;
	first = slots_share_row(&n);
	if (!first)
		return 0;
	if (!vm_share_row(slots_frame(frame), slots_share(first), n, o->rights)) {
		while (n)
			slots_share_give(first + --n);
		return 0;
	}
	for (uint32_t i = 0; i < n; i++)
		entry[i] = first + i;
	return n;
}

uint32_t object_fill(uint32_t id, uint32_t page, uint32_t most, struct slot_run *run, unsigned *runs)
{
	struct object *o = object_at(id);
	uint32_t n = 0;
	unsigned capacity = *runs;
	bool rows = o->kind == OBJECT_VIEW && object_at(o->backing)->kind == OBJECT_RANGE;

	*runs = 0;
	while (n < most && *runs < capacity) {
		uint32_t *entry = object_entry(o, page + n), left = INDEX_FAN - (page + n) % INDEX_FAN;
		uint32_t got = 0;
		bool made;
		cap_t cap;

		if (entry ? *entry : index_get(&o->index, page + n))
			break;
		if (!entry)
			entry = object_own(o, page + n);
		if (left > most - n)
			left = most - n;
		if (entry && o->zero && frames_stock.used && page_slab.frees) {
			if (left > frames_stock.used)
				left = frames_stock.used;
			got = stock_row(id, entry, left < page_slab.frees ? left : page_slab.frees);
		} else if (entry && rows) {
			got = share_row(o, page + n, entry, left);
		}
		if (got) {
			o->resident += got;
			run_add(run, runs, entry_cap(o, *entry), got);
			n += got;
			continue;
		}
		/* No stock, or another kind: one page the long way. */
		cap = object_page(id, page + n, &made);
		if (!cap)
			break;
		run_add(run, runs, cap, 1);
		n++;
	}
	return n;
}

struct drop {
	uint32_t object, count;
	bool mapped, shared;
};

/* The object does not map the page any more, nor do others if it is `shared`. */
static void unmap_page(const struct drop *d, uint32_t entry)
{
	struct page *p = page_at(entry);

	/* Nothing takes a frame before object_drop has flushed. */
	if (d->mapped && d->shared)
		vm_revoke(slots_frame(p->frame));
	else if (d->mapped && p->holder == d->object)
		vm_unmap_add(slots_frame(p->frame));
	if (p->holder == d->object)
		p->holder = 0;
}

static void drop_page(void *context, uint32_t entry)
{
	struct drop *d = context;

	d->count++;
	if (page_at(entry)->state == PAGE_HERE)
		unmap_page(d, entry);
	if (--page_at(entry)->refs)
		return;
	if (page_at(entry)->state == PAGE_HERE)
		frames_give(page_at(entry)->frame);
	else
		pager_page_gone();
	slab_give(&page_slab, entry);
}

static void drop_leaf(void *context, uint32_t leaf)
{
	struct drop *d = context;

	for (unsigned i = 0; i < INDEX_FAN; i++) {
		uint32_t entry = index_node_at(leaf)->entry[i];

		if (!entry)
			continue;
		d->count++;
		if (page_at(entry)->state == PAGE_HERE)
			unmap_page(d, entry);
	}
}

static void drop_share(void *context, uint32_t entry)
{
	struct drop *d = context;

	d->count++;
	slots_share_give(entry);
}

/* Drops the shares that a clone maps; true: all of them. */
static bool drop_shares(uint32_t id, uint32_t first, uint32_t end)
{
	struct object *o = object_at(id);
	struct drop d = { .object = id };
	struct index_drop drop = { .value = drop_share, .context = &d };
	struct index shares = object_shares(o);

	if (!shares.root)
		return true;
	index_clear(&shares, first, end, &work_left, &drop);
	o->shares = shares.root;
	return work_left;
}

uint32_t object_drop(uint32_t id, uint32_t first, uint32_t end, bool mapped)
{
	struct object *o = object_at(id);
	struct drop d = { id, 0, mapped, o->made };
	struct index_drop drop = { o->kind == OBJECT_VIEW ? drop_share : drop_page, drop_leaf, &d };

	o->leaf_key = LEAF_NONE;
	/* A page may be free only when no share of it is left. */
	if (o->kind == OBJECT_ANON && !o->made && !drop_shares(id, first, end))
		return 0;
	index_clear(&o->index, first, end, &work_left, &drop);
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
	struct index shares;
	uint32_t next;
};

static bool unmap_one(void *context, uint32_t page, uint32_t value)
{
	struct unmap *u = context;
	uint32_t share = u->shares.root ? index_get(&u->shares, page) : 0;

	cap_t cap = entry_cap(u->object, value);

	u->next = page;
	if (!work_take())
		return false;
	if (share)
		vm_unmap_add(slots_share(share));
	else if (cap && (u->object->kind == OBJECT_VIEW || object_at(page_at(value)->holder) == u->object))
		vm_unmap_add(cap);
	return true;
}

uint32_t object_unmap(uint32_t id, uint32_t first, uint32_t end)
{
	struct unmap u = { object_at(id), object_shares(object_at(id)), first };

	if (u.object->kind != OBJECT_ANON)
		u.shares.root = 0;
	if (index_walk(&u.object->index, first, end, unmap_one, &u))
		u.next = end;
	vm_unmap_flush();
	return u.next;
}
