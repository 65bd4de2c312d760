/*
 * pressure.h: who wants to know when memory gets scarce, and telling them: once 7/8 of an account's limit, or of all
 * memory that can be committed, is committed, and at each 1/64 further. By a signal, before anything is refused.
 */
#ifndef MEM_PRESSURE_H
#define MEM_PRESSURE_H

#include <stdint.h>

/* The space's signal from now on, a capability of mem's that is moved: 0 or an error. */
int pressure_listen(uint32_t space, uint64_t notify);
/* The space ends, or listens no more. */
void pressure_forget(uint32_t space);
/* How many listen. */
extern uint32_t pressure_listeners;
/* After a request of the space (0: none's) was served, if anybody listens. */
void pressure_check(uint32_t space);

#endif
