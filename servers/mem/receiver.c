/*
 * receiver.c: the harts and mem's thread on each. See receiver.h.
 *
 * A thread of mem takes the lock when a message has come and drops it before it answers. What the kernel does in
 * answer to a fault it does without the lock; so whoever takes memory or rights from a space waits first until no
 * such answer for the space is under way (docs/decisions/0010-mem-on-several-harts.md).
 */
#include "receiver.h"
#include <tessera/syscall.h>
#include "layout.h"
#include "lock.h"
#include "log.h"
#include "machine.h"
#include "main.h"
#include "slots.h"
#include "space.h"
#include "vm.h"

#define STACK_PAGES     4u
#define RECEIVER_PRIO   (PRIO_COUNT - 1)
#define LOOKS           2000u           /* at the lock before a nap */
#define NAP             500u            /* ticks */
#define PROGRAM_PRIO    40u             /* programs' threads go to all harts, others stay on the first */

struct receiver receivers[RECEIVERS] = { { .buffer = (struct ipc_buffer *)VA_BUFFER, .slots = SLOT_RECEIVER,
					   .thread = ROOT_THREAD } };
unsigned receiver_count = 1;
uint32_t lock;

/* A frame of mem's own as a capability in an own slot. */
static bool spare_to(uint32_t slot)
{
	cap_t frame = slots_spare();

	return frame && !sys_give(GIVE_MOVE, frame, 1, slot, RIGHT_ALL, 0, 0);
}

static bool make_memory(unsigned index, cap_t *buffer)
{
	uint64_t va = VA_RECEIVERS + index * RECEIVER_SPAN;

	*buffer = slots_spare_clear();
	if (!*buffer || !vm_map(va, *buffer, RIGHT_R | RIGHT_W))
		return false;
	/* A page stays unmapped below the stack. */
	for (unsigned i = 0; i < STACK_PAGES; i++) {
		if (!vm_map_spare(va + (2 + i) * PAGE_SIZE))
			return false;
	}
	receivers[index].buffer = (struct ipc_buffer *)va;
	return true;
}

/* Its registers; it begins in main_receive with its own thread pointer. */
static long set_registers(unsigned index)
{
	uint64_t *regs = vm_buffer()->words;

	for (unsigned i = 0; i < 32; i++)
		regs[i] = 0;
	regs[0] = (uint64_t)main_receive;
	regs[2] = VA_RECEIVERS + index * RECEIVER_SPAN + (2 + STACK_PAGES) * PAGE_SIZE;
	regs[4] = (uint64_t)&receivers[index];
	return sys_thread_regs(receivers[index].thread, REGS_WRITE, REGS_GENERAL);
}

static bool receiver_make(unsigned index, uint64_t hart)
{
	struct receiver *r = &receivers[index];
	cap_t buffer;
	long error;

	r->thread = slots_own(1);
	r->slots = slots_own(RECEIVER_SLOTS);
	if (!r->thread || !r->slots || !spare_to(r->thread) || sys_make(r->thread, TYPE_THREAD, 0)
	    || !make_memory(index, &buffer))
		return false;
	error = set_registers(index);
	error |= sys_thread_set(r->thread, THREAD_CSPACE, ROOT_CNODE);
	error |= sys_thread_set(r->thread, THREAD_VSPACE, ROOT_VSPACE);
	error |= sys_thread_set(r->thread, THREAD_BUFFER, buffer);
	error |= sys_thread_set(r->thread, THREAD_WINDOW, (r->slots + RECEIVER_ARRIVAL) | (uint64_t)ARRIVALS << 32);
	error |= sys_thread_set(r->thread, THREAD_CALL_TIMEOUT, NAP);
	error |= sys_thread_set(r->thread, THREAD_MAX_PRIO, RECEIVER_PRIO);
	error |= sys_thread_set(r->thread, THREAD_PRIO, RECEIVER_PRIO);
	error |= sys_thread_set(r->thread, THREAD_HART_INDEX, hart);
	return !error;
}

static bool hart_runs(uint64_t id)
{
	for (uint32_t i = 0; i < machine.harts; i++) {
		if (machine.hart[i] == id)
			return true;
	}
	return false;
}

/* Starts a hart and a receiver on it; false: it does not start, or runs already. */
static bool hart_start(const struct dt_hart *h)
{
	long index;

	if (!h->sv39 || hart_runs(h->id) || machine.harts == RECEIVERS)
		return false;
	index = sys_system(ROOT_SYSTEM, SYSTEM_HART, h->id, 0);
	if (index < 0) {
		log_error("mem: a hart does not start", index, h->id);
		return false;
	}
	if (index != machine.harts || !receiver_make((unsigned)index, (uint64_t)index)
	    || sys_thread_set(receivers[index].thread, THREAD_RUN, 0))
		log_fatal("no memory for a hart", h->id);
	machine.hart[machine.harts++] = h->id;
	receiver_count++;
	return true;
}

static bool controller_served(uint32_t number)
{
	for (uint32_t i = 0; i < machine.harts; i++) {
		if (machine_controller_serves(number, machine.hart[i]))
			return true;
	}
	return false;
}

/* Each interrupt controller needs a hart that it serves, whatever the boot arguments say. */
static void start_for_controllers(void)
{
	for (uint32_t n = machine_controllers(); n-- > 0; ) {
		for (uint32_t i = 0; i < machine_dt.harts && !controller_served(n); i++) {
			if (machine_controller_serves(n, machine_dt.hart[i].id))
				hart_start(&machine_dt.hart[i]);
		}
	}
}

void receiver_start(void)
{
	const char *word = machine_word("harts");
	unsigned most = word && *word > '0' && *word <= '9' ? (unsigned)(*word - '0') : RECEIVERS;

	sys_thread_set(ROOT_THREAD, THREAD_WINDOW, (self->slots + RECEIVER_ARRIVAL) | (uint64_t)ARRIVALS << 32);
	sys_thread_set(ROOT_THREAD, THREAD_CALL_TIMEOUT, NAP);
	if (!space_own_endpoint(SLOT_NAP))
		log_fatal("no endpoint", 0);
	start_for_controllers();
	for (uint32_t i = 0; i < machine_dt.harts && machine.harts < most; i++)
		hart_start(&machine_dt.hart[i]);
}

/* A nap is a call that nobody answers: mem makes no other, and it may owe an answer meanwhile. */
void lock_wait(void)
{
	struct message m = { .info = 0 };

	for (unsigned i = 0; i < LOOKS; i++) {
		if (!__atomic_load_n(&lock, __ATOMIC_RELAXED))
			return;
		lock_pause();
	}
	(void)sys_call(SLOT_NAP, &m);
}

uint64_t receiver_hart(uint32_t prio)
{
	static unsigned turn;

	if (prio > PROGRAM_PRIO)
		return 0;
	turn = turn + 1 < receiver_count ? turn + 1 : 0;
	return turn;
}

void receiver_settle(uint32_t space)
{
	for (unsigned i = 0; i < receiver_count; i++) {
		const struct receiver *r = &receivers[i];
		const volatile uint64_t *replied = &r->buffer->replied;

		while (r != self && r->answering == space && *replied == r->answers)
			lock_pause();
		__atomic_thread_fence(__ATOMIC_ACQUIRE);
	}
}
