/*
 * slots.c: see slots.h. A CNode has a word of bits for each 64 slots; slot 0 of a CNode is never used.
 */
#include <mem_client.h>
#include <tessera/ipc.h>
#include <tessera/start.h>
#include <tessera/syscall.h>
#include "slots.h"

#define CNODES     16
#define CNODE_SIZE 128
#define WORD_BITS  64
#define WORDS      (CNODE_SIZE / WORD_BITS)

static cap_t cnodes[CNODES];
static uint64_t taken[CNODES][WORDS];
static unsigned count;

static cap_t take_in(unsigned n)
{
	for (unsigned word = 0; word < WORDS; word++) {
		uint64_t open = ~taken[n][word];

		if (open) {
			unsigned bit = (unsigned)__builtin_ctzll(open);

			taken[n][word] |= 1ull << bit;
			return CAP(cnodes[n], word * WORD_BITS + bit);
		}
	}
	return 0;
}

cap_t slots_take(void)
{
	for (unsigned n = 0; n < count; n++) {
		cap_t slot = take_in(n);

		if (slot)
			return slot;
	}
	if (count == CNODES || mem_cnode_create(SLOT_SPACE, &cnodes[count]) || !cnodes[count])
		return 0;
	taken[count][0] = 1;
	return take_in(count++);
}

cap_t slots_keep(cap_t own)
{
	cap_t slot = own ? slots_take() : 0;

	if (slot && sys_give(GIVE_MOVE, own, 1, slot, RIGHT_ALL, 0, 0)) {
		slots_give(slot);
		slot = 0;
	}
	if (own)
		cap_free(own);
	return slot;
}

void slots_give(cap_t slot)
{
	uint32_t index = (uint32_t)slot;

	if (!slot)
		return;
	(void)sys_delete(slot);
	for (unsigned n = 0; n < count; n++)
		if (cnodes[n] == slot >> CAP_CNODE_SHIFT)
			taken[n][index / WORD_BITS] &= ~(1ull << index % WORD_BITS);
}
