/*
 * later.h: requests that need something from the disk: they are kept as they came, and tried again when
 * something has
 * arrived. A handler that answers E_AGAIN has changed nothing.
 */
#ifndef FILE_LATER_H
#define FILE_LATER_H

#include <stdbool.h>
#include <stdint.h>
#include <tessera/abi.h>
#include <tessera/syscall.h>

/* Keeps the current request, whose buffer words are given; false: there is no room. */
bool later_keep(const struct message *m, const uint64_t *words);

/* Tries all that were kept, in the order they came. */
void later_retry(uint64_t (*dispatch)(struct message *m));

#endif
