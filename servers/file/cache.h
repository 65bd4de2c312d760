/*
 * cache.h: what of the disk is in memory: the window that blk shares, in lines of 32 KiB. A line is fetched
 * whole, which is
 * the read-ahead; where that fails, block by block, so that an error stays with the bytes that have it.
 * Nothing here waits.
 */
#ifndef FILE_CACHE_H
#define FILE_CACHE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The size of the disk in bytes: 0 and *size; E_NOT_FOUND: there is none; else why it cannot be had. */
int cache_open(uint64_t *size);

/* Bytes of the disk: 0, E_AGAIN (they are on their way: cache_news says when to ask again), E_IO. */
int cache_read(uint64_t offset, void *data, size_t size);

/* blk has signalled: true: something came, or failed. */
bool cache_news(void);

/* blk was started again: what was on its way is not any more. */
void cache_restarted(void);

#endif
