/*
 * clock.c: who watches deadlines. See clock.h.
 *
 * mem's receivers wait without a deadline, as the kernel's fast path asks. While nothing is due the clock's call is
 * parked; the first deadline answers it, and it sleeps until then. Only an earlier one than it sleeps for wakes it.
 */
#include "clock.h"
#include <mem_server.h>
#include <tessera/syscall.h>
#include "layout.h"
#include "log.h"
#include "pager.h"
#include "receiver.h"
#include "slots.h"
#include "space.h"
#include "vm.h"

#define CLOCK_STACK  4096
#define CLOCK_PRIO   (PRIO_COUNT - 2)

enum { OWN_THREAD, OWN_MAIL, OWN_BELL, OWN_PARKED, OWN_SLOTS };

static uint8_t stack[CLOCK_STACK] __attribute__((aligned(16)));
static uint32_t own;                    /* first of its own slots, 0: there is no clock */
static bool parked;
static uint64_t armed;                  /* what it sleeps for */

/* The thread. Calls only what is inline. */
static void clock_main(cap_t mail, cap_t bell)
{
	struct message m = { .info = 0 };

	for (;;) {
		m.info = info_make(MEM_INTERFACE << 16 | MEM_CALL_CLOCK, 0, 0);
		/* A call that ended without an answer has not been heard: it is made again. */
		if (sys_call(mail, &m) || info_label(m.info))
			continue;
		m.info = INFO_DEADLINE;
		(void)sys_reply_recv(bell, &m, 0, m.w[0]);
	}
}

void clock_set_cspace(void)
{
	long r;

	if (!own)
		return;
	r = sys_thread_set(own, THREAD_CSPACE, ROOT_CNODE);
	if (r == -E_RUNNING) {
		while (sys_thread_set(own, THREAD_STOP, 0) == -E_AGAIN)
			;
		r = sys_thread_set(own, THREAD_CSPACE, ROOT_CNODE);
		sys_thread_set(own, THREAD_RUN, 0);
	}
	if (r)
		log_error("mem: clock's CNode", r, 0);
}

static bool make(uint32_t first, cap_t buffer)
{
	uint64_t *regs = vm_buffer()->words;
	cap_t frame = slots_spare();
	long r;

	if (!frame || !buffer || !space_own_endpoint(first + OWN_BELL) || !vm_map(VA_CLOCK, buffer, RIGHT_R | RIGHT_W))
		return false;
	r = sys_give(GIVE_MOVE, frame, 1, first, RIGHT_ALL, 0, 0);
	if (!r)
		r = sys_make(first, TYPE_THREAD, 0);
	if (!r)
		r = sys_give(GIVE_COPY, SLOT_MAIL, 1, first + OWN_MAIL, RIGHT_CALL, badge_make(BADGE_WORKER, 0, 1), 0);
	for (unsigned i = 0; i < 32; i++)
		regs[i] = 0;
	regs[0] = (uint64_t)clock_main;
	regs[2] = (uint64_t)(stack + CLOCK_STACK);
	regs[10] = first + OWN_MAIL;
	regs[11] = first + OWN_BELL;
	return !r && !sys_thread_regs(first, REGS_WRITE, REGS_GENERAL);
}

bool clock_start(void)
{
	uint32_t first = slots_own(OWN_SLOTS);
	cap_t buffer = slots_spare_clear();
	long r;

	if (!first || !make(first, buffer))
		return false;
	r = sys_thread_set(first, THREAD_CSPACE, ROOT_CNODE);
	r |= sys_thread_set(first, THREAD_VSPACE, ROOT_VSPACE);
	r |= sys_thread_set(first, THREAD_BUFFER, buffer);
	r |= sys_thread_set(first, THREAD_MAX_PRIO, CLOCK_PRIO);
	r |= sys_thread_set(first, THREAD_PRIO, CLOCK_PRIO);
	r |= sys_thread_set(first, THREAD_RUN, 0);
	own = first;
	return !r;
}

int clock_turn(uint64_t *until)
{
	uint64_t due = pager_expire(sys_time());

	if (due == ~0ull) {
		/* An answer that was put there before is one that nobody waits for. */
		sys_delete(own + OWN_PARKED);
		if (sys_save_reply(own + OWN_PARKED))
			return E_DENIED;
		parked = true;
		return IDL_PARKED;
	}
	*until = armed = due;
	return 0;
}

void clock_watch(uint64_t due)
{
	if (parked) {
		parked = false;
		armed = due;
		(void)!mem_reply_clock(own + OWN_PARKED, 0, due);
	} else if (own && due < armed) {
		armed = due;
		sys_signal(own + OWN_BELL);
	}
}
