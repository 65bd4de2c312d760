/*
 * clone.h: copy-on-write clones of ranges and of whole spaces.
 * Pages go in pieces (work.h): E_AGAIN, and the same call made again goes on. Errors are those of mem.idl.
 */
#ifndef MEM_CLONE_H
#define MEM_CLONE_H

#include <stdint.h>

/*
 * A reserved range becomes a clone of a range of own memory of the same space. What other threads write to that
 * meanwhile may or may not be in it, each 2 MiB as it was at one time.
 */
int clone_range(uint32_t space, uint64_t to, uint64_t from, uint64_t size);
/* A new space with a clone of all that `space` has mapped, but for IPC buffers and devices, and without threads. */
int clone_space(uint32_t space, uint32_t *id);
/* Ends it again, in one piece. */
void clone_undo(uint32_t id);

#endif
