/*
 * range.h: what is mapped where in a space: map, reserve, commit, decommit, protect, unmap.
 * Each edit checks all it needs first (regions, memory to charge) and then cannot fail: it is done wholly
 * or not at all. Page work that is too much for one request (work.h) answers E_AGAIN: the same call made again goes
 * on. Sizes in bytes are rounded up to pages; addresses must be page-aligned. Errors are those of mem.idl.
 */
#ifndef MEM_RANGE_H
#define MEM_RANGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <mem_idl.h>

/* First page for placing, from a random number. */
uint32_t range_random_base(uint64_t random);

int range_map(uint32_t space, uint64_t addr, uint64_t size, uint32_t prot, uint32_t how, uint64_t *at);
int range_reserve(uint32_t space, uint64_t addr, uint64_t size, uint64_t align, uint32_t how, uint64_t *at);
int range_map_object(uint32_t space, uint32_t object, uint64_t offset, uint64_t addr, uint64_t size,
		     uint32_t prot,
		     uint32_t how, uint64_t *at);
/* A device's registers. */
int range_map_device(uint32_t space, uint32_t object, uint64_t *at);
int range_commit(uint32_t space, uint64_t addr, uint64_t size, uint32_t prot);
/*
 * Decommit of `count` ranges: whether each may be; with 0 from all, each is begun, which cannot fail, and done: 0
 * or E_AGAIN. Begun again, it goes on.
 */
int range_may_decommit(uint32_t space, uint64_t addr, uint64_t size, uint32_t count);
void range_begin_decommit(uint32_t space, uint64_t addr, uint64_t size);
int range_decommit(uint32_t space, uint64_t addr, uint64_t size);
/* All of the range, which clones are in, is reserved again, without pages. */
void range_reserve_again(uint32_t space, uint32_t first, uint32_t end);
int range_protect(uint32_t space, uint64_t addr, uint64_t size, uint32_t prot);
int range_unmap(uint32_t space, uint64_t addr, uint64_t size);
/* Another size for a range of own memory, at *at afterwards: another place only with MEM_MOVE. */
int range_remap(uint32_t space, uint64_t addr, uint64_t old, uint64_t size, uint32_t how, uint64_t *at);

/* A page's place for an IPC buffer; only mem unmaps it. */
int range_map_raw(uint32_t space, uint32_t *page);
/* The same of so many pages, for a pager's window. */
int range_map_window(uint32_t space, uint32_t pages, uint32_t *page);
void range_unmap_raw(uint32_t space, uint32_t page);

/* Copies bytes into memory of the space's own, whatever its access. */
int range_write(uint32_t space, uint64_t addr, const void *bytes, size_t size);
/* Copies out what is there. */
int range_read(uint32_t space, uint64_t addr, void *bytes, size_t size);
/* The region at addr or the next above; false: none. */
bool range_query(uint32_t space, uint64_t addr, struct mem_region *found);

/* Drops the regions of a space whose VSpace is gone, as far as the work goes; true: all. */
bool range_clear(uint32_t space);
/* Sum of what the regions cost, for the audit. */
uint64_t range_charge(uint32_t space);

#endif
