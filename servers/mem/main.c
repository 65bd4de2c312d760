/*
 * main.c: the memory server's start and its loop. It is the root: it may wait for nobody but its clients.
 */
#include <tessera/syscall.h>
#include "calls.h"
#include "fault.h"
#include "layout.h"
#include "load.h"
#include "log.h"
#include "machine.h"
#include "slots.h"
#include "space.h"
#include "vm.h"
#include "worker.h"

void root_main(uint64_t begun);

/* The answer to a request, in *m; its info, 0: parked. */
static uint64_t serve(struct message *m)
{
	struct mem_request q = { .badge = m->badge, .info = m->info, .buffer = vm_buffer() };
	uint64_t info;

	for (unsigned i = 0; i < MESSAGE_REGS; i++)
		q.w[i] = m->w[i];
	info = mem_dispatch(&q);
	for (unsigned i = 0; i < MESSAGE_REGS; i++)
		m->w[i] = q.w[i];
	return info;
}

/* The kernel did not take the answer: what to answer instead; 0: nothing. */
static uint64_t refused(struct message *m, uint64_t info, long error)
{
	if (info & INFO_MAP)
		return fault_retry(m, error);
	if (error == -E_NO_REPLY || !(info & INFO_REPLY))
		return 0;
	/* The caller had no room for the capabilities, or ended: if it is there still, it learns why. */
	if (info_items(info))
		return info_make((uint32_t)-error, 0, 0) | INFO_REPLY;
	return 0;
}

static __attribute__((noreturn)) void loop(void)
{
	struct message m = { .info = 0 };
	uint64_t info = 0;

	for (;;) {
		long r;

		m.info = info;
		r = sys_reply_recv(SLOT_MAIL, &m, 0, 0);
		if (r < 0) {
			info = refused(&m, info, r);
			continue;
		}
		if (info_kind(m.info) == KIND_FAULT) {
			info = fault_answer(&m);
		} else if (info_kind(m.info) == KIND_MESSAGE) {
			info = serve(&m);
		} else {
			info = 0;
			continue;
		}
		if (worker_parked)
			worker_wake();
		if (slots_low)
			slots_grow();
	}
}

void root_main(uint64_t begun)
{
	struct boot_info boot = *(const struct boot_info *)vm_buffer()->words;

	sys_thread_set(ROOT_THREAD, THREAD_WINDOW, SLOT_ARRIVAL | (uint64_t)ARRIVALS << 32);
	machine_start(&boot);
	machine.begun_kernel = boot.entry_instret;
	machine.begun = begun;
	if (!space_own_endpoint(SLOT_MAIL))
		log_fatal("no endpoint", 0);
	load_proc();
	if (!worker_start())
		log_line("mem: no zero worker", 0, 0);
	loop();
}

/* Kept by the name the generated code wants: the handlers move what they keep themselves. */
cap_t cap_take(uint64_t window_slot)
{
	return window_slot;
}
