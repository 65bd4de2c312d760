/*
 * cow.c: a range and a whole space are cloned without copying; pages are copied when one side writes, and the
 * last one that has a page writes to it as it is.
 */
#include "demo.h"

#define SOME       1000ul                /* pages written on either side */
#define CHILD_SLOT 40                    /* in the clone's CNode: signals this process */
#define CHILD_BIT  (1ul << 7)
#define CHILD_PRIO 20

static uint64_t pages;                   /* cloned: 64 MiB, or less on a small machine */

static uint64_t own_frames(void)
{
	struct mem_total now = { 0 };

	(void)!mem_total(SLOT_SPACE, &now);
	return now.resident / PAGE;
}

static int holds(uint64_t at, uint64_t from, uint64_t to, uint64_t plus)
{
	for (uint64_t i = from; i < to; i++)
		DEMAND(*demo_page(at, i) == i + plus);
	return 0;
}

static int clone_range(uint64_t *origin, uint64_t *clone)
{
	uint64_t frames, cost;

	DEMAND(!mem_map(SLOT_SPACE, 0, pages * PAGE, RW, 0, origin));
	for (uint64_t i = 0; i < pages; i++)
		*demo_page(*origin, i) = i + 1;
	DEMAND(!mem_reserve(SLOT_SPACE, 0, pages * PAGE, 0, 0, clone));
	frames = own_frames();
	cost = sys_instret();
	DEMAND(!mem_clone(SLOT_SPACE, *clone, *origin, pages * PAGE));
	cost = sys_instret() - cost;
	DEMAND(own_frames() == frames && !holds(*clone, 0, pages, 1) && own_frames() == frames);
	printf("cow: %lu pages cloned in %lu instructions, read in both places, none copied\n", pages, cost);
	return 0;
}

static int write_both(uint64_t origin, uint64_t clone)
{
	uint64_t frames = own_frames();

	for (uint64_t i = 0; i < SOME; i++) {
		*demo_page(origin, i) = i + 2;
		*demo_page(clone, i + SOME) = i + SOME + 3;
	}
	DEMAND(!holds(origin, 0, SOME, 2) && !holds(origin, SOME, pages, 1));
	DEMAND(!holds(clone, 0, SOME, 1) && !holds(clone, SOME, 2 * SOME, 3) && !holds(clone, 2 * SOME, pages, 1));
	DEMAND(own_frames() == frames + 2 * SOME);
	printf("cow: %lu pages written in each, %lu copied\n", SOME, 2 * SOME);
	return 0;
}

static int last_writes(uint64_t origin, uint64_t clone)
{
	uint64_t frames;

	DEMAND(!mem_unmap(SLOT_SPACE, origin, pages * PAGE));
	frames = own_frames();
	for (uint64_t i = 0; i < pages; i++)
		*demo_page(clone, i) += 10;
	DEMAND(!holds(clone, 0, SOME, 11) && !holds(clone, SOME, 2 * SOME, 13) && !holds(clone, 2 * SOME, pages, 11));
	DEMAND(own_frames() == frames);
	DEMAND(!mem_unmap(SLOT_SPACE, clone, pages * PAGE));
	printf("cow: the last one that has a page writes to it: %lu pages, none copied\n", pages);
	return 0;
}

static int refused(void)
{
	uint64_t at, to;

	DEMAND(!mem_map(SLOT_SPACE, 0, 4 * PAGE, RW, 0, &at) && !mem_reserve(SLOT_SPACE, 0, 3 * PAGE, 0, 0, &to));
	DEMAND(mem_clone(SLOT_SPACE, to, at, 4 * PAGE) == E_BAD_RANGE);
	DEMAND(mem_clone(SLOT_SPACE, at, to, PAGE) == E_BAD_RANGE);
	DEMAND(mem_clone(SLOT_SPACE, to, at, 0) == E_BAD_RANGE);
	DEMAND(mem_clone(SLOT_SPACE, to, at + 1, PAGE) == E_BAD_RANGE);
	DEMAND(mem_clone(SLOT_SPACE, to, at, ~0ul) == E_BAD_RANGE);
	DEMAND(!mem_clone(SLOT_SPACE, to + PAGE, at + PAGE, PAGE) && *demo_page(to, 1) == 0);
	DEMAND(demo_faults(demo_page(to, 0)));
	DEMAND(mem_clone(SLOT_SPACE, to, at, 2 * PAGE) == E_BAD_RANGE && mem_space_end(SLOT_SPACE) == E_DENIED);
	DEMAND(!mem_unmap(SLOT_SPACE, at, 4 * PAGE) && !mem_unmap(SLOT_SPACE, to, 3 * PAGE));
	return 0;
}

static uint64_t number = 1;
static volatile uint64_t *board;
static _Alignas(16) char child_stack[4096];

/* Runs in the clone, without libc's thread block: only system calls. */
static void child(void)
{
	board[0] = number;
	number = 2;
	board[1] = number;
	sys_signal(CHILD_SLOT);
	for (;;)
		;
}

/* Waits for signals on this process's endpoint. */
static uint64_t wait_signals(void)
{
	struct message m = { .info = 0 };

	return sys_reply_recv(SLOT_ENDPOINT, &m, 0, 0) == 0 && info_kind(m.info) == KIND_SIGNALS ? m.w[0] : 0;
}

static int start(cap_t space, cap_t cnode)
{
	cap_t thread = 0;
	uint64_t buffer;

	DEMAND(!sys_give(GIVE_COPY, SLOT_ENDPOINT, 1, CAP(cnode, CHILD_SLOT), RIGHT_SIGNAL, CHILD_BIT, 0));
	DEMAND(!mem_thread_create(space, (uint64_t)child, (uint64_t)(child_stack + sizeof child_stack), 0, 0,
				  CHILD_PRIO, &thread, &buffer));
	DEMAND(!sys_thread_set(thread, THREAD_RUN, 0));
	cap_free(thread);
	return 0;
}

static int clone_space(void)
{
	uint64_t at, address;
	cap_t object = 0, space = 0, cnode = 0;

	DEMAND(!mem_object_create(SLOT_SPACE, PAGE, 0, &object, &address));
	DEMAND(!mem_map_object(SLOT_SPACE, object, 0, 0, PAGE, RW, 0, &at));
	board = (volatile uint64_t *)at;
	DEMAND(!mem_space_clone(SLOT_SPACE, &space, &cnode));
	number = 5;
	DEMAND(!start(space, cnode));
	while (!(wait_signals() & CHILD_BIT))
		;
	DEMAND(board[0] == 1 && board[1] == 2 && number == 5);
	DEMAND(!mem_space_end(space));
	DEMAND(mem_usage(space, &(struct mem_usage){ 0 }) == E_DENIED);
	cap_free(space);
	cap_free(cnode);
	DEMAND(!mem_unmap(SLOT_SPACE, at, PAGE) && !mem_object_destroy(SLOT_SPACE, object));
	cap_free(object);
	printf("cow: the space cloned, a thread in the clone wrote, this one kept its own\n");
	return 0;
}

int demo_cow(void)
{
	uint64_t origin = 0, clone = 0;
	struct mem_total now;

	DEMAND(!mem_total(SLOT_SPACE, &now));
	pages = (now.commit_limit - now.committed > 160 * MEBIBYTE ? 64 : 16) * MEBIBYTE / PAGE;
	return clone_range(&origin, &clone) || write_both(origin, clone) || last_writes(origin, clone) || refused()
	       || clone_space();
}
