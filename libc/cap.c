/*
 * cap.c: the program's capability slots: those of its CNode from SLOT_FREE on and, once they are taken, those of
 * further CNodes of mem's, whose capabilities stand in the first one's last slots. Bitmaps changed by compare and
 * swap, so that any thread may take and free at any time. The window where capabilities arrive is the kernel's to
 * fill; what came there is moved on at once.
 */
#include <mem_client.h>
#include <tessera/ipc.h>
#include <tessera/syscall.h>
#include "libc_internal.h"

#define WORD_BITS    64
#define WORDS        (PROCESS_SLOTS / WORD_BITS)
#define CNODES       32                /* further ones at most */
#define SLOT_CNODES  (PROCESS_SLOTS - CNODES)
#define BELOW(n)     ((1ull << (n)) - 1)

_Static_assert(WORDS == 2 && SLOT_FREE < WORD_BITS && SLOT_CNODES > WORD_BITS, "what slots() says");

/* Bit i of word w: slot w * 64 + i is taken. Row 0: the first CNode; the others: that of slot SLOT_CNODES + row - 1. */
static uint64_t taken[1 + CNODES][WORDS];
static uint32_t there;                 /* bit n: row n + 1 has a CNode; never cleared */

/* The slots of a word that cap_alloc gives out. Slot 0 of a CNode names nothing. */
static uint64_t slots(unsigned row, unsigned word)
{
	if (row)
		return word ? ~0ull : ~1ull;
	return word ? BELOW(SLOT_CNODES - WORD_BITS) : ~BELOW(SLOT_FREE);
}

/* Takes `count` slots in a row of those of `mask`: the first; 0: there are none. */
static cap_t take(unsigned row, unsigned word, uint64_t mask, unsigned count)
{
	uint64_t old = __atomic_load_n(&taken[row][word], __ATOMIC_RELAXED), starts;

	for (;;) {
		starts = ~old & mask;
		for (unsigned i = 1; i < count; i++)
			starts &= starts >> 1;
		if (!starts)
			return 0;
		if (__atomic_compare_exchange_n(&taken[row][word], &old, old | BELOW(count) * (starts & -starts), 0,
						__ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
			break;
	}
	return CAP(row ? SLOT_CNODES + row - 1 : 0, word * WORD_BITS + (unsigned)__builtin_ctzll(starts));
}

static cap_t take_any(unsigned count)
{
	uint32_t rows = __atomic_load_n(&there, __ATOMIC_ACQUIRE);
	cap_t slot = 0;

	for (unsigned row = 0; !slot && row <= CNODES; row++) {
		for (unsigned word = 0; !slot && word < WORDS && (!row || rows >> (row - 1) & 1); word++)
			slot = take(row, word, slots(row, word), count);
	}
	return slot;
}

/* A slot of the own CNode, if need be of those kept for CNodes. */
static cap_t take_near(void)
{
	cap_t slot = take(0, 0, slots(0, 0), 1);

	return slot ? slot : take(0, 1, ~0ull, 1);
}

/*
 * One more CNode, put where cap_alloc says while `growing`. It arrives in the window, whose first slot must be
 * empty. Threads that do this at once get one each.
 */
static bool grow(void)
{
	cap_t cnode = 0;
	int error;

	thread_self.growing = true;
	error = mem_cnode_create(SLOT_SPACE, &cnode);
	thread_self.growing = false;
	if (error || !cnode)
		return false;
	__atomic_fetch_or(&there, 1u << (cnode - SLOT_CNODES), __ATOMIC_RELEASE);
	return true;
}

cap_t cap_alloc_run(unsigned count)
{
	cap_t slot;

	if (thread_self.growing)
		return take(0, 1, ~BELOW(SLOT_CNODES - WORD_BITS), count);
	do
		slot = take_any(count);
	while (!slot && grow());
	return slot;
}

cap_t cap_alloc(void)
{
	return cap_alloc_run(1);
}

void cap_free(cap_t slot)
{
	uint64_t cnode = slot >> CAP_CNODE_SHIFT, index = (uint32_t)slot, row = cnode ? cnode - SLOT_CNODES + 1 : 0;
	uint64_t bit = 1ull << index % WORD_BITS;

	if (row > CNODES || index >= PROCESS_SLOTS || (!row && index < SLOT_FREE))
		return;
	(void)sys_delete(slot);
	__atomic_fetch_and(&taken[row][index / WORD_BITS], ~bit, __ATOMIC_RELEASE);
}

/* Moves what is in `from` to `to`; 0: `to` is none or cannot be used, both are free then. */
static cap_t move(cap_t from, cap_t to)
{
	if (to && !sys_give(GIVE_MOVE, from, 1, to, RIGHT_ALL, 0, 0))
		return to;
	(void)sys_delete(from);
	cap_free(to);
	return 0;
}

/* The window must be empty before there can be more slots. */
cap_t cap_take(uint64_t window_slot)
{
	cap_t slot = thread_self.growing ? cap_alloc() : take_any(1), near;

	if (slot)
		return move(window_slot, slot);
	near = move(window_slot, take_near());
	if (!near)
		return 0;
	slot = move(near, cap_alloc());
	cap_free(near);
	return slot;
}

cap_t cap_near(cap_t slot)
{
	cap_t near = slot;

	if (slot >> CAP_CNODE_SHIFT) {
		near = move(slot, take_near());
		cap_free(slot);
	}
	return near;
}

struct ipc_buffer *ipc_buffer(void)
{
	return thread_self.buffer;
}
