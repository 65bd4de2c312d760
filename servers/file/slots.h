/*
 * slots.h: capability slots beyond the server's own CNode: in further CNodes that mem makes, one when the
 * others are full.
 */
#ifndef FILE_SLOTS_H
#define FILE_SLOTS_H

#include <tessera/abi.h>

/* A free slot, empty; 0: there is none. */
cap_t slots_take(void);

/* Moves a capability from the server's own CNode to such a slot; 0: there is none, it is deleted. */
cap_t slots_keep(cap_t own);

/* Deletes what is in it, and what was derived from that. 0 is allowed. */
void slots_give(cap_t slot);

#endif
