/*
 * space.h: Sv39 address spaces: page tables, mappings, scan (Privileged Architecture 4.4).
 */
#pragma once

#include "cap.h"

struct thread;

/* Space ids double as ASIDs; 0 is the kernel's own. */
#define SPACE_COUNT 4096

typedef uint64_t pte_t;

/* Takes an id for a root table that is clear but for nothing; fills the kernel half and s's w2 and w3. */
int space_make(struct slot *s, void *root);
/* Gives the id back and leaves the space on this hart. The root table is the caller's to clear. */
void space_destroy(struct slot *s);
uint64_t space_satp(const struct slot *vspace);
/* This hart leaves whatever space it is in. */
void space_leave(void);
/* Threads of the hart run in the space from now on: fences reach it. */
void space_runs(const struct slot *vspace, uint64_t hart);

/* The live leaf PTE of a frame's mapping record, or NULL: not mapped. */
pte_t *space_mapping(const struct slot *frame);
/* Unmaps count slots with one fence; sets the dirty bits of what was torn down from number `bit` on. */
void space_unmap_run(struct slot *frames, uint64_t count, uint64_t *dirty, uint64_t bit);
/* Takes W from a frame's mapping. */
void space_freeze(struct slot *frame);
/* Takes a page table out of its space. */
void space_remove_table(struct slot *table);

/* How a mapping is made. */
#define MAP_ACCESSED 1  /* with A, and D if writable: the page that faulted on a store */
#define MAP_REPLACE  2  /* another frame may stand there */
#define MAP_DIRTY    4
#define MAP_NEIGHBOUR 8 /* only an empty PTE */
/* A fault that a run of frames answers: how its page is mapped; all others within the window only fill empty PTEs. */
struct space_fault {
	uint64_t page, window;
	unsigned how;
};
/*
 * Maps count frames one behind the other from *va on, which advances; fault may be NULL. 0, or the error of frame
 * *done; for -E_NEED_TABLE *level tells which table is missing (1 or 0).
 */
int space_map_run(const struct slot *vspace, uint64_t *va, struct slot *frames, uint64_t count, uint64_t rights,
		  const struct space_fault *fault, uint64_t *done, unsigned *level);
/* Makes the frame the first page table missing for va. */
int space_table(const struct slot *vspace, uint64_t va, struct slot *frame);
/* True if the PTE of va allows the access (RIGHT_); sets A and D as needed. */
bool space_access(const struct slot *vspace, uint64_t va, unsigned access);
void space_scan(const struct slot *vspace, uint64_t va, uint64_t pages, unsigned how, uint64_t *used, uint64_t *dirty);
/* For debug.c: whether the hart runs in the space of this satp. */
bool space_is_run(uint64_t satp, uint64_t hart);
/* For the audit: leaf PTEs of user pages, or -1 with *bad at a PTE that must not be. */
long space_count_leaves(const struct slot *vspace, uint64_t *bad);
