/* lend.c: a frame lent with a call to another address space and taken back after the answer. */
#include "root.h"

#define SLOT_ARRIVED      111          /* the server's window */
#define PRIO              62           /* as this thread's: the kernel switches directly */
#define ROUNDS            64

/* Frames: what each becomes. */
#define LENT   (FRAMES + 0)
#define SPACE  (FRAMES + 1)
#define TABLE1 (FRAMES + 2)
#define TABLE0 (FRAMES + 3)
#define THREAD (FRAMES + 5)
#define BUFFER (FRAMES + 6)
#define CHIPS  (FRAMES + 7)

/* The server's code, at VA in its own space. */
static void make_space(void)
{
	uint64_t done;

	must("map", sys_map(ROOT_VSPACE, VA, RIGHT_R | RIGHT_W, 1, LEND_CODE, 1, &done));
	for (long i = 0; i < lend_server_end - lend_server; i++)
		((volatile char *)VA)[i] = lend_server[i];
	must("unmap", sys_unmap(1, LEND_CODE, 1, &done));
	__asm__ volatile("fence.i" : : : "memory");
	must("make VSpace", sys_make(SPACE, TYPE_VSPACE, ROOT_SYSTEM));
	must("table", sys_table(TABLE1, SPACE, VA));
	must("table", sys_table(TABLE0, SPACE, VA));
	must("map", sys_map(SPACE, VA, RIGHT_R | RIGHT_X, 1, LEND_CODE, 1, &done));
}

static void make_thread(void)
{
	uint64_t *regs = ((struct ipc_buffer *)ROOT_BUFFER)->words;

	must("split", sys_split(CHIPS, 0, 1, LEND_ENDPOINT));
	must("make Endpoint", sys_make(LEND_ENDPOINT, TYPE_ENDPOINT, 0));
	must("split", sys_split(CHIPS, 1, 1, LEND_NOBODY));
	must("make Endpoint", sys_make(LEND_NOBODY, TYPE_ENDPOINT, 0));
	must("make Thread", sys_make(THREAD, TYPE_THREAD, 0));
	for (unsigned i = 0; i < 32; i++)
		regs[i] = 0;
	regs[0] = VA;
	regs[10] = LEND_ENDPOINT;
	must("regs", sys_thread_regs(THREAD, REGS_WRITE, REGS_GENERAL));
	must("CNode", sys_thread_set(THREAD, THREAD_CSPACE, ROOT_CNODE));
	must("VSpace", sys_thread_set(THREAD, THREAD_VSPACE, SPACE));
	must("buffer", sys_thread_set(THREAD, THREAD_BUFFER, BUFFER));
	must("window", sys_thread_set(THREAD, THREAD_WINDOW, SLOT_ARRIVED | 1ull << 32));
	must("max prio", sys_thread_set(THREAD, THREAD_MAX_PRIO, PRIO));
	must("prio", sys_thread_set(THREAD, THREAD_PRIO, PRIO));
	must("run", sys_thread_set(THREAD, THREAD_RUN, 0));
}

void lend_measure(void)
{
	struct ipc_buffer *buffer = (struct ipc_buffer *)ROOT_BUFFER;
	uint64_t least = UINT64_MAX;

	make_space();
	make_thread();
	buffer->send[0] = (struct send_item){ .cap = LENT, .count = 1, .verb = GIVE_LEND, .rights = RIGHT_ALL };
	for (unsigned i = 0; i < ROUNDS; i++) {
		struct message m = { .info = info_make(0, 0, 1) };
		uint64_t start = sys_instret(), cost;

		must("call", sys_call(LEND_ENDPOINT, &m));
		must("revoke", sys_revoke(LENT, 0));
		cost = sys_instret() - start;
		if (cost < least)
			least = cost;
	}
	figure("ipc.lend_frame", least);
}
