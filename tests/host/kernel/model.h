/*
 * model.h: what the kernel's capabilities, frames and spaces should do, written a second time and simply: a tree of
 * slots with parents, tables as arrays of entries, recursion. No lists, no pieces, no bit fields.
 */
#ifndef TESTS_HOST_KERNEL_MODEL_H
#define TESTS_HOST_KERNEL_MODEL_H

#include <stdint.h>

/*
 * The slots it knows: `MODEL_INDEX - 1` slots in each CNode. CNodes 0-2 are the processes', 3 + n page n when it is
 * made one (page 2 also stands for the 2 MiB frame that pages 2-5 are pieces of), ORIGIN holds the root's frames:
 * page 0, page 1, the 2 MiB frame.
 */
#define MODEL_PROCESSES 3
#define MODEL_PAGES     6
#define MODEL_CNODES    (MODEL_PROCESSES + MODEL_PAGES)
#define MODEL_ORIGIN    MODEL_CNODES
#define MODEL_INDEX     8
#define MODEL_SLOTS     ((MODEL_CNODES + 1) * MODEL_INDEX)
#define MODEL_SLOT(cnode, index) ((cnode) * MODEL_INDEX + (index))
/* Spaces 0 and 1 are the root's, with their first page table; 2 + n is page n made one. */
#define MODEL_SPACES    (2 + MODEL_PAGES)
#define MODEL_VAS       4
#define MODEL_REGIONS   2

/* A capability's name: who speaks, the slot of its CNode that holds the CNode to look in (0: its own), the index. */
struct model_name {
	unsigned process, where, index;
};
/* `where` values for the CNodes of the processes, which each has at MODEL_LINK + process. */
#define MODEL_LINK      20
/* `index` for the two fixed spaces, and what stands for them as slots. */
#define MODEL_SPACE     30
#define MODEL_FIXED     1000

void model_boot(void);
/* The slot, or -E_. right: of the CNode it lies in. */
int model_slot(const struct model_name *name, unsigned right);

/* Each answers what the kernel should answer, on slots that were looked up, in the order of the kernel's checks. */
int model_give(unsigned verb, int src, int dst, unsigned rights, uint64_t badge);
int model_destroy(int slot, int self);
int model_split(int slot, unsigned first, int dst);
int model_make(int slot, unsigned type);
int model_fill(int slot);
/* space: a slot, or MODEL_FIXED + n. va: page `va` of region `region`. */
int model_map(int space, unsigned region, unsigned va, unsigned rights, int frame);
int model_unmap(int frame);
int model_table(int frame, int space, unsigned region);

/* 0, or why this slot is no space to map in. */
int model_space_error(int space);

/* What can be seen of a slot. */
struct model_view {
	unsigned type, rights, kind, order, children, badged;
	unsigned mapped;        /* 1 and the rights << 1 */
	uint64_t badge;
	unsigned page;          /* frames, chips, tables: number of the first page */
};
struct model_view model_view(int slot);
/* True if the slot's CNode exists now. */
int model_exists(int slot);

#endif
