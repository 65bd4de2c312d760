/*
 * advise.h: what a program says about how it will use a range of its memory.
 */
#ifndef MEM_ADVISE_H
#define MEM_ADVISE_H

#include <stdint.h>

/* MEM_ADVISE_* for a range that is all mapped: 0, E_BAD_RANGE, E_BAD_ARG, E_NO_MEMORY, or E_AGAIN: once more. */
int advise_range(uint32_t space, uint64_t addr, uint64_t size, uint32_t what);
/* New pages of the range's memory come from pool `pool` while it has any: 0, E_BAD_RANGE, E_NOT_FOUND, E_NO_MEMORY. */
int advise_pool(uint32_t space, uint64_t addr, uint64_t size, uint32_t pool);

#endif
