/*
 * space.c: address spaces, threads, endpoints. See space.h.
 */
#include "space.h"
#include <tessera/start.h>
#include <tessera/syscall.h>
#include <tessera/trace.h>
#include "fault.h"
#include "frames.h"
#include "layout.h"
#include "log.h"
#include "made.h"
#include "pager.h"
#include "random.h"
#include "pressure.h"
#include "range.h"
#include "receiver.h"
#include "slots.h"
#include "vm.h"
#include "work.h"

#define SPACE_FRAMES    2               /* VSpace and CNode */
#define THREAD_FRAMES   2               /* Thread and buffer */
#define CHIPS_A_CHARGE  32              /* endpoints for one page charged */
#define THREAD_PRIO_MAX 61              /* below mem */

struct slab space_slab = SLAB(VA_SPACES, struct space, (VA_THREADS - VA_SPACES) / sizeof(struct space));
struct slab thread_slab = SLAB(VA_THREADS, struct thread, (VA_CHIPS - VA_THREADS) / sizeof(struct thread));

/* A chip: free ones are linked, those in use stand in their space's list. */
struct chip {
	uint32_t next;
};
#define CHIP_GROUPS 4096u
static struct slab chips = SLAB(VA_CHIPS, struct chip, CHIP_GROUPS * SPLIT_CHIPS);
static uint16_t chip_cnodes[CHIP_GROUPS];      /* own slot of the CNode of each 64 chips */
static uint32_t chip_frames[CHIP_GROUPS];      /* and their frame */
static uint32_t chip_groups, chip_free;

cap_t space_vspace(uint32_t id)
{
	return slots_frame(space_at(id)->vspace);
}

cap_t space_cnode(uint32_t id)
{
	return slots_frame(space_at(id)->cnode);
}

cap_t thread_cap(uint32_t id)
{
	return slots_frame(thread_at(id)->frame);
}

uint64_t space_badge(uint32_t id)
{
	return badge_make(BADGE_SPACE, space_at(id)->generation, id);
}

bool space_exists(uint64_t id)
{
	return id && id < space_slab.reached && space_at(id)->live == SPACE_LIVE;
}

bool space_ending(uint64_t id)
{
	return id && id < space_slab.reached && space_at(id)->live == SPACE_ENDING;
}

uint32_t space_by_badge(uint64_t badge)
{
	uint32_t id = (uint32_t)badge;

	if (badge_kind(badge) != BADGE_SPACE || !space_exists(id))
		return 0;
	return (space_at(id)->generation & BADGE_GENERATION) == badge_generation(badge) ? id : 0;
}

uint32_t space_ending_by_badge(uint64_t badge)
{
	uint32_t id = (uint32_t)badge;

	if (badge_kind(badge) != BADGE_SPACE || !space_ending(id))
		return 0;
	return ((space_at(id)->generation - 1) & BADGE_GENERATION) == badge_generation(badge) ? id : 0;
}

uint32_t thread_by_badge(uint64_t badge)
{
	uint32_t id = (uint32_t)badge;

	/* Only mem gives out badges, so the index is one that was there. */
	return badge_kind(badge) == BADGE_THREAD && thread_at(id)->badge == badge ? id : 0;
}

/* A frame made into an object in its place; 0: no memory or no id. */
static uint32_t object_frame(unsigned type)
{
	uint32_t frame = frames_take(FRAME_OBJECT, 0);
	long r;

	if (!frame)
		return 0;
	r = sys_make(slots_frame(frame), type, type == TYPE_VSPACE ? ROOT_SYSTEM : 0);
	if (!r)
		return frame;
	log_error("mem: make", r, type);
	frames_give(frame);
	return 0;
}

static void object_frame_free(uint32_t frame)
{
	long r;

	if (!frame)
		return;
	r = sys_revoke(slots_frame(frame), 0);
	if (r)
		log_error("mem: revoke", r, frame);
	frames_give(frame);
}

static int create(uint64_t limit, uint32_t parent, uint32_t *id)
{
	uint32_t n = slab_take(&space_slab);
	struct space *s = space_at(n);

	if (!n)
		return E_NO_MEMORY;
	*s = (struct space){ .generation = s->generation, .account.limit = PAGES_OF(limit), .parent = parent,
			     .account.parent = parent ? &space_at(parent)->account : 0 };
	if (!account_charge(&s->account, SPACE_FRAMES)) {
		slab_give(&space_slab, n);
		return E_NO_MEMORY;
	}
	s->vspace = object_frame(TYPE_VSPACE);
	s->cnode = object_frame(TYPE_CNODE);
	if (!s->vspace || !s->cnode) {
		object_frame_free(s->vspace);
		object_frame_free(s->cnode);
		account_release(&s->account, SPACE_FRAMES);
		slab_give(&space_slab, n);
		return E_NO_MEMORY;
	}
	s->base = range_random_base(random_next());
	s->live = SPACE_LIVE;
	*id = n;
	return 0;
}

int space_create(uint64_t limit, uint32_t *id)
{
	return create(limit, 0, id);
}

int space_create_child(uint32_t parent, uint32_t *id)
{
	struct space *p = space_at(parent);
	int error = create(0, parent, id);

	if (error)
		return error;
	space_at(*id)->sibling = p->children;
	p->children = *id;
	space_at(*id)->base = p->base;
	space_at(*id)->prio = p->prio;
	return 0;
}

uint32_t space_root(uint32_t id)
{
	while (space_at(id)->parent)
		id = space_at(id)->parent;
	return id;
}

static void leave_parent(uint32_t id)
{
	uint32_t parent = space_at(id)->parent, *link = &space_at(parent)->children;

	if (!parent)
		return;
	while (*link != id)
		link = &space_at(*link)->sibling;
	*link = space_at(id)->sibling;
	if (space_at(parent)->making == id)
		space_at(parent)->making = 0;
}

/* Page tables: their frames come back cleared. The VSpace is gone already. */
static bool tables_free(struct space *s)
{
	while (s->tables) {
		uint32_t frame = s->tables;

		if (!work_take())
			return false;
		s->tables = frames_table[frame].link;
		s->table_count--;
		vm_revoke(slots_frame(frame));
		frames_give_clear(frame);
	}
	return true;
}

int space_more_slots(uint32_t id, cap_t *cnode)
{
	struct space *s = space_at(id);
	uint32_t frame;

	if (!account_charge(&s->account, 1))
		return E_NO_MEMORY;
	frame = object_frame(TYPE_CNODE);
	if (!frame) {
		account_release(&s->account, 1);
		return E_NO_MEMORY;
	}
	frames_table[frame].link = s->cnodes;
	s->cnodes = frame;
	s->cnode_count++;
	*cnode = slots_frame(frame);
	return 0;
}

static bool cnodes_free(struct space *s)
{
	while (s->cnodes) {
		uint32_t frame = s->cnodes;

		if (!work_take())
			return false;
		s->cnodes = frames_table[frame].link;
		s->cnode_count--;
		object_frame_free(frame);
		account_release(&s->account, 1);
	}
	return true;
}

static cap_t chip_cap(uint32_t chip)
{
	return CAP(chip_cnodes[(chip - 1) / SPLIT_CHIPS], 1 + (chip - 1) % SPLIT_CHIPS);
}

/* Ends the endpoint that *link, in the space's list, names. */
static void chip_end(struct space *s, uint32_t *link)
{
	uint32_t id = *link;
	struct chip *c = slab_at(&chips, id);

	sys_revoke(chip_cap(id), 0);
	*link = c->next;
	c->next = chip_free;
	chip_free = id;
	if (--s->chip_count % CHIPS_A_CHARGE == 0)
		account_release(&s->account, 1);
}

/* Threads first: nothing runs in it. Then the VSpace: every mapping is void at once. */
static bool objects_free(struct space *s)
{
	while (s->threads) {
		if (!work_take())
			return false;
		thread_destroy(s->threads);
	}
	object_frame_free(s->vspace);
	object_frame_free(s->cnode);
	s->vspace = s->cnode = 0;
	while (s->chips) {
		if (!work_take())
			return false;
		chip_end(s, &s->chips);
	}
	return true;
}

/* From now on nothing but its end can be done to it, nor to its clones. */
static void begin_end(uint32_t id)
{
	struct space *s = space_at(id);

	if (s->live == SPACE_LIVE) {
		receiver_settle(id);
		pager_space_end(id);
		s->live = SPACE_ENDING;
		s->generation++;
	}
}

/* One space whose clones are gone. */
static int end(uint32_t id)
{
	struct space *s = space_at(id);

	if (!objects_free(s) || !cnodes_free(s) || !tables_free(s) || !range_clear(id) || !made_space_end(id))
		return E_AGAIN;
	account_release(&s->account, SPACE_FRAMES);
	pressure_forget(id);
	(void)account_limits(&s->account, 0, 0);
	if (s->account.committed)
		log_line("mem: a space ends with a charge left", 1, &s->account.committed);
	leave_parent(id);
	s->live = SPACE_NONE;
	slab_give(&space_slab, id);
	return 0;
}

int space_destroy(uint32_t id)
{
	int error = 0;

	while (!error) {
		uint32_t last = id;

		begin_end(last);
		while (space_at(last)->children) {
			last = space_at(last)->children;
			begin_end(last);
		}
		error = end(last);
		if (last == id)
			break;
	}
	return error;
}

int space_table(uint32_t id, uint64_t va)
{
	struct space *s = space_at(id);
	uint32_t frame = frames_take(FRAME_TABLE, id);
	long r;

	if (!frame)
		return E_NO_MEMORY;
	r = sys_table(slots_frame(frame), space_vspace(id), va);
	if (r) {
		frames_give(frame);
		return (int)-r;
	}
	frames_table[frame].link = s->tables;
	s->tables = frame;
	s->table_count++;
	return 0;
}

int space_map_runs(uint32_t id, uint64_t va, struct slot_run *run, unsigned runs, unsigned rights)
{
	struct slot_run *rest = vm_buffer()->runs;

	while (runs) {
		uint64_t done = 0;
		long r;

		for (unsigned i = 1; i < runs; i++)
			rest[i] = run[i];
		r = sys_map(space_vspace(id), va, rights, runs, run->cap, run->count, &done);
		va += done << PAGE_SHIFT;
		for (; runs && done >= run->count; run++, runs--)
			done -= run->count;
		if (runs) {
			run->cap += done;
			run->count -= done;
		}
		if (r == -E_NEED_TABLE)
			r = -space_table(id, va);
		if (r && r != -E_AGAIN)
			return (int)-r;
	}
	return 0;
}

int space_map_frames(uint32_t id, uint64_t va, cap_t first, uint64_t count, unsigned rights)
{
	struct slot_run run = { first, count };

	return space_map_runs(id, va, &run, 1, rights);
}

/* The registers of a thread that has not run yet. */
static long thread_registers(uint32_t id, const struct thread_start *start, uint64_t buffer)
{
	uint64_t *regs = vm_buffer()->words;

	for (unsigned i = 0; i < 32; i++)
		regs[i] = 0;
	regs[0] = start->entry;
	regs[2] = start->sp;
	regs[4] = start->tp;
	regs[10] = start->a0;
	if (start->second)
		regs[11] = buffer;
	return sys_thread_regs(thread_cap(id), REGS_WRITE, REGS_GENERAL);
}

static long thread_place(cap_t thread, uint64_t hart)
{
	long r;

	do
		r = sys_thread_set(thread, THREAD_HART_INDEX, hart);
	while (r == -E_AGAIN);
	return r;
}

/* Everything a thread is bound to. */
static long thread_bind(uint32_t id, uint32_t space, uint32_t prio)
{
	struct thread *t = thread_at(id);
	cap_t cap = thread_cap(id);
	long r;

	t->badge = badge_make(BADGE_THREAD, t->generation, id);
	/* Its hart first: from then on the space counts as used there. */
	r = thread_place(cap, receiver_hart(prio));
	if (!r)
		r = sys_thread_pager(cap, SLOT_MAIL, t->badge);
	if (!r)
		r = sys_thread_set(cap, THREAD_CSPACE, space_cnode(space));
	if (!r)
		r = sys_thread_set(cap, THREAD_VSPACE, space_vspace(space));
	if (!r)
		r = sys_thread_set(cap, THREAD_BUFFER, slots_frame(t->buffer));
	if (!r)
		r = sys_thread_set(cap, THREAD_WINDOW, SLOT_WINDOW | (uint64_t)WINDOW_COUNT << 32);
	if (!r)
		r = sys_thread_set(cap, THREAD_MAX_PRIO, prio);
	if (!r)
		r = sys_thread_set(cap, THREAD_PRIO, prio);
	return r;
}

int thread_create(uint32_t space, const struct thread_start *start, uint32_t *id)
{
	struct space *s = space_at(space);
	struct thread *t;
	uint64_t buffer;
	uint32_t n;
	int error;

	if (start->prio > THREAD_PRIO_MAX + 2)
		return E_DENIED;
	n = slab_take(&thread_slab);
	if (!n)
		return E_NO_MEMORY;
	t = thread_at(n);
	*t = (struct thread){ .generation = t->generation, .space = space, .number = s->numbered };
	if (!account_charge(&s->account, THREAD_FRAMES)) {
		t->space = 0;
		slab_give(&thread_slab, n);
		return E_NO_MEMORY;
	}
	t->next = s->threads;
	s->threads = n;
	s->thread_count++;
	t->frame = object_frame(TYPE_THREAD);
	t->buffer = frames_take_clear(FRAME_BUFFER, n);
	error = t->frame && t->buffer ? range_map_raw(space, &t->page) : E_NO_MEMORY;
	buffer = (uint64_t)t->page << PAGE_SHIFT;
	if (!error)
		error = space_map_frames(space, buffer, slots_frame(t->buffer), 1, RIGHT_R | RIGHT_W);
	if (!error)
		error = (int)-thread_bind(n, space, start->prio);
	if (!error)
		error = (int)-thread_registers(n, start, buffer);
	if (error) {
		thread_destroy(n);
		return error;
	}
	trace_note(TRACE_NOTE_THREAD, (uint64_t)t->frame << PAGE_SHIFT, space, s->numbered, 0);
	s->numbered++;
	*id = n;
	return 0;
}

static uint64_t thread_cpu(uint32_t id)
{
	uint64_t word, ticks;

	return thread_at(id)->frame && !sys_inspect(thread_cap(id), &word, &ticks) && INSPECT_TYPE(word) == TYPE_THREAD
	       ? ticks : 0;
}

uint64_t space_cpu(uint32_t id)
{
	uint64_t sum = space_at(id)->cpu;

	for (uint32_t t = space_at(id)->threads; t; t = thread_at(t)->next)
		sum += thread_cpu(t);
	return sum;
}

void thread_destroy(uint32_t id)
{
	struct thread *t = thread_at(id);
	struct space *s = space_at(t->space);
	uint32_t *link = &s->threads;

	receiver_settle(t->space);
	while (*link != id)
		link = &thread_at(*link)->next;
	*link = t->next;
	s->thread_count--;
	fault_forget(id);
	pager_forget(id);
	s->cpu += thread_cpu(id);
	object_frame_free(t->frame);
	if (t->page)
		range_unmap_raw(t->space, t->page);
	if (t->buffer) {
		vm_unmap_add(slots_frame(t->buffer));
		vm_unmap_flush();
		frames_give(t->buffer);
	}
	account_release(&s->account, THREAD_FRAMES);
	t->space = 0;
	t->badge = 0;
	t->generation++;
	slab_give(&thread_slab, id);
}

uint32_t thread_by_buffer(uint32_t space, uint64_t buffer)
{
	uint32_t id = space_at(space)->threads;

	while (id && (uint64_t)thread_at(id)->page << PAGE_SHIFT != buffer)
		id = thread_at(id)->next;
	return id;
}

/* 64 more chips, in a CNode of their own. */
static bool chip_group(void)
{
	uint32_t own = chip_groups < CHIP_GROUPS ? slots_own(1) : 0;
	uint32_t first = chip_groups * SPLIT_CHIPS + 1, frame;

	if (!own)
		return false;
	frame = frames_take(FRAME_OBJECT, 0);
	if (!frame || !slab_reach(&chips, first + SPLIT_CHIPS) || !slots_cnode(own)
	    || sys_split(slots_frame(frame), 0, SPLIT_CHIPS, CAP(own, 1))) {
		if (frame)
			frames_give(frame);
		slots_own_free(own, 1);
		return false;
	}
	chip_frames[chip_groups] = frame;
	chip_cnodes[chip_groups++] = own;
	for (uint32_t i = SPLIT_CHIPS; i-- > 0; ) {
		((struct chip *)slab_at(&chips, first + i))->next = chip_free;
		chip_free = first + i;
	}
	return true;
}

int space_endpoint(uint32_t id, cap_t *endpoint)
{
	struct space *s = space_at(id);
	uint32_t chip;
	long r;

	if (!chip_free && !chip_group())
		return E_NO_MEMORY;
	if (s->chip_count % CHIPS_A_CHARGE == 0 && !account_charge(&s->account, 1))
		return E_NO_MEMORY;
	chip = chip_free;
	r = sys_make(chip_cap(chip), TYPE_ENDPOINT, 0);
	if (r) {
		if (s->chip_count % CHIPS_A_CHARGE == 0)
			account_release(&s->account, 1);
		return (int)-r;
	}
	chip_free = ((struct chip *)slab_at(&chips, chip))->next;
	((struct chip *)slab_at(&chips, chip))->next = s->chips;
	s->chips = chip;
	s->chip_count++;
	*endpoint = chip_cap(chip);
	return 0;
}

bool space_endpoint_destroy(uint32_t id, cap_t endpoint)
{
	uint32_t *link = &space_at(id)->chips;
	uint64_t word, at;

	/* Only who holds it unbadged is told which it is. */
	if (sys_inspect(endpoint, &word, &at) || INSPECT_TYPE(word) != TYPE_ENDPOINT || INSPECT_BADGED(word))
		return false;
	for (; *link; link = &((struct chip *)slab_at(&chips, *link))->next) {
		uint32_t group = (*link - 1) / SPLIT_CHIPS, chip = (*link - 1) % SPLIT_CHIPS;

		if (at == ((uint64_t)chip_frames[group] << PAGE_SHIFT) + chip * (PAGE_SIZE / SPLIT_CHIPS)) {
			chip_end(space_at(id), link);
			return true;
		}
	}
	return false;
}

bool space_own_endpoint(cap_t slot)
{
	cap_t frame = slots_spare();

	return frame && !sys_split(frame, 0, 1, slot) && !sys_make(slot, TYPE_ENDPOINT, 0);
}
