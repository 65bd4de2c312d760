/*
 * frames.c: frame records, free lists and the stock of cleared frames. See frames.h.
 */
#include "frames.h"
#include "layout.h"
#include "slots.h"
#include "vm.h"

#if HOST
struct frame *frames_table;
struct mega *frames_megas;
#endif
struct giga frames_gigas[GIGAS];
struct pool frames_pools[POOLS];
unsigned frames_pool_count;

uint64_t frames_counts[FRAME_STATES];
struct stock frames_stock;
uint32_t (*frames_reclaim)(void);
static bool splitting;          /* slots.c may want frames while it splits one */
static uint32_t chained;        /* a megapage whose free pieces stand in ascending order; 0: none is known */

#define RUN_TRIES 64            /* megapages that are searched for a run of frames */

unsigned frames_pool(uint32_t node)
{
	for (unsigned i = 0; i < frames_pool_count; i++) {
		if (frames_pools[i].node == node)
			return i;
	}
	if (frames_pool_count == POOLS)
		return POOLS - 1;
	frames_pools[frames_pool_count].node = node;
	return frames_pool_count++;
}

void frames_set(uint32_t frame, enum frame_state state, uint32_t owner)
{
	struct frame *f = &frames_table[frame];

	frames_counts[f->state]--;
	frames_counts[state]++;
	f->state = state;
	f->owner = owner;
}

static void list_add(uint32_t *head, uint32_t mega)
{
	struct mega *m = &frames_megas[mega];

	m->next = *head;
	m->prev = 0;
	if (*head)
		frames_megas[*head].prev = mega;
	*head = mega;
}

static void list_remove(uint32_t *head, uint32_t mega)
{
	struct mega *m = &frames_megas[mega];

	if (m->prev)
		frames_megas[m->prev].next = m->next;
	else
		*head = m->next;
	if (m->next)
		frames_megas[m->next].prev = m->prev;
	m->next = m->prev = 0;
}

/* The first piece that is not for slots and records. */
static uint32_t mega_first(const struct mega *m)
{
	return m->state == MEGA_WIDE ? WIDE_FIRST : PIECE_FIRST;
}

/* The list a split megapage belongs in by its number of free pieces; NULL: in none. */
static uint32_t *mega_list(const struct mega *m)
{
	if (m->free == 0)
		return 0;
	if (m->free == FRAMES_PER_MEGA - mega_first(m) && m->state != MEGA_MIXED)
		return &frames_pools[m->pool].idle;
	return &frames_pools[m->pool].partial;
}

/* Moves the megapage from the list `before` (NULL: none) to the one it belongs in by its number of free pieces. */
static __attribute__((noinline)) void mega_relist(uint32_t mega, uint32_t *before)
{
	uint32_t *after = mega_list(&frames_megas[mega]);

	if (after == before)
		return;
	if (before)
		list_remove(before, mega);
	if (after)
		list_add(after, mega);
}

/* Whether a megapage with so many free pieces may be in another list than with one more or less. */
static inline bool mega_edge(uint32_t free)
{
	return free == 0 || free >= PIECES_USABLE;
}

static inline void mega_push(uint32_t mega, uint32_t piece)
{
	struct mega *m = &frames_megas[mega];
	bool edge = mega_edge(m->free) || mega_edge(m->free + 1);
	uint32_t *before = edge ? mega_list(m) : 0;

	chained = 0;
	frames_table[mega * FRAMES_PER_MEGA + piece].link = m->head;
	m->head = piece;
	m->free++;
	frames_pools[m->pool].free_4k++;
	if (edge)
		mega_relist(mega, before);
}

static inline uint32_t mega_pop(uint32_t mega)
{
	struct mega *m = &frames_megas[mega];
	uint32_t frame = mega * FRAMES_PER_MEGA + m->head;
	bool edge = mega_edge(m->free) || mega_edge(m->free - 1);
	uint32_t *before = edge ? mega_list(m) : 0;

	m->head = frames_table[frame].link;
	m->free--;
	frames_pools[m->pool].free_4k--;
	if (edge)
		mega_relist(mega, before);
	return frame;
}

void frames_add_giga(uint32_t giga, unsigned pool)
{
	frames_gigas[giga].state = GIGA_FREE;
	frames_gigas[giga].pool = pool;
	frames_pools[pool].frames += FRAMES_PER_GIGA;
	frames_pools[pool].free_1g++;
}

void frames_add_mega(uint32_t mega, unsigned pool)
{
	frames_megas[mega].state = MEGA_FREE;
	frames_megas[mega].pool = pool;
	frames_pools[pool].frames += FRAMES_PER_MEGA;
	frames_pools[pool].free_2m++;
	list_add(&frames_pools[pool].whole, mega);
}

void frames_add(uint32_t frame, uint32_t count, enum frame_state state)
{
	uint32_t mega = frame / FRAMES_PER_MEGA, first = frame % FRAMES_PER_MEGA;
	struct frame *f = &frames_table[frame];
	struct mega *m = &frames_megas[mega];

	frames_counts[state] += count;
	frames_pools[m->pool].frames += count;
	for (uint32_t i = 0; i < count; i++)
		f[i] = (struct frame){ .link = first + i + 1, .state = state };
	if (state != FRAME_FREE || !count)
		return;
	/* All at once into the megapage's list; the last one by the usual way, which finds the list it belongs in. */
	if (count > 1) {
		f[count - 1].link = m->head;
		m->head = first + 1;
		m->free += count - 1;
		frames_pools[m->pool].free_4k += count - 1;
		if (m->free == count - 1)
			list_add(&frames_pools[m->pool].partial, mega);
	}
	mega_push(mega, first);
}

/* Takes a free gigapage apart: its megapages are free then. */
static bool giga_split(unsigned pool)
{
	struct pool *p = &frames_pools[pool];
	uint32_t giga = 0;

	while (giga < GIGAS && !(frames_gigas[giga].state == GIGA_FREE && frames_gigas[giga].pool == pool))
		giga++;
	if (giga == GIGAS || !slots_split_giga(giga))
		return false;
	frames_gigas[giga].state = GIGA_SPLIT;
	p->free_1g--;
	p->frames -= FRAMES_PER_GIGA;
	for (uint32_t i = MEGAS_PER_GIGA; i-- > 0; )
		frames_add_mega(giga * MEGAS_PER_GIGA + i, pool);
	return true;
}

/* Takes a free megapage off the list of whole ones; 0: none. */
static uint32_t mega_take_whole(unsigned pool)
{
	struct pool *p = &frames_pools[pool];
	uint32_t mega;

	if (!p->whole && (!p->free_1g || splitting || !giga_split(pool)))
		return 0;
	mega = p->whole;
	list_remove(&p->whole, mega);
	p->free_2m--;
	return mega;
}

/* Splits a whole megapage of the pool; its pieces are free then. */
static bool mega_split(unsigned pool)
{
	uint32_t mega, base;
	struct mega *m;
	long error;

	do {
		mega = mega_take_whole(pool);
		if (!mega)
			return false;
		m = &frames_megas[mega];
		base = mega * FRAMES_PER_MEGA;
		splitting = true;
		error = slots_split_mega(mega);
		splitting = false;
		if (error)
			m->state = MEGA_BAD;
	} while (error == -E_BAD_MEMORY);
	if (error) {
		frames_pools[pool].frames -= FRAMES_PER_MEGA;
		frames_add_mega(mega, pool);
		return false;
	}
	m->head = PIECE_NONE;
	m->free = 0;
	frames_counts[FRAME_NONE] += FRAMES_PER_MEGA;
	for (uint32_t i = 0; i < mega_first(m); i++)
		frames_set(base + i, FRAME_SLOTS, 0);
	for (uint32_t i = FRAMES_PER_MEGA; i-- > mega_first(m); ) {
		frames_set(base + i, FRAME_FREE, 0);
		frames_table[base + i].link = m->head;
		m->head = i;
	}
	m->free = FRAMES_PER_MEGA - mega_first(m);
	frames_pools[pool].free_4k += m->free;
	list_add(&frames_pools[pool].idle, mega);
	return true;
}

/* Makes a split megapage of which every piece is free whole again. */
static void mega_merge(uint32_t mega)
{
	struct mega *m = &frames_megas[mega];
	struct pool *p = &frames_pools[m->pool];

	list_remove(&p->idle, mega);
	p->free_4k -= m->free;
	p->frames -= FRAMES_PER_MEGA;
	frames_counts[FRAME_FREE] -= m->free;
	frames_counts[FRAME_SLOTS] -= mega_first(m);
	slots_merge_mega(mega);
	frames_add_mega(mega, m->pool);
}

uint32_t frames_take_pool(unsigned pool, enum frame_state state, uint32_t owner)
{
	struct pool *p = &frames_pools[pool];
	uint32_t frame;

	if (!p->partial && !p->idle && (splitting || !mega_split(pool)))
		return 0;
	frame = mega_pop(p->partial ? p->partial : p->idle);
	frames_set(frame, state, owner);
	return frame;
}

uint32_t frames_take(enum frame_state state, uint32_t owner)
{
	uint32_t mega = frames_pools[0].partial, frame;

	if (mega) {
		frame = mega_pop(mega);
		frames_counts[FRAME_FREE]--;
		frames_counts[state]++;
		frames_table[frame] = (struct frame){ .owner = owner, .state = state };
		return frame;
	}
	for (unsigned i = 0; i < frames_pool_count; i++) {
		frame = frames_take_pool(i, state, owner);
		if (frame)
			return frame;
	}
	if (frames_stock.used)
		return frames_take_stock(state, owner);
	return frames_reclaim && !splitting && frames_reclaim() ? frames_take(state, owner) : 0;
}

uint32_t frames_take_clear(enum frame_state state, uint32_t owner)
{
	uint32_t frame;

	if (frames_stock.used)
		return frames_take_stock(state, owner);
	while ((frame = frames_take(state, owner)) && !vm_clear(frame))
		frames_set(frame, FRAME_BAD, 0);
	return frame;
}

void frames_give(uint32_t frame)
{
	frames_set(frame, FRAME_FREE, 0);
	mega_push(frame / FRAMES_PER_MEGA, frame % FRAMES_PER_MEGA);
}

void frames_give_clear(uint32_t frame)
{
	if (frames_stock.used + frames_stock.coming >= frames_stock.size) {
		frames_give(frame);
		return;
	}
	frames_set(frame, FRAME_CLEARED, 0);
	frames_stock.frame[frames_stock.used++] = frame;
}

/* Gives the cleared stock back to the megapages, so that they can merge. */
static void stock_drain(void)
{
	while (frames_stock.used)
		frames_give(frames_stock.frame[--frames_stock.used]);
}

uint32_t frames_take_mega(enum mega_state state)
{
	for (unsigned pass = 0; pass < 2; pass++) {
		for (unsigned i = 0; i < frames_pool_count; i++) {
			uint32_t mega;

			if (!frames_pools[i].whole && frames_pools[i].idle && !frames_pools[i].free_1g)
				mega_merge(frames_pools[i].idle);
			mega = mega_take_whole(i);
			if (mega) {
				frames_megas[mega].state = state;
				return mega;
			}
		}
		stock_drain();
	}
	return 0;
}

void frames_give_mega(uint32_t mega)
{
	frames_pools[frames_megas[mega].pool].frames -= FRAMES_PER_MEGA;
	frames_add_mega(mega, frames_megas[mega].pool);
}

/* The first piece of n in a row that are free, at a multiple of n; FRAMES_PER_MEGA: none. */
static uint32_t run_find(uint32_t mega, uint32_t n)
{
	const struct frame *f = &frames_table[mega * FRAMES_PER_MEGA];
	uint32_t first, i;

	for (first = 0; first < FRAMES_PER_MEGA; first += n) {
		for (i = 0; i < n && f[first + i].state == FRAME_FREE; i++)
			;
		if (i == n)
			return first;
	}
	return FRAMES_PER_MEGA;
}

/* Chains the free pieces of a split megapage anew, in ascending order. */
static void mega_chain(uint32_t mega)
{
	struct frame *f = &frames_table[mega * FRAMES_PER_MEGA];
	uint32_t head = PIECE_NONE;

	for (uint32_t i = FRAMES_PER_MEGA; i-- > 0; ) {
		if (f[i].state == FRAME_FREE) {
			f[i].link = head;
			head = i;
		}
	}
	frames_megas[mega].head = (uint16_t)head;
}

/* Takes pieces first .. first + n - 1, all free, out of the megapage's list, which is chained anew. */
static void run_take(uint32_t mega, uint32_t first, uint32_t n, enum frame_state state, uint32_t owner)
{
	struct mega *m = &frames_megas[mega];
	uint32_t *before = mega_list(m);

	for (uint32_t i = first; i < first + n; i++)
		frames_set(mega * FRAMES_PER_MEGA + i, state, owner);
	mega_chain(mega);
	m->free -= n;
	frames_pools[m->pool].free_4k -= n;
	mega_relist(mega, before);
}

/* A run out of a list of split megapages. Only the first ones are looked at: a search is bounded. */
static uint32_t run_search(uint32_t list, uint32_t n, enum frame_state state, uint32_t owner)
{
	for (unsigned tries = 0; list && tries < RUN_TRIES; tries++, list = frames_megas[list].next) {
		uint32_t first = frames_megas[list].free >= n ? run_find(list, n) : FRAMES_PER_MEGA;

		if (first == FRAMES_PER_MEGA)
			continue;
		run_take(list, first, n, state, owner);
		return list * FRAMES_PER_MEGA + first;
	}
	return 0;
}

uint32_t frames_take_run(uint32_t n, enum frame_state state, uint32_t owner)
{
	for (unsigned pass = 0; pass < 2; pass++) {
		for (unsigned i = 0; i < frames_pool_count; i++) {
			struct pool *p = &frames_pools[i];
			uint32_t frame = run_search(p->partial, n, state, owner);

			if (!frame && (p->idle || mega_split(i)))
				frame = run_search(p->idle, n, state, owner);
			if (frame)
				return frame;
		}
		stock_drain();
	}
	return 0;
}

void frames_stock_size(uint64_t frames)
{
	frames_stock.size = frames / 32 < STOCK_MAX ? frames / 32 : STOCK_MAX;
}

void frames_stock_wait(bool waits)
{
	frames_stock.wanted = waits ? frames_stock.size / 2 + 1 : 0;
}

uint32_t frames_to_clear(uint32_t most, uint32_t *count)
{
	uint32_t first, n = 1, mega, room = frames_stock.size - frames_stock.used - frames_stock.coming;

	if (frames_stock.used + frames_stock.coming >= frames_stock.size)
		return 0;
	/* Never the last ones: who needs any frame need not wait until it is cleared. */
	if (frames_free() - frames_counts[FRAME_CLEARED] - frames_counts[FRAME_CLEARING] < most)
		return 0;
	if (most > room)
		most = room;
	/* Here is time to put in order what came back in any: frames in a row are mapped by one item. */
	mega = frames_pools[0].partial;
	if (mega && mega != chained) {
		mega_chain(mega);
		chained = mega;
	}
	first = frames_take(FRAME_CLEARING, 0);
	if (!first)
		return 0;
	mega = first / FRAMES_PER_MEGA;
	for (; n < most; n++) {
		uint32_t head = mega * FRAMES_PER_MEGA + frames_megas[mega].head;

		if (frames_megas[mega].head == PIECE_NONE || head != first + n
		    || slots_frame(head) - slots_frame(first) != n)
			break;
		mega_pop(mega);
		frames_set(head, FRAME_CLEARING, 0);
	}
	frames_stock.coming += n;
	*count = n;
	return first;
}

void frames_cleared(uint32_t first, uint32_t count, uint64_t mask)
{
	frames_stock.coming -= count;
	/* The last goes in first: they are taken in ascending order, as their slots stand. */
	for (uint32_t i = count; i-- > 0; ) {
		if (mask >> i & 1)
			frames_give_clear(first + i);
		else
			frames_set(first + i, FRAME_BAD, 0);
	}
}

uint64_t frames_count(enum frame_state state)
{
	return frames_counts[state];
}

uint64_t frames_free(void)
{
	uint64_t n = frames_counts[FRAME_CLEARED] + frames_counts[FRAME_CLEARING];

	for (unsigned i = 0; i < frames_pool_count; i++) {
		const struct pool *p = &frames_pools[i];

		n += p->free_4k + p->free_2m * FRAMES_PER_MEGA + p->free_1g * FRAMES_PER_GIGA;
	}
	return n;
}

uint64_t frames_whole(void)
{
	uint64_t n = 0;

	for (unsigned i = 0; i < frames_pool_count; i++)
		n += frames_pools[i].free_2m + frames_pools[i].free_1g * MEGAS_PER_GIGA;
	return n;
}

/* The free pieces of one split megapage: as many as it says, all marked free. */
static bool mega_check(uint32_t mega)
{
	const struct mega *m = &frames_megas[mega];
	uint32_t n = 0;

	for (uint32_t i = m->head; i != PIECE_NONE; i = frames_table[mega * FRAMES_PER_MEGA + i].link) {
		if (i >= FRAMES_PER_MEGA || frames_table[mega * FRAMES_PER_MEGA + i].state != FRAME_FREE)
			return false;
		if (++n > m->free)
			return false;
	}
	return n == m->free;
}

/* One megapage: adds its pieces to `found` by state. */
static bool mega_count(uint32_t mega, uint64_t *found, uint64_t *seen)
{
	const struct mega *m = &frames_megas[mega];

	if (m->state == MEGA_FREE)
		found[FRAME_STATES]++;
	if (!mega_is_split(m))
		return true;
	for (uint32_t i = 0; i < FRAMES_PER_MEGA; i++)
		found[frames_table[mega * FRAMES_PER_MEGA + i].state]++;
	*seen += FRAMES_PER_MEGA;
	return mega_check(mega);
}

unsigned frames_check(uint64_t *at, uint64_t *seen)
{
	uint64_t found[FRAME_STATES + 1] = { 0 }, whole = 0, free = 0;

	for (uint32_t giga = 0; giga < GIGAS; giga++) {
		if (frames_gigas[giga].state != GIGA_SPLIT)
			continue;
		for (uint32_t i = 0; i < MEGAS_PER_GIGA; i++) {
			*at = giga * MEGAS_PER_GIGA + i;
			if (!mega_count(*at, found, seen))
				return 1;
		}
	}
	for (unsigned i = 0; i < frames_pool_count; i++) {
		whole += frames_pools[i].free_2m;
		free += frames_pools[i].free_4k;
	}
	*at = 0;
	if (whole != found[FRAME_STATES] || free != frames_counts[FRAME_FREE])
		return 2;
	for (unsigned i = FRAME_FREE; i < FRAME_STATES; i++) {
		*at = i;
		if (found[i] != frames_counts[i])
			return 3;
	}
	return frames_stock.used == frames_counts[FRAME_CLEARED] ? 0 : 4;
}
