/*
 * vm.h: mem's own address space, and what is done to frames there and in clients' spaces page by page.
 * The only other user of kernel calls on frames is slots.c.
 */
#ifndef MEM_VM_H
#define MEM_VM_H

#include <stdbool.h>
#include <stdint.h>
#include <tessera/abi.h>

/* Maps a frame at va in mem's own space, supplying page tables. */
bool vm_map(uint64_t va, cap_t frame, unsigned rights);
/* Maps a fresh, clear frame there for good. */
bool vm_map_spare(uint64_t va);
/* Makes sure that va has all its page tables. */
bool vm_table(uint64_t va);
/* This thread uses that CNode from now on; false: the one it had. */
bool vm_set_cspace(cap_t cnode);

/* A slot that names the 4 KiB meant and no more; else the place of the 4 KiB in the slot's larger frame. */
#define VM_WHOLE ~0ull

/* Clears an unmapped frame; copies 4 KiB to another that is unmapped. False: the memory did not answer. */
bool vm_clear(uint32_t frame);
bool vm_clear_part(cap_t frame, uint64_t at);
bool vm_copy(uint32_t to, cap_t from, uint64_t at);

/* Unmaps frames wherever they are, in batches: add each, then flush. */
void vm_unmap_add(cap_t frame);
void vm_unmap_flush(void);

/* Ends all shares and mappings of a frame. */
void vm_revoke(cap_t frame);

/* A frame into view at VA_SCRATCH, and out again. It must not be mapped anywhere else. NULL: could not. */
void *vm_open(cap_t frame, unsigned rights);
void vm_close(cap_t frame);

/* A share of 4 KiB with these rights in an empty slot. */
bool vm_share(cap_t frame, uint64_t at, cap_t slot, unsigned rights);

/* Shares of n frames with slots in a row, in n empty slots: all or none. */
bool vm_share_row(cap_t frame, cap_t slot, uint32_t n, unsigned rights);

struct ipc_buffer *vm_buffer(void);

#endif
