/*
 * tessera/ipc.h: what every program that sends messages has: its thread's IPC buffer and a place
 * for capabilities. libc defines these; the memory server has its own.
 */
#ifndef TESSERA_IPC_H
#define TESSERA_IPC_H

#include <tessera/abi.h>

/* The calling thread's IPC buffer. */
struct ipc_buffer *ipc_buffer(void);

/* A free slot, in the own CNode or a further one; 0 when there are no more. */
cap_t cap_alloc(void);

/* Deletes what is in the slot and makes it free. */
void cap_free(cap_t slot);

/* Moves a capability that arrived in the window to a slot of its own; 0: no slot was free, it was deleted. */
cap_t cap_take(uint64_t window_slot);

/* Moves a CNode's capability to a slot of the own CNode, since only there it can be named through; 0: none was free. */
cap_t cap_near(cap_t slot);

#endif
