/*
 * fault.c: the life of a page fault inside mem.
 *
 * 1. The pager badge names the thread, the thread its space. 2. The region at the address (the last one is
 * tried first) says whether the access is allowed. 3. Its object gives the page, making it if need be, and
 * pages around it: behind it while touches come in sequence, in its group of 16 where frames exist
 * already.
 * 4. The answer carries the slots; the kernel maps them and resumes the thread. If a page table is missing,
 * the kernel says so and the answer is given again.
 */
#include "fault.h"
#include "cow.h"
#include "frames.h"
#include "layout.h"
#include "log.h"
#include "object.h"
#include "pager.h"
#include "receiver.h"
#include "region.h"
#include "slots.h"
#include "space.h"
#include "vm.h"

#define GROUP_PAGES     16u             /* shares that come with one */
#define AROUND_PAGES    64u             /* new pages that come with one at most, in a sequence of touches ... */
#define AROUND_GROWTH   4u              /* ... of which each brings so many times more than the last */
#define WINDOW_PAGES    512u            /* a reply maps within one page table */
#define RETRIES         6
#define WHY_NO_PAGE_FAULT E_BAD_ARG
#define RIGHT_RWX       (RIGHT_R | RIGHT_W | RIGHT_X)

static uint32_t queue_head, queue_tail, supervisor;

void fault_set_supervisor(uint32_t space)
{
	supervisor = space;
}

static uint64_t fault_access(void)
{
	return self->how & 0xff;
}

static struct map_item *item_at(unsigned i)
{
	return i ? &self->buffer->maps[i - 1] : &self->item;
}

/* Pages to map; a run of slots for a run of pages is one item. */
static void item_add(cap_t cap, uint64_t count, uint64_t va, unsigned rights)
{
	struct map_item *last = self->items ? item_at(self->items - 1) : 0;

	if (last && last->cap + last->count == cap && last->va + (last->count << PAGE_SHIFT) == va) {
		last->count += count;
		return;
	}
	if (self->items < MAP_ITEMS)
		*item_at(self->items++) = (struct map_item){ cap, count, va, rights };
}

/* Leaves the note that the kernel will map in the space once the lock is dropped. */
static inline uint64_t answer(uint32_t space, unsigned items)
{
	self->answers = self->buffer->replied;
	self->answering = space;
	return INFO_REPLY | INFO_MAP | items;
}

/* Puts the thread in the queue of reports and wakes the supervisor. */
static void report(uint32_t id, unsigned why)
{
	struct thread *t = thread_at(id);
	bool waits = t->why;    /* somebody let it run again before the report was taken: the new one counts */

	t->va = self->va;
	t->access = fault_access();
	t->cause = self->how >> 8;
	t->why = why;
	if (waits)
		return;
	t->queued = 0;
	if (queue_tail)
		thread_at(queue_tail)->queued = id;
	else
		queue_head = id;
	queue_tail = id;
	sys_signal(SLOT_NOTIFY);
}

/* The supervisor itself cannot be helped. */
static void report_supervisor(const uint64_t *regs)
{
	uint64_t values[] = { self->va, fault_access(), self->how >> 8, regs[0], regs[1], regs[2] };

	log_line("mem: proc stopped: va access cause pc ra sp", 6, values);
	log_fatal("the process server faulted", self->va);
}

/* The fault cannot be resolved: the thread goes to its fault_pc, or stops and is reported. saved: its answer, or 0. */
static uint64_t fail_saved(cap_t saved, unsigned why)
{
	struct message m = { .info = INFO_REPLY | INFO_FAIL | (saved ? INFO_SAVED : 0) };
	uint32_t id = thread_by_badge(self->badge);

	/* A thread that was let go on by its owner meanwhile has no answer to come. */
	if (sys_reply_recv(0, &m, saved, 0) && saved)
		return 0;
	if (!id || sys_thread_regs(thread_cap(id), REGS_READ, REGS_GENERAL))
		return 0;
	if (thread_at(id)->space == supervisor)
		report_supervisor(vm_buffer()->words);
	report(id, why);
	return 0;
}

static uint64_t fail(unsigned why)
{
	return fail_saved(0, why);
}

void fault_forget(uint32_t thread)
{
	uint32_t *link = &queue_head, before = 0;

	if (!thread_at(thread)->why)
		return;
	while (*link && *link != thread) {
		before = *link;
		link = &thread_at(*link)->queued;
	}
	if (!*link)
		return;
	*link = thread_at(thread)->queued;
	if (queue_tail == thread)
		queue_tail = before;
}

/* The nearest region to an address in no region; distance in bytes. */
static void describe(const struct space *s, struct mem_fault *f)
{
	uint64_t page = f->va >> PAGE_SHIFT;
	uint32_t at = page < USER_END >> PAGE_SHIFT ? (uint32_t)page : (uint32_t)(USER_END >> PAGE_SHIFT);
	uint32_t above = region_above(s->regions, at), below = region_below(s->regions, at), id = above;
	uint64_t up = ~0ull, down = ~0ull, start;

	if (above) {
		start = (uint64_t)region_at(above)->first << PAGE_SHIFT;
		up = start <= f->va ? 0 : start - f->va;
	}
	if (below)
		down = f->va - ((uint64_t)region_end(region_at(below)) << PAGE_SHIFT) + 1;
	if (up && below && (!above || down < up)) {
		id = below;
		up = down;
	}
	if (!id)
		return;
	f->distance = up;
	f->region_start = (uint64_t)region_at(id)->first << PAGE_SHIFT;
	f->region_size = (uint64_t)region_at(id)->pages << PAGE_SHIFT;
	f->region_prot = region_at(id)->prot;
}

bool fault_next(struct mem_fault *f)
{
	uint32_t id = queue_head;
	struct thread *t = thread_at(id);

	if (!id)
		return false;
	queue_head = t->queued;
	if (!queue_head)
		queue_tail = 0;
	*f = (struct mem_fault){ .space = space_root(t->space), .thread = t->number, .va = t->va, .access = t->access,
				 .cause = t->cause, .why = t->why };
	t->why = 0;
	if (!sys_thread_regs(thread_cap(id), REGS_READ, REGS_GENERAL)) {
		for (unsigned i = 0; i < 32; i++)
			f->regs[i] = vm_buffer()->words[i];
	}
	describe(space_at(t->space), f);
	return true;
}

static uint32_t region_at_fault(struct space *s, uint32_t page)
{
	uint32_t id = s->last;

	if (id && page - region_at(id)->first < region_at(id)->pages)
		return id;
	id = region_find(s->regions, page);
	s->last = id;
	return id;
}

/* Makes pages from `page` on present, up to `end` or the first that is, and adds them; how many. */
static uint32_t fill(const struct region *r, uint32_t page, uint32_t end, unsigned rights)
{
	struct slot_run run[MAP_ITEMS];
	unsigned runs = MAP_ITEMS - self->items;
	uint32_t n = object_fill(r->object, r->offset + (page - r->first), end - page, run, &runs);

	for (unsigned i = 0; i < runs; i++) {
		item_add(run[i].cap, run[i].count, (uint64_t)page << PAGE_SHIFT, rights);
		page += (uint32_t)run[i].count;
	}
	return n;
}

/* Makes the pages behind the faulting one present and maps them at once, up to the end of its page table. */
static void around_advised(struct space *s, struct region *r, uint32_t page, uint32_t end, unsigned rights)
{
	uint32_t space = (uint32_t)(s - space_at(0));
	struct slot_run run[MAP_ITEMS];

	while (++page < end) {
		unsigned runs = MAP_ITEMS;
		uint32_t n = object_fill(r->object, r->offset + (page - r->first), end - page, run, &runs);

		s->resident += n;
		if (!n || space_map_runs(space, (uint64_t)page << PAGE_SHIFT, run, runs, rights))
			break;
		page += n - 1;
	}
	r->window = 1;
	r->next_touch = page;
}

/* Pages behind the faulting one that come with it: more each time that touches go on in sequence. */
static void around_sequence(struct space *s, struct region *r, uint32_t page, unsigned rights)
{
	uint32_t end = region_end(r), want = 1, n = 0;

	if (end > (page | (WINDOW_PAGES - 1)) + 1)
		end = (page | (WINDOW_PAGES - 1)) + 1;
	if (r->sequential) {
		around_advised(s, r, page, end, rights);
		return;
	}
	if (page == r->next_touch)
		want = r->window * AROUND_GROWTH < AROUND_PAGES ? r->window * AROUND_GROWTH : AROUND_PAGES;
	if (end > page + want)
		end = page + want;
	r->window = want;
	if (++page < end)
		n = fill(r, page, end, rights);
	s->resident += n;
	r->next_touch = page + n;
}

/*
 * A page of a region that views, and those of its group of 16 that this space has not touched. 0 or an error
 * number.
 */
static unsigned map_group(struct space *s, const struct region *r, uint32_t page, unsigned rights)
{
	uint32_t first = page & ~(GROUP_PAGES - 1), end = first + GROUP_PAGES, n;
	cap_t cap = object_have(r->object, r->offset + (page - r->first));

	if (object_past_end(r->object, r->offset + (page - r->first)))
		return E_BAD_RANGE;
	/* Of what somebody pages, what came with the page; before it little is there. */
	if (pager_has(object_at(r->object)->backing))
		first = page;
	/* The page itself goes first; a device's registers come one by one. */
	if (cap)
		item_add(cap, 1, (uint64_t)page << PAGE_SHIFT, rights);
	if (first < r->first)
		first = r->first;
	if (end > region_end(r))
		end = region_end(r);
	if (cap || r->kind == REGION_DEVICE)
		end = page + 1;
	n = cap ? 0 : fill(r, page, end, rights);
	s->shared += n;
	if (!cap && !n)
		return pager_missing(r->object, r->offset + (page - r->first));
	while (first < page && !cap && r->kind != REGION_DEVICE) {
		n = fill(r, first, page, rights);
		s->shared += n;
		first += n ? n : 1;
	}
	return 0;
}

/* An answer that lacked a page table is given again: with the pages behind that were made for it. */
static void around_again(const struct region *r, uint32_t page, unsigned rights)
{
	uint32_t end = r->next_touch < region_end(r) ? r->next_touch : region_end(r);

	if (end > (page | (WINDOW_PAGES - 1)) + 1)
		end = (page | (WINDOW_PAGES - 1)) + 1;
	while (++page < end) {
		uint32_t number = r->offset + (page - r->first);
		struct cow_page c = { 0 };

		if (object_have(r->object, number))
			c = cow_page(r->object, number, false);
		if (!c.cap || c.lent)
			return;
		item_add(c.cap, 1, (uint64_t)page << PAGE_SHIFT, rights);
	}
}

/* Pages of the group of 16 that others have too, and this space has not mapped. */
static void around_lent(const struct region *r, uint32_t page, unsigned rights)
{
	uint32_t first = page & ~(GROUP_PAGES - 1), end = first + GROUP_PAGES;

	if (first < r->first)
		first = r->first;
	if (end > region_end(r))
		end = region_end(r);
	for (; first < end; first++) {
		uint32_t number = r->offset + (first - r->first);
		cap_t cap = first != page && cow_fresh(r->object, number) ? cow_page(r->object, number, false).cap : 0;

		if (cap)
			item_add(cap, 1, (uint64_t)first << PAGE_SHIFT, rights);
	}
}

/* Items for a page of a region with an object. 0 or an error number. */
static unsigned map_object_page(struct space *s, struct region *r, uint32_t page)
{
	uint32_t number = r->offset + (page - r->first);
	unsigned rights = r->prot & RIGHT_W ? r->prot | RIGHT_R : r->prot;
	struct cow_page c;

	if (region_views(r))
		return map_group(s, r, page, rights);
	if (r->noreserve && !object_have(r->object, number) && !account_charge(&s->account, 1))
		return E_NO_MEMORY;
	c = cow_page(r->object, number, fault_access() & RIGHT_W);
	if (!c.cap) {
		if (r->noreserve && !object_have(r->object, number))
			account_release(&s->account, 1);
		return pager_missing(r->object, number);
	}
	if (c.lent)
		rights &= ~RIGHT_W;
	item_add(c.cap, 1, (uint64_t)page << PAGE_SHIFT, rights);
	s->resident += c.made;
	if (c.made && !r->noreserve)
		around_sequence(s, r, page, r->prot & RIGHT_W ? r->prot | RIGHT_R : r->prot);
	else if (c.lent)
		around_lent(r, page, rights);
	else if (self->retries)
		around_again(r, page, rights);
	return 0;
}

/* An IPC buffer's page is always there; a fault on it can only be about its mapping. */
static unsigned map_buffer(uint32_t space, uint32_t page)
{
	uint32_t id = thread_by_buffer(space, (uint64_t)page << PAGE_SHIFT);

	if (!id)
		return E_BAD_RANGE;
	item_add(slots_frame(thread_at(id)->buffer), 1, (uint64_t)page << PAGE_SHIFT, RIGHT_R | RIGHT_W);
	return 0;
}

/* Items for the fault. 0 or why there are none. */
static unsigned resolve(uint32_t space)
{
	struct space *s = space_at(space);
	uint64_t access = fault_access();
	struct region *r;
	uint32_t id;

	if (!access)
		return WHY_NO_PAGE_FAULT;
	if (self->va >= USER_END)
		return E_BAD_RANGE;
	id = region_at_fault(s, self->va >> PAGE_SHIFT);
	if (!id)
		return E_BAD_RANGE;
	r = region_at(id);
	if (r->kind == REGION_ENDING)
		return E_BAD_RANGE;
	if (!(access & (r->prot & RIGHT_W ? r->prot | RIGHT_R : r->prot)))
		return E_DENIED;
	if (!r->object)
		return map_buffer(space, self->va >> PAGE_SHIFT);
	return map_object_page(s, r, self->va >> PAGE_SHIFT);
}

static uint64_t resolve_answer(uint32_t thread)
{
	unsigned why;

	self->items = 0;
	why = resolve(thread_at(thread)->space);
	if (why == FAULT_WAITS)
		return 0;
	return why ? fail(why) : answer(thread_at(thread)->space, self->items);
}

/* A shared page's slot was emptied with the page of the object: it gets the new one. As pager_missing. */
static unsigned renew(uint32_t space)
{
	uint32_t page = self->va >> PAGE_SHIFT;
	const struct region *r = region_at(region_at_fault(space_at(space), page));
	uint32_t number = r->offset + (page - r->first);

	if (!r->object || (region_views(r) ? object_renew(r->object, number) : cow_renew(r->object, number)))
		return 0;
	return pager_missing(r->object, number);
}

/* Maps what was looked up for a fault put aside; false: the thread is to try again. */
static bool resume_map(uint32_t thread, cap_t saved)
{
	uint32_t space = thread_at(thread)->space;

	for (unsigned i = 0; i < RETRIES; i++) {
		struct message m = { .info = INFO_REPLY | INFO_SAVED | INFO_MAP | self->items,
				     .w = { self->item.cap, self->item.count, self->item.va, self->item.rights } };
		long r = sys_reply_recv(0, &m, saved, 0);

		if (!r)
			return true;
		if (!(r == -E_NEED_TABLE && !space_table(space, self->va)) && !(r == -E_BAD_TYPE && !renew(space)))
			return false;
	}
	return false;
}

bool fault_resume(uint32_t thread, cap_t saved, unsigned why)
{
	const struct thread *t = thread_at(thread);
	struct message again = { .info = INFO_REPLY | INFO_SAVED };
	struct receiver was = *self;
	bool empty = true;

	self->badge = t->badge;
	self->va = t->va;
	self->how = t->access | (uint64_t)t->cause << 8;
	self->items = 0;
	self->resuming = 1;
	if (why)
		fail_saved(saved, why);
	else if (resolve(t->space) || !resume_map(thread, saved))
		empty = !sys_reply_recv(0, &again, saved, 0);
	self->item = was.item;
	self->badge = was.badge;
	self->va = was.va;
	self->how = was.how;
	self->items = was.items;
	self->resuming = 0;
	return empty && !why;
}

/* Every fault but those that fault_answer knows. */
static __attribute__((noinline)) uint64_t answer_slow(void)
{
	uint32_t thread = thread_by_badge(self->badge);

	if (!thread)
		return fail(0);
	/* Its owner let it go on while its last fault was put aside. */
	if (thread_at(thread)->waits)
		pager_forget(thread);
	space_at(thread_at(thread)->space)->faults++;
	return resolve_answer(thread);
}

/* The answer to the fault: page record id with a zero frame, for an empty entry of the region's object. */
static inline uint64_t answer_page(uint32_t space, struct region *r, uint32_t *entry, uint32_t id, uint32_t frame)
{
	uint64_t page = self->va >> PAGE_SHIFT;
	struct space *s = space_at(space);

	*entry = id;
	*page_at(id) = (struct page){ .frame = frame, .refs = 1, .holder = r->object };
	object_at(r->object)->resident++;
	s->resident++;
	s->faults++;
	r->window = 1;
	r->next_touch = (uint32_t)page + 1;
	self->item = (struct map_item){ slots_frame(frame), 1, page << PAGE_SHIFT, r->prot | (r->prot >> 1 & RIGHT_R) };
	return answer(space, 1);
}

/* The stock is empty. */
static __attribute__((noinline)) uint64_t answer_cold(uint32_t space, struct region *r, uint32_t *entry, uint32_t id)
{
	uint32_t frame = frames_take_clear(FRAME_PAGE, id);

	if (frame)
		return answer_page(space, r, entry, id, frame);
	slab_give(&page_slab, id);
	return answer_slow();
}

uint64_t fault_answer(uint64_t badge, uint64_t va, uint64_t how)
{
	const struct thread *t = thread_at((uint32_t)badge);
	uint64_t page = va >> PAGE_SHIFT;
	uint32_t number, id, frame, *entry;
	struct space *s;
	struct region *r;
	struct object *o;

	self->badge = badge;
	self->va = va;
	self->how = how;
	self->retries = 0;
	if (badge_kind(badge) != BADGE_THREAD || t->badge != badge)
		return answer_slow();
	s = space_at(t->space);
	/* Record 0 has no pages. */
	r = region_at(s->last);
	if (page - r->first >= r->pages || !(how & (r->prot | (r->prot >> 1 & RIGHT_R)) & RIGHT_RWX))
		return answer_slow();
	o = object_at(r->object);
	if (!o->zero || r->noreserve || page == r->next_touch)
		return answer_slow();
	number = r->offset + ((uint32_t)page - r->first);
	entry = object_entry(o, number);
	if (!entry || *entry || !page_slab.free)
		return answer_slow();
	id = slab_take_free(&page_slab, page_at(page_slab.free));
	if (!frames_stock.used)
		return answer_cold(t->space, r, entry, id);
	frame = frames_take_stock(FRAME_PAGE, id);
	return answer_page(t->space, r, entry, id, frame);
}

uint64_t fault_retry(long error)
{
	uint32_t thread = thread_by_badge(self->badge), space;
	int missing = 0;
	unsigned why = 0;
	uint64_t info;

	if (!thread)
		return fail(0);
	space = thread_at(thread)->space;
	if (++self->retries > RETRIES) {
		log_error("mem: fault answer", error, self->va);
		return fail(E_NO_MEMORY);
	}
	/* Another receiver may have supplied it meanwhile. */
	if (error == -E_NEED_TABLE)
		missing = space_table(space, self->va);
	if (missing && missing != E_OCCUPIED)
		return fail(E_NO_MEMORY);
	/* Without the lock everything may have changed: it is looked up again. */
	info = resolve_answer(thread);
	if (!(info & INFO_MAP) || error == -E_NEED_TABLE)
		return info;
	if (error == -E_BAD_TYPE)
		why = renew(space);
	if (why) {
		self->answering = 0;
		return why == FAULT_WAITS ? 0 : fail(why);
	}
	/* A slot is mapped elsewhere, or a neighbour's place is taken: unmap, and only the page itself. */
	self->item.count = 1;
	vm_unmap_add(self->item.cap);
	vm_unmap_flush();
	return answer(space, 1);
}
