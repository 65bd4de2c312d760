/*
 * scale.c: how costs grow with what there is: a round trip among so many processes, a call with a timeout among so
 * many sleepers, the end of a frame with so many shares. Takes RAM of its own behind root.c's.
 */
#include "root.h"

#define MEGA_FIRST  18                 /* of the gigapage: behind root.c's */
#define NODE_MEGAS  2                  /* CNodes of 65,536 slots for what is derived */
#define POOL_MEGAS  40                 /* split into frames */
#define MEGA_SLOTS  CAP(SLOT_NODE, 600)
#define POOL        2048               /* in SLOT_NODE: the frames */
#define NODE_SLOT   104                /* in the root's CNode: the two CNodes */
#define NODE_PIECES 65000
#define SHARES      100000
#define SLEEPERS    10000
#define PROCESSES   1000
#define PRIO        62                 /* as root's */
#define ROUNDS      64
#define FAR         (1ull << 40)       /* ticks: later than the bench's end */
#define APART       1000               /* ticks between two sleepers' deadlines */

extern const char scale_wait[];

static uint64_t frames_taken;

static cap_t frame_new(void)
{
	return CAP(SLOT_NODE, POOL + frames_taken++);
}

static cap_t share_slot(uint64_t n)
{
	return CAP(NODE_SLOT + n / NODE_PIECES, 1 + n % NODE_PIECES);
}

static void take_memory(void)
{
	must("split megapages", sys_split(SLOT_GIGA, MEGA_FIRST, NODE_MEGAS + POOL_MEGAS, MEGA_SLOTS));
	must("carve", sys_carve(MEGA_SLOTS, NODE_MEGAS + POOL_MEGAS, MEM_RAM));
	for (unsigned i = 0; i < NODE_MEGAS; i++) {
		must("move", sys_give(GIVE_MOVE, MEGA_SLOTS + i, 1, NODE_SLOT + i, RIGHT_ALL, 0, 0));
		while (sys_make(NODE_SLOT + i, TYPE_CNODE, 0) == -E_AGAIN)
			;
	}
	for (unsigned i = 0; i < POOL_MEGAS; i++)
		must("split", sys_split(MEGA_SLOTS + NODE_MEGAS + i, 0, 512, CAP(SLOT_NODE, POOL + 512 * i)));
}

/* A thread that waits on the endpoint, until the time `deadline` if that is not 0, in the space. It runs at once. */
static void waiter_start(cap_t space, uint64_t pc, cap_t endpoint, uint64_t deadline)
{
	uint64_t *regs = ((struct ipc_buffer *)ROOT_BUFFER)->words;
	cap_t thread = frame_new();

	must("make Thread", sys_make(thread, TYPE_THREAD, 0));
	for (unsigned i = 0; i < 32; i++)
		regs[i] = 0;
	regs[0] = pc;
	regs[6] = deadline;
	regs[10] = endpoint;
	regs[11] = deadline ? INFO_DEADLINE : 0;
	regs[17] = SYS_REPLY_RECV;
	must("regs", sys_thread_regs(thread, REGS_WRITE, REGS_GENERAL));
	must("CNode", sys_thread_set(thread, THREAD_CSPACE, ROOT_CNODE));
	must("VSpace", sys_thread_set(thread, THREAD_VSPACE, space));
	must("max prio", sys_thread_set(thread, THREAD_MAX_PRIO, PRIO));
	must("prio", sys_thread_set(thread, THREAD_PRIO, PRIO));
	must("run", sys_thread_set(thread, THREAD_RUN, 0));
}

/* A process more: an address space with the code of lend.c's server and a thread that waits. */
static void process_start(cap_t code, uint64_t number)
{
	cap_t space = frame_new(), share = share_slot(number);
	uint64_t done;

	must("make VSpace", sys_make(space, TYPE_VSPACE, ROOT_SYSTEM));
	must("table", sys_table(frame_new(), space, VA));
	must("table", sys_table(frame_new(), space, VA));
	must("share", sys_give(GIVE_SHARE, code, 1, share, RIGHT_R | RIGHT_X, 0, 0));
	must("map", sys_map(space, VA, RIGHT_R | RIGHT_X, 1, share, 1, &done));
	waiter_start(space, VA + (uint64_t)(scale_wait - lend_server), LEND_NOBODY, 0);
}

/* The mean cost of a call that lend.c's server answers. */
static void round_trip(const char *key)
{
	uint64_t start = sys_instret();

	for (unsigned i = 0; i < ROUNDS; i++) {
		struct message m = { .info = 0 };

		must("call", sys_call(LEND_ENDPOINT, &m));
	}
	figure(key, (sys_instret() - start) / ROUNDS);
}

static void processes(void)
{
	round_trip("scale.ipc_round_trip.1");
	for (unsigned i = 0; i < PROCESSES; i++) {
		process_start(LEND_CODE, i);
		if (i + 1 == 100)
			round_trip("scale.ipc_round_trip.100");
	}
	round_trip("scale.ipc_round_trip.1000");
}

/* The same with a timeout: each call enters the heap of deadlines, in the midst of the sleepers', and leaves it. */
static void timed_trip(const char *key)
{
	uint64_t timeout = FAR + SLEEPERS / 2 * APART - sys_time();

	must("timeout", sys_thread_set(ROOT_THREAD, THREAD_CALL_TIMEOUT, timeout));
	round_trip(key);
	must("timeout", sys_thread_set(ROOT_THREAD, THREAD_CALL_TIMEOUT, 0));
}

static void sleepers(void)
{
	for (unsigned i = 1; i <= SLEEPERS; i++) {
		waiter_start(ROOT_VSPACE, (uint64_t)scale_wait, LEND_NOBODY, FAR + i * 7919 % SLEEPERS * APART);
		if (i == 1)
			timed_trip("scale.timer.1");
		if (i == 100)
			timed_trip("scale.timer.100");
		if (i == SLEEPERS)
			timed_trip("scale.timer.10000");
	}
}

/* The cost of revoke for each of so many shares of a frame. */
static void revoke(const char *key, uint64_t shares)
{
	cap_t frame = frame_new();
	uint64_t start;

	for (uint64_t i = 0; i < shares; i++)
		must("share", sys_give(GIVE_SHARE, frame, 1, share_slot(PROCESSES + i), RIGHT_R, 0, 0));
	start = sys_instret();
	must("revoke", sys_revoke(frame, 0));
	figure(key, (sys_instret() - start) / shares);
}

void scale_measure(void)
{
	take_memory();
	must("prio", sys_thread_set(ROOT_THREAD, THREAD_PRIO, PRIO - 1));
	processes();
	sleepers();
	revoke("scale.revoke.100", 100);
	revoke("scale.revoke.10000", 10000);
	revoke("scale.revoke.100000", SHARES);
}
