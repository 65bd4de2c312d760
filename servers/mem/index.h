/*
 * index.h: page number -> 32-bit number, for objects: trees of nodes of 64 entries, at most four deep.
 * Nodes are named by number in one table. Pure: knows slab.h, nothing of what the entries mean.
 */
#ifndef MEM_INDEX_H
#define MEM_INDEX_H

#include <stdbool.h>
#include <stdint.h>
#include "layout.h"
#include "slab.h"

#define INDEX_BITS       6
#define INDEX_FAN        (1u << INDEX_BITS)
#define INDEX_DEPTH      4
#define INDEX_PAGES      (1u << (INDEX_BITS * INDEX_DEPTH))   /* pages of one index at most: 64 GiB */

struct index_node {
	uint32_t entry[INDEX_FAN];      /* of a leaf: the value; else the node below. 0: nothing there */
};

struct index {
	uint32_t root;
	uint32_t depth;                 /* 1 .. INDEX_DEPTH */
};

extern struct slab index_nodes;

/* A node by number. */
static inline struct index_node *index_node_at(uint32_t node)
{
	return SLAB_AT(&index_nodes, VA_NODES, struct index_node, node);
}

/* The leaf for a page, 0: none yet. */
static inline uint32_t index_find_leaf(const struct index *index, uint32_t page)
{
	uint32_t node = index->root;

	for (unsigned shift = INDEX_BITS * (index->depth - 1); shift && node; shift -= INDEX_BITS)
		node = index_node_at(node)->entry[page >> shift & (INDEX_FAN - 1)];
	return node;
}

/* An index for pages 0 .. pages - 1, empty. */
void index_init(struct index *index, uint32_t pages);
/* The value at page, 0: none. */
uint32_t index_get(const struct index *index, uint32_t page);
/* Where the value of page stands, nodes on the way are made; NULL: no memory. */
uint32_t *index_slot(struct index *index, uint32_t page);
/* Makes room for pages 0 .. pages - 1 in an index that has less; false: no memory. */
bool index_grow(struct index *index, uint32_t pages);
/*
 * Calls drop for the values in pages first .. end - 1 and takes them out, at most *most, of which it takes off what was
 * done; nodes left empty are freed.
 */
void index_clear(struct index *index, uint32_t first, uint32_t end, uint32_t *most,
		 void (*drop)(void *context, uint32_t value), void *context);
/* Calls visit for every value there, in order of pages, until it returns false; returns whether none did. */
bool index_walk(const struct index *index, uint32_t first, uint32_t end,
		bool (*visit)(void *context, uint32_t page, uint32_t value), void *context);

#endif
