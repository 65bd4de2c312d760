/*
 * clock.h: a thread of mem that wakes it when a pager's deadline has passed. Like the zero worker it shares mem's space
 * and CNode but none of its data: what it knows comes as the answer to `clock`.
 */
#ifndef MEM_CLOCK_H
#define MEM_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

bool clock_start(void);
/* It uses mem's CNode from now on. */
void clock_set_cspace(void);
/* Its call: 0 with the time to wait for, IDL_PARKED, or an error. */
int clock_turn(uint64_t *until);
/* A deadline is set: it is to be watched. */
void clock_watch(uint64_t due);

#endif
