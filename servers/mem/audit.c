/*
 * audit.c: figures and their check. See audit.h.
 */
#include "audit.h"
#include <tessera/syscall.h>
#include "cow.h"
#include "frames.h"
#include "layout.h"
#include "machine.h"
#include "made.h"
#include "object.h"
#include "pager.h"
#include "range.h"
#include "region.h"
#include "space.h"
#include "vm.h"

static uint64_t bytes(uint64_t frames)
{
	return frames << PAGE_SHIFT;
}

/* Frames of the megapages in this state: USED are mem's CNodes. */
static uint64_t whole(enum mega_state state)
{
	uint64_t n = 0;

	for (uint32_t giga = 0; giga < GIGAS; giga++) {
		if (frames_gigas[giga].state != GIGA_SPLIT)
			continue;
		for (uint32_t i = 0; i < MEGAS_PER_GIGA; i++)
			n += frames_megas[giga * MEGAS_PER_GIGA + i].state == state;
	}
	return n * FRAMES_PER_MEGA;
}

void audit_total(struct mem_total *t)
{
	uint64_t cleared = frames_count(FRAME_CLEARED) + frames_count(FRAME_CLEARING);
	uint64_t bad = frames_count(FRAME_BAD) + whole(MEGA_BAD);

	*t = (struct mem_total){
		.ram = machine.ram, .kernel = machine.kernel,
		.reserved = machine.reserved + bytes(bad + frames_count(FRAME_ARCHIVE)),
		.archive = bytes(frames_count(FRAME_ARCHIVE)),
		.mem = bytes(frames_count(FRAME_MEM) + frames_count(FRAME_SLOTS) + whole(MEGA_USED)),
		.tables = bytes(frames_count(FRAME_TABLE)), .objects = bytes(frames_count(FRAME_OBJECT)),
		.resident = bytes(frames_count(FRAME_PAGE) + frames_count(FRAME_BUFFER) + frames_count(FRAME_PINNED)
				  + frames_count(FRAME_WINDOW)
				  + whole(MEGA_PINNED)),
		.cleared = bytes(cleared), .free = bytes(frames_free() - cleared),
		.committed = bytes(account_all.committed), .commit_limit = bytes(account_all.limit),
		.spaces = space_slab.used, .pools = frames_pool_count, .kept = bytes(account_kept),
	};
	for (unsigned i = 0; i < frames_pool_count; i++) {
		t->free_by_order[0] += frames_pools[i].free_4k;
		t->free_by_order[1] += frames_pools[i].free_2m;
		t->free_by_order[2] += frames_pools[i].free_1g;
	}
}

void audit_usage(uint32_t space, struct mem_usage *u)
{
	const struct space *s = space_at(space);

	*u = (struct mem_usage){
		.limit = bytes(s->account.limit), .committed = bytes(s->account.committed),
		.resident = bytes(s->resident), .shared = bytes(s->shared), .tables = bytes(s->table_count),
		.objects = bytes(2 + 2 * (uint64_t)s->thread_count), .reserved = bytes(s->reserved),
		.faults = s->faults, .regions = s->region_count, .threads = s->thread_count,
		.cpu = space_cpu(space),
	};
}

/* Pages that the regions of a subtree have, own and shared ones, and those of reserved ones. */
static void pages_of(uint32_t root, uint64_t *own, uint64_t *shared, uint64_t *reserved)
{
	const struct region *r = region_at(root);
	uint32_t n;

	if (!root)
		return;
	n = r->object ? object_resident(r->object, r->offset, r->offset + r->pages) : 0;
	*(region_views(r) ? shared : own) += n;
	*reserved += r->kind == REGION_RESERVED ? r->pages : 0;
	pages_of(r->left, own, shared, reserved);
	pages_of(r->right, own, shared, reserved);
}

/* What its clones are charged, for which it is charged too. */
static uint64_t children_charge(const struct space *s)
{
	uint64_t sum = 0;

	for (uint32_t id = s->children; id; id = space_at(id)->sibling)
		sum += space_at(id)->account.committed;
	return sum;
}

static uint64_t space_check(uint32_t id, struct mem_audit_counts *c)
{
	const struct space *s = space_at(id);
	uint64_t regions = 0, own = 0, shared = 0, tables = 0, reserved = 0, made, made_pages = 0;
	unsigned wrong = region_check(s->regions, &regions);

	if (wrong || regions != s->region_count)
		return 10 + (wrong ? wrong : 1);
	c->regions += regions;
	made_audit(id, &made, &made_pages);
	if (s->account.committed != range_charge(id) + made + 2 + 2 * (uint64_t)s->thread_count
	    + (s->chip_count + 31) / 32 + s->cnode_count + pager_charge(id) + children_charge(s))
		return 14;
	pages_of(s->regions, &own, &shared, &reserved);
	if (own != s->resident || shared != s->shared || reserved != s->reserved)
		return 15;
	for (uint32_t frame = s->tables; frame; frame = frames_table[frame].link) {
		if (frames_table[frame].state != FRAME_TABLE || frames_table[frame].owner != id)
			return 16;
		tables++;
	}
	return tables == s->table_count ? 0 : 16;
}

static uint64_t spaces_check(struct mem_audit_counts *c)
{
	uint64_t committed = 0, pages = 0, breach;

	made_audit(0, &committed, &pages);
	c->breach_at = committed;
	if (committed != made_orphans.committed)
		return 14;

	for (uint32_t id = 1; id < space_slab.reached; id++) {
		if (!space_at(id)->live)
			continue;
		c->spaces++;
		c->breach_at = id;
		committed += space_at(id)->parent ? 0 : space_at(id)->account.committed;
		breach = space_check(id, c);
		if (breach)
			return breach;
	}
	if (!cow_audit(&pages))
		return 17;
	c->pages = pages;
	c->breach_at = pages;
	if (pages != frames_count(FRAME_PAGE) + pager_absent_count())
		return 15;
	c->breach_at = committed;
	return committed == account_all.committed ? 0 : 20;
}

static uint64_t sum_check(struct mem_audit_counts *c)
{
	struct mem_total t;

	audit_total(&t);
	c->breach_at = t.kernel + t.reserved + t.mem + t.tables + t.objects + t.resident + t.cleared + t.free;
	return c->breach_at == t.ram ? 0 : 21;
}

static void kernel_check(struct mem_audit_counts *c)
{
	struct kernel_stats *k = (struct kernel_stats *)vm_buffer()->words;
	long r = sys_system(ROOT_SYSTEM, SYSTEM_AUDIT, 0, 0);

	if (r == -E_NOT_BUILT) {
		sys_system(ROOT_SYSTEM, SYSTEM_STATS, 0, 0);
	} else if (k->breach) {
		c->breach = 100 + k->breach;
		c->breach_at = k->breach_at;
	}
	c->kernel_slots = k->slots;
	c->kernel_leaf_ptes = k->leaf_ptes;
	c->kernel_debug = k->debug;
	c->kernel_objects = k->cnodes + k->vspaces + k->threads + k->endpoints;
	c->kernel_tables = k->tables;
}

void audit_run(struct mem_audit_counts *c)
{
	*c = (struct mem_audit_counts){ 0 };
	c->breach = frames_check(&c->breach_at, &c->frames);
	if (!c->breach)
		c->breach = spaces_check(c);
	if (!c->breach)
		c->breach = sum_check(c);
	if (c->breach)
		return;
	c->breach_at = 0;
	kernel_check(c);
}
