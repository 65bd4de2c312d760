/*
 * cap.c: capability slots: look-up, derivation, hand-off (give) and destruction.
 *
 * Owns the derivation list. Promises that a slot's descendants are exactly the deeper run behind it, that all
 * children of a frame are of one kind, and that destroying anything takes pieces of bounded length. Knows nothing of
 * who runs: threads, endpoints and spaces end through one call each.
 */
#include "cap.h"

#include "frame.h"
#include "kernel.h"
#include "object.h"
#include "space.h"
#include "thread.h"

struct slot cap_origin = { .kind = KIND_ORIGIN };

/* Slots of CNodes being emptied, innermost first, linked by `link`. */
static struct slot *dying;

/* In instructions, measured. */
#define COST_STEP 20
#define COST_SLOT 150
#define COST_MAPPING 250
#define CNODE_STRETCH 32
#define COST_STRETCH 110

/* The CNode a capability lies in; `right` is needed for one that is not the caller's own. */
static const struct slot *cap_cnode(struct thread *t, cap_t cap, unsigned right)
{
	const struct slot *own = &t->bound[BOUND_CSPACE];
	uint64_t where = cap >> CAP_CNODE_SHIFT;
	const struct slot *other;

	if (own->type != TYPE_CNODE)
		return NULL;
	if (where == 0)
		return own;
	if (where >= cnode_count(own))
		return NULL;
	other = (struct slot *)slot_object(own) + where;
	if (other->type != TYPE_CNODE || other->making || other->dying || (other->rights & right) != right)
		return NULL;
	return other;
}

struct slot *cap_run(struct thread *t, cap_t cap, uint64_t count, unsigned right, int *error)
{
	const struct slot *cnode = cap_cnode(t, cap, right);
	uint64_t index = (uint32_t)cap;

	*error = -E_BAD_SLOT;
	if (!cnode || index == 0 || count == 0 || count > cnode_count(cnode) || index > cnode_count(cnode) - count)
		return NULL;
	*error = 0;
	return (struct slot *)slot_object(cnode) + index;
}

struct slot *cap_lookup(struct thread *t, cap_t cap, int *error)
{
	struct slot *s = cap_run(t, cap, 1, RIGHT_READ, error);

	if (s && s->type == TYPE_NULL) {
		*error = -E_BAD_SLOT;
		return NULL;
	}
	return s;
}

struct slot *cap_lookup_type(struct thread *t, cap_t cap, unsigned type, int *error)
{
	struct slot *s = cap_lookup(t, cap, error);

	if (s && (s->type != type || s->making)) {
		*error = -E_BAD_TYPE;
		return NULL;
	}
	return s;
}

void cap_insert(struct slot *parent, struct slot *child, unsigned kind)
{
	struct slot *next = slot_next(parent);

	child->kind = kind;
	child->depth = parent == &cap_origin ? 0 : parent->depth + 1;
	child->next = (intptr_t)next;
	child->prev = (intptr_t)parent;
	parent->next = (intptr_t)child;
	if (next)
		next->prev = (intptr_t)child;
	kernel_stats.slots++;
}

void cap_insert_pieces(struct slot *parent, struct slot *piece, uint64_t count, uint64_t step)
{
	struct slot *last = piece + count - 1;
	uint64_t head, frame;

	cap_insert(parent, piece, KIND_SPLIT);
	head = *(uint64_t *)piece & SLOT_HEAD_MASK;
	frame = piece->object;
	piece->prev = (intptr_t)(piece + 1);
	while (++piece <= last) {
		uint64_t *w = (uint64_t *)piece;

		w[0] = head | (uint64_t)(piece - 1) << SLOT_NEXT_SHIFT;
		w[1] = (uint64_t)(piece + 1) << SLOT_NEXT_SHIFT;
		w[2] = frame += step;
	}
	last->prev = (intptr_t)parent;
	parent->next = (intptr_t)last;
	kernel_stats.slots += count - 1;
}

void cap_remove(struct slot *s)
{
	struct slot *next = slot_next(s);

	assert_own(!slot_has_children(s));
	slot_prev(s)->next = (intptr_t)next;
	if (next)
		next->prev = (intptr_t)slot_prev(s);
	*s = (struct slot){ .type = TYPE_NULL };
	kernel_stats.slots--;
}

/* Moves a slot's content, its place in the list included. */
static void cap_move(struct slot *from, struct slot *to)
{
	*to = *from;
	slot_prev(to)->next = (intptr_t)to;
	if (slot_next(to))
		slot_next(to)->prev = (intptr_t)to;
	if (to->type == TYPE_REPLY)
		((struct thread *)slot_object(to))->reply = to;
	*from = (struct slot){ .type = TYPE_NULL };
}

int cap_derivable(const struct slot *s)
{
	if (s->doomed || s->dying)
		return -E_REVOKED;
	if (s->making)
		return -E_BUSY;
	if (s->depth >= DEPTH_MAX)
		return -E_TOO_DEEP;
	return 0;
}

static int cap_give_move(struct slot *src, struct slot *dst)
{
	if (src->doomed || src->dying)
		return -E_REVOKED;
	if (slot_has_children(src) || slot_is_maker(src) || src->type == TYPE_TABLE || src->making ||
	    (src->type == TYPE_FRAME && space_mapping(src)))
		return -E_BUSY;
	cap_move(src, dst);
	return 0;
}

/* Another reference to an object; for an endpoint perhaps with a badge, which needs exactly CALL or exactly SIGNAL. */
static int cap_give_copy(struct slot *src, struct slot *dst, unsigned rights, uint64_t badge)
{
	unsigned both = RIGHT_CALL | RIGHT_SIGNAL;
	int error = cap_derivable(src);

	if (error)
		return error;
	if (src->type < TYPE_CNODE || src->type == TYPE_TABLE || src->type == TYPE_REPLY)
		return -E_BAD_TYPE;
	rights &= src->rights;
	if (badge) {
		if (src->type != TYPE_ENDPOINT || src->badged)
			return -E_BAD_TYPE;
		if (rights == both || (rights & ~both) || !rights)
			return -E_NO_RIGHT;
	}
	dst->type = src->type;
	dst->rights = rights;
	dst->object = src->object;
	dst->record = badge ? badge : src->type == TYPE_CNODE ? 0 : src->record;
	dst->badged = src->badged || badge;
	cap_insert(src, dst, KIND_COPY);
	return 0;
}

int cap_give(unsigned verb, struct slot *src, struct slot *dst, unsigned rights, uint64_t badge, uint64_t part)
{
	if (dst->type != TYPE_NULL)
		return -E_NOT_EMPTY;
	return verb == GIVE_COPY ? cap_give_copy(src, dst, rights, badge) :
	       verb == GIVE_MOVE ? cap_give_move(src, dst) :
	       verb < GIVE_MOVE ? frame_give(verb, src, dst, rights, part) : -E_BAD_ARG;
}

int cap_bind(unsigned verb, struct slot *src, struct slot *to, unsigned rights, uint64_t badge)
{
	static struct slot tried;      /* in the image, which the links of slots reach */
	int error = cap_give(verb, src, &tried, rights, badge, 0);

	if (error)
		return error;
	cap_remove(&tried);
	if (to->type != TYPE_NULL)
		cap_remove(to);
	(void)cap_give(verb, src, to, rights, badge, 0);
	to->bound = 1;
	return 0;
}

/* The deepest first descendant of s; everything on the way is doomed, so that it only shrinks. */
static struct slot *cap_leaf(struct slot *s, struct budget *b)
{
	s->doomed = 1;
	while (slot_has_children(s)) {
		s = slot_next(s);
		s->doomed = 1;
		s->revoking = 0;
		b->left -= COST_STEP;
	}
	return s;
}

/*
 * Ends what a leaf became: afterwards it is a free frame or chip, a mere reference, or a right that names
 * nothing. A CNode with something in it goes on the dying list instead (-E_AGAIN with budget left).
 */
static int cap_unmake(struct slot *s, struct budget *b)
{
	switch (s->type) {
	case TYPE_FRAME:
		if (s->record) {
			space_unmap_run(s, 1, &b->dirty, 0);
			b->left -= COST_MAPPING;
		}
		s->record = 0;
		return 0;
	case TYPE_TABLE:
		space_remove_table(s);
		b->left -= PAGE_SIZE / 6;
		return 0;
	case TYPE_CNODE:
		if (s->kind == KIND_COPY)
			return 0;
		if (s->making) {
			/* What is not cleared yet holds no slots but the former owner's bytes. */
			object_unmake_cnode(s);
			return 0;
		}
		s->dying = 1;
		s->cursor = 0;
		s->link = (intptr_t)dying;
		dying = s;
		return -E_AGAIN;
	default:
		return slot_is_maker(s) ? object_destroy(s, b) : 0;
	}
}

/* A leaf ends: it leaves the list. */
static int cap_end(struct slot *s, struct budget *b)
{
	int error = cap_unmake(s, b);

	if (error)
		return error;
	if (s->type == TYPE_REPLY) {
		b->left -= COST_WAKE;
		thread_wake(slot_object(s), -E_SERVER_GONE);
		return 0;
	}
	if (s->bound && thread_unbind(s)) {
		b->left = -1;
		return -E_AGAIN;
	}
	cap_remove(s);
	b->left -= COST_SLOT;
	return 0;
}

/* The first slot in use of a stretch of a CNode, or NULL. */
static struct slot *cnode_stretch(const struct slot *cnode, uint64_t stretch)
{
	struct slot *s = (struct slot *)slot_object(cnode) + stretch * CNODE_STRETCH;

	for (unsigned i = 0; i < CNODE_STRETCH; i++)
		if (s[i].type != TYPE_NULL)
			return &s[i];
	return NULL;
}

/* Empties the innermost dying CNode by one slot or some empty stretches; at the end it is a frame again. */
static void cap_empty_dying(struct budget *b)
{
	struct slot *cnode = dying;
	uint64_t stretches = cnode_count(cnode) / CNODE_STRETCH;

	for (; cnode->cursor < stretches; cnode->cursor++) {
		struct slot *s = cnode_stretch(cnode, cnode->cursor);

		if (s) {
			(void)cap_end(cap_leaf(s, b), b);
			return;
		}
		b->left -= COST_STRETCH;
		if (b->left < 0)
			return;
	}
	dying = (struct slot *)(intptr_t)cnode->link;
	cnode->dying = 0;
	object_unmake_cnode(cnode);
}

int cap_destroy(struct slot *s, bool self, struct budget *b)
{
	bool dead = false;

	if (!self && !s->doomed)
		s->revoking = 1;
	while (!dead) {
		struct slot *leaf;

		if (b->left < 0)
			return -E_AGAIN;
		if (dying) {
			cap_empty_dying(b);
			continue;
		}
		leaf = cap_leaf(s, b);
		if (leaf != s) {
			(void)cap_end(leaf, b);
			continue;
		}
		dead = (self ? cap_end(s, b) : cap_unmake(s, b)) == 0;
	}
	/* Doomed from above it stays so, or what it derives could outrun the destruction there. */
	if (!self && s->revoking)
		s->doomed = s->revoking = 0;
	return 0;
}
