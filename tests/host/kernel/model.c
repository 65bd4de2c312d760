/* model.c: see model.h. */
#include "model.h"

#include <stdbool.h>
#include <string.h>
#include <tessera/abi.h>

#define NONE (-1)

enum entry_kind { EMPTY, TABLE, LEAF };
struct entry {
	enum entry_kind kind;
	int page;                  /* the table's, or the first of the frame's */
	unsigned order, rights;
};
/* A page table of any level: the root has one entry (the gigapage in use), level 1 one a region, level 0 one a page. */
struct table {
	struct entry entry[MODEL_VAS];
};

static struct space {
	bool alive;
	unsigned life;             /* which space of this place it is */
	struct table root;
} spaces[MODEL_SPACES];
/* Pages as page tables; the fixed spaces' first tables behind them. */
static struct table tables[MODEL_PAGES + 2];

static struct node {
	unsigned type, rights, kind, order;
	int parent;
	int page;                  /* memory: its first page; a VSpace or CNode: the page it is made of */
	int chip;
	bool badged;
	uint64_t badge;
	int object;                /* Endpoint, Thread: the slot it was made in; VSpace: the space; CNode: the CNode */
	bool recorded;             /* was mapped, or installed as a table, here: */
	int space;
	unsigned life, region, va, level;
	unsigned handed_out;
} nodes[MODEL_SLOTS];

void model_boot(void)
{
	memset(nodes, 0, sizeof(nodes));
	memset(spaces, 0, sizeof(spaces));
	memset(tables, 0, sizeof(tables));
	for (int i = 0; i < 3; i++)
		nodes[MODEL_SLOT(MODEL_ORIGIN, i + 1)] = (struct node){
		    .type = TYPE_FRAME,
		    .rights = RIGHT_ALL,
		    .kind = KIND_SPLIT,
		    .order = i == 2,
		    .parent = NONE,
		    .page = i,
		};
	for (int i = 0; i < 2; i++) {
		spaces[i].alive = true;
		spaces[i].root.entry[0] = (struct entry){ .kind = TABLE, .page = MODEL_PAGES + i };
	}
}

int model_exists(int slot)
{
	int cnode = slot / MODEL_INDEX;

	if (cnode < MODEL_PROCESSES || cnode == MODEL_ORIGIN)
		return 1;
	for (int i = 0; i < MODEL_SLOTS; i++)
		if (nodes[i].type == TYPE_CNODE && nodes[i].object == cnode)
			return 1;
	return 0;
}

int model_slot(const struct model_name *name, unsigned right)
{
	int cnode = (int)name->process;

	if (name->where >= MODEL_LINK) {
		cnode = (int)(name->where - MODEL_LINK);
	} else if (name->where) {
		const struct node *link = &nodes[MODEL_SLOT((int)name->process, (int)name->where)];

		if (link->type != TYPE_CNODE || (link->rights & right) != right)
			return -E_BAD_SLOT;
		cnode = link->object;
	}
	return MODEL_SLOT(cnode, (int)name->index);
}

/* ---- the tree ------------------------------------------------------------------------------------ */

static unsigned children(int slot)
{
	for (int i = 0; i < MODEL_SLOTS; i++)
		if (nodes[i].type != TYPE_NULL && nodes[i].parent == slot)
			return nodes[i].kind;
	return KIND_NONE;
}

static bool is_memory(const struct node *n)
{
	return n->type == TYPE_FRAME || n->type == TYPE_CHIP || n->type == TYPE_TABLE;
}

/* Made in place: its end is the object's. */
static bool is_made(const struct node *n)
{
	return n->type != TYPE_NULL && n->kind != KIND_COPY && !is_memory(n);
}

static void insert(int slot, int parent, unsigned kind, struct node n)
{
	nodes[slot] = n;
	nodes[slot].parent = parent;
	nodes[slot].kind = kind;
}

/* ---- mappings ------------------------------------------------------------------------------------ */

/* The entry of a page (level 0) or a region (level 1); *missing is the level of the table that is not there. */
static struct entry *walk(struct space *s, unsigned region, unsigned va, unsigned level, unsigned *missing)
{
	struct entry *e = &s->root.entry[0];

	for (unsigned l = 2; l > level; l--) {
		*missing = l - 1;
		if (e->kind != TABLE)
			return NULL;
		e = &tables[e->page].entry[l == 2 ? region : va];
	}
	return e;
}

/* The PTE a frame's record names, if it still holds that frame. */
static struct entry *mapping(const struct node *n)
{
	unsigned missing;
	struct entry *e;

	if (n->type != TYPE_FRAME || !n->recorded)
		return NULL;
	if (!spaces[n->space].alive || spaces[n->space].life != n->life)
		return NULL;
	e = walk(&spaces[n->space], n->region, n->va, n->order, &missing);
	return e && e->kind == LEAF && e->page == n->page ? e : NULL;
}

static bool mapped(int slot)
{
	return children(slot) != KIND_SPLIT && mapping(&nodes[slot]);
}

static bool borrowed(const struct node *n)
{
	return n->kind == KIND_SHARE || n->kind == KIND_FROZEN;
}

/* What make, table and fill ask of a frame. */
static int is_free(int slot)
{
	const struct node *n = &nodes[slot];

	if (n->type != TYPE_FRAME)
		return -E_BAD_TYPE;
	if (borrowed(n) || !(n->rights & RIGHT_W))
		return -E_NO_RIGHT;
	return children(slot) || mapped(slot) ? -E_BUSY : 0;
}

/* ---- give ---------------------------------------------------------------------------------------- */

static int give_copy(int src, int dst, unsigned rights, uint64_t badge)
{
	struct node n = nodes[src];

	if (is_memory(&n))
		return -E_BAD_TYPE;
	n.rights &= rights;
	if (badge) {
		if (n.type != TYPE_ENDPOINT || n.badged)
			return -E_BAD_TYPE;
		if (n.rights != RIGHT_CALL && n.rights != RIGHT_SIGNAL)
			return -E_NO_RIGHT;
		n.badged = true;
		n.badge = badge;
	}
	insert(dst, src, KIND_COPY, n);
	return 0;
}

static int give_move(int src, int dst)
{
	const struct node *n = &nodes[src];

	if (children(src) || is_made(n) || n->type == TYPE_TABLE || mapped(src))
		return -E_BUSY;
	nodes[dst] = *n;
	nodes[src].type = TYPE_NULL;
	return 0;
}

static int give_frame(unsigned verb, int src, int dst, unsigned rights)
{
	struct node *s = &nodes[src], n = *s;
	unsigned below = children(src);
	unsigned kind = verb == GIVE_LEND ? KIND_LOAN : verb == GIVE_SHARE ? KIND_SHARE : KIND_FROZEN;

	if (s->type != TYPE_FRAME)
		return -E_BAD_TYPE;
	if ((kind == KIND_LOAN && borrowed(s)) || (kind == KIND_FROZEN && s->kind == KIND_SHARE) ||
	    (kind == KIND_SHARE && s->kind == KIND_FROZEN))
		return -E_NO_RIGHT;
	if (kind == KIND_LOAN ? below || mapped(src) : below && below != kind)
		return -E_BUSY;
	n.rights &= rights;
	n.recorded = false;
	n.handed_out = 0;
	if (kind == KIND_FROZEN) {
		n.rights &= ~(unsigned)RIGHT_W;
		if (mapped(src))
			mapping(s)->rights &= ~(unsigned)RIGHT_W;
	}
	if (kind == KIND_LOAN)
		s->recorded = false;
	insert(dst, src, kind, n);
	return 0;
}

int model_give(unsigned verb, int src, int dst, unsigned rights, uint64_t badge)
{
	if (nodes[src].type == TYPE_NULL || nodes[dst].type != TYPE_NULL)
		return nodes[src].type == TYPE_NULL ? -E_BAD_SLOT : -E_NOT_EMPTY;
	if (verb == GIVE_COPY)
		return give_copy(src, dst, rights, badge);
	return verb == GIVE_MOVE ? give_move(src, dst) : give_frame(verb, src, dst, rights);
}

/* ---- the end ------------------------------------------------------------------------------------- */

static void unmap(int slot)
{
	struct entry *e = mapped(slot) ? mapping(&nodes[slot]) : NULL;

	if (e) {
		e->kind = EMPTY;
		nodes[slot].recorded = false;
	}
}

/* A page table leaves its space, if it is still there, and is empty. */
static void table_end(struct node *n)
{
	unsigned missing;
	struct entry *e = NULL;

	if (spaces[n->space].alive && spaces[n->space].life == n->life)
		e = walk(&spaces[n->space], n->region, 0, n->level + 1, &missing);
	if (e && e->kind == TABLE && e->page == n->page)
		e->kind = EMPTY;
	memset(&tables[n->page], 0, sizeof(tables[0]));
}

static void end_below(int slot)
{
	for (int i = 0; i < MODEL_SLOTS; i++)
		if (nodes[i].type != TYPE_NULL && nodes[i].parent == slot)
			(void)model_destroy(i, true);
}

int model_destroy(int slot, int self)
{
	struct node *n = &nodes[slot];

	if (n->type == TYPE_NULL)
		return -E_BAD_SLOT;
	end_below(slot);
	if (n->type == TYPE_FRAME) {
		unmap(slot);
		n->recorded = false;
		n->handed_out = 0;
	} else if (n->type == TYPE_TABLE) {
		table_end(n);
	} else if (is_made(n) && n->type == TYPE_VSPACE) {
		spaces[n->object].alive = false;
	} else if (is_made(n) && n->type == TYPE_CNODE) {
		for (int i = 1; i < MODEL_INDEX; i++)
			if (nodes[MODEL_SLOT(n->object, i)].type != TYPE_NULL)
				(void)model_destroy(MODEL_SLOT(n->object, i), true);
	}
	if (is_made(n) || n->type == TYPE_TABLE) {
		n->type = n->type == TYPE_ENDPOINT ? TYPE_CHIP : TYPE_FRAME;
		n->recorded = false;
	}
	if (self)
		n->type = TYPE_NULL;
	return 0;
}

/* ---- split, make, fill --------------------------------------------------------------------------- */

int model_split(int slot, unsigned first, int dst)
{
	struct node *s = &nodes[slot], n = *s;
	unsigned below = children(slot);

	if (s->type != TYPE_FRAME)
		return s->type == TYPE_NULL ? -E_BAD_SLOT : -E_BAD_TYPE;
	if (borrowed(s))
		return -E_NO_RIGHT;
	if (below ? below != KIND_SPLIT || first < s->handed_out : mapped(slot))
		return -E_BUSY;
	if (nodes[dst].type != TYPE_NULL)
		return -E_NOT_EMPTY;
	s->handed_out = first + 1;
	s->recorded = false;
	n.recorded = false;
	n.handed_out = 0;
	if (s->order == ORDER_4K) {
		n.type = TYPE_CHIP;
		n.order = ORDER_CHIP;
		n.chip = (int)first;
	} else {
		n.order--;
		n.page = s->page + (int)first;
	}
	insert(dst, slot, KIND_SPLIT, n);
	return 0;
}

int model_make(int slot, unsigned type)
{
	struct node *n = &nodes[slot];
	int error;

	if (type == TYPE_ENDPOINT) {
		if (n->type != TYPE_CHIP)
			return -E_BAD_TYPE;
		if (!(n->rights & RIGHT_W))
			return -E_NO_RIGHT;
		n->object = slot;
	} else {
		if (n->type == TYPE_FRAME && n->order != ORDER_4K && type != TYPE_CNODE)
			return -E_BAD_ARG;
		error = is_free(slot);
		if (error)
			return error;
	}
	n->type = type;
	n->badge = 0;
	n->badged = false;
	n->recorded = false;
	if (type == TYPE_CNODE)
		n->object = MODEL_PROCESSES + n->page;
	if (type == TYPE_VSPACE) {
		n->object = 2 + n->page;
		spaces[n->object] = (struct space){ .alive = true, .life = spaces[n->object].life + 1 };
	}
	return 0;
}

int model_fill(int slot)
{
	return nodes[slot].type == TYPE_NULL ? -E_BAD_SLOT : is_free(slot);
}

/* ---- map, unmap, table --------------------------------------------------------------------------- */

/* The space a slot names for map and table. */
static int space_of(int slot, int *space)
{
	*space = slot - MODEL_FIXED;
	if (slot >= MODEL_FIXED)
		return 0;
	if (nodes[slot].type != TYPE_VSPACE)
		return nodes[slot].type == TYPE_NULL ? -E_BAD_SLOT : -E_BAD_TYPE;
	*space = nodes[slot].object;
	return nodes[slot].rights & RIGHT_WRITE ? 0 : -E_NO_RIGHT;
}

int model_space_error(int space)
{
	return space_of(space, &(int){ 0 });
}

/* All that does not depend on the space's tables. */
static int may_map(int frame, unsigned va, unsigned rights)
{
	const struct node *n = &nodes[frame];
	unsigned below = children(frame);

	if (n->type != TYPE_FRAME)
		return -E_BAD_TYPE;
	if (n->order == ORDER_2M && va)
		return -E_BAD_ARG;
	if (rights & ~n->rights)
		return -E_NO_RIGHT;
	if (below == KIND_LOAN || below == KIND_SPLIT)
		return -E_NOT_FREE;
	return below == KIND_FROZEN && rights & RIGHT_W ? -E_FROZEN : 0;
}

int model_map(int space, unsigned region, unsigned va, unsigned rights, int frame)
{
	struct node *n = &nodes[frame];
	struct entry *e, *old;
	unsigned missing;
	int id, error = space_of(space, &id);

	if (!error)
		error = may_map(frame, va, rights);
	if (error)
		return error;
	old = mapping(n);
	if (old && (n->space != id || n->region != region || n->va != va))
		return -E_NOT_FREE;
	e = walk(&spaces[id], region, va, n->order, &missing);
	if (!e)
		return -E_NEED_TABLE;
	if (e->kind == TABLE)
		return -E_TABLE_PRESENT;
	if (e->kind == LEAF && e != old)
		return -E_OCCUPIED;
	*e = (struct entry){ LEAF, n->page, n->order, rights };
	n->recorded = true;
	n->space = id;
	n->life = spaces[id].life;
	n->region = region;
	n->va = va;
	return 0;
}

int model_unmap(int frame)
{
	if (nodes[frame].type == TYPE_FRAME)
		unmap(frame);
	return 0;
}

int model_table(int frame, int space, unsigned region)
{
	struct node *n = &nodes[frame];
	struct entry *e;
	unsigned missing = 0;
	int id, error;

	if (n->type != TYPE_FRAME)
		return n->type == TYPE_NULL ? -E_BAD_SLOT : -E_BAD_TYPE;
	error = space_of(space, &id);
	if (!error)
		error = is_free(frame);
	if (!error && n->order != ORDER_4K)
		error = -E_BAD_ARG;
	if (error)
		return error;
	if (walk(&spaces[id], region, 0, 0, &missing))
		return -E_OCCUPIED;
	e = walk(&spaces[id], region, 0, missing + 1, &(unsigned){ 0 });
	if (e->kind != EMPTY)
		return -E_OCCUPIED;
	*e = (struct entry){ .kind = TABLE, .page = n->page };
	memset(&tables[n->page], 0, sizeof(tables[0]));
	n->type = TYPE_TABLE;
	n->space = id;
	n->life = spaces[id].life;
	n->region = region;
	n->level = missing;
	return 0;
}

/* ---- what can be seen ---------------------------------------------------------------------------- */

struct model_view model_view(int slot)
{
	const struct node *n = &nodes[slot];
	struct model_view v = { .type = n->type };

	if (n->type == TYPE_NULL)
		return v;
	v.rights = n->rights;
	v.kind = n->kind;
	v.children = children(slot);
	v.badged = n->badged;
	v.badge = n->badge;
	v.page = (unsigned)n->page;
	if (is_memory(n)) {
		v.order = n->order;
		v.mapped = mapped(slot);
		if (v.mapped)
			v.mapped |= mapping(n)->rights << 1;
	}
	return v;
}
