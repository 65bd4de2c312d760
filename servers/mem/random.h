/*
 * random.h: mem's random numbers: the ChaCha20 stream of a key made from the machine's seed.
 */
#ifndef MEM_RANDOM_H
#define MEM_RANDOM_H

#include <stddef.h>
#include <stdint.h>

/* Starts anew from these bytes. */
void random_seed(const void *bytes, size_t size);
uint64_t random_next(void);

#endif
