/*
 * space.c: Sv39 page tables. Owns the table of space ids (which are the ASIDs) and every PTE below user roots.
 *
 * A frame's mapping record {page, space, generation} is a hint: it counts only while the PTE at that place, in that
 * generation of that space, holds this frame. So a space or a page table goes at no cost to the frames below it.
 * Every downgrade of a PTE is fenced before the call that made it returns to user mode.
 */
#include "space.h"

#include "debug.h"
#include "frame.h"
#include "kernel.h"
#include "riscv.h"
#include "thread.h"

#define GENERATION_MASK ((1UL << 25) - 1)
#define TABLE_ENTRIES   512
#define USER_ENTRIES    256

/* By id: what the space is now. root is NULL when the id is free. */
static struct {
	pte_t *root;
	uint32_t generation;
	uint32_t harts;                /* mask: those that may have run it, so may hold its translations */
} spaces[SPACE_COUNT];
static uint64_t id_used[SPACE_COUNT / 64] = { 1 };

extern pte_t kernel_root[];

static uint64_t pte_pa(pte_t pte)
{
	return (pte >> PTE_PPN_SHIFT) << PAGE_SHIFT;
}

static pte_t pte_make(uint64_t pa, uint64_t flags)
{
	return (pa >> PAGE_SHIFT) << PTE_PPN_SHIFT | flags;
}

static unsigned va_index(uint64_t va, unsigned level)
{
	return (va >> (PAGE_SHIFT + 9 * level)) & (TABLE_ENTRIES - 1);
}

static bool pte_is_table(pte_t pte)
{
	return (pte & (PTE_V | PTE_RWX)) == PTE_V;
}

/* The entry for va at `level`; NULL and *gap = level of the absent table when there is none, or a leaf is above. */
static inline __attribute__((always_inline)) pte_t *space_entry(pte_t *root, uint64_t va, unsigned level, unsigned *gap)
{
	pte_t *entry = &root[va_index(va, 2)];

	for (unsigned l = 2; l > level; l--) {
		if (!pte_is_table(*entry)) {
			*gap = l - 1;
			return NULL;
		}
		entry = &((pte_t *)window(pte_pa(*entry)))[va_index(va, l - 1)];
	}
	return entry;
}

/* Where the walk for va ends: at a leaf of any level, or at an entry that is not valid. */
static inline pte_t *space_end(pte_t *root, uint64_t va, unsigned *level)
{
	pte_t *entry = &root[va_index(va, 2)];

	for (*level = 2; pte_is_table(*entry); entry = &((pte_t *)window(pte_pa(*entry)))[va_index(va, *level)]) {
		assert_own(*level > 0);
		--*level;
	}
	return entry;
}

static int id_take(void)
{
	for (unsigned i = 0; i < SPACE_COUNT / 64; i++)
		if (~id_used[i]) {
			int id = (int)(i * 64 + bit_lowest(~id_used[i]));

			id_used[i] |= id_used[i] + 1;
			return id;
		}
	return -1;
}

int space_make(struct slot *s, void *root)
{
	int id = id_take();
	pte_t *table = root;

	if (id < 0)
		return -E_NO_SPACE_ID;
	for (unsigned i = USER_ENTRIES; i < TABLE_ENTRIES; i++)
		table[i] = kernel_root[i];
	spaces[id].root = table;
	spaces[id].harts = 0;
	spaces[id].generation = (spaces[id].generation + 1) & GENERATION_MASK;
	if (!spaces[id].generation)
		spaces[id].generation = 1;
	s->type = TYPE_VSPACE;
	s->object = (uint64_t)root;
	s->record = 0;
	s->space = (unsigned)id;
	s->generation = spaces[id].generation;
	kernel_stats.vspaces++;
	return 0;
}

/* All translations of one page, or of one space, on the harts that run it. */
static void fence_page(unsigned id, uint64_t va)
{
	riscv_fence_page(va, id);
	hart_fence(spaces[id].harts, va, PAGE_SIZE, id);
	debug_fenced(id, va, spaces[id].harts | 1UL << this_hart()->index);
}

static void fence_space(unsigned id)
{
	riscv_fence_space(id);
	hart_fence(spaces[id].harts, 0, ~0UL, id);
	debug_fenced(id, DEBUG_ALL_VA, spaces[id].harts | 1UL << this_hart()->index);
}

/* The kernel half is in every root, so a hart with nothing to run stands in the kernel's own. */
void space_leave(void)
{
	struct hart *h = this_hart();

	h->satp = kernel_satp();
	csr_write(satp, h->satp);
}

void space_runs(const struct slot *vspace, uint64_t hart)
{
	uint32_t bit = 1U << hart;

	/* What it may execute there was perhaps written before it came. */
	if (!(spaces[vspace->space].harts & bit))
		hart_fence_code(bit);
	spaces[vspace->space].harts |= bit;
}

void space_destroy(struct slot *s)
{
	unsigned id = s->space;

	if (this_hart()->satp == space_satp(s))
		space_leave();
	fence_space(id);
	spaces[id].root = NULL;
	id_used[id / 64] &= ~(1UL << (id % 64));
	kernel_stats.vspaces--;
}

uint64_t space_satp(const struct slot *vspace)
{
	return SATP_SV39 | (uint64_t)vspace->space << SATP_ASID_SHIFT | window_pa(slot_object(vspace)) >> PAGE_SHIFT;
}

pte_t *space_mapping(const struct slot *frame)
{
	unsigned missing;
	pte_t *entry;

	if (frame->record == 0 || frame->order > ORDER_1G || slot_children(frame) == KIND_SPLIT)
		return NULL;
	if (!spaces[frame->space].root || spaces[frame->space].generation != frame->generation)
		return NULL;
	entry = space_entry(spaces[frame->space].root, (uint64_t)frame->vpn << PAGE_SHIFT, frame->order, &missing);
	if (!entry || !(*entry & PTE_RWX) || pte_pa(*entry) != slot_pa(frame))
		return NULL;
	return entry;
}

/*
 * Replaces a live entry named by a mapping record and returns the old one; the caller fences before the kernel is left.
 * One atomic step: another hart's walker may be setting A or D in it.
 */
static pte_t pte_downgrade(const struct slot *s, pte_t *entry, pte_t next)
{
	debug_downgrade(s->space, (uint64_t)s->vpn << PAGE_SHIFT, spaces[s->space].harts);
	return __atomic_exchange_n(entry, next, __ATOMIC_RELAXED);
}

/*
 * Takes out up to count frames that are mapped one behind the other from *entry on, which the first one's mapping
 * record names; the others need the record and the entry that follow. Sets the dirty bits from number `bit` on.
 * Returns how many.
 */
static uint64_t unmap_row(struct slot *frames, uint64_t count, pte_t *entry, uint64_t *dirty, uint64_t bit)
{
	uint64_t record = frames->record, i = 0;

	do {
		pte_t was = pte_downgrade(&frames[i], &entry[i], 0);

		frames[i].record = 0;
		dirty[(bit + i) / 64] |= (was & PTE_D) / PTE_D << ((bit + i) % 64);
	} while (++i < count && frames[i].type == TYPE_FRAME && frames[i].record == record + i &&
		 entry[i] & PTE_RWX && pte_pa(entry[i]) == slot_pa(&frames[i]));
	return i;
}

void space_unmap_run(struct slot *frames, uint64_t count, uint64_t *dirty, uint64_t bit)
{
	uint64_t unmapped = 0, harts = 0, space = 0, va = 0, n;
	bool mixed = false;

	for (; count; count -= n, bit += n, frames += n) {
		pte_t *entry = frames->type == TYPE_FRAME ? space_mapping(frames) : NULL;
		uint64_t row = frames->order ? 1 : TABLE_ENTRIES - frames->vpn % TABLE_ENTRIES;

		n = 1;
		if (!entry)
			continue;
		mixed |= unmapped && space != frames->space;
		space = frames->space;
		harts |= spaces[space].harts;
		va = (uint64_t)frames->vpn << PAGE_SHIFT;
		n = unmap_row(frames, count < row ? count : row, entry, dirty, bit);
		unmapped += n;
	}
	if (unmapped == 1) {
		fence_page((unsigned)space, va);
	} else if (mixed) {
		riscv_fence_all();
		hart_fence(harts, 0, ~0UL, FENCE_ALL_SPACES);
		debug_fenced(FENCE_ALL_SPACES, DEBUG_ALL_VA, harts | 1UL << this_hart()->index);
	} else if (unmapped) {
		fence_space((unsigned)space);
	}
}

void space_freeze(struct slot *frame)
{
	pte_t *entry = space_mapping(frame);

	if (entry && (*entry & PTE_W)) {
		debug_downgrade(frame->space, (uint64_t)frame->vpn << PAGE_SHIFT, spaces[frame->space].harts);
		(void)__atomic_fetch_and(entry, ~PTE_W, __ATOMIC_RELAXED);
		fence_page(frame->space, (uint64_t)frame->vpn << PAGE_SHIFT);
	}
}

/* PTE permission bits for rights; 0 when the combination is not allowed: nothing, W without R, W with X. */
static uint64_t rights_flags(uint64_t rights)
{
	static const uint8_t flags[8] = {
		[RIGHT_R] = PTE_R, [RIGHT_R | RIGHT_W] = PTE_R | PTE_W,
		[RIGHT_X] = PTE_X, [RIGHT_R | RIGHT_X] = PTE_R | PTE_X,
	};

	return rights < 8 ? flags[rights] : 0;
}

/*
 * All that can be refused before the page tables are looked at. va is in the user half, so an aligned frame
 * also ends in it.
 */
static int map_check(uint64_t va, const struct slot *frame, uint64_t rights)
{
	unsigned children = slot_children(frame);

	if (frame->type != TYPE_FRAME)
		return -E_BAD_TYPE;
	if (frame->doomed)
		return -E_REVOKED;
	if (frame->memtype == MEM_UNKNOWN || frame->order > ORDER_1G || !rights_flags(rights))
		return -E_BAD_ARG;
	if (va % frame_size(frame->order) != 0)
		return -E_BAD_ARG;
	if (rights & ~frame->rights & (RIGHT_R | RIGHT_W | RIGHT_X))
		return -E_NO_RIGHT;
	if (children == KIND_LOAN || children == KIND_SPLIT)
		return -E_NOT_FREE;
	if (children == KIND_FROZEN && (rights & RIGHT_W))
		return -E_FROZEN;
	return 0;
}

/* Maps one frame of any order, whatever stands there and wherever it was mapped before. */
static int space_map(const struct slot *vspace, uint64_t va, struct slot *frame, uint64_t rights, unsigned how,
		     unsigned *level)
{
	uint64_t record = va >> PAGE_SHIFT | vspace->record;
	int error = map_check(va, frame, rights);
	pte_t *entry, *old, next;

	if (error)
		return error;
	old = space_mapping(frame);
	if (old && frame->record != record)
		return -E_NOT_FREE;
	entry = space_entry(slot_object(vspace), va, frame->order, level);
	if (!entry)
		return -E_NEED_TABLE;
	if (pte_is_table(*entry))
		return -E_TABLE_PRESENT;
	if (*entry && (entry != old || how & MAP_NEIGHBOUR) && !(how & MAP_REPLACE))
		return -E_OCCUPIED;
	next = pte_make(slot_pa(frame), rights_flags(rights) | PTE_V | PTE_U | (how & MAP_ACCESSED ? PTE_A : 0) |
			(how & MAP_DIRTY ? PTE_A | PTE_D : 0));
	frame->record = record;
	if (!*entry) {
		*entry = next;
		return 0;
	}
	next = pte_downgrade(frame, entry, next);
	if (entry == old)
		(void)__atomic_fetch_or(entry, next & (PTE_A | PTE_D), __ATOMIC_RELAXED);
	fence_page(frame->space, (uint64_t)frame->vpn << PAGE_SHIFT);
	return 0;
}

/*
 * The plainest cases of space_map, for up to count frames and the entries from `entry` on, one table's: a 4 KiB RAM
 * frame without children goes into an empty entry, never mapped before, or gets other rights where it stands (*changed:
 * a fence is due; NULL: it may not). Ends before the first of another kind. Returns how many.
 */
static uint64_t map_row(uint64_t record, pte_t *entry, struct slot *frames, uint64_t count, uint64_t rights,
			uint64_t flags, bool *changed)
{
	uint64_t need = TYPE_FRAME | rights << SLOT_RIGHTS_SHIFT, i;
	uint64_t mask = SLOT_TYPE_MASK | SLOT_DOOMED | need;

	for (i = 0; i < count; i++, record++, entry++, frames++) {
		const uint64_t *w = (const uint64_t *)frames;
		pte_t next = w[2] << 14 >> 10 | flags;

		if ((w[0] & mask) != need || (w[2] >> SLOT_ORDER_SHIFT & 31) != (MEM_RAM << 3 | ORDER_4K) ||
		    slot_has_children(frames))
			break;
		if (!(*entry | frames->record)) {
			*entry = next;
			frames->record = record;
		} else if (changed && *entry && frames->record == record && pte_pa(*entry) == pte_pa(next)) {
			next = pte_downgrade(frames, entry, next);
			(void)__atomic_fetch_or(entry, next & (PTE_A | PTE_D), __ATOMIC_RELAXED);
			*changed = true;
		} else {
			break;
		}
	}
	return i;
}

/* The frames of a run that map_row may look at from va on: of one page table, and short of the page that faulted. */
static uint64_t map_room(uint64_t va, uint64_t count, const struct space_fault *fault)
{
	uint64_t room = TABLE_ENTRIES - va_index(va, 0);

	if (fault && va <= fault->page && (fault->page - va) >> PAGE_SHIFT < room)
		room = (fault->page - va) >> PAGE_SHIFT;
	return count < room ? count : room;
}

int space_map_run(const struct slot *vspace, uint64_t *at, struct slot *frames, uint64_t count, uint64_t rights,
		  const struct space_fault *fault, uint64_t *done, unsigned *level)
{
	uint64_t flags = rights_flags(rights) | PTE_V | PTE_U, va = *at, n;
	bool changed = false;
	int error = va % PAGE_SIZE ? -E_BAD_ARG : 0;

	for (*done = 0; *done < count && !error; frames += n, *done += n) {
		bool here = fault && (va == fault->page || (frames->order == ORDER_2M && va == fault->window));
		pte_t *entry;

		n = 0;
		if (va >= USER_END || (fault && va - fault->window >= MEGAPAGE_SIZE)) {
			error = -E_BAD_ARG;
			break;
		}
		entry = here || !rights_flags(rights) ? NULL : space_entry(slot_object(vspace), va, 0, level);
		if (entry)
			n = map_row(va >> PAGE_SHIFT | vspace->record, entry, frames,
				    map_room(va, count - *done, fault), rights, flags, fault ? NULL : &changed);
		va += n << PAGE_SHIFT;
		if (n)
			continue;
		error = space_map(vspace, va, frames, rights, here ? fault->how : fault ? MAP_NEIGHBOUR : 0, level);
		if (error == -E_OCCUPIED && fault && !here)
			error = 0;
		if (!error) {
			va += frame_size(frames->order);
			n = 1;
		}
	}
	*at = va;
	if (changed)
		fence_space(vspace->space);
	if (rights & RIGHT_X && *done)
		hart_fence_code(spaces[vspace->space].harts);
	return error;
}

int space_table(const struct slot *vspace, uint64_t va, struct slot *frame)
{
	int error = frame_free(frame);
	unsigned missing = 0;
	pte_t *entry;

	if (!error && frame->order != ORDER_4K)
		error = -E_BAD_ARG;
	if (error)
		return error;
	if (va >= USER_END)
		return -E_BAD_ARG;
	if (space_entry(slot_object(vspace), va, 0, &missing))
		return -E_OCCUPIED;
	entry = space_entry(slot_object(vspace), va, missing + 1, &missing);
	assert_own(entry);
	if (*entry)
		return -E_OCCUPIED;
	error = memory_clear(window(slot_pa(frame)), PAGE_SIZE);
	if (error)
		return error;
	frame->type = TYPE_TABLE;
	frame->level = missing;
	frame->record = va >> PAGE_SHIFT | vspace->record;
	*entry = pte_make(slot_pa(frame), PTE_V);
	kernel_stats.tables++;
	return 0;
}

void space_remove_table(struct slot *table)
{
	void *memory = window(slot_pa(table));
	unsigned up;
	pte_t *pte;

	if (spaces[table->space].root && spaces[table->space].generation == table->generation) {
		pte = space_entry(spaces[table->space].root, (uint64_t)table->vpn << PAGE_SHIFT, table->level + 1, &up);
		if (pte && pte_is_table(*pte) && pte_pa(*pte) == slot_pa(table)) {
			*pte = 0;
			debug_downgrade(table->space, DEBUG_ALL_VA, spaces[table->space].harts);
			fence_space(table->space);
		}
	}
	(void)memory_clear(memory, PAGE_SIZE);
	table->type = TYPE_FRAME;
	table->level = 0;
	table->record = 0;
	kernel_stats.tables--;
}

bool space_access(const struct slot *vspace, uint64_t va, unsigned access)
{
	uint64_t need = access == RIGHT_R ? PTE_R : access == RIGHT_W ? PTE_W : PTE_X;
	unsigned level;
	pte_t *leaf;

	if (va >= USER_END)
		return false;
	leaf = space_end(slot_object(vspace), va, &level);
	if (!(*leaf & need))
		return false;
	(void)__atomic_fetch_or(leaf, PTE_A | (access == RIGHT_W ? PTE_D : 0), __ATOMIC_RELAXED);
	riscv_fence_page(va, vspace->space);
	return true;
}

void space_scan(const struct slot *vspace, uint64_t va, uint64_t pages, unsigned how, uint64_t *used, uint64_t *dirty)
{
	uint64_t clear = (how & SCAN_CLEAR_A ? PTE_A : 0) | (how & SCAN_CLEAR_D ? PTE_D : 0) |
			 (how & SCAN_CLEAR_W ? PTE_W : 0);
	uint64_t changed = 0, a = 0, d = 0, n;
	unsigned level;

	for (unsigned i = 0; i < PIECE_PAGES / 64; i++)
		used[i] = dirty[i] = 0;
	/* Bits of 64 pages come in at the top. An entry that is not valid is 0. */
	for (uint64_t i = 0; i < pages; va += n << PAGE_SHIFT) {
		pte_t *leaf = space_end(slot_object(vspace), va, &level);
		uint64_t room = TABLE_ENTRIES - va_index(va, 0), step = level == 0;

		n = pages - i < 64 - i % 64 ? pages - i : 64 - i % 64;
		n = n < room ? n : room;
		for (uint64_t end = i + n; i < end; i++, leaf += step) {
			pte_t was = *leaf;

			if (was & clear) {
				debug_downgrade(vspace->space, DEBUG_ALL_VA, spaces[vspace->space].harts);
				was = __atomic_fetch_and(leaf, ~clear, __ATOMIC_RELAXED);
				changed = 1;
			}
			if (clear == PTE_W)
				continue;
			a = a >> 1 | (was / PTE_A) << 63;
			d = d >> 1 | (was / PTE_D) << 63;
		}
		used[(i - 1) / 64] = a >> (-i % 64);
		dirty[(i - 1) / 64] = d >> (-i % 64);
	}
	if (changed)
		fence_space(vspace->space);
}

#if DEBUG
bool space_is_run(uint64_t satp, uint64_t hart)
{
	return spaces[satp >> SATP_ASID_SHIFT & (SPACE_COUNT - 1)].harts >> hart & 1;
}

/* Leaves of one table and the tables under it; levels 1 and 0 are one loop each, so this does not recurse. */
static long table_leaves(const pte_t *table, uint64_t entries, const pte_t *below[], unsigned *tables, uint64_t *bad)
{
	long n = 0;

	*tables = 0;
	for (uint64_t i = 0; i < entries; i++) {
		pte_t pte = table[i];

		if (!(pte & PTE_V)) {
			if (pte)
				*bad = (uint64_t)&table[i];
		} else if (pte_is_table(pte)) {
			if (pte & (PTE_U | PTE_A | PTE_D | PTE_G) || pte >> 54)
				*bad = (uint64_t)&table[i];
			below[(*tables)++] = window(pte_pa(pte));
		} else {
			n++;
		}
	}
	return n;
}

long space_count_leaves(const struct slot *vspace, uint64_t *bad)
{
	static const pte_t *level1[TABLE_ENTRIES], *level0[TABLE_ENTRIES], *none[TABLE_ENTRIES];
	unsigned n1, n0, n;
	long leaves = table_leaves(slot_object(vspace), USER_ENTRIES, level1, &n1, bad);

	for (unsigned i = 0; i < n1; i++) {
		leaves += table_leaves(level1[i], TABLE_ENTRIES, level0, &n0, bad);
		for (unsigned k = 0; k < n0; k++) {
			leaves += table_leaves(level0[k], TABLE_ENTRIES, none, &n, bad);
			if (n)
				*bad = (uint64_t)level0[k];
		}
	}
	return *bad ? -1 : leaves;
}
#endif
