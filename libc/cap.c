/*
 * cap.c: the program's capability slots, SLOT_FREE to the end of its CNode: a bitmap changed by compare and
 * swap, so that any thread may take and free at any time. The window where capabilities arrive is the
 * kernel's to fill; what came there is moved on at once.
 */
#include <tessera/ipc.h>
#include <tessera/syscall.h>
#include "libc_internal.h"

#define FREE_SLOTS (PROCESS_SLOTS - SLOT_FREE)
#define WORD_BITS  64
#define WORDS      ((FREE_SLOTS + WORD_BITS - 1) / WORD_BITS)

static uint64_t taken[WORDS];          /* bit i of word n: slot SLOT_FREE + n * 64 + i */

/* Bits of word n that stand for slots. */
static uint64_t word_slots(unsigned n)
{
	unsigned bits = FREE_SLOTS - n * WORD_BITS;

	return bits >= WORD_BITS ? ~(uint64_t)0 : ((uint64_t)1 << bits) - 1;
}

cap_t cap_alloc(void)
{
	for (unsigned n = 0; n < WORDS; n++) {
		uint64_t old = __atomic_load_n(&taken[n], __ATOMIC_RELAXED), open;

		while ((open = ~old & word_slots(n)) != 0) {
			uint64_t bit = open & -open;

			if (__atomic_compare_exchange_n(&taken[n], &old, old | bit, 0, __ATOMIC_ACQ_REL,
							__ATOMIC_ACQUIRE))
				return SLOT_FREE + n * WORD_BITS + (unsigned)__builtin_ctzll(bit);
		}
	}
	return 0;
}

void cap_free(cap_t slot)
{
	uint64_t i = slot - SLOT_FREE;

	if (i >= FREE_SLOTS)
		return;
	(void)sys_delete(slot);
	__atomic_fetch_and(&taken[i / WORD_BITS], ~((uint64_t)1 << i % WORD_BITS), __ATOMIC_RELEASE);
}

cap_t cap_take(uint64_t window_slot)
{
	cap_t slot = cap_alloc();

	if (slot && !sys_give(GIVE_MOVE, window_slot, 1, slot, RIGHT_ALL, 0, 0))
		return slot;
	(void)sys_delete(window_slot);
	cap_free(slot);
	return 0;
}

struct ipc_buffer *ipc_buffer(void)
{
	return thread_self.buffer;
}
