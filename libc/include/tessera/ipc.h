/*
 * tessera/ipc.h: what every program that sends messages has: its thread's IPC buffer and a place
 * for capabilities. libc defines these; the memory server has its own.
 */
#ifndef TESSERA_IPC_H
#define TESSERA_IPC_H

#include <tessera/abi.h>

/* The calling thread's IPC buffer. */
struct ipc_buffer *ipc_buffer(void);

/* A free slot of the own CNode, or 0 when all are taken. */
cap_t cap_alloc(void);

/* Deletes what is in the slot and makes it free. */
void cap_free(cap_t slot);

/* Moves a capability that arrived in the window to a slot of its own; 0: no slot was free, it was deleted. */
cap_t cap_take(uint64_t window_slot);

#endif
