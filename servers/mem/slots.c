/*
 * slots.c: capability slots for frames. See slots.h.
 */
#include "slots.h"
#include <tessera/syscall.h>
#include "clock.h"
#include "frames.h"
#include "layout.h"
#include "log.h"
#include "receiver.h"
#include "slab.h"
#include "vm.h"
#include "worker.h"

#define OWN_LARGE       65536u
#define OWN_WIDE        (OWN_LARGE / 2) /* with fewer left megapages are split wide */
#define OWN_RESERVE     24u             /* grow when so few are left */

/* Own slots in use, a bit each; slots past the boot CNode count only after growth. */
static uint64_t used[OWN_LARGE / 64];
static uint32_t own_count = ROOT_SLOTS;
static uint32_t own_left;
static uint32_t own_hint = SLOT_DYNAMIC;
static uint32_t gigas_taken;
static uint32_t stock_next;
static cap_t spare_back;
bool slots_low;
uint32_t slots_moved;
static bool growing;
static bool wide_from_start;

/* Own slot of the CNode of each group of wide megapages. */
static uint16_t wide_cnodes[GIGAS * FRAMES_PER_GIGA / WIDE_FRAMES];

/* A share slot that is free holds the next free one; see slab.h. */
struct share {
	uint32_t next;
};
static struct slab shares = SLAB(VA_SHARES, struct share, 1u << 25);
#define SHARE_GROUPS 4096u
static uint16_t share_cnodes[SHARE_GROUPS];    /* own slot of the CNode of each 127 shares */
static uint32_t share_free, share_groups, shares_used;

static bool own_used(uint32_t slot)
{
	return used[slot / 64] >> (slot % 64) & 1;
}

static void own_mark(uint32_t slot, bool in_use)
{
	if (in_use)
		used[slot / 64] |= 1ull << (slot % 64);
	else
		used[slot / 64] &= ~(1ull << (slot % 64));
}

bool slots_start(uint32_t gigas)
{
	uint32_t first = gigas_taken;

	if (!own_left) {
		own_left = ROOT_SLOTS - SLOT_DYNAMIC;
		for (uint32_t i = 0; i < SLOT_DYNAMIC; i++)
			own_mark(i, true);
	}
	if (gigas <= first)
		return true;
	for (uint32_t i = first; i < gigas; i++) {
		if (own_used(SLOT_GIGAS + i))
			return false;
	}
	if (sys_split(ROOT_WORLD, first, gigas - first, SLOT_GIGAS + first) < 0)
		return false;
	for (uint32_t i = first; i < gigas; i++)
		own_mark(SLOT_GIGAS + i, true);
	own_left -= gigas - first;
	gigas_taken = gigas;
	return true;
}

/* Where an own slot is addressed for good: what was made in the boot CNode stays there. */
static cap_t own_cap(uint32_t slot)
{
	if (own_count != ROOT_SLOTS && slot < ROOT_SLOTS)
		return CAP(SLOT_OLD, slot);
	return slot;
}

cap_t slots_giga(uint32_t giga)
{
	return own_cap(SLOT_GIGAS + giga);
}

cap_t slots_mega(uint32_t mega)
{
	return slots_piece(frames_gigas[mega / MEGAS_PER_GIGA].slots, mega % MEGAS_PER_GIGA);
}

/* Few own slots are left, or the last megapage that growth could take. */
static bool must_grow(void)
{
	return own_count == ROOT_SLOTS && !growing && (own_left <= OWN_RESERVE || frames_whole() <= 1);
}

uint32_t slots_own(uint32_t count)
{
	uint32_t run = 0;

	for (uint32_t tried = 0, i = own_hint; tried < own_count; tried++, i++) {
		if (i >= own_count) {
			i = SLOT_DYNAMIC;
			run = 0;
		}
		run = own_used(i) ? 0 : run + 1;
		if (run < count)
			continue;
		own_hint = i + 1;
		for (uint32_t k = i + 1 - count; k <= i; k++)
			own_mark(k, true);
		own_left -= count;
		slots_low = must_grow();
		return i + 1 - count;
	}
	slots_low = must_grow();
	return 0;
}

void slots_own_free(uint32_t first, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++)
		own_mark(first + i, false);
	own_left += count;
	own_hint = first;
}

cap_t slots_spare(void)
{
	cap_t spare = spare_back;
	uint32_t frame;

	spare_back = 0;
	if (spare)
		return spare;
	if (stock_next < ROOT_STOCK_FRAMES)
		return own_cap(ROOT_STOCK + stock_next++);
	frame = frames_take(FRAME_MEM, 0);
	return frame ? slots_frame(frame) : 0;
}

cap_t slots_spare_clear(void)
{
	cap_t spare;
	uint32_t frame;

	if (stock_next >= ROOT_STOCK_FRAMES && !spare_back) {
		frame = frames_take_clear(FRAME_MEM, 0);
		return frame ? slots_frame(frame) : 0;
	}
	spare = slots_spare();
	return spare && !sys_fill(spare, 0, 0, PAGE_SIZE) ? spare : 0;
}

void slots_spare_back(cap_t frame)
{
	spare_back = frame;
}

bool slots_cnode(uint32_t own)
{
	cap_t spare = slots_spare();
	long r;

	if (!spare)
		return false;
	r = sys_give(GIVE_MOVE, spare, 1, own, RIGHT_ALL, 0, 0);
	if (!r)
		r = sys_make(own, TYPE_CNODE, 0);
	if (r)
		log_error("mem: no CNode", r, own);
	return !r;
}

/* count CNodes in own slots in a row; 0: could not. */
static uint32_t cnodes_make(uint32_t count)
{
	uint32_t first = slots_own(count);

	for (uint32_t i = 0; first && i < count; i++) {
		if (!slots_cnode(first + i))
			return 0;
	}
	return first;
}

/* Splits all pieces of a frame into CNodes from own slot `cnodes` on. */
static bool split_all(cap_t frame, uint32_t cnodes)
{
	for (uint32_t i = 0; i < SPLIT_PIECES; i += NODE_SLOTS) {
		uint32_t n = SPLIT_PIECES - i < NODE_SLOTS ? SPLIT_PIECES - i : NODE_SLOTS;
		long r = sys_split(frame, i, n, slots_piece(cnodes, i));

		if (r) {
			log_error("mem: split", r, i);
			return false;
		}
	}
	return true;
}

bool slots_split_giga(uint32_t giga)
{
	uint32_t cnodes = cnodes_make(5);
	uint64_t records = (uint64_t)(frames_megas + giga * MEGAS_PER_GIGA);

	if (!cnodes || !split_all(slots_giga(giga), cnodes))
		return false;
	frames_gigas[giga].slots = cnodes;
	for (uint64_t i = 0; i < MEGAS_PER_GIGA * sizeof(struct mega); i += PAGE_SIZE) {
		if (!vm_map_spare(records + i))
			return false;
	}
	/* The table for the records of 4 KiB frames, so that splitting a megapage never needs one. */
	return vm_table((uint64_t)(frames_table + giga * FRAMES_PER_GIGA));
}

bool slots_split_mixed(uint32_t mega)
{
	uint32_t cnodes = cnodes_make(5);

	if (!cnodes || !split_all(slots_mega(mega), cnodes))
		return false;
	frames_megas[mega].slots = cnodes;
	return vm_map_spare((uint64_t)(frames_table + mega * FRAMES_PER_MEGA));
}

/* The CNode of a group of wide megapages; 0: there is none, and none is to be or can be. */
static uint32_t group_cnode(uint32_t group)
{
	uint32_t own, mega;

	if (wide_cnodes[group] || ((own_count == ROOT_SLOTS || own_left > OWN_WIDE) && !wide_from_start))
		return wide_cnodes[group];
	own = slots_own(1);
	mega = own ? frames_take_mega(MEGA_USED) : 0;
	if (mega && !sys_make(slots_mega(mega), TYPE_CNODE, 0)
	    && !sys_give(GIVE_COPY, slots_mega(mega), 1, own, RIGHT_ALL, 0, 0)) {
		wide_cnodes[group] = own;
		return own;
	}
	if (mega) {
		sys_revoke(slots_mega(mega), 0);
		frames_give_mega(mega);
	}
	if (own)
		slots_own_free(own, 1);
	return 0;
}

/* Four CNodes of its own; their first own slot, or an error. */
static long split_narrow(uint32_t mega)
{
	uint32_t cnodes = slots_own(PIECE_RECORDS);
	cap_t frame = slots_mega(mega);
	long r;

	if (!cnodes)
		return -E_NO_MEMORY;
	r = sys_split(frame, 0, PIECE_RECORDS, cnodes);
	for (uint32_t i = 0; i < PIECE_RECORDS && !r; i++)
		r = sys_make(cnodes + i, TYPE_CNODE, 0);
	for (uint32_t i = 0; i < 4 && !r; i++)
		r = sys_split(frame, PIECE_RECORDS + i * NODE_SLOTS, NODE_SLOTS, slots_piece(cnodes, i * NODE_SLOTS));
	if (!r)
		return cnodes;
	sys_revoke(frame, 0);
	slots_own_free(cnodes, PIECE_RECORDS);
	return r;
}

long slots_split_mega(uint32_t mega)
{
	struct mega *m = &frames_megas[mega];
	uint32_t first = mega % (WIDE_FRAMES / FRAMES_PER_MEGA) * FRAMES_PER_MEGA;
	/* Slot 0 of a CNode is no slot: the first of a group is not wide. */
	uint32_t group = first ? group_cnode(mega / (WIDE_FRAMES / FRAMES_PER_MEGA)) : 0;
	cap_t frame = slots_mega(mega), records;
	long r;

	if (group)
		r = sys_split(frame, 0, FRAMES_PER_MEGA, CAP(group, first));
	else
		r = split_narrow(mega);
	if (r < 0)
		return r;
	m->state = group ? MEGA_WIDE : MEGA_SPLIT;
	m->slots = group ? group : (uint32_t)r;
	records = slots_frame(mega * FRAMES_PER_MEGA + (group ? 0 : PIECE_RECORDS));
	r = sys_fill(records, 0, 0, PAGE_SIZE);
	if (!r && !vm_map((uint64_t)(frames_table + mega * FRAMES_PER_MEGA), records, RIGHT_R | RIGHT_W))
		r = -E_NO_MEMORY;
	if (r) {
		log_error("mem: megapage split", r, mega);
		slots_merge_mega(mega);
	}
	return r;
}

void slots_merge_mega(uint32_t mega)
{
	struct mega *m = &frames_megas[mega];
	long r = sys_revoke(slots_mega(mega), 0);

	if (r)
		log_error("mem: megapage merge", r, mega);
	/* Copies of the CNodes that were carried over by a growth went with their originals. */
	if (m->state == MEGA_SPLIT)
		slots_own_free(m->slots, PIECE_RECORDS);
}

void slots_go_wide(void)
{
	wide_from_start = true;
}

/*
 * Steps: (1) a megapage becomes a CNode; (2) the boot CNode and the new one get names in it; (3) what is
 * addressed by own index (objects, CNodes) is copied over to the same index, replies are moved; (4) this
 * thread changes over, the other receivers when they take the lock next (slots_follow). Frames stay in the
 * boot CNode and are named through it (own_cap).
 */
void slots_grow(void)
{
	uint32_t mega;
	cap_t large;
	long r;

	slots_low = false;
	if (!must_grow())
		return;
	growing = true;
	mega = frames_take_mega(MEGA_USED);
	large = mega ? slots_mega(mega) : 0;
	if (!mega || (r = sys_make(large, TYPE_CNODE, 0)) != 0) {
		growing = false;
		return;
	}
	/* Until the change the new CNode is reached through a temporary name in the old one. */
	r = sys_give(GIVE_COPY, large, 1, SLOT_OLD, RIGHT_ALL, 0, 0);
	for (uint32_t i = 1; i < ROOT_SLOTS && !r; i++) {
		uint64_t word, detail;
		unsigned verb = GIVE_COPY;

		if (i == SLOT_OLD || sys_inspect(i, &word, &detail) || INSPECT_TYPE(word) == TYPE_FRAME
		    || INSPECT_TYPE(word) == TYPE_TABLE || INSPECT_TYPE(word) == TYPE_CHIP)
			continue;
		if (INSPECT_TYPE(word) == TYPE_REPLY)
			verb = GIVE_MOVE;
		r = sys_give(verb, i, 1, CAP(SLOT_OLD, i), RIGHT_ALL, 0, 0);
		if (r)
			log_error("mem: growth of the own CNode", r, i);
	}
	/* ROOT_CNODE there names the boot CNode still: that is SLOT_OLD's place, ROOT_CNODE is the new one. */
	sys_give(GIVE_COPY, ROOT_CNODE, 1, CAP(SLOT_OLD, SLOT_OLD), RIGHT_ALL, 0, 0);
	sys_delete(CAP(SLOT_OLD, ROOT_CNODE));
	sys_give(GIVE_COPY, large, 1, CAP(SLOT_OLD, ROOT_CNODE), RIGHT_ALL, 0, 0);
	if (!vm_set_cspace(SLOT_OLD))
		return;         /* `growing` stays set: it is not tried again */
	slots_moved = self->moved = 1;
	worker_set_cspace();
	clock_set_cspace();
	/* From here on every own index is one of the new CNode. */
	own_left += OWN_LARGE - ROOT_SLOTS;
	own_count = OWN_LARGE;
	growing = false;
}

void slots_follow(void)
{
	self->moved = slots_moved;
	if (!vm_set_cspace(SLOT_OLD))
		log_fatal("a receiver cannot use the new CNode", self->thread);
	/* What came with the message it has now came into the old one; a copy made by slots_grow gives way. */
	for (unsigned i = 0; i < ARRIVALS; i++) {
		uint32_t slot = self->slots + RECEIVER_ARRIVAL + i;

		sys_delete(slot);
		sys_give(GIVE_MOVE, CAP(SLOT_OLD, slot), 1, slot, RIGHT_ALL, 0, 0);
	}
}

static bool share_group(void)
{
	uint32_t own = share_groups < SHARE_GROUPS ? slots_own(1) : 0;
	uint32_t first = share_groups * NODE_SLOTS + 1;

	if (!own || !slab_reach(&shares, first + NODE_SLOTS)) {
		if (own)
			slots_own_free(own, 1);
		return false;
	}
	if (!slots_cnode(own)) {
		slots_own_free(own, 1);
		return false;
	}
	share_cnodes[share_groups++] = own;
	for (uint32_t i = NODE_SLOTS; i-- > 0; ) {
		((struct share *)slab_at(&shares, first + i))->next = share_free;
		share_free = first + i;
	}
	return true;
}

uint32_t slots_share_take(void)
{
	uint32_t id;

	if (!share_free && !share_group())
		return 0;
	id = share_free;
	share_free = ((struct share *)slab_at(&shares, id))->next;
	shares_used++;
	return id;
}

uint32_t slots_share_row(uint32_t *n)
{
	uint32_t first = slots_share_take(), most = *n;

	/* Free ones are linked in ascending order where they were made; a row ends with its CNode. */
	for (*n = 1; first && *n < most && share_free == first + *n && (share_free - 1) % NODE_SLOTS; ++*n)
		(void)slots_share_take();
	return first;
}

cap_t slots_share(uint32_t share)
{
	return CAP(share_cnodes[(share - 1) / NODE_SLOTS], 1 + (share - 1) % NODE_SLOTS);
}

void slots_share_give(uint32_t share)
{
	sys_delete(slots_share(share));
	slots_share_give_empty(share);
}

void slots_share_give_empty(uint32_t share)
{
	((struct share *)slab_at(&shares, share))->next = share_free;
	share_free = share;
	shares_used--;
}

uint32_t slots_shares_used(void)
{
	return shares_used;
}
