/*
 * audit.c: checks the invariants over every slot, object, queue and page table. Debug kernels only.
 * It only reads, and trusts nothing it has not checked before.
 */
#include "audit.h"

#include "cap.h"
#include "debug.h"
#include "frame.h"
#include "kernel.h"
#include "riscv.h"
#include "space.h"
#include "thread.h"

#if DEBUG

/* What was found first. */
struct breach {
	uint64_t invariant;
	uint64_t at;
};

static void breach(struct kernel_stats *c, uint64_t invariant, uint64_t at)
{
	if (!c->breach) {
		c->breach = invariant;
		c->breach_at = at;
	}
}

static bool slot_is_memory(const struct slot *s)
{
	return s->type == TYPE_FRAME || s->type == TYPE_CHIP || s->type == TYPE_TABLE;
}

/* Where the memory of a slot lies and how long it is; for objects, the object itself. */
static uint64_t slot_memory(const struct slot *s, uint64_t *size)
{
	if (slot_is_memory(s)) {
		*size = s->order == ORDER_CHIP ? 64 : s->order == ORDER_WORLD ? 256UL << 30 : frame_size(s->order);
		return slot_pa(s);
	}
	switch (s->type) {
	case TYPE_CNODE:
		*size = cnode_count(s) * SLOT_BYTES;
		break;
	case TYPE_ENDPOINT:
		*size = sizeof(struct endpoint);
		break;
	default:
		*size = PAGE_SIZE;
		break;
	}
	return window_pa(slot_object(s));
}

/* Invariant 1: a child lies inside its parent; split pieces do not overlap (they stand in descending order). */
static void check_memory(struct kernel_stats *c, const struct slot *s, const struct slot *parent, uint64_t *split_floor)
{
	uint64_t size, parent_size, pa = slot_memory(s, &size), parent_pa;

	if (!parent || s->type == TYPE_SYSTEM || s->type == TYPE_REPLY)
		return;
	parent_pa = slot_memory(parent, &parent_size);
	if (pa < parent_pa || pa - parent_pa > parent_size - size)
		breach(c, 1, pa);
	if (s->kind == KIND_SPLIT) {
		if (pa + size > *split_floor)
			breach(c, 1, pa);
		*split_floor = pa;
	}
}

/* Invariants 2 to 4 for one frame: what its children forbid, and its PTE. */
static void check_mapping(struct kernel_stats *c, const struct slot *s)
{
	unsigned children = slot_children(s);
	pte_t *entry = s->type == TYPE_FRAME ? space_mapping(s) : NULL;

	if (!entry)
		return;
	if (children == KIND_LOAN || children == KIND_SPLIT || (children == KIND_FROZEN && (*entry & PTE_W)))
		breach(c, 3, slot_pa(s));
	if ((*entry & (PTE_W | PTE_X)) == (PTE_W | PTE_X) || !(*entry & PTE_U) || (*entry & PTE_G) || *entry >> 54)
		breach(c, 4, slot_pa(s));
	c->leaf_ptes++;
}

/* Invariant 6: a blocked thread is in exactly one queue, or exactly one reply is outstanding. */
static void check_thread(struct kernel_stats *c, const struct thread *t)
{
	uint64_t at = (uint64_t)t;

	switch (t->state) {
	case STATE_SEND:
	case STATE_RECEIVE:
		if (!t->endpoint || t->server || t->reply ||
		    (t->state == STATE_RECEIVE ? t->endpoint->senders.head : t->endpoint->receivers.head))
			breach(c, 6, at);
		break;
	case STATE_REPLY:
		if (!t->server == !t->reply || (t->server && t->server->caller != t) ||
		    (t->reply && (t->reply->type != TYPE_REPLY || slot_object(t->reply) != t)))
			breach(c, 6, at);
		break;
	default:
		if (t->server || t->reply)
			breach(c, 6, at);
	}
	if (t->caller && (t->caller->state != STATE_REPLY || t->caller->server != t))
		breach(c, 6, at);
}

static void check_object(struct kernel_stats *c, const struct slot *s)
{
	uint64_t bad = 0;
	long leaves;

	if (s->kind == KIND_COPY)
		return;
	switch (s->type) {
	case TYPE_CNODE:
		c->cnodes++;
		break;
	case TYPE_VSPACE:
		c->vspaces++;
		leaves = space_count_leaves(s, &bad);
		if (leaves < 0)
			breach(c, 4, bad);
		else
			c->frames += (uint64_t)leaves;
		break;
	case TYPE_THREAD:
		c->threads++;
		check_thread(c, slot_object(s));
		break;
	case TYPE_ENDPOINT:
		c->endpoints++;
		break;
	case TYPE_CHIP:
		c->chips++;
		break;
	case TYPE_TABLE:
		c->tables++;
		break;
	case TYPE_REPLY:
		c->replies++;
		break;
	default:
		break;
	}
}

/* The list itself: depths grow by one, links agree, all children of a frame are of one kind. */
static void check_links(struct kernel_stats *c, const struct slot *s, const struct slot *parent)
{
	const struct slot *next = slot_next(s);

	if (s->type == TYPE_NULL || (next && slot_prev(next) != s) || (next && next->depth > s->depth + 1))
		breach(c, 1, (uint64_t)s);
	if (parent && slot_is_memory(parent) && slot_next(parent)->kind != s->kind)
		breach(c, 3, slot_pa(parent));
	if (parent && parent->type != TYPE_FRAME && s->kind != KIND_COPY)
		breach(c, 1, (uint64_t)s);
}

bool audit_run(struct kernel_stats *counts)
{
	static const struct slot *path[DEPTH_MAX + 1];
	static uint64_t split_floor[DEPTH_MAX + 1];
	uint64_t expected = counts->slots;

	counts->slots = counts->frames = counts->cnodes = counts->vspaces = counts->tables = 0;
	counts->threads = counts->endpoints = counts->chips = counts->replies = counts->leaf_ptes = counts->breach = 0;
	for (const struct slot *s = slot_next(&cap_origin); s && !counts->breach; s = slot_next(s)) {
		const struct slot *parent = s->depth ? path[s->depth - 1] : NULL;

		counts->slots++;
		path[s->depth] = s;
		split_floor[s->depth + (s->depth < DEPTH_MAX)] = ~0UL;
		check_links(counts, s, parent);
		check_memory(counts, s, parent, &split_floor[s->depth]);
		check_mapping(counts, s);
		check_object(counts, s);
	}
	if (!counts->breach && counts->slots != expected)
		breach(counts, 1, counts->slots);
	/* Invariant 2: every live leaf PTE is named by a record, but for the root server's own image. */
	if (!counts->breach && counts->frames > counts->leaf_ptes + boot_root_pages)
		breach(counts, 2, counts->frames);
	counts->frames = counts->leaf_ptes;
	counts->harts = hart_count;
	for (unsigned i = 0; i < hart_count; i++) {
		uint64_t used = debug_stack_used((const char *)harts[i].stack - HART_STACK_USED, HART_STACK_USED);

		counts->stack_used = used > counts->stack_used ? used : counts->stack_used;
	}
	return true;
}

static struct kernel_why why_entry(const struct slot *s, uint64_t base)
{
	bool mapped = s->type == TYPE_FRAME && space_mapping(s);
	struct kernel_why w = {
		.type = s->type, .kind = s->kind, .rights = s->rights, .depth = s->depth, .base = base,
		.bound = s->bound, .order = slot_is_memory(s) ? s->order : ORDER_4K, .mapped = mapped,
		.va = mapped ? (uint64_t)s->vpn << PAGE_SHIFT : 0, .space = mapped ? s->space : 0,
		.slot = (uint64_t)s < KERNEL_VA ? window_pa(s) : 0,
	};

	return w;
}

long audit_why(uint64_t pa, uint64_t skip, struct kernel_why *entries)
{
	long n = 0;

	for (const struct slot *s = slot_next(&cap_origin); s && n < WHY_ENTRIES; s = slot_next(s)) {
		uint64_t size, base;

		if (s->type == TYPE_SYSTEM || s->type == TYPE_REPLY)
			continue;
		base = slot_memory(s, &size);
		if (pa < base || pa - base >= size)
			continue;
		if (skip)
			skip--;
		else
			entries[n++] = why_entry(s, base);
	}
	return n;
}

#endif
