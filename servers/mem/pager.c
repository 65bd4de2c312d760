/*
 * pager.c: pagers, attachments, demands. See pager.h.
 */
#include "pager.h"
#include <mem_server.h>
#include <tessera/syscall.h>
#include "clock.h"
#include "fault.h"
#include "frames.h"
#include "layout.h"
#include "log.h"
#include "machine.h"
#include "made.h"
#include "object.h"
#include "range.h"
#include "receiver.h"
#include "region.h"
#include "slots.h"
#include "space.h"
#include "vm.h"

#define DEADLINE_MOST 3600000u          /* ms */

/* Demands, oldest first. */
struct line {
	uint32_t first, last;
};

struct pager {
	uint32_t link;                  /* slab.h's */
	uint32_t space;                 /* 0: the record is free */
	uint32_t window;                /* first page of its window, 0: it lends */
	uint32_t attachments;           /* first of its list */
	struct line waiting, given;
	uint32_t turn, notify;          /* share slots: for its parked call, whom to signal; 0 none */
	uint16_t late;                  /* demands in a row */
	uint16_t parked;                /* a call stands in `turn` */
	uint32_t busy;                  /* pages of the window in use, a bit each */
	uint64_t period;                /* ticks that a demand may take */
	struct mem_pager_figures figures;
	uint32_t frame[MEM_PAGER_WINDOW];       /* in the window */
	uint8_t spare[24];
};
_Static_assert(sizeof(struct pager) == 256, "a pager is 256 bytes");

/* An object and who pages it. */
struct attachment {
	uint32_t link;                  /* slab.h's; next of the pager's list */
	uint32_t before;
	uint32_t object;
	uint32_t pager;                 /* 0: it is gone ... */
	uint64_t key;
	uint16_t why;                   /* ... and this is what touches fail with */
	uint8_t cluster, droppable;
	uint32_t spare;
};
_Static_assert(sizeof(struct attachment) == 32, "an attachment is 32 bytes");

struct demand {
	uint32_t link;                  /* slab.h's; next of its line */
	uint32_t generation;
	uint32_t attachment;
	uint32_t pager;                 /* 0: the record is free */
	uint32_t page;
	uint8_t count, at, given, spare;        /* at: its first page in the window */
	uint32_t waiters;               /* threads, by thread.queued */
	uint32_t fill;
	uint64_t due;
	uint64_t more[3];
};
_Static_assert(sizeof(struct demand) == 64, "a demand is 64 bytes");

static struct slab pager_slab = SLAB(VA_PAGERS, struct pager, (VA_ATTACHMENTS - VA_PAGERS) / sizeof(struct pager));
static struct slab attachment_slab = SLAB(VA_ATTACHMENTS, struct attachment,
					  (VA_DEMANDS - VA_ATTACHMENTS) / sizeof(struct attachment));
static struct slab demand_slab = SLAB(VA_DEMANDS, struct demand, (VA_DEMANDS_END - VA_DEMANDS) / sizeof(struct demand));
static uint64_t absent;                 /* page records without a frame */

static struct pager *pager_at(uint32_t id)
{
	return SLAB_AT(&pager_slab, VA_PAGERS, struct pager, id);
}

static struct attachment *attachment_at(uint32_t id)
{
	return SLAB_AT(&attachment_slab, VA_ATTACHMENTS, struct attachment, id);
}

static struct demand *demand_at(uint32_t id)
{
	return SLAB_AT(&demand_slab, VA_DEMANDS, struct demand, id);
}

static uint32_t *demand_link(uint32_t id)
{
	return &demand_at(id)->link;
}

static void line_add(struct line *l, uint32_t id)
{
	*demand_link(id) = 0;
	if (l->last)
		*demand_link(l->last) = id;
	else
		l->first = id;
	l->last = id;
}

static void line_remove(struct line *l, uint32_t id)
{
	uint32_t before = 0, at = l->first;

	for (; at != id; at = *demand_link(at))
		before = at;
	if (before)
		*demand_link(before) = *demand_link(id);
	else
		l->first = *demand_link(id);
	if (l->last == id)
		l->last = before;
}

uint32_t pager_of(uint32_t space)
{
	for (uint32_t id = 1; id < pager_slab.reached; id++) {
		if (pager_at(id)->space == space)
			return id;
	}
	return 0;
}

uint64_t pager_charge(uint32_t space)
{
	uint32_t id = pager_of(space);

	return id && pager_at(id)->window ? MEM_PAGER_WINDOW : 0;
}

uint64_t pager_absent_count(void)
{
	return absent;
}

void pager_page_gone(void)
{
	absent--;
}

const struct mem_pager_figures *pager_figures_of(uint32_t pager)
{
	return &pager_at(pager)->figures;
}

bool pager_absent(uint32_t object, uint64_t page)
{
	const struct object *o = object_at(object);
	uint32_t entry;

	if (o->kind != OBJECT_ANON || !o->pager || page >= o->pages)
		return false;
	entry = index_get(&o->index, (uint32_t)page);
	return !entry || page_at(entry)->state != PAGE_HERE;
}

bool pager_has(uint32_t object)
{
	return object_at(object)->kind == OBJECT_ANON && object_at(object)->pager;
}

/* The page's record if it waits for this demand; NULL: it went meanwhile. */
static struct page *demand_page(const struct demand *d, uint32_t id, uint32_t page)
{
	uint32_t entry = index_get(&object_at(attachment_at(d->attachment)->object)->index, page);
	struct page *p = entry ? page_at(entry) : 0;

	return p && p->state == PAGE_ABSENT && p->waiters == id ? p : 0;
}

/* Lets the threads go on that wait for a demand: to look again, or with a fault. */
static void wake(uint32_t threads, unsigned why)
{
	while (threads) {
		struct thread *t = thread_at(threads);
		uint32_t next = t->queued, reply = t->reply;

		t->waits = 0;
		t->queued = 0;
		if (fault_resume(threads, slots_share(reply), why))
			slots_share_give_empty(reply);
		else
			slots_share_give(reply);
		threads = next;
	}
}

void pager_forget(uint32_t thread)
{
	struct thread *t = thread_at(thread);
	uint32_t *link;

	if (!t->waits)
		return;
	for (link = &demand_at(t->waits)->waiters; *link != thread; )
		link = &thread_at(*link)->queued;
	*link = t->queued;
	slots_share_give(t->reply);
	t->waits = t->queued = 0;
}

/* The window's pages of a demand are out of the pager's reach; the frames are kept. */
static void window_close(struct pager *p, const struct demand *d)
{
	if (!p->window)
		return;
	for (unsigned i = 0; i < d->count; i++)
		vm_unmap_add(slots_frame(p->frame[d->at + i]));
	vm_unmap_flush();
}

static void window_free(struct pager *p, const struct demand *d)
{
	p->busy &= ~(((1u << d->count) - 1) << d->at);
}

/* Ends a demand: whose pages are absent still and may be asked for again. why: 0 for those who wait to look again. */
static void demand_end(uint32_t id, unsigned why)
{
	struct demand *d = demand_at(id);
	struct pager *p = pager_at(d->pager);
	uint32_t waiters = d->waiters;

	line_remove(d->given ? &p->given : &p->waiting, id);
	if (d->given) {
		window_close(p, d);
		for (unsigned i = 0; i < d->count; i++)
			frames_give(p->frame[d->at + i]);
		window_free(p, d);
	}
	for (unsigned i = 0; i < d->count; i++) {
		struct page *page = demand_page(d, id, d->page + i);

		if (!page)
			continue;
		page->waiters = 0;
		page->flags |= d->count > 1 ? PAGE_ALONE : 0;
	}
	d->pager = 0;
	d->generation++;
	slab_give(&demand_slab, id);
	wake(waiters, why);
}

/* A record for an absent page of the object; 0: no memory, or it is there, or waited for. */
static struct page *absent_record(struct object *o, uint32_t page)
{
	uint32_t *entry = object_own(o, page);

	if (!entry)
		return 0;
	if (!*entry) {
		*entry = slab_take(&page_slab);
		if (!*entry)
			return 0;
		*page_at(*entry) = (struct page){ .refs = 1, .state = PAGE_ABSENT };
		o->resident++;
		absent++;
	}
	return page_at(*entry);
}

/* A demand for the page, which is absent, and for those behind it that are too; 0: no memory. */
static uint32_t demand_make(struct object *o, uint32_t page)
{
	uint32_t id = slab_take(&demand_slab), most = attachment_at(o->pager)->cluster;
	struct demand *d = demand_at(id);
	struct page *p = id ? absent_record(o, page) : 0;

	if (!p) {
		if (id)
			slab_give(&demand_slab, id);
		return 0;
	}
	*d = (struct demand){ .generation = d->generation, .attachment = o->pager, .page = page,
			      .pager = attachment_at(o->pager)->pager };
	if (p->flags & PAGE_ALONE || most > o->pages - page)
		most = p->flags & PAGE_ALONE ? 1 : o->pages - page;
	do {
		p->waiters = id;
		d->count++;
		p = d->count < most ? absent_record(o, page + d->count) : 0;
	} while (p && p->state == PAGE_ABSENT && !p->waiters && !(p->flags & PAGE_ALONE));
	d->due = sys_time() + pager_at(d->pager)->period;
	line_add(&pager_at(d->pager)->waiting, id);
	pager_at(d->pager)->figures.asked++;
	return id;
}

/* The thread whose fault is being served waits for the demand. */
static unsigned put_aside(uint32_t demand)
{
	uint32_t thread = thread_by_badge(self->badge), reply = slots_share_take();
	struct thread *t = thread_at(thread);

	if (!reply)
		return E_NO_MEMORY;
	if (sys_save_reply(slots_share(reply))) {
		slots_share_give(reply);
		return E_NO_MEMORY;
	}
	t->va = self->va;
	t->access = self->how & 0xff;
	t->cause = self->how >> 8;
	t->waits = demand;
	t->reply = reply;
	t->queued = demand_at(demand)->waiters;
	demand_at(demand)->waiters = thread;
	return FAULT_WAITS;
}

/* Something waits for the pager: its parked call is answered, or it is signalled. */
static void pager_call(uint32_t id)
{
	struct pager *p = pager_at(id);
	struct mem_pager_request out[MEM_PAGER_MOST];
	unsigned n;

	if (!p->parked) {
		if (p->notify)
			sys_signal(slots_share(p->notify));
		return;
	}
	n = pager_take(id, out, MEM_PAGER_MOST);
	if (!n)
		return;
	p->parked = 0;
	(void)!mem_reply_pager_turn(slots_share(p->turn), 0, out, n * sizeof *out);
}

unsigned pager_missing(uint32_t object, uint32_t page)
{
	const struct object *o = object_at(object);
	uint64_t number = (uint64_t)page + o->backing_offset;
	uint32_t backing = o->backing, demand;
	uint32_t entry;
	bool fresh = false;
	unsigned outcome;

	if (!backing || !pager_absent(backing, number))
		return E_NO_MEMORY;
	if (self->resuming)
		return E_BUSY;
	o = object_at(backing);
	if (!attachment_at(o->pager)->pager)
		return attachment_at(o->pager)->why;
	entry = index_get(&o->index, (uint32_t)number);
	demand = entry ? page_at(entry)->waiters : 0;
	if (!demand) {
		demand = demand_make(object_at(backing), (uint32_t)number);
		fresh = true;
	}
	if (!demand)
		return E_NO_MEMORY;
	outcome = put_aside(demand);
	if (fresh) {
		clock_watch(demand_at(demand)->due);
		pager_call(demand_at(demand)->pager);
	}
	return outcome;
}

/* A place for `count` pages in the window; false: it is full. */
static bool window_find(const struct pager *p, unsigned count, uint8_t *at)
{
	uint32_t want = (1u << count) - 1;

	for (unsigned i = 0; i + count <= MEM_PAGER_WINDOW; i++) {
		if (!(p->busy & want << i)) {
			*at = i;
			return true;
		}
	}
	return false;
}

/* Clear frames in the demand's place of the window, in the pager's view; false: no memory, nothing is changed. */
static bool window_open(struct pager *p, const struct demand *d)
{
	struct slot_run run[MEM_PAGER_MOST];
	unsigned n;

	for (n = 0; n < d->count; n++) {
		uint32_t frame = frames_take_clear(FRAME_WINDOW, 0);

		if (!frame)
			break;
		p->frame[d->at + n] = frame;
		run[n] = (struct slot_run){ slots_frame(frame), 1 };
	}
	if (n == d->count && (!p->window || !space_map_runs(p->space, (uint64_t)(p->window + d->at) << PAGE_SHIFT, run,
							    n, RIGHT_R | RIGHT_W)))
		return true;
	/* The page table may have been missing after some were mapped. */
	while (n) {
		vm_unmap_add(slots_frame(p->frame[d->at + --n]));
		vm_unmap_flush();
		frames_give(p->frame[d->at + n]);
	}
	return false;
}

unsigned pager_take(uint32_t pager, struct mem_pager_request *out, unsigned most)
{
	struct pager *p = pager_at(pager);
	unsigned n = 0;

	while (n < most && p->waiting.first) {
		uint32_t id = p->waiting.first;
		struct demand *d = demand_at(id);
		const struct attachment *a = attachment_at(d->attachment);
		uint64_t at;

		if (!window_find(p, d->count, &d->at))
			break;
		if (!window_open(p, d)) {
			demand_end(id, E_NO_MEMORY);
			continue;
		}
		line_remove(&p->waiting, id);
		line_add(&p->given, id);
		d->given = 1;
		p->busy |= ((1u << d->count) - 1) << d->at;
		at = p->window ? p->window + d->at : p->frame[d->at];
		out[n++] = (struct mem_pager_request){
			.token = (uint64_t)d->generation << 32 | id, .key = a->key, .at = at << PAGE_SHIFT,
			.page = d->page, .count = d->count, .access = thread_at(d->waiters)->access,
		};
	}
	return n;
}

/* The window's pages become the object's. */
static void supply(struct pager *p, uint32_t id)
{
	struct demand *d = demand_at(id);
	const struct attachment *a = attachment_at(d->attachment);
	uint32_t waiters = d->waiters;

	line_remove(&p->given, id);
	window_close(p, d);
	for (unsigned i = 0; i < d->count; i++) {
		struct page *page = demand_page(d, id, d->page + i);
		uint32_t frame = p->frame[d->at + i];

		if (!page) {
			frames_give(frame);
			continue;
		}
		page->state = PAGE_HERE;
		page->frame = frame;
		page->waiters = 0;
		page->flags = a->droppable ? PAGE_DROPPABLE : 0;
		frames_set(frame, FRAME_PAGE, (uint32_t)(page - page_at(0)));
		absent--;
	}
	window_free(p, d);
	p->figures.supplied += d->count;
	p->late = 0;
	d->pager = 0;
	d->generation++;
	slab_give(&demand_slab, id);
	wake(waiters, 0);
}

void pager_result(uint32_t pager, const struct mem_pager_result *result)
{
	uint32_t id = (uint32_t)result->token;
	struct pager *p = pager_at(pager);
	struct demand *d = demand_at(id);

	if (!id || id >= demand_slab.reached || d->pager != pager || !d->given || d->generation != result->token >> 32
	    || (result->what != MEM_SUPPLY && result->what != MEM_FAIL)) {
		p->figures.ignored++;
		return;
	}
	if (result->what == MEM_SUPPLY) {
		supply(p, id);
		return;
	}
	p->figures.failed++;
	p->late = 0;
	/* Of several pages it may be one: each is asked for again by itself. */
	demand_end(id, d->count > 1 ? 0 : result->why && result->why < FAULT_WAITS ? result->why : E_IO);
}

int pager_wait(uint32_t pager)
{
	struct pager *p = pager_at(pager);
	long r;

	if (!p->turn)
		p->turn = slots_share_take();
	if (!p->turn)
		return E_NO_MEMORY;
	/* The slot of a call that was given up is empty. */
	r = sys_save_reply(slots_share(p->turn));
	if (r)
		return r == -E_NOT_EMPTY ? E_BUSY : E_DENIED;
	p->parked = 1;
	return IDL_PARKED;
}

int pager_set_notify(uint32_t pager, uint64_t notify)
{
	struct pager *p = pager_at(pager);
	long r;

	if (p->notify)
		sys_delete(slots_share(p->notify));
	else
		p->notify = slots_share_take();
	if (!p->notify)
		return E_NO_MEMORY;
	r = sys_give(GIVE_MOVE, notify, 1, slots_share(p->notify), RIGHT_ALL, 0, 0);
	if (!r && p->waiting.first)
		sys_signal(slots_share(p->notify));
	return (int)-r;
}

/* Whether a subtree of regions maps an object that somebody pages. */
static bool maps_paged(uint32_t root)
{
	const struct region *r = region_at(root);

	if (!root)
		return false;
	return pager_has(object_at(r->object)->backing) || maps_paged(r->left) || maps_paged(r->right);
}

bool pager_may_map(uint32_t space, uint32_t object)
{
	const struct object *o = object_at(object);

	return o->kind != OBJECT_ANON || (o->pager ? !pager_of(space) : o->made != MADE_PAGED);
}

int pager_start(uint32_t space, unsigned how, uint32_t deadline, uint64_t *window)
{
	struct space *s = space_at(space);
	uint32_t id, first = 0;
	int error;

	if (!deadline || deadline > DEADLINE_MOST)
		return E_BAD_ARG;
	if (pager_of(space))
		return E_EXISTS;
	if ((how == MEM_LEND && !s->devices) || maps_paged(s->regions))
		return E_DENIED;
	id = slab_take(&pager_slab);
	if (!id)
		return E_NO_MEMORY;
	error = how == MEM_LEND || account_charge(&s->account, MEM_PAGER_WINDOW) ? 0 : E_NO_MEMORY;
	if (!error && how == MEM_WINDOW) {
		error = range_map_window(space, MEM_PAGER_WINDOW, &first);
		if (error)
			account_release(&s->account, MEM_PAGER_WINDOW);
	}
	if (error) {
		slab_give(&pager_slab, id);
		return error;
	}
	*pager_at(id) = (struct pager){ .space = space, .window = first };
	pager_at(id)->period = deadline * machine.timebase / 1000;
	*window = (uint64_t)first << PAGE_SHIFT;
	return 0;
}

int pager_attach(uint32_t space, uint32_t object, uint64_t key, uint32_t cluster)
{
	struct object *o = object_at(object);
	uint32_t pager = pager_of(space), id;

	if (!pager)
		return E_NOT_FOUND;
	if (!cluster || cluster > MEM_PAGER_MOST)
		return E_BAD_ARG;
	/* One reference is the name's. */
	if ((o->made != MADE_SHARED && o->made != MADE_PAGED) || o->pager || o->refs > 1 || o->resident)
		return E_EXISTS;
	id = slab_take(&attachment_slab);
	if (!id)
		return E_NO_MEMORY;
	*attachment_at(id) = (struct attachment){
		.link = pager_at(pager)->attachments, .object = object, .pager = pager, .key = key, .cluster = cluster,
		.droppable = o->made == MADE_PAGED,
	};
	if (pager_at(pager)->attachments)
		attachment_at(pager_at(pager)->attachments)->before = id;
	pager_at(pager)->attachments = id;
	o->pager = id;
	o->zero = 0;
	return 0;
}

static void detach(uint32_t id)
{
	struct attachment *a = attachment_at(id);

	if (a->before)
		attachment_at(a->before)->link = a->link;
	else
		pager_at(a->pager)->attachments = a->link;
	if (a->link)
		attachment_at(a->link)->before = a->before;
	a->pager = 0;
}

/* Ends all demands of a line, or those of one attachment. */
static void line_end(struct line *l, uint32_t attachment, unsigned why)
{
	uint32_t next;

	for (uint32_t id = l->first; id; id = next) {
		next = *demand_link(id);
		if (!attachment || demand_at(id)->attachment == attachment)
			demand_end(id, why);
	}
}

void pager_object_end(uint32_t object)
{
	uint32_t id = object_at(object)->pager;
	struct pager *p;

	if (!id)
		return;
	p = pager_at(attachment_at(id)->pager);
	if (attachment_at(id)->pager) {
		line_end(&p->waiting, id, E_BAD_RANGE);
		line_end(&p->given, id, E_BAD_RANGE);
		detach(id);
	}
	object_at(object)->pager = 0;
	slab_give(&attachment_slab, id);
}

/* It is no pager any more; what is absent of its objects stays so. */
static void pager_end(uint32_t id, unsigned why)
{
	struct pager *p = pager_at(id);

	while (p->attachments) {
		attachment_at(p->attachments)->why = why;
		detach(p->attachments);
	}
	line_end(&p->given, 0, why);
	line_end(&p->waiting, 0, why);
	if (p->parked)
		(void)!mem_reply_pager_turn(slots_share(p->turn), E_NOT_FOUND, 0, 0);
	if (p->turn)
		slots_share_give(p->turn);
	if (p->notify)
		slots_share_give(p->notify);
	if (p->window) {
		range_unmap_raw(p->space, p->window);
		account_release(&space_at(p->space)->account, MEM_PAGER_WINDOW);
	}
	p->space = 0;
	slab_give(&pager_slab, id);
}

void pager_space_end(uint32_t space)
{
	uint32_t id = pager_of(space);

	if (id)
		pager_end(id, E_SERVER_GONE);
}

/* Ends the overdue demands of a line; false: those were too many. */
static bool line_expire(struct pager *p, struct line *l, uint64_t now)
{
	while (l->first && demand_at(l->first)->due <= now) {
		p->figures.late++;
		p->late++;
		demand_end(l->first, E_TIMEOUT);
	}
	return p->late < MEM_PAGER_STRIKES;
}

uint64_t pager_expire(uint64_t now)
{
	uint64_t next = ~0ull;

	for (uint32_t id = 1; id < pager_slab.reached; id++) {
		struct pager *p = pager_at(id);

		if (!p->space)
			continue;
		if (!line_expire(p, &p->given, now) || !line_expire(p, &p->waiting, now)) {
			pager_end(id, E_TIMEOUT);
			continue;
		}
		/* Both lines are in order of time. */
		if (p->given.first && demand_at(p->given.first)->due < next)
			next = demand_at(p->given.first)->due;
		if (p->waiting.first && demand_at(p->waiting.first)->due < next)
			next = demand_at(p->waiting.first)->due;
	}
	return next;
}

/* Gives the frame back if it holds a page that can be made again. */
static bool drop(uint32_t frame)
{
	struct page *p;

	if (frames_table[frame].state != FRAME_PAGE)
		return false;
	p = page_at(frames_table[frame].owner);
	if (!(p->flags & PAGE_DROPPABLE))
		return false;
	vm_revoke(slots_frame(frame));
	frames_give(frame);
	p->state = PAGE_ABSENT;
	p->frame = 0;
	absent++;
	return true;
}

uint32_t pager_reclaim(void)
{
	static uint32_t hand;           /* the next frame to look at */
	uint32_t n = 0, looked = 0;
	uint32_t end = GIGAS * FRAMES_PER_GIGA;

	while (looked < end && n < MEM_PAGER_MOST) {
		uint32_t step = 1;

		if (frames_gigas[hand / FRAMES_PER_GIGA].state != GIGA_SPLIT)
			step = FRAMES_PER_GIGA - hand % FRAMES_PER_GIGA;
		else if (!mega_is_split(&frames_megas[hand / FRAMES_PER_MEGA]))
			step = FRAMES_PER_MEGA - hand % FRAMES_PER_MEGA;
		else
			n += drop(hand);
		looked += step;
		hand = hand + step < end ? hand + step : 0;
	}
	return n;
}
