/*
 * explore.c: two searches for a state in which the real kernel's capability, frame and space code breaks its promise.
 *
 * explore bfs DEPTH        all sequences of operations up to DEPTH, states that differ only in names taken once;
 *                          the invariants are checked in each state
 * explore random N SEED    N random calls of three processes; each answer and each state compared with model.c
 */
// SOURCES: kernel/*.c tests/host/kernel/host.c tests/host/kernel/model.c
// CFLAGS: -include tests/host/kernel/machine.h -DDEBUG=1 -fno-pie -fno-strict-aliasing -O2
// LIBS: -no-pie
// SANITIZE: no (its short forms run with them)
#include "kernel/host.h"
#include "kernel/model.h"

#include <inttypes.h>
#include <time.h>

#define PROCESS(n) (PAGE + 4 + 4 * (n))         /* Thread, CNode, buffer */
#define TWO_MEGA (MEGA + 2)
#define SPACE2   (PAGE + 56)
#define SYSTEM_AT 40

static struct thread *process[MODEL_PROCESSES];

static double seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

#define OK(...) EXPECT(sys(root, __VA_ARGS__), 0)

/* Three processes that know each other's CNodes, two spaces and System. */
static void set_up(void)
{
	host_boot();
	host_kit();
	OK(SYS_REVOKE, SPACE + 2);
	OK(SYS_MAKE, SPACE2, TYPE_VSPACE, ROOT_SYSTEM);
	OK(SYS_TABLE, SPACE2 + 1, SPACE2, VA);
	for (unsigned p = 0; p < MODEL_PROCESSES; p++)
		process[p] = host_thread(PROCESS(p));
	for (unsigned p = 0; p < MODEL_PROCESSES; p++) {
		unsigned own = PROCESS(p) + 1;

		for (unsigned other = 0; other < MODEL_PROCESSES; other++)
			OK(SYS_GIVE, GIVE_COPY, PROCESS(other) + 1, 1, CAP(own, MODEL_LINK + other), RIGHT_ALL);
		OK(SYS_GIVE, GIVE_COPY, SPACE, 1, CAP(own, MODEL_SPACE), RIGHT_ALL);
		OK(SYS_GIVE, GIVE_COPY, SPACE2, 1, CAP(own, MODEL_SPACE + 1), RIGHT_ALL);
		OK(SYS_GIVE, GIVE_COPY, ROOT_SYSTEM, 1, CAP(own, SYSTEM_AT), RIGHT_ALL);
	}
	host_check_every = 0;
}

/* ---- random calls against the model -------------------------------------------------------------- */

static unsigned origin_slot(unsigned n)
{
	return n == 2 ? TWO_MEGA : PAGE + 20 + n;
}

static uint64_t page_pa(unsigned page)
{
	return page < 2 ? slot_pa(root_slot(PAGE + 20 + page)) : slot_pa(root_slot(TWO_MEGA)) + (page - 2) * PAGE_SIZE;
}

static struct slot *kernel_slot(int slot)
{
	unsigned cnode = (unsigned)slot / MODEL_INDEX, index = (unsigned)slot % MODEL_INDEX;

	if (cnode == MODEL_ORIGIN)
		return root_slot(origin_slot(index - 1));
	if (cnode < MODEL_PROCESSES)
		return host_slot(PROCESS(cnode) + 1, index);
	return (struct slot *)window(page_pa(cnode - MODEL_PROCESSES)) + index;
}

static uint64_t page_address(unsigned region, unsigned va)
{
	return VA + region * MEGAPAGE_SIZE + va * PAGE_SIZE;
}

/* What the kernel's slot shows, as the model would. */
static struct model_view kernel_view(int slot)
{
	const struct slot *s = kernel_slot(slot);
	struct model_view v = { .type = s->type };
	const pte_t *pte;
	uint64_t pa;

	if (s->type == TYPE_NULL)
		return v;
	v.rights = s->rights;
	v.kind = s->kind;
	v.children = slot_children(s);
	v.badged = s->badged;
	v.badge = s->type == TYPE_ENDPOINT ? s->badge : 0;
	pa = slot_pa(s);
	if (s->type != TYPE_FRAME && s->type != TYPE_CHIP && s->type != TYPE_TABLE)
		pa = window_pa(slot_object(s));
	v.page = pa < page_pa(2) ? (unsigned)((pa - page_pa(0)) / PAGE_SIZE)
				 : (unsigned)((pa - page_pa(2)) / PAGE_SIZE + 2);
	if (s->type == TYPE_FRAME || s->type == TYPE_CHIP || s->type == TYPE_TABLE)
		v.order = s->order;
	pte = s->type == TYPE_FRAME ? space_mapping(s) : NULL;
	if (pte)
		v.mapped = 1 | (*pte & PTE_R ? RIGHT_R : 0) << 1 | (*pte & PTE_W ? RIGHT_W : 0) << 1 |
			   (*pte & PTE_X ? RIGHT_X : 0) << 1;
	return v;
}

static void print_view(const char *who, const struct model_view *v)
{
	fprintf(stderr, "  %s: type %u rights %#x kind %u order %u children %u mapped %#x badged %u badge %#lx page "
		"%u\n", who, v->type, v->rights, v->kind, v->order, v->children, v->mapped, v->badged, v->badge,
		v->page);
}

static void compare(uint64_t step)
{
	int exists = 0;

	for (int slot = 0; slot < MODEL_SLOTS; slot++) {
		struct model_view want, got;

		if (slot % MODEL_INDEX == 0) {
			exists = model_exists(slot);
			continue;
		}
		if (!exists || (slot / MODEL_INDEX == MODEL_ORIGIN && slot % MODEL_INDEX > 3))
			continue;
		want = model_view(slot);
		got = kernel_view(slot);
		if (slot / MODEL_INDEX == MODEL_ORIGIN)
			want.kind = got.kind;
		if (memcmp(&want, &got, sizeof(want)) == 0)
			continue;
		fprintf(stderr, "step %" PRIu64 ": slot %d of CNode %d differs\n", step, slot % MODEL_INDEX,
			slot / MODEL_INDEX);
		print_view("model ", &want);
		print_view("kernel", &got);
		exit(1);
	}
}

/* A call and what it is about. */
struct call {
	unsigned op, verb, type, rights, region, va, first;
	struct model_name a, b;
	uint64_t badge;
};
enum op { GIVE, DELETE, REVOKE, SPLIT, MAKE, FILL, MAP, UNMAP, TABLE, LEND_AGAIN, TAKE_BACK, OPS };

static struct model_name random_name(unsigned p)
{
	uint64_t r = host_random();
	unsigned where = r % 8 < 3 ? 0 : r % 8 < 7 ? MODEL_LINK + r / 8 % 3 : 1 + r / 8 % (MODEL_INDEX - 1);

	return (struct model_name){ p, where, 1 + r / 64 % (MODEL_INDEX - 1) };
}

/* One name of eight or so is a fixed space. */
static struct model_name random_space(unsigned p)
{
	if (host_below(8) < 5)
		return (struct model_name){ p, 0, MODEL_SPACE + (unsigned)host_below(2) };
	return random_name(p);
}

/* A name that is likely to hold something, or nothing. */
static struct model_name likely_name(unsigned p, bool full)
{
	struct model_name name = random_name(p);

	for (unsigned i = 0; i < 4; i++) {
		int slot = model_slot(&name, 0);

		if (slot >= 0 && (model_view(slot).type != TYPE_NULL) == full)
			break;
		name = random_name(p);
	}
	return name;
}

static struct call random_call(void)
{
	static const uint8_t often[] = {
		GIVE, GIVE, GIVE, GIVE, GIVE, GIVE, GIVE, GIVE, DELETE, REVOKE, SPLIT, SPLIT, SPLIT, MAKE, MAKE, FILL,
		MAP, MAP, MAP, UNMAP, TABLE, TABLE, LEND_AGAIN, LEND_AGAIN,
	};
	static const uint8_t types[] = {
		TYPE_CNODE, TYPE_CNODE, TYPE_VSPACE, TYPE_THREAD, TYPE_ENDPOINT, TYPE_ENDPOINT,
	};
	static const uint8_t rights[] = {
		RIGHT_ALL, RIGHT_ALL, RIGHT_R | RIGHT_W, RIGHT_R, RIGHT_W, RIGHT_X | RIGHT_R, 0, 27,
	};
	static const uint8_t map_rights[] = { RIGHT_R, RIGHT_R | RIGHT_W, RIGHT_R | RIGHT_W, RIGHT_R | RIGHT_X };
	unsigned p = (unsigned)host_below(MODEL_PROCESSES);
	uint64_t r = host_random();
	struct call c = {
		.op = often[r % sizeof(often)], .verb = (unsigned)(r >> 8) % 5,
		.type = types[(r >> 16) % sizeof(types)],
		.rights = rights[r >> 24 & 7], .region = r >> 32 & 1, .va = r >> 33 & 3, .first = r >> 35 & 3,
	};

	if (c.op == MAP) {
		c.rights = map_rights[r >> 24 & 3];
		c.va = r >> 37 & 1 ? 0 : c.va;
	}
	if (c.op == LEND_AGAIN && host_below(300) == 0)
		c.op = TAKE_BACK;
	c.a = likely_name(p, c.op != LEND_AGAIN);
	c.b = c.op == MAP || c.op == TABLE ? random_space(p) : likely_name(p, false);
	c.badge = c.op == GIVE && (r >> 40 & 7) == 0 ? 1 + (r >> 43 & 3) : 0;
	return c;
}

static uint64_t cap_of(const struct model_name *n)
{
	return CAP(n->where, n->index);
}

static long kernel_call(const struct call *c)
{
	struct thread *t = process[c->a.process];
	uint64_t a = cap_of(&c->a), b = cap_of(&c->b);
	unsigned pieces;

	switch (c->op) {
	case GIVE:
		return sys(t, SYS_GIVE, c->verb, a, 1, b, c->rights, c->badge);
	case DELETE:
	case REVOKE:
		return host_sys_all(t, c->op == DELETE ? SYS_DELETE : SYS_REVOKE, (uint64_t[7]){ a }, &pieces);
	case SPLIT:
		return sys(t, SYS_SPLIT, a, c->first, 1, b);
	case MAKE:
		return host_sys_all(t, SYS_MAKE, (uint64_t[7]){ a, c->type, SYSTEM_AT }, &pieces);
	case FILL:
		return sys(t, SYS_FILL, a, 0, 0, 64);
	case MAP:
		return sys(t, SYS_MAP, b, page_address(c->region, c->va), c->rights, 1, a, 1);
	case UNMAP:
		return sys(t, SYS_UNMAP, 1, a, 1);
	case TABLE:
		return sys(t, SYS_TABLE, a, b, page_address(c->region, c->va));
	case LEND_AGAIN:
		return sys(root, SYS_GIVE, GIVE_LEND, origin_slot(c->first % 3), 1,
			   CAP(PROCESS(c->a.process) + 1, c->a.index), RIGHT_ALL);
	default:
		return host_sys_all(root, SYS_REVOKE, (uint64_t[7]){ origin_slot(c->first % 3) }, &pieces);
	}
}

static int model_space_slot(const struct call *c)
{
	if (c->b.where == 0 && c->b.index >= MODEL_SPACE)
		return MODEL_FIXED + (int)(c->b.index - MODEL_SPACE);
	return model_slot(&c->b, RIGHT_READ);
}

static int wanted_type(int slot)
{
	unsigned type = model_view(slot).type;

	return type == TYPE_FRAME ? 0 : type == TYPE_NULL ? -E_BAD_SLOT : -E_BAD_TYPE;
}

/* The model's answer to a call, with look-ups in the order of kernel/syscall.c. */
static long model_call(const struct call *c)
{
	bool change = c->op == DELETE || c->op == REVOKE || c->op == MAKE || (c->op == GIVE && c->verb == GIVE_MOVE);
	int a = model_slot(&c->a, change ? RIGHT_READ | RIGHT_WRITE : RIGHT_READ), b;

	if (c->op == LEND_AGAIN)
		return model_give(GIVE_LEND, MODEL_SLOT(MODEL_ORIGIN, (int)(c->first % 3) + 1),
				  MODEL_SLOT((int)c->a.process, (int)c->a.index), RIGHT_ALL, 0);
	if (c->op == TAKE_BACK)
		return model_destroy(MODEL_SLOT(MODEL_ORIGIN, (int)(c->first % 3) + 1), 0);
	if (c->op == MAP) {
		b = model_space_slot(c);
		if (b < 0)
			return -E_BAD_SLOT;
		if (a < 0)
			return model_space_error(b) ? model_space_error(b) : -E_BAD_SLOT;
		return model_map(b, c->region, c->va, c->rights, a);
	}
	if (a < 0)
		return a;
	switch (c->op) {
	case GIVE:
		b = model_slot(&c->b, RIGHT_WRITE);
		return b < 0 ? b : model_give(c->verb, a, b, c->rights, c->badge);
	case DELETE:
	case REVOKE:
		return model_destroy(a, c->op == DELETE);
	case SPLIT:
		b = model_slot(&c->b, RIGHT_WRITE);
		return wanted_type(a) ? wanted_type(a) : b < 0 ? b : model_split(a, c->first, b);
	case MAKE:
		return model_make(a, c->type);
	case FILL:
		return model_fill(a);
	case UNMAP:
		return model_unmap(a);
	default:
		b = model_space_slot(c);
		return b < 0 ? wanted_type(a) ? wanted_type(a) : -E_BAD_SLOT : model_table(a, b, c->region);
	}
}

static void random_calls(uint64_t n, uint64_t seed)
{
	static const char *const names[OPS] = {
		"give", "delete", "revoke", "split", "make", "fill", "map", "unmap", "table", "lend", "take",
	};
	uint64_t done[OPS] = { 0 }, refused[OPS] = { 0 };
	double start = seconds();

	fprintf(stderr, "random: %" PRIu64 " calls, seed %" PRIu64 "\n", n, seed);
	host_seed = seed * 0x9e3779b97f4a7c15 | 1;
	set_up();
	model_boot();
	for (uint64_t step = 1; step <= n; step++) {
		struct call c = random_call();
		long got = kernel_call(&c), want = model_call(&c);

		if (got != want) {
			fprintf(stderr, "step %" PRIu64 " seed %" PRIu64 ": %s verb %u type %u rights %#x a %u:%u/%u "
				"b %u/%u ", step, seed, names[c.op], c.verb, c.type, c.rights, c.a.process, c.a.where,
				c.a.index, c.b.where, c.b.index);
			fprintf(stderr, "region %u va %u first %u: kernel %ld, model %ld\n", c.region, c.va, c.first,
				got, want);
			exit(1);
		}
		*(got ? &refused[c.op] : &done[c.op]) += 1;
		if (!got)
			compare(step);
		if (step % 1024 == 0)
			host_check();
		if (step % 10000000 == 0)
			fprintf(stderr, "%" PRIu64 " calls, %.0f s\n", step, seconds() - start);
	}
	host_check();
	printf("random: %" PRIu64 " calls, seed %" PRIu64 ", %.1f s; done/refused:", n, seed, seconds() - start);
	for (unsigned i = 0; i < OPS; i++)
		printf(" %s %" PRIu64 "/%" PRIu64, names[i], done[i], refused[i]);
	printf("\n");
}

/* ---- breadth-first search ------------------------------------------------------------------------ */

#define BFS_FRAMES  4
#define BFS_SLOTS   4                   /* in each process's CNode, from 1 on */
#define BFS_INNER   2                   /* in a CNode made of one of the frames */
#define BFS_NODES   (MODEL_PROCESSES + BFS_FRAMES)
#define BFS_DEPTH   8
#define BFS_OPS     1024
#define BFS_TREE    24                  /* deepest slot */

/* Frame n, as the root holds it. */
#define BFS_FRAME(n) (PAGE + 20 + (n))

struct step {
	uint8_t op, from, to, arg;
};

/* All memory that an operation may change, and a copy. */
static struct region {
	void *at;
	size_t size;
} regions[32];
static unsigned region_count;
static char initial[1 << 18], parent[1 << 18];

static void region_add(void *at, size_t size)
{
	regions[region_count++] = (struct region){ at, size };
}

static void save(char *to)
{
	for (unsigned i = 0; i < region_count; to += regions[i++].size)
		memcpy(to, regions[i].at, regions[i].size);
}

static void restore(const char *from)
{
	for (unsigned i = 0; i < region_count; from += regions[i++].size)
		memcpy(regions[i].at, from, regions[i].size);
}

/* Slot `index` of process n < 3, or of the CNode in frame n - 3; NULL if there is none. */
static struct slot *bfs_slot(unsigned n, unsigned index)
{
	const struct slot *frame;

	if (n < MODEL_PROCESSES)
		return index <= BFS_SLOTS ? host_slot(PROCESS(n) + 1, index) : NULL;
	frame = slot_next(root_slot(BFS_FRAME(n - MODEL_PROCESSES)));
	if (index > BFS_INNER || !frame)
		return NULL;
	/* The maker is the frame's loan, or a loan of that. */
	for (; frame && frame->depth > root_slot(BFS_FRAME(0))->depth; frame = slot_next(frame))
		if (frame->type == TYPE_CNODE && frame->kind != KIND_COPY)
			return (struct slot *)slot_object(frame) + index;
	return NULL;
}

static struct slot *bfs_empty(unsigned n)
{
	for (unsigned index = 1;; index++) {
		struct slot *s = bfs_slot(n, index);

		if (!s || s->type == TYPE_NULL)
			return s;
	}
}

enum bfs_op { BFS_GIVE, BFS_DELETE, BFS_REVOKE, BFS_SPLIT, BFS_MAKE, BFS_MAP, BFS_UNMAP, BFS_TABLE };

static void destroy(struct slot *s, bool self)
{
	int error;

	do {
		struct budget b = { BUDGET_ENTRY, 0 };

		error = cap_destroy(s, self, &b);
	} while (error == -E_AGAIN);
}

/* 0 if it was done. */
static long bfs_do(struct step step)
{
	struct slot *s = bfs_slot(step.from >> 4, step.from & 15), *dst;
	struct slot *space = root_slot(step.to ? SPACE2 : SPACE);
	struct budget b = { 1 << 20, 0 };
	uint64_t va = VA, done, dirty = 0;
	unsigned level;

	switch (step.op) {
	case BFS_GIVE:
		dst = bfs_empty(step.to);
		return dst ? cap_give(step.arg, s, dst, RIGHT_ALL, 0, 0) : -E_NOT_EMPTY;
	case BFS_DELETE:
	case BFS_REVOKE:
		destroy(s, step.op == BFS_DELETE);
		return 0;
	case BFS_SPLIT:
		dst = bfs_empty(step.to);
		if (!dst)
			return -E_NOT_EMPTY;
		return frame_split(s, slot_children(s) == KIND_SPLIT ? s->pieces : 0, 1, dst);
	case BFS_MAKE:
		return object_make(s, step.arg, NULL, &b);
	case BFS_MAP:
		return space_map_run(space, &va, s, 1, step.arg, NULL, &done, &level);
	case BFS_UNMAP:
		if (s->type != TYPE_FRAME || !space_mapping(s))
			return -E_BAD_ARG;
		space_unmap_run(s, 1, &dirty, 0);
		return 0;
	default:
		return space_table(space, VA, s);
	}
}

static unsigned bfs_steps_of(uint8_t from, struct step *steps)
{
	static const uint8_t makes[] = { TYPE_CNODE, TYPE_ENDPOINT };
	unsigned n = 0;

	steps[n++] = (struct step){ BFS_DELETE, from, 0, 0 };
	steps[n++] = (struct step){ BFS_REVOKE, from, 0, 0 };
	steps[n++] = (struct step){ BFS_UNMAP, from, 0, 0 };
	for (uint8_t to = 0; to < BFS_NODES; to++)
		if (to < MODEL_PROCESSES || bfs_slot(to, 1))
			for (uint8_t verb = GIVE_COPY; verb <= GIVE_MOVE; verb++)
				steps[n++] = (struct step){ BFS_GIVE, from, to, verb };
	for (uint8_t i = 0; i < sizeof(makes); i++)
		steps[n++] = (struct step){ BFS_MAKE, from, 0, makes[i] };
	steps[n++] = (struct step){ BFS_SPLIT, from, from >> 4, 0 };
	for (uint8_t space = 0; space < 2; space++) {
		steps[n++] = (struct step){ BFS_MAP, from, space, RIGHT_R };
		steps[n++] = (struct step){ BFS_MAP, from, space, RIGHT_R | RIGHT_W };
		steps[n++] = (struct step){ BFS_TABLE, from, space, 0 };
	}
	return n;
}

static unsigned bfs_steps(struct step *steps)
{
	unsigned n = 0;

	for (unsigned node = 0; node < BFS_NODES; node++)
		for (unsigned index = 1; index <= BFS_SLOTS; index++) {
			struct slot *s = bfs_slot(node, index);

			if (s && s->type != TYPE_NULL)
				n += bfs_steps_of((uint8_t)(node << 4 | index), steps + n);
		}
	return n;
}

/* ---- a state's number, the same for states that differ in names ---------------------------------- */

#define PLAIN __attribute__((no_sanitize("address", "undefined")))

PLAIN static uint64_t mix(uint64_t h)
{
	h ^= h >> 32;
	h *= 0xd6e8feb86659fd93;
	h ^= h >> 32;
	h *= 0xd6e8feb86659fd93;
	return h ^ h >> 32;
}

/* What the states of this search differ in. */
struct names {
	uint8_t process[MODEL_PROCESSES], space[2];
	uint64_t frame[BFS_FRAMES];
};

static uint64_t process_page[MODEL_PROCESSES], frame_page[BFS_FRAMES];

PLAIN static uint64_t place_name(const struct slot *s, const struct names *names)
{
	uint64_t page = (uint64_t)s >> PAGE_SHIFT;

	for (unsigned p = 0; p < MODEL_PROCESSES; p++)
		if (page == process_page[p])
			return names->process[p];
	for (unsigned f = 0; f < BFS_FRAMES; f++)
		if (page == frame_page[f])
			return names->frame[f];
	return 99;
}

PLAIN static uint64_t slot_number(const struct slot *s, const struct names *names)
{
	uint64_t h = s->type | s->rights << 4 | s->kind << 9 | (uint64_t)s->depth << 12;

	h = mix(h ^ place_name(s, names) << 24);
	if (s->type == TYPE_FRAME && s->record && slot_children(s) != KIND_SPLIT) {
		const pte_t *pte = space_mapping(s);
		unsigned which = s->space == root_slot(SPACE)->space ? 0 : s->space == root_slot(SPACE2)->space ? 1 : 2;

		h = mix(h ^ (which < 2 ? names->space[which] : 7) ^ (uint64_t)s->vpn << 4 ^
			(pte ? (*pte & 0xff) << 40 : 1UL << 50));
	} else if (s->type == TYPE_TABLE) {
		h = mix(h ^ 64 ^ names->space[s->space == root_slot(SPACE2)->space]);
	} else if (s->type == TYPE_FRAME || s->type == TYPE_CHIP) {
		h = mix(h ^ (s->type == TYPE_FRAME && slot_has_children(s) ? s->pieces : s->pa6 & 63) << 8);
	}
	return h;
}

/* A tree's number does not depend on the order of siblings. */
PLAIN static uint64_t tree_number(const struct slot *top, const struct names *names)
{
	uint64_t sum[BFS_TREE] = { 0 }, own[BFS_TREE];
	unsigned base = top->depth, depth = base;

	own[base] = slot_number(top, names);
	for (const struct slot *s = slot_next(top);; s = slot_next(s)) {
		unsigned next = s && s->depth > base ? s->depth : base;

		for (; depth > next || (depth == next && next > base); depth--) {
			sum[depth - 1] += mix(own[depth] + 3 * mix(sum[depth]));
			sum[depth] = 0;
			if (depth == next) {
				depth--;
				break;
			}
		}
		if (next == base)
			return mix(own[base] + 3 * mix(sum[base]));
		depth = next;
		own[depth] = slot_number(s, names);
		sum[depth] = 0;
	}
}

PLAIN static uint64_t state_number_as(struct names *names)
{
	uint64_t frames[BFS_FRAMES], sum = 0;

	for (unsigned f = 0; f < BFS_FRAMES; f++)
		names->frame[f] = 9;
	for (unsigned f = 0; f < BFS_FRAMES; f++)
		frames[f] = tree_number(root_slot(BFS_FRAME(f)), names);
	memcpy(names->frame, frames, sizeof(frames));
	for (unsigned f = 0; f < BFS_FRAMES; f++)
		sum += tree_number(root_slot(BFS_FRAME(f)), names);
	return sum;
}

#define NAMINGS 12

/* Under one of the ways to name three processes and two spaces. */
static uint64_t state_number_named(unsigned naming)
{
	static const uint8_t orders[NAMINGS / 2][3] = {
		{ 0, 1, 2 }, { 0, 2, 1 }, { 1, 0, 2 }, { 1, 2, 0 }, { 2, 0, 1 }, { 2, 1, 0 },
	};
	struct names names = { .space = { naming & 1, !(naming & 1) } };
	uint64_t n;

	for (unsigned p = 0; p < MODEL_PROCESSES; p++)
		names.process[p] = (uint8_t)(orders[naming / 2][p] + 1);
	n = state_number_as(&names);
	return n ? n : 1;
}

static uint64_t state_number(void)
{
	uint64_t least = ~0UL;

	for (unsigned i = 0; i < NAMINGS; i++) {
		uint64_t n = state_number_named(i);

		least = n < least ? n : least;
	}
	return least;
}

/* ---- the search ---------------------------------------------------------------------------------- */

/* Numbers met lately: only saves the work of finding them in the set again. */
#define MET_LATELY (1UL << 25)
static uint64_t *lately;

PLAIN static bool met_lately(uint64_t n)
{
	uint64_t *place = &lately[mix(n) & (MET_LATELY - 1)];

	if (*place == n)
		return true;
	*place = n;
	return false;
}

/* A set of numbers other than 0. */
struct set {
	uint64_t *number, size, count;
};

PLAIN static bool set_insert(struct set *s, uint64_t n)
{
	uint64_t at = mix(n) & (s->size - 1);

	for (; s->number[at]; at = (at + 1) & (s->size - 1))
		if (s->number[at] == n)
			return false;
	s->number[at] = n;
	s->count++;
	return true;
}

static void set_add_room(struct set *s)
{
	struct set old = *s;

	if (s->count < s->size / 2)
		return;
	s->size = s->size ? s->size * 2 : 1 << 20;
	s->number = calloc(s->size, sizeof(*s->number));
	s->count = 0;
	for (uint64_t i = 0; i < old.size; i++)
		if (old.number[i])
			(void)set_insert(s, old.number[i]);
	free(old.number);
}

/* The states, each once whatever its names. */
static struct set seen;

struct path {
	struct step step[BFS_DEPTH];
};
static struct path *level, *next_level;
static uint64_t level_count, next_count, next_room;

static void next_push(const struct path *from, unsigned depth, struct step step)
{
	if (next_count == next_room) {
		next_room = next_room ? next_room * 2 : 1024;
		next_level = realloc(next_level, next_room * sizeof(*next_level));
	}
	next_level[next_count] = *from;
	next_level[next_count++].step[depth] = step;
}

static void print_path(const struct path *path, unsigned depth)
{
	for (unsigned i = 0; i <= depth; i++)
		fprintf(stderr, "  op %u from %u/%u to %u arg %u\n", path->step[i].op,
			path->step[i].from >> 4, path->step[i].from & 15, path->step[i].to,
			path->step[i].arg);
}

/* In each new state: the audit, and after the last level the stronger checks of host.c too. */
static void bfs_check(const struct path *path, unsigned depth, struct step step)
{
	struct kernel_stats now = kernel_stats;
	struct path whole = *path;

	whole.step[depth] = step;
	(void)audit_run(&now);
	if (now.breach) {
		fprintf(stderr, "invariant %lu broken at %#lx after\n", now.breach, now.breach_at);
		print_path(&whole, depth);
		exit(1);
	}
	debug_check_fences();
	if (seen.count % 64)
		return;
	host_forget_tlb();
	host_check();
}

/* All steps from one state; what a refused one leaves must be the state it found. */
static uint64_t bfs_expand(const struct path *path, unsigned depth, bool last)
{
	static struct step steps[BFS_OPS];
	uint64_t before, tried = 0;
	unsigned n;

	restore(initial);
	for (unsigned i = 0; i < depth; i++)
		(void)bfs_do(path->step[i]);
	save(parent);
	before = state_number_named(0);
	n = bfs_steps(steps);
	for (unsigned i = 0; i < n; i++, tried++) {
		if (bfs_do(steps[i])) {
			if (state_number_named(0) != before) {
				fprintf(stderr, "a refused step changed something:\n");
				print_path(path, depth);
				exit(1);
			}
			continue;
		}
		if (!met_lately(state_number_named(0)) && set_insert(&seen, state_number())) {
			bfs_check(path, depth, steps[i]);
			if (!last)
				next_push(path, depth, steps[i]);
		}
		restore(parent);
	}
	return tried;
}

static void bfs_set_up(void)
{
	set_up();
	for (unsigned f = 0; f < BFS_FRAMES; f++) {
		OK(SYS_GIVE, GIVE_LEND, BFS_FRAME(f), 1, CAP(PROCESS(f % 3) + 1, 1 + f / 3), RIGHT_ALL);
		region_add(window(slot_pa(root_slot(BFS_FRAME(f)))), PAGE_SIZE);
	}
	OK(SYS_TABLE, SPACE2 + 2, SPACE2, VA);
	OK(SYS_TABLE, SPACE + 2, SPACE, VA);
	OK(SYS_REVOKE, SPACE + 2);
	for (unsigned p = 0; p < MODEL_PROCESSES; p++)
		region_add(host_slot(PROCESS(p) + 1, 0), (BFS_SLOTS + 1) * SLOT_BYTES);
	region_add(root_slot(PAGE), PAGES * SLOT_BYTES);
	region_add(&cap_origin, sizeof(cap_origin));
	region_add(&kernel_stats, sizeof(kernel_stats));
	for (unsigned i = 1; i < 3; i++) {
		region_add((char *)window(slot_pa(root_slot(SPACE + i))) + (VA >> 21 & 511) * 8 * (i == 1), 64);
		region_add((char *)window(slot_pa(root_slot(SPACE2 + i))) + (VA >> 21 & 511) * 8 * (i == 1), 64);
	}
	for (unsigned p = 0; p < MODEL_PROCESSES; p++)
		process_page[p] = (uint64_t)host_slot(PROCESS(p) + 1, 0) >> PAGE_SHIFT;
	for (unsigned f = 0; f < BFS_FRAMES; f++)
		frame_page[f] = slot_pa(root_slot(BFS_FRAME(f))) >> PAGE_SHIFT;
	save(initial);
}

static void bfs(unsigned depth)
{
	uint64_t tried = 0;
	double start = seconds();

	bfs_set_up();
	lately = calloc(MET_LATELY, sizeof(*lately));
	set_add_room(&seen);
	(void)set_insert(&seen, state_number());
	level = calloc(1, sizeof(*level));
	level_count = 1;
	for (unsigned d = 0; d < depth && level_count; d++) {
		uint64_t before = seen.count;

		for (uint64_t i = 0; i < level_count; i++) {
			set_add_room(&seen);
			tried += bfs_expand(&level[i], d, d + 1 == depth);
			if ((i + 1) % 200000 == 0)
				fprintf(stderr, "length %u: %" PRIu64 " of %" PRIu64 " expanded, %.0f s\n", d + 1,
					i + 1, level_count, seconds() - start);
		}
		fprintf(stderr,
			"length %u: %" PRIu64 " new states, %" PRIu64 " in all, %" PRIu64
			" operations, %.0f s\n",
			d + 1, seen.count - before, seen.count, tried, seconds() - start);
		free(level);
		level = next_level;
		level_count = next_count;
		next_level = NULL;
		next_count = next_room = 0;
	}
	printf("bfs: length %u, %" PRIu64 " states, %" PRIu64 " operations, %.1f s\n", depth, seen.count,
	       tried, seconds() - start);
}

int main(int argc, char **argv)
{
	unsigned long n = argc > 2 ? strtoul(argv[2], NULL, 0) : 0, seed = argc > 3 ? strtoul(argv[3], NULL, 0) : 1;

	if (argc == 3 && strcmp(argv[1], "bfs") == 0 && n <= BFS_DEPTH)
		bfs((unsigned)n);
	else if (argc >= 3 && strcmp(argv[1], "random") == 0)
		random_calls(n, seed);
	else
		return fprintf(stderr, "usage: explore bfs LENGTH | explore random CALLS [SEED]\n"), 2;
	return 0;
}
