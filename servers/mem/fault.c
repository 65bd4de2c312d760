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
#include "frames.h"
#include "layout.h"
#include "log.h"
#include "object.h"
#include "region.h"
#include "slots.h"
#include "space.h"
#include "vm.h"

#define AROUND_PAGES    16u
#define AROUND_GROWTH   4u
#define WINDOW_PAGES    512u            /* a reply maps within one page table */
#define RETRIES         6
#define WHY_NO_PAGE_FAULT E_BAD_ARG

/* The fault being answered. */
static struct {
	uint32_t thread;
	uint64_t va, access, cause;
	unsigned items, retries;
	struct map_item first;
} now;

static uint32_t queue_head, queue_tail, supervisor;

void fault_set_supervisor(uint32_t space)
{
	supervisor = space;
}

static struct map_item *item_at(unsigned i)
{
	return i ? &vm_buffer()->maps[i - 1] : &now.first;
}

/* One more page to map; a run of slots for a run of pages is one item. */
static void item_add(cap_t cap, uint64_t va, unsigned rights)
{
	struct map_item *last = now.items ? item_at(now.items - 1) : 0;

	if (last && last->cap + last->count == cap && last->va + (last->count << PAGE_SHIFT) == va) {
		last->count++;
		return;
	}
	*item_at(now.items++) = (struct map_item){ cap, 1, va, rights };
}

static uint64_t answer(struct message *m)
{
	m->w[0] = now.first.cap;
	m->w[1] = now.first.count;
	m->w[2] = now.first.va;
	m->w[3] = now.first.rights;
	return INFO_REPLY | INFO_MAP | now.items;
}

/* Puts the thread in the queue of reports and wakes the supervisor. */
static void report(uint32_t id, unsigned why)
{
	struct thread *t = thread_at(id);

	t->va = now.va;
	t->access = now.access;
	t->cause = now.cause;
	t->why = why;
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
	uint64_t values[] = { now.va, now.access, now.cause, regs[0], regs[1], regs[2] };

	log_line("mem: proc stopped: va access cause pc ra sp", 6, values);
	log_fatal("the process server faulted", now.va);
}

/* The fault cannot be resolved: the thread goes to its fault_pc, or stops and is reported. */
static uint64_t fail(unsigned why)
{
	struct message m = { .info = INFO_REPLY | INFO_FAIL };
	uint32_t id = now.thread;

	sys_reply_recv(0, &m, 0, 0);
	if (!id || sys_thread_regs(thread_cap(id), REGS_READ, REGS_GENERAL))
		return 0;
	if (thread_at(id)->space == supervisor)
		report_supervisor(vm_buffer()->words);
	report(id, why);
	return 0;
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
	*f = (struct mem_fault){ .space = t->space, .thread = t->number, .va = t->va, .access = t->access,
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

/* Pages behind the faulting one that come with it: more each time that touches go on in sequence. */
static void around_sequence(struct space *s, struct region *r, uint32_t page, unsigned rights)
{
	uint32_t end = region_end(r), want = 1;

	if (page == r->next_touch && r->window)
		want = r->window * AROUND_GROWTH < AROUND_PAGES ? r->window * AROUND_GROWTH : AROUND_PAGES;
	if (end > (page | (WINDOW_PAGES - 1)) + 1)
		end = (page | (WINDOW_PAGES - 1)) + 1;
	if (end > page + want)
		end = page + want;
	r->window = want;
	r->next_touch = page + want;
	for (uint32_t p = page + 1; p < end; p++) {
		uint32_t number = r->offset + (p - r->first);
		bool made;
		cap_t cap;

		cap = object_page(r->object, number, &made);
		if (!cap || !made)
			return;
		s->resident++;
		item_add(cap, (uint64_t)p << PAGE_SHIFT, rights);
	}
}

/*
 * The other pages of its group of 16 that this space has not touched: their frames exist, only shares
 * are made.
 */
static void around_group(struct space *s, const struct region *r, uint32_t page, unsigned rights)
{
	uint32_t first = page & ~(AROUND_PAGES - 1), end = first + AROUND_PAGES;

	if (first < r->first)
		first = r->first;
	if (end > region_end(r))
		end = region_end(r);
	for (uint32_t p = first; p < end; p++) {
		uint32_t number = r->offset + (p - r->first);
		bool made;
		cap_t cap;

		if (p == page)
			continue;
		cap = object_page(r->object, number, &made);
		if (!cap)
			return;
		if (!made)
			continue;
		s->shared++;
		item_add(cap, (uint64_t)p << PAGE_SHIFT, rights);
	}
}

/* Items for a page of a region with an object. 0 or an error number. */
static unsigned map_object_page(struct space *s, struct region *r, uint32_t page)
{
	uint32_t number = r->offset + (page - r->first);
	unsigned rights = r->prot & RIGHT_W ? r->prot | RIGHT_R : r->prot;
	bool made;
	cap_t cap;

	if (r->noreserve && !object_have(r->object, number) && !account_charge(&s->account, 1))
		return E_NO_MEMORY;
	cap = object_page(r->object, number, &made);
	if (!cap) {
		if (r->noreserve)
			account_release(&s->account, 1);
		return E_NO_MEMORY;
	}
	item_add(cap, (uint64_t)page << PAGE_SHIFT, rights);
	if (r->kind == REGION_SHARED || r->kind == REGION_DEVICE) {
		s->shared += made;
		around_group(s, r, page, rights);
		return 0;
	}
	s->resident += made;
	if (made && !r->noreserve)
		around_sequence(s, r, page, rights);
	return 0;
}

/* An IPC buffer's page is always there; a fault on it can only be about its mapping. */
static unsigned map_buffer(uint32_t space, uint32_t page)
{
	uint32_t id = thread_by_buffer(space, (uint64_t)page << PAGE_SHIFT);

	if (!id)
		return E_BAD_RANGE;
	item_add(slots_frame(thread_at(id)->buffer), (uint64_t)page << PAGE_SHIFT, RIGHT_R | RIGHT_W);
	return 0;
}

static unsigned resolve(void)
{
	uint32_t space = thread_at(now.thread)->space, id;
	struct space *s = space_at(space);
	struct region *r;

	s->faults++;
	if (!now.access)
		return WHY_NO_PAGE_FAULT;
	if (now.va >= USER_END)
		return E_BAD_RANGE;
	id = region_at_fault(s, now.va >> PAGE_SHIFT);
	if (!id)
		return E_BAD_RANGE;
	r = region_at(id);
	if (!(now.access & (r->prot & RIGHT_W ? r->prot | RIGHT_R : r->prot)))
		return E_DENIED;
	if (!r->object)
		return map_buffer(space, now.va >> PAGE_SHIFT);
	return map_object_page(s, r, now.va >> PAGE_SHIFT);
}

uint64_t fault_answer(struct message *m)
{
	unsigned why;

	now.thread = thread_by_badge(m->badge);
	now.va = m->w[0];
	now.access = m->w[1] & 0xff;
	now.cause = m->w[1] >> 8;
	now.items = 0;
	now.retries = 0;
	if (!now.thread)
		return fail(0);
	why = resolve();
	return why ? fail(why) : answer(m);
}

uint64_t fault_retry(struct message *m, long error)
{
	uint32_t space = thread_at(now.thread)->space;

	if (++now.retries > RETRIES) {
		log_error("mem: fault answer", error, now.va);
		return fail(E_NO_MEMORY);
	}
	if (error == -E_NEED_TABLE)
		return space_table(space, now.va) ? fail(E_NO_MEMORY) : answer(m);
	/* A slot is mapped elsewhere, or a neighbour's place is taken: unmap, and only the page itself. */
	now.items = 1;
	now.first.count = 1;
	vm_unmap_add(now.first.cap);
	vm_unmap_flush();
	return answer(m);
}
