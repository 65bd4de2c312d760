/*
 * index.h: page number -> 32-bit number, for objects: trees of nodes of 64 entries, at most four deep.
 * Nodes are named by number in one table. Trees may share leaves, which nobody changes then; never other nodes.
 * Pure: knows slab.h, nothing of what the entries mean.
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
extern struct slab index_sharers_slab;

/* How many trees more than one have this leaf. */
static inline uint16_t *index_sharers(uint32_t leaf)
{
	return SLAB_AT(&index_sharers_slab, VA_SHARERS, uint16_t, leaf);
}

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
/* Where the number of the leaf for page stands, nodes above it are made; NULL: no memory. */
uint32_t *index_leaf_slot(struct index *index, uint32_t page);
/* A leaf, empty; 0: no memory. */
uint32_t index_node_make(void);
/* Where the value of page stands, nodes on the way are made; NULL: no memory. The leaf must not be shared. */
uint32_t *index_slot(struct index *index, uint32_t page);
/* Makes sure that the next n nodes can be made. */
bool index_prepare(uint32_t n);
/* Makes room for pages 0 .. pages - 1 in an index that has less; false: no memory. */
bool index_grow(struct index *index, uint32_t pages);
/* What index_clear does with what it takes out. */
struct index_drop {
	void (*value)(void *context, uint32_t value);
	void (*leaf)(void *context, uint32_t leaf);     /* a shared leaf, which the others keep; NULL: there are none */
	void *context;
};
/*
 * Takes the values of pages first .. end - 1 out, at most *most, of which it takes off what was done; nodes left
 * empty are freed. Shared leaves go as a whole: the range must not cut them.
 */
void index_clear(struct index *index, uint32_t first, uint32_t end, uint32_t *most, const struct index_drop *drop);
/* Calls visit for every value there, in order of pages, until it returns false; returns whether none did. */
bool index_walk(const struct index *index, uint32_t first, uint32_t end,
		bool (*visit)(void *context, uint32_t page, uint32_t value), void *context);

/* Calls visit for every leaf. */
void index_leaves(const struct index *index, void (*visit)(void *context, uint32_t leaf), void *context);

#endif
