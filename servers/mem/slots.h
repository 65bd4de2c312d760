/*
 * slots.h: where the capabilities of frames are: mem's own CNode and the CNodes it names.
 *
 * The primary slot of a frame follows from its number. The pieces of a split frame stand in CNodes of 127
 * usable slots; a split megapage brings its own: its first four pieces are the CNodes for the other 508
 * (32 B a frame), the fifth holds their records. The own CNode starts with 512 slots and is replaced by
 * one of 65,536 when nearly full or when whole megapages run out; the boot CNode is then named through it. Of a large machine, megapages that are
 * split when half of those are in use are wide: a group of 128 has one CNode of 65,536 for all its frames, made of a
 * megapage, and only the first piece of each holds records. Knows the kernel's calls, not what frames are used for.
 */
#ifndef MEM_SLOTS_H
#define MEM_SLOTS_H

#include <stdbool.h>
#include <stdint.h>
#include <tessera/abi.h>
#include "frames.h"
#include "layout.h"

/* Megapages that are split from now on are wide, however few. */
void slots_go_wide(void);
/* Takes the gigapages below `gigas` out of the boot frame. May be called again with more. */
bool slots_start(uint32_t gigas);

/* Capability `piece` of a run that begins with own slot `cnodes`. */
static inline cap_t slots_piece(uint32_t cnodes, uint32_t piece)
{
	return CAP(cnodes + piece / NODE_SLOTS, 1 + piece % NODE_SLOTS);
}

#define WIDE_FRAMES 65536u              /* of a group of wide megapages */

/* The frame's primary slot. */
#if HOST
cap_t slots_frame(uint32_t frame);
#else
static inline cap_t slots_frame(uint32_t frame)
{
	const struct mega *m = &frames_megas[frame / FRAMES_PER_MEGA];
	uint32_t piece = frame % FRAMES_PER_MEGA;

	if (m->state == MEGA_WIDE)
		return CAP(m->slots, frame % WIDE_FRAMES);
	if (m->state != MEGA_MIXED)
		piece -= PIECE_RECORDS;
	return slots_piece(m->slots, piece);
}
#endif
/* How many frames from this one on have slots in a row: to the end of its CNode or megapage. */
static inline uint32_t slots_row(uint32_t frame)
{
	uint32_t rest = FRAMES_PER_MEGA - frame % FRAMES_PER_MEGA;
	uint32_t row = NODE_SLOTS + 1 - (uint32_t)slots_frame(frame) % (NODE_SLOTS + 1);

	return row < rest ? row : rest;
}
cap_t slots_mega(uint32_t mega);
cap_t slots_giga(uint32_t giga);

/*
 * Splits a gigapage, UNKNOWN or RAM; its megapages have slots and records then. False: no slots or
 * frames for it.
 */
bool slots_split_giga(uint32_t giga);
/* Splits an UNKNOWN megapage, of which parts are to be carved, into slots outside it. */
bool slots_split_mixed(uint32_t mega);
/*
 * Splits a RAM megapage, and says in its state how; its first pieces become the slots and records of the others.
 * 0 or an error as of the kernel.
 */
long slots_split_mega(uint32_t mega);
void slots_merge_mega(uint32_t mega);

/*
 * A free frame for mem's own use that has no record: of the boot stock, else one out of frames.h; with anything in
 * it, or all zero. 0: none.
 */
cap_t slots_spare(void);
cap_t slots_spare_clear(void);
/* One that was not needed after all. */
void slots_spare_back(cap_t frame);

/* count own slots in a row, 0: none left. */
uint32_t slots_own(uint32_t count);
void slots_own_free(uint32_t first, uint32_t count);
/* Makes a CNode of 128 slots in an own slot. */
bool slots_cnode(uint32_t own);

/* Replaces the own CNode, once it is nearly full or one whole megapage is left, if a megapage can be had. */
extern bool slots_low;
void slots_grow(void);
/* 1 once it has been replaced; a receiver whose own mark differs calls slots_follow before anything else. */
extern uint32_t slots_moved;
void slots_follow(void);

/* Slots for shares of frames: ids 1.. ; taken one by one, 0: none. */
uint32_t slots_share_take(void);
/* As many in a row as can be had without searching, *n at most, which it sets; the first, 0: none. */
uint32_t slots_share_row(uint32_t *n);
cap_t slots_share(uint32_t share);
/* Deletes what is in it. */
void slots_share_give(uint32_t share);
/* It is empty. */
void slots_share_give_empty(uint32_t share);
uint32_t slots_shares_used(void);

#endif
