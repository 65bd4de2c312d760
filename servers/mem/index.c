/*
 * index.c: page indices. See index.h.
 */
#include "index.h"
#include "layout.h"

#define NODES_MOST ((VA_NODES_END - VA_NODES) / sizeof(struct index_node))

struct slab index_nodes = SLAB(VA_NODES, struct index_node, NODES_MOST);

void index_init(struct index *index, uint32_t pages)
{
	index->root = 0;
	index->depth = 1;
	while (index->depth < INDEX_DEPTH && pages > 1u << (INDEX_BITS * index->depth))
		index->depth++;
}

uint32_t index_get(const struct index *index, uint32_t page)
{
	uint32_t node = index->root;

	for (unsigned level = index->depth; level-- > 0 && node; )
		node = index_node_at(node)->entry[page >> (INDEX_BITS * level) & (INDEX_FAN - 1)];
	return node;
}

/* A node that is free is empty, but for the word by which the free ones are linked. */
static uint32_t node_make(void)
{
	uint32_t node = slab_take(&index_nodes);

	index_node_at(node)->entry[0] = 0;
	return node;
}

uint32_t *index_slot(struct index *index, uint32_t page)
{
	uint32_t *slot = &index->root;

	for (unsigned level = index->depth; level-- > 0; ) {
		if (!*slot && !(*slot = node_make()))
			return 0;
		slot = &index_node_at(*slot)->entry[page >> (INDEX_BITS * level) & (INDEX_FAN - 1)];
	}
	return slot;
}

bool index_grow(struct index *index, uint32_t pages)
{
	while (index->depth < INDEX_DEPTH && pages > 1u << (INDEX_BITS * index->depth)) {
		uint32_t top = index->root ? node_make() : 0;

		if (index->root && !top)
			return false;
		if (top)
			index_node_at(top)->entry[0] = index->root;
		index->root = top;
		index->depth++;
	}
	return true;
}

struct clear {
	uint32_t first, end;
	uint32_t *most;
	void (*drop)(void *context, uint32_t value);
	void *context;
};

/* Clears what of the node at `level`, whose pages start at base, lies in the range; true: it is empty now. */
static bool node_clear(uint32_t node, unsigned level, uint32_t base, const struct clear *c)
{
	uint32_t *entry = index_node_at(node)->entry, any = 0;
	uint32_t span = 1u << (INDEX_BITS * level);

	for (unsigned i = 0; i < INDEX_FAN; i++, base += span) {
		if (entry[i] && *c->most && base < c->end && base + span > c->first) {
			if (level == 0) {
				--*c->most;
				c->drop(c->context, entry[i]);
				entry[i] = 0;
			} else if (node_clear(entry[i], level - 1, base, c)) {
				slab_give(&index_nodes, entry[i]);
				entry[i] = 0;
			}
		}
		any |= entry[i];
	}
	return !any;
}

void index_clear(struct index *index, uint32_t first, uint32_t end, uint32_t *most,
		 void (*drop)(void *context, uint32_t value), void *context)
{
	struct clear c = { first, end, most, drop, context };

	if (index->root && node_clear(index->root, index->depth - 1, 0, &c)) {
		slab_give(&index_nodes, index->root);
		index->root = 0;
	}
}

struct walk {
	uint32_t first, end;
	bool (*visit)(void *context, uint32_t page, uint32_t value);
	void *context;
};

static bool node_walk(uint32_t node, unsigned level, uint32_t base, const struct walk *w)
{
	const uint32_t *entry = index_node_at(node)->entry;
	uint32_t span = 1u << (INDEX_BITS * level);

	for (unsigned i = 0; i < INDEX_FAN && base < w->end; i++, base += span) {
		if (!entry[i] || base + span <= w->first)
			continue;
		if (level ? !node_walk(entry[i], level - 1, base, w) : !w->visit(w->context, base, entry[i]))
			return false;
	}
	return true;
}

bool index_walk(const struct index *index, uint32_t first, uint32_t end,
		bool (*visit)(void *context, uint32_t page, uint32_t value), void *context)
{
	struct walk w = { first, end, visit, context };

	return !index->root || node_walk(index->root, index->depth - 1, 0, &w);
}
