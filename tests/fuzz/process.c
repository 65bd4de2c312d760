/*
 * process.c: makes and ends the processes of process.h.
 */
#include "process.h"

#define IMAGE_VA     0x10000UL
#define MEGA_PIECES  512
#define TAKEN_PIECES 192         /* of a process's memory */
#define STACK_BYTES  16384
#define SHARED_AT(n) (FREE_VA + (n) * PAGE_SIZE)

/* What linker/root.ld puts first. */
static const volatile struct {
	uint64_t entry, rodata, data, end;
} *const image = (void *)IMAGE_VA;

/* Of the threads of a process: each process has its own copy. */
static char process_stacks[PROCESS_THREADS][STACK_BYTES] __attribute__((aligned(16)));

/* A big CNode with the pieces of each process's memory, 512 a process; the first 512 hold the copy of the image. */
static cap_t store;
static unsigned image_pages;
static struct process processes[8];

static cap_t piece(unsigned process, unsigned n)
{
	return CAP(store, 1 + process * MEGA_PIECES + n);
}

void process_init(unsigned count)
{
	cap_t master = mega_new();

	CHECK(count <= sizeof(processes) / sizeof(*processes));
	store = big_cnode_new();
	image_pages = (unsigned)((image->end - IMAGE_VA) / PAGE_SIZE);
	OK(sys_split(master, 0, MEGA_PIECES, piece(0, 0)));
	for (unsigned i = 0; i < image_pages; i++) {
		const uint64_t *from = (const uint64_t *)(IMAGE_VA + i * PAGE_SIZE);
		volatile uint64_t *to = (uint64_t *)FREE_VA;

		OK(map_here(piece(0, i), FREE_VA, RIGHT_R | RIGHT_W));
		for (unsigned k = 0; k < PAGE_SIZE / 8; k++)
			to[k] = from[k];
		OK(unmap_one(piece(0, i)));
	}
	for (unsigned i = 0; i < count; i++) {
		processes[i].mega = mega_new();
		processes[i].pieces = piece(i + 1, 0);
	}
}

cap_t process_frame(struct process *p)
{
	CHECK(p->used < TAKEN_PIECES);
	return p->pieces + p->used++;
}

void process_give(struct process *p, unsigned verb, cap_t what, unsigned slot, unsigned rights, uint64_t badge)
{
	OK(sys_give(verb, what, 1, CAP(p->cnode, slot), rights, badge, 0));
}

/* A copy of each page of the image, where it is here. */
static void map_image(struct process *p)
{
	for (unsigned i = 0; i < image_pages; i++) {
		uint64_t va = IMAGE_VA + i * PAGE_SIZE;
		cap_t frame = process_frame(p);

		OK(sys_fill(frame, piece(0, i), 0, PAGE_SIZE));
		OK(sys_map(p->space, va, va < image->rodata ? RIGHT_R | RIGHT_X : va < image->data ? RIGHT_R :
			   RIGHT_R | RIGHT_W, 1, frame, 1, 0));
	}
}

/* The page that both see: a share of it is mapped there. */
static void map_shared(struct process *p, uint64_t seed, uint64_t limit)
{
	unsigned n = (unsigned)(p - processes);
	cap_t frame = process_frame(p), share = p->pieces + MEGA_PIECES - 1;

	OK(sys_fill(frame, 0, 0, PAGE_SIZE));
	OK(map_here(frame, SHARED_AT(n), RIGHT_R | RIGHT_W));
	OK(sys_give(GIVE_SHARE, frame, 1, share, RIGHT_ALL, 0, 0));
	OK(sys_map(p->space, SHARED_VA, RIGHT_R | RIGHT_W, 1, share, 1, 0));
	p->shared = (volatile struct shared *)SHARED_AT(n);
	p->shared->seed = seed;
	p->shared->limit = limit;
}

struct process *process_new(unsigned n, unsigned hart, uint64_t seed, uint64_t limit)
{
	struct process *p = &processes[n];

	p->used = p->threads = 0;
	p->hart = hart;
	OK(sys_split(p->mega, 0, TAKEN_PIECES, p->pieces));
	p->space = process_frame(p);
	p->cnode = slots_new(0) + n;
	OK(sys_give(GIVE_LEND, process_frame(p), 1, p->cnode, RIGHT_ALL, 0, 0));
	OK(sys_make(p->space, TYPE_VSPACE, ROOT_SYSTEM));
	OK(sys_make(p->cnode, TYPE_CNODE, 0));
	OK(sys_table(process_frame(p), p->space, IMAGE_VA));
	OK(sys_table(process_frame(p), p->space, IMAGE_VA));
	map_image(p);
	map_shared(p, seed, limit);
	process_give(p, GIVE_COPY, p->cnode, OWN_CNODE, RIGHT_ALL, 0);
	process_give(p, GIVE_COPY, p->space, OWN_SPACE, RIGHT_ALL, 0);
	return p;
}

void process_thread(struct process *p, void (*entry)(uint64_t), unsigned hart, unsigned prio, cap_t pager,
		    uint64_t badge)
{
	unsigned n = p->threads++;
	cap_t buffer = process_frame(p), t = process_frame(p);

	CHECK(n < PROCESS_THREADS);
	p->thread[n] = t;
	OK(sys_fill(buffer, 0, 0, PAGE_SIZE));
	OK(sys_map(p->space, BUFFER_VA(n), RIGHT_R | RIGHT_W, 1, buffer, 1, 0));
	thread_make(t, (uint64_t)entry, (uint64_t)&process_stacks[n][STACK_BYTES], n, prio);
	OK(sys_thread_set(t, THREAD_MAX_PRIO, prio));
	OK(sys_thread_set(t, THREAD_CSPACE, p->cnode));
	thread_to_hart(t, hart);
	OK(sys_thread_set(t, THREAD_VSPACE, p->space));
	OK(sys_thread_set(t, THREAD_BUFFER, buffer));
	OK(sys_thread_pager(t, pager, badge));
	process_give(p, GIVE_COPY, t, OWN_THREAD + n, RIGHT_ALL, 0);
	process_give(p, GIVE_SHARE, buffer, OWN_BUFFER + n, RIGHT_ALL, 0);
}

void process_run(struct process *p)
{
	for (unsigned i = 0; i < p->threads; i++) {
		long r = sys_thread_set(p->thread[i], THREAD_RUN, 0);

		/* A hostile neighbour that holds the thread may have been faster. */
		CHECK(r == 0 || r == -E_RUNNING);
	}
}

void process_end(struct process *p)
{
	uint64_t word;

	OK(sys_revoke(p->mega, 0));
	word = inspect(p->mega);
	EQUAL(INSPECT_TYPE(word), TYPE_FRAME);
	EQUAL(INSPECT_CHILDREN(word), KIND_NONE);
	EQUAL(INSPECT_MAPPED(word), 0);
}

struct kernel_stats stats_now(bool audit)
{
	struct kernel_stats *s = (struct kernel_stats *)buffer()->words;

	audit = audit && debug_kernel;
	OK(sys_system(ROOT_SYSTEM, audit ? SYSTEM_AUDIT : SYSTEM_STATS, 0, 0));
	if (audit)
		EQUAL(s->breach, 0);
	return *s;
}

void stats_same(const struct kernel_stats *before, const struct kernel_stats *now, bool audit)
{
	EQUAL(now->slots, before->slots);
	EQUAL(now->cnodes, before->cnodes);
	EQUAL(now->vspaces, before->vspaces);
	EQUAL(now->tables, before->tables);
	EQUAL(now->threads, before->threads);
	EQUAL(now->endpoints, before->endpoints);
	if (!audit || !debug_kernel)
		return;
	EQUAL(now->leaf_ptes, before->leaf_ptes);
	EQUAL(now->chips, before->chips);
	EQUAL(now->replies, before->replies);
}

static volatile uint64_t random_state;

void random_start(uint64_t number)
{
	random_state = (own_shared->seed * 0x9e3779b97f4a7c15UL ^ (number + 1) * 0xd6e8feb86659fd93UL) | 1;
}

uint64_t random_word(void)
{
	uint64_t x = random_state;

	x ^= x << 13;
	x ^= x >> 7;
	x ^= x << 17;
	random_state = x;
	return x * 0x2545f4914f6cdd1dUL;
}
