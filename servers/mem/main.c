/*
 * main.c: the memory server's start and its loop. It is the root: it may wait for nobody but its clients.
 */
#include <tessera/syscall.h>
#include "calls.h"
#include "clock.h"
#include "fault.h"
#include "frames.h"
#include "layout.h"
#include "load.h"
#include "lock.h"
#include "log.h"
#include "machine.h"
#include "main.h"
#include "pager.h"
#include "pressure.h"
#include "receiver.h"
#include "slots.h"
#include "space.h"
#include "vm.h"
#include "work.h"
#include "worker.h"

void root_main(uint64_t begun);

/* The answer to a request, in *m; its info, 0: parked. */
static uint64_t serve(struct message *m)
{
	struct mem_request q = { .badge = m->badge, .info = m->info, .buffer = vm_buffer() };
	uint64_t info;

	for (unsigned i = 0; i < MESSAGE_REGS; i++)
		q.w[i] = m->w[i];
	work_start();
	info = mem_dispatch(&q);
	if (pressure_listeners)
		pressure_check(space_by_badge(q.badge));
	for (unsigned i = 0; i < MESSAGE_REGS; i++)
		m->w[i] = q.w[i];
	return info;
}

/* The kernel did not take the answer: what to answer instead; 0: nothing. */
static uint64_t refused(uint64_t info, long error)
{
	/* The answer was taken; only nothing was received. */
	if (error == -E_AGAIN || error == -E_NO_REPLY || !(info & INFO_REPLY))
		return 0;
	if (info & INFO_MAP)
		return fault_retry(error);
	/* The caller had no room for the capabilities, or ended: if it is there still, it learns why. */
	return info_items(info) ? info_make((uint32_t)-error, 0, 0) | INFO_REPLY : 0;
}

/* Everything but a fault that came: the answer in *m. */
static __attribute__((noinline)) uint64_t handle(struct message *m, uint64_t answered, long r)
{
	uint64_t info = 0;

	if (r < 0)
		info = refused(answered, r);
	else if (info_kind(m->info) == KIND_MESSAGE)
		info = serve(m);
	if (info & INFO_MAP) {
		m->w[0] = self->item.cap;
		m->w[1] = self->item.count;
		m->w[2] = self->item.va;
		m->w[3] = self->item.rights;
	}
	return info;
}

/*
 * 1. Answer and wait, without the lock. 2. The note of a fault's answer is void as soon as this thread is back.
 * 3. Under the lock: work out the answer. A page fault takes the short way; the message stays in registers.
 */
void main_receive(void)
{
	struct message m = { .info = 0 };
	uint64_t info = 0;

	for (;;) {
		long r;

		m.info = info;
		r = sys_reply_recv(SLOT_MAIL, &m, 0, 0);
		self->answering = 0;
		lock_take();
		if (self->moved != slots_moved)
			slots_follow();
		if (r == 0 && info_kind(m.info) == KIND_FAULT) {
			info = fault_answer(m.badge, m.w[0], m.w[1]);
			m.w[0] = self->item.cap;
			m.w[1] = self->item.count;
			m.w[2] = self->item.va;
			m.w[3] = self->item.rights;
		} else {
			struct message copy = m;

			info = handle(&copy, info, r);
			m = copy;
		}
		if (frames_stock.used < frames_stock.wanted)
			worker_wake();
		if (slots_low)
			slots_grow();
		lock_drop();
	}
}

void root_main(uint64_t begun)
{
	struct boot_info boot = *(const struct boot_info *)vm_buffer()->words;

	machine_start(&boot);
	machine.begun_kernel = boot.entry_instret;
	machine.begun = begun;
	if (!space_own_endpoint(SLOT_MAIL))
		log_fatal("no endpoint", 0);
	lock_take();
	receiver_start();
	load_proc();
	if (!worker_start())
		log_line("mem: no zero worker", 0, 0);
	if (!clock_start())
		log_fatal("no clock", 0);
	frames_reclaim = pager_reclaim;
	lock_drop();
	main_receive();
}

/* Kept by the name the generated code wants: the handlers move what they keep themselves. */
cap_t cap_take(uint64_t window_slot)
{
	return window_slot;
}
