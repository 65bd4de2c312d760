/*
 * worker.c: the zero worker. See worker.h.
 */
#include "worker.h"
#include <mem_server.h>
#include <tessera/syscall.h>
#include "frames.h"
#include "layout.h"
#include "log.h"
#include "made.h"
#include "receiver.h"
#include "slots.h"
#include "vm.h"

#define WORKER_STACK 4096

static uint8_t stack[WORKER_STACK] __attribute__((aligned(16)));
static uint32_t thread_slot, mail_slot;
static uint32_t busy_first, busy_count;        /* what it has */

/* The thread: asks for frames, clears them, says which of them answered. Calls only what is inline. */
static void worker_main(cap_t mail)
{
	struct message m = { .info = 0 };
	uint64_t mask = 0;

	for (;;) {
		m.info = info_make(MEM_INTERFACE << 16 | MEM_CALL_ZERO, 1, 0);
		m.w[0] = mask;
		/* A call that ended without an answer has not been heard: it is made again. */
		if (sys_call(mail, &m) || info_label(m.info))
			continue;
		mask = 0;
		for (uint64_t i = 0; i < m.w[1]; i++) {
			if (!sys_fill(m.w[0] + i, 0, 0, PAGE_SIZE))
				mask |= 1ull << i;
		}
	}
}

void worker_set_cspace(void)
{
	long r;

	if (!thread_slot)
		return;
	/* It may be anywhere between two instructions, which all name slots that both CNodes have. */
	r = sys_thread_set(thread_slot, THREAD_CSPACE, ROOT_CNODE);
	if (r == -E_RUNNING) {
		while (sys_thread_set(thread_slot, THREAD_STOP, 0) == -E_AGAIN)
			;
		r = sys_thread_set(thread_slot, THREAD_CSPACE, ROOT_CNODE);
		sys_thread_set(thread_slot, THREAD_RUN, 0);
	}
	if (r)
		log_error("mem: zero worker's CNode", r, 0);
}

/* Its Thread, made from a spare frame that moves to an own slot. */
static long thread_make(void)
{
	cap_t frame = slots_spare();
	long r;

	thread_slot = slots_own(2);
	mail_slot = thread_slot + 1;
	if (!frame || !thread_slot)
		return -E_NO_MEMORY;
	r = sys_give(GIVE_MOVE, frame, 1, thread_slot, RIGHT_ALL, 0, 0);
	if (!r)
		r = sys_make(thread_slot, TYPE_THREAD, 0);
	if (!r)
		r = sys_give(GIVE_COPY, SLOT_MAIL, 1, mail_slot, RIGHT_CALL, badge_make(BADGE_WORKER, 0, 0), 0);
	return r;
}

bool worker_start(void)
{
	uint64_t *regs = vm_buffer()->words;
	cap_t buffer = slots_spare_clear();
	long r = thread_make();

	if (r || !buffer || !vm_map(VA_WORKER, buffer, RIGHT_R | RIGHT_W))
		return false;
	for (unsigned i = 0; i < 32; i++)
		regs[i] = 0;
	regs[0] = (uint64_t)worker_main;
	regs[2] = (uint64_t)(stack + WORKER_STACK);
	regs[10] = mail_slot;
	r = sys_thread_regs(thread_slot, REGS_WRITE, REGS_GENERAL);
	r |= sys_thread_set(thread_slot, THREAD_CSPACE, ROOT_CNODE);
	r |= sys_thread_set(thread_slot, THREAD_VSPACE, ROOT_VSPACE);
	r |= sys_thread_set(thread_slot, THREAD_BUFFER, buffer);
	r |= sys_thread_set(thread_slot, THREAD_MAX_PRIO, 1);
	r |= sys_thread_set(thread_slot, THREAD_PRIO, 1);
	/* The hart that gets programs last. */
	r |= sys_thread_set(thread_slot, THREAD_HART_INDEX, receiver_count - 1);
	r |= sys_thread_set(thread_slot, THREAD_RUN, 0);
	return !r;
}

int worker_turn(uint64_t mask, uint64_t *first, uint64_t *count)
{
	uint32_t n = 0;

	made_work();
	if (busy_count)
		frames_cleared(busy_first, busy_count, mask);
	busy_count = 0;
	busy_first = frames_to_clear(WORKER_BATCH, &n);
	if (busy_first) {
		busy_count = n;
		*first = slots_frame(busy_first);
		*count = n;
		return 0;
	}
	if (sys_save_reply(SLOT_PARKED))
		return E_DENIED;
	frames_stock_wait(true);
	return IDL_PARKED;
}

void worker_wake(void)
{
	uint32_t n = 0;

	busy_first = frames_to_clear(WORKER_BATCH, &n);
	if (!busy_first)
		return;
	busy_count = n;
	frames_stock_wait(false);
	if (mem_reply_zero(SLOT_PARKED, 0, slots_frame(busy_first), n))
		log_line("mem: the zero worker is gone", 0, 0);
}
