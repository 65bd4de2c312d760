/*
 * index.c: page indices. See index.h.
 */
#include "index.h"
#include "layout.h"

#define NODES_MOST ((VA_NODES_END - VA_NODES) / sizeof(struct index_node))

#define LEAF_WORK  16u                  /* units of work for leaving a shared leaf */

struct slab index_nodes = SLAB(VA_NODES, struct index_node, NODES_MOST);
struct slab index_sharers_slab = SLAB(VA_SHARERS, uint16_t, (VA_REGIONS - VA_SHARERS) / sizeof(uint16_t));

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
uint32_t index_node_make(void)
{
	uint32_t node = index_nodes.free || index_prepare(1) ? slab_take(&index_nodes) : 0;

	if (node)
		index_node_at(node)->entry[0] = 0;
	return node;
}

/* Each node that there is memory for has its number of sharers, 0. */
bool index_prepare(uint32_t n)
{
	uint32_t a_page = PAGE_SIZE / sizeof(struct index_node);

	if (index_nodes.frees >= n)
		return true;
	return slab_reach(&index_sharers_slab, index_nodes.reached + n + a_page) && slab_prepare(&index_nodes, n);
}

uint32_t *index_leaf_slot(struct index *index, uint32_t page)
{
	uint32_t *slot = &index->root;

	for (unsigned level = index->depth; --level > 0; ) {
		if (!*slot && !(*slot = index_node_make()))
			return 0;
		slot = &index_node_at(*slot)->entry[page >> (INDEX_BITS * level) & (INDEX_FAN - 1)];
	}
	return slot;
}

uint32_t *index_slot(struct index *index, uint32_t page)
{
	uint32_t *leaf = index_leaf_slot(index, page);

	if (!leaf || (!*leaf && !(*leaf = index_node_make())))
		return 0;
	return &index_node_at(*leaf)->entry[page & (INDEX_FAN - 1)];
}

bool index_grow(struct index *index, uint32_t pages)
{
	while (index->depth < INDEX_DEPTH && pages > 1u << (INDEX_BITS * index->depth)) {
		uint32_t top = index->root ? index_node_make() : 0;

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
	const struct index_drop *drop;
};

static bool leaf_clear(uint32_t *entry, uint32_t base, const struct clear *c)
{
	uint32_t any = 0;

	for (unsigned i = 0; i < INDEX_FAN; i++, base++) {
		if (entry[i] && *c->most && base < c->end && base >= c->first) {
			--*c->most;
			c->drop->value(c->drop->context, entry[i]);
			entry[i] = 0;
		}
		any |= entry[i];
	}
	return !any;
}

/*
 * Clears what of the node at `level`, whose pages start at base, lies in the range; true: it is the tree's no
 * more.
 */
static bool node_clear(uint32_t node, unsigned level, uint32_t base, const struct clear *c)
{
	uint32_t *entry = index_node_at(node)->entry, any = 0;
	uint32_t span = 1u << (INDEX_BITS * level);

	if (level == 0 && *index_sharers(node)) {
		c->drop->leaf(c->drop->context, node);
		--*index_sharers(node);
		*c->most -= *c->most < LEAF_WORK ? *c->most : LEAF_WORK;
		return true;
	}
	for (unsigned i = 0; level && i < INDEX_FAN; i++, base += span) {
		if (entry[i] && *c->most && base < c->end && base + span > c->first
		    && node_clear(entry[i], level - 1, base, c))
			entry[i] = 0;
		any |= entry[i];
	}
	if (level ? any : !leaf_clear(entry, base, c))
		return false;
	slab_give(&index_nodes, node);
	return true;
}

void index_clear(struct index *index, uint32_t first, uint32_t end, uint32_t *most, const struct index_drop *drop)
{
	struct clear c = { first, end, most, drop };

	if (index->root && *most && first < 1u << (INDEX_BITS * index->depth)
	    && node_clear(index->root, index->depth - 1, 0, &c))
		index->root = 0;
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

static void node_leaves(uint32_t node, unsigned level, void (*visit)(void *context, uint32_t leaf), void *context)
{
	if (!level)
		visit(context, node);
	for (unsigned i = 0; level && i < INDEX_FAN; i++) {
		if (index_node_at(node)->entry[i])
			node_leaves(index_node_at(node)->entry[i], level - 1, visit, context);
	}
}

void index_leaves(const struct index *index, void (*visit)(void *context, uint32_t leaf), void *context)
{
	if (index->root)
		node_leaves(index->root, index->depth - 1, visit, context);
}
