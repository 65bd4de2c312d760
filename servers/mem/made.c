/*
 * made.c: objects of programs' making. See made.h.
 */
#include "made.h"
#include "frames.h"
#include "index.h"
#include "layout.h"
#include "object.h"
#include "pager.h"
#include "slots.h"
#include "space.h"
#include "vm.h"
#include "work.h"

#define OBJECTS_A_PAGE  32u             /* objects for one page charged */
#define RIGHT_RWX       (RIGHT_R | RIGHT_W | RIGHT_X)

struct account made_orphans;
uint32_t work_left;
static uint32_t orphans, dead;          /* lists: named by nobody but mapped or quarantined; waiting for made_work */

static uint32_t *list_of(const struct object *o)
{
	return o->maker ? &space_at(o->maker)->made : &orphans;
}

static struct account *payer(uint32_t maker)
{
	return maker ? &space_at(maker)->account : &made_orphans;
}

static void list_add(uint32_t id)
{
	struct object *o = object_at(id);
	uint32_t *list = list_of(o);

	o->link = *list;
	o->before = 0;
	if (*list)
		object_at(*list)->before = id;
	*list = id;
}

static void list_remove(uint32_t id)
{
	struct object *o = object_at(id);

	if (o->before)
		object_at(o->before)->link = o->link;
	else
		*list_of(o) = o->link;
	if (o->link)
		object_at(o->link)->before = o->before;
}

/* Pages that it is charged itself. */
static uint64_t cost(const struct object *o)
{
	switch (o->made) {
	case MADE_SHARED:
		return o->backing_offset;
	case MADE_CONTIGUOUS:
	case MADE_QUARANTINED:
		return o->pages;
	default:
		return 0;
	}
}

/* Charges `pages` and the record to the maker. */
static bool charge(uint32_t maker, uint64_t pages)
{
	bool full = maker && space_at(maker)->made_count % OBJECTS_A_PAGE == 0;

	if (!account_charge(payer(maker), pages + full))
		return false;
	if (maker)
		space_at(maker)->made_count++;
	return true;
}

static void record_release(uint32_t maker)
{
	if (maker && --space_at(maker)->made_count % OBJECTS_A_PAGE == 0)
		account_release(payer(maker), 1);
}

/* Enters a new object, charged already; without one (id 0) takes the charge back. */
static int enter(uint32_t id, uint32_t maker, uint64_t pages, enum made_kind kind)
{
	struct object *o = object_at(id);

	if (!id) {
		account_release(payer(maker), pages);
		record_release(maker);
		return E_NO_MEMORY;
	}
	o->made = kind;
	o->maker = maker;
	o->named = 1;
	list_add(id);
	return 0;
}

int made_part(uint32_t maker, uint32_t of, uint64_t offset, uint64_t size, uint32_t *id)
{
	const struct object *o = object_at(of);

	/* Only what lasts as long as the machine has parts: they do not keep it alive. */
	if (o->kind != OBJECT_RANGE || o->made == MADE_CONTIGUOUS)
		return E_BAD_HANDLE;
	if (offset % PAGE_SIZE || !size || offset >= object_bytes(o) || size > object_bytes(o) - offset)
		return E_BAD_RANGE;
	if (!charge(maker, 0))
		return E_NO_MEMORY;
	*id = object_range(o->frame + (uint32_t)(offset >> PAGE_SHIFT), size, o->rights & ~RIGHT_W);
	return enter(*id, maker, 0, MADE_PART);
}

int made_shared(uint32_t maker, uint64_t size, bool paged, uint32_t *id)
{
	uint64_t pages = PAGES_OF(size), charged = paged ? 0 : pages;
	struct object *o;

	if (size > (uint64_t)INDEX_PAGES << PAGE_SHIFT)
		return E_BAD_RANGE;
	if (!charge(maker, charged))
		return E_NO_MEMORY;
	*id = object_anon(pages, 0, 0);
	o = object_at(*id);
	if (*id) {
		o->slack = (pages << PAGE_SHIFT) - size;
		o->rights = paged ? RIGHT_R | RIGHT_X : RIGHT_RWX;
		o->backing_offset = charged;
	}
	return enter(*id, maker, charged, paged ? MADE_PAGED : MADE_SHARED);
}

static void frames_return(uint32_t frame, uint32_t pages)
{
	if (pages == FRAMES_PER_MEGA) {
		vm_revoke(slots_mega(frame / FRAMES_PER_MEGA));
		frames_give_mega(frame / FRAMES_PER_MEGA);
		return;
	}
	for (uint32_t i = 0; i < pages; i++) {
		vm_revoke(slots_frame(frame + i));
		frames_give(frame + i);
	}
}

/* Clear frames in a row for the object; 0: none. */
static uint32_t contiguous_frames(uint32_t pages, uint32_t owner)
{
	bool whole = pages == FRAMES_PER_MEGA;
	uint32_t frame;

	do
		frame = whole ? frames_take_mega(MEGA_PINNED) * FRAMES_PER_MEGA
			      : frames_take_run(pages, FRAME_PINNED, owner);
	while (!frame && pager_reclaim());

	for (uint32_t i = 0; frame && i < pages; i++) {
		bool done = whole ? vm_clear_part(slots_mega(frame / FRAMES_PER_MEGA), (uint64_t)i << PAGE_SHIFT)
				  : vm_clear(frame + i);

		if (!done) {
			frames_return(frame, pages);
			return 0;
		}
	}
	return frame;
}

int made_contiguous(uint32_t maker, uint64_t size, uint32_t *id)
{
	uint64_t pages = PAGES_OF(size);
	uint32_t frame = 0;
	struct object *o;

	if (!size || pages > FRAMES_PER_MEGA || pages & (pages - 1))
		return E_BAD_RANGE;
	if (!charge(maker, pages))
		return E_NO_MEMORY;
	*id = object_range(0, size, RIGHT_R | RIGHT_W);
	o = object_at(*id);
	if (*id)
		frame = contiguous_frames(pages, *id);
	if (*id && !frame) {
		object_unref(*id);
		*id = 0;
	}
	if (frame)
		o->frame = frame;
	return enter(*id, maker, pages, MADE_CONTIGUOUS);
}

int made_resize(uint32_t id, uint64_t size)
{
	struct object *o = object_at(id);
	uint64_t pages = PAGES_OF(size);
	struct account *a = payer(o->maker);

	if (o->made != MADE_SHARED || o->pager || size > (uint64_t)INDEX_PAGES << PAGE_SHIFT)
		return E_BAD_RANGE;
	if (pages > o->backing_offset && !account_charge(a, pages - o->backing_offset))
		return E_NO_MEMORY;
	if (pages > o->backing_offset && !index_grow(&o->index, pages)) {
		account_release(a, pages - o->backing_offset);
		return E_NO_MEMORY;
	}
	/* From here on nobody gets a page beyond the end. */
	o->pages = pages;
	o->slack = (pages << PAGE_SHIFT) - size;
	o->leaf_key = LEAF_NONE;
	if (pages > o->backing_offset)
		o->backing_offset = pages;
	object_drop(id, pages, INDEX_PAGES, true);
	if (!work_left)
		return E_AGAIN;
	account_release(a, o->backing_offset - pages);
	o->backing_offset = pages;
	return 0;
}

/* Nobody's from now on. */
static void orphan(uint32_t id)
{
	struct object *o = object_at(id);
	uint64_t pages = cost(o);

	list_remove(id);
	account_release(payer(o->maker), pages);
	record_release(o->maker);
	account_force(&made_orphans, pages);
	o->maker = 0;
	list_add(id);
}

void made_drop(uint32_t id)
{
	struct object *o = object_at(id);

	o->named = 0;
	/* Its capabilities are void: the next object in this record does not answer to them. */
	o->generation++;
	if (o->refs > 1)
		orphan(id);
	object_unref(id);
}

int made_destroy(uint32_t id)
{
	struct object *o = object_at(id);

	/* What nobody maps goes while it has its name still, by which it can be asked for once more. */
	if (o->refs == 1 && o->kind == OBJECT_ANON) {
		object_drop(id, 0, INDEX_PAGES, false);
		if (!work_left)
			return E_AGAIN;
	}
	made_drop(id);
	(void)made_work();
	return 0;
}

void made_unused(uint32_t id)
{
	if (object_at(id)->maker)
		orphan(id);
	list_remove(id);
	object_at(id)->link = dead;
	dead = id;
}

/* One unused object; false: the work of this request is used up. */
static bool dead_end(uint32_t id)
{
	struct object *o = object_at(id);
	uint64_t pages = cost(o);

	if (o->kind == OBJECT_ANON) {
		object_drop(id, 0, INDEX_PAGES, false);
		if (!work_left)
			return false;
		pager_object_end(id);
	} else if (o->made != MADE_PART) {
		if (!work_take())
			return false;
		frames_return(o->frame, o->pages);
	}
	account_release(&made_orphans, pages);
	dead = o->link;
	o->made = MADE_NONE;
	object_end(id);
	return true;
}

bool made_work(void)
{
	while (dead) {
		if (!dead_end(dead))
			return false;
	}
	return true;
}

bool made_space_end(uint32_t space)
{
	struct space *s = space_at(space);

	while (s->made) {
		uint32_t id = s->made;
		struct object *o = object_at(id);

		if (!work_take())
			return false;
		if (o->made != MADE_CONTIGUOUS) {
			made_drop(id);
			continue;
		}
		/* A device may write to it still. */
		orphan(id);
		o->made = MADE_QUARANTINED;
		o->named = 0;
		o->generation++;
		o->backing_offset = s->device;
	}
	return made_work();
}

void made_quiesced(uint32_t space)
{
	uint32_t next;

	for (uint32_t id = orphans; id; id = next) {
		next = object_at(id)->link;
		if (object_at(id)->made == MADE_QUARANTINED && object_at(id)->backing_offset == space_at(space)->device)
			object_unref(id);
	}
}

static void list_audit(uint32_t id, uint64_t *charge, uint64_t *pages)
{
	for (; id; id = object_at(id)->link) {
		*charge += cost(object_at(id));
		*pages += object_at(id)->kind == OBJECT_ANON ? object_at(id)->resident : 0;
	}
}

void made_audit(uint32_t space, uint64_t *charge, uint64_t *pages)
{
	*charge = *pages = 0;
	list_audit(space ? space_at(space)->made : orphans, charge, pages);
	if (space)
		*charge += (space_at(space)->made_count + OBJECTS_A_PAGE - 1) / OBJECTS_A_PAGE;
	else
		list_audit(dead, charge, pages);
}
