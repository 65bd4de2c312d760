/*
 * worker.h: the zero worker: a thread of mem at the lowest priority that clears dirty frames, so that the
 * stock of cleared ones fills while the machine is idle. It shares mem's space and CNode, but none of its
 * data: all it knows comes as the answer to `zero`.
 */
#ifndef MEM_WORKER_H
#define MEM_WORKER_H

#include <stdbool.h>
#include <stdint.h>
#include <tessera/abi.h>

#define WORKER_BATCH 32

bool worker_start(void);
/* It uses mem's CNode from now on. */
void worker_set_cspace(void);

/* A call of the worker: which of the frames it had are clear. 0 with first and count, or IDL_PARKED. */
int worker_turn(uint64_t mask, uint64_t *first, uint64_t *count);
/* Answers the worker that waits (frames_stock_wait) if there is work for it again. */
void worker_wake(void);

#endif
