/*
 * thread.c: what a thread has: its bound slots, its registers, its FPU state, and how it ends.
 *
 * A bound slot is a real child of the capability it was set from, so revoking that finds the thread: one that
 * loses its CNode or VSpace stops.
 */
#include "thread.h"

#include "frame.h"
#include "riscv.h"
#include "space.h"

void thread_init(struct thread *t)
{
	t->hart = t->gate = this_hart();
	t->state = STATE_STOPPED;
	t->full = 1;
	sched_store_prio(t, 0);
}

int thread_stop(struct thread *t)
{
	int error = hart_hold(t, false);

	if (error)
		return error;
	if (t->state == STATE_READY)
		sched_remove(t);
	else
		thread_unblock(t, -E_ABORTED);
	t->state = STATE_STOPPED;
	return 0;
}

int thread_unbind(struct slot *s)
{
	struct thread *t = (struct thread *)((uint64_t)s & ~(uint64_t)(PAGE_SIZE - 1));
	unsigned which = (unsigned)(s - t->bound);
	int error;

	for (unsigned i = 0; i < hart_count; i++)
		if (s == &harts[i].irq || s == &harts[i].trace)
			return 0;
	if (which == BOUND_BUFFER)
		t->buffer = NULL;
	if (which != BOUND_CSPACE && which != BOUND_VSPACE)
		return 0;
	error = thread_stop(t);
	if (!error && which == BOUND_CSPACE)
		t->slot_count = 0;
	return error;
}

/* Of a thread that runs on no hart, so that nothing has to wait. */
static void unbind(struct slot *s)
{
	if (s->type == TYPE_NULL)
		return;
	(void)thread_unbind(s);
	cap_remove(s);
}

int thread_destroy(struct thread *t)
{
	int error = thread_stop(t);

	if (error)
		return error;
	if (t->caller)
		thread_wake(t->caller, -E_SERVER_GONE);
	for (unsigned i = 0; i < hart_count; i++) {
		if (harts[i].fpu_owner == t)
			harts[i].fpu_owner = NULL;
		if (harts[i].payer == t)
			harts[i].payer = NULL;
		if (harts[i].wanted == t)
			harts[i].wanted = NULL;
	}
	for (unsigned i = 0; i < BOUND_COUNT; i++)
		unbind(&t->bound[i]);
	return 0;
}

void thread_save_fpu(struct thread *t)
{
	struct hart *h = this_hart();

	if (h->fpu_owner != t)
		return;
	csr_set(sstatus, SSTATUS_FS);
	fpu_save(t->fpu);
	h->fpu_owner = NULL;
	h->fs_on = 1;
}

/* What a bound slot takes. A thread does as it likes with its own CNode and what its space holds. */
static const struct {
	uint8_t type, rights;
} bound_needs[BOUND_COUNT] = {
	[BOUND_CSPACE] = { TYPE_CNODE, RIGHT_READ | RIGHT_WRITE }, [BOUND_VSPACE] = { TYPE_VSPACE, RIGHT_WRITE },
	[BOUND_PAGER] = { TYPE_ENDPOINT, RIGHT_CALL }, [BOUND_BUFFER] = { TYPE_FRAME, RIGHT_R | RIGHT_W },
};

/* Whether a bound slot may change now: a CNode under a thread that is ready, too, unless it runs on another hart. */
static bool thread_bindable(const struct thread *t, unsigned which)
{
	if (t->state == STATE_READY)
		return which == BOUND_CSPACE && (t->hart->current != t || t->hart == this_hart());
	return t->state != STATE_HELD;
}

/* Its hart may run it in its space, unless it is stopped: THREAD_RUN says so then. */
static void thread_runs(const struct thread *t)
{
	if (t->state != STATE_STOPPED && t->bound[BOUND_VSPACE].type == TYPE_VSPACE)
		space_runs(&t->bound[BOUND_VSPACE], t->hart->index);
}

/* The fields that name a capability of the caller's. */
static long thread_bind(struct thread *self, struct thread *t, unsigned which, cap_t cap, uint64_t badge)
{
	struct slot *from;
	int error = 0;

	if (!thread_bindable(t, which))
		return -E_RUNNING;
	if (which == BOUND_BUFFER && cap == 0) {
		unbind(&t->bound[which]);
		return 0;
	}
	from = cap_lookup_type(self, cap, bound_needs[which].type, &error);
	if (!from)
		return error;
	if (which == BOUND_BUFFER && (from->order != ORDER_4K || from->memtype != MEM_RAM))
		return -E_BAD_ARG;
	if (bound_needs[which].rights & ~from->rights)
		return -E_NO_RIGHT;
	/* The kernel will write there: now is the time to find that nothing answers. */
	if (which == BOUND_BUFFER && memory_copy(window(slot_pa(from)), window(slot_pa(from)), PAGE_SIZE))
		return -E_BAD_MEMORY;
	error = cap_bind(which == BOUND_BUFFER ? GIVE_SHARE : GIVE_COPY, from, &t->bound[which],
			 which == BOUND_PAGER ? RIGHT_CALL : RIGHT_ALL, which == BOUND_PAGER ? badge : 0);
	if (error)
		return error;
	if (which == BOUND_CSPACE) {
		t->slots = slot_object(from);
		t->slot_count = cnode_count(from);
	}
	if (which == BOUND_VSPACE) {
		t->satp = space_satp(from);
		thread_runs(t);
	}
	if (which == BOUND_BUFFER)
		t->buffer = window(slot_pa(from));
	return 0;
}

static long thread_run(struct thread *t)
{
	if (t->state != STATE_STOPPED && t->state != STATE_HELD)
		return -E_RUNNING;
	if (t->bound[BOUND_VSPACE].type != TYPE_VSPACE || t->bound[BOUND_CSPACE].type != TYPE_CNODE)
		return -E_BUSY;
	thread_unfault(t);
	sched_ready(t);
	thread_runs(t);
	return 0;
}

/* To another hart: its FPU values are saved first, and what runs elsewhere is held first. */
static long thread_migrate(struct thread *t, uint64_t index)
{
	bool ready;
	int error;

	if (index >= hart_count)
		return -E_BAD_ARG;
	if (t->hart == &harts[index])
		return 0;
	if (t->heap_rank)
		return -E_BUSY;
	error = hart_hold(t, true);
	if (error)
		return error;
	ready = t->state == STATE_READY || t->state == STATE_HELD;
	if (t->state == STATE_READY)
		sched_remove(t);
	t->hart = &harts[index];
	thread_set_gate(t);
	thread_runs(t);
	if (ready)
		sched_ready(t);
	return 0;
}

long thread_set(struct thread *self, struct slot *s)
{
	uint64_t field = self->regs[REG_A1], value = self->regs[REG_A2];
	struct thread *t = slot_object(s);

	thread_result(self, 0);
	switch (field) {
	case THREAD_CSPACE:
	case THREAD_VSPACE:
	case THREAD_PAGER:
	case THREAD_BUFFER:
		return thread_bind(self, t, field, value, self->regs[REG_A2 + 1]);
	case THREAD_PRIO:
	case THREAD_MAX_PRIO:
		if (value >= PRIO_COUNT || value > self->max_prio)
			return -E_PRIO;
		if (field == THREAD_PRIO)
			sched_set_prio(t, value);
		else
			t->max_prio = value;
		break;
	case THREAD_HART_INDEX:
		return thread_migrate(t, value);
	case THREAD_FAULT_TIMEOUT:
		t->fault_timeout = value;
		break;
	case THREAD_CALL_TIMEOUT:
		t->call_timeout = value;
		break;
	case THREAD_FAULT_PC:
		t->fault_pc = value;
		break;
	case THREAD_WINDOW:
		t->window_first = value >> 48 << CAP_CNODE_SHIFT | (uint32_t)value;
		t->window_count = (uint16_t)(value >> 32);
		break;
	case THREAD_RUN:
		return thread_run(t);
	case THREAD_STOP:
		return thread_stop(t);
	case THREAD_ABORT:
		if (t->state >= STATE_SEND && t->state <= STATE_RECEIVE)
			thread_wake(t, -E_ABORTED);
		break;
	default:
		return -E_BAD_ARG;
	}
	return 0;
}

/* What a call does not preserve: of a thread that waits in one these registers read 0. */
static bool reg_lost(unsigned i)
{
	return i == REG_RA || (i >= REG_T0 && i <= 7) || i >= 28;
}

static void regs_general(struct thread *t, struct ipc_buffer *buffer, bool write)
{
	for (unsigned i = 0; i < 32; i++)
		if (!write)
			buffer->words[i] = !t->full && reg_lost(i) ? 0 : t->regs[i];
		else
			t->regs[i] = buffer->words[i];
	if (write)
		t->full = 1;
}

static void regs_float(struct thread *t, struct ipc_buffer *buffer, bool write)
{
	thread_save_fpu(t);
	for (unsigned i = 0; i < 33; i++)
		if (write)
			t->fpu[i] = i == 32 ? buffer->words[i] & 0xff : buffer->words[i];
		else
			buffer->words[i] = t->fpu[i];
	for (unsigned i = 0; write && !t->full && i < 32; i++)
		if (reg_lost(i))
			t->regs[i] = 0;
	t->full |= write;
}

long thread_regs(struct thread *self, struct slot *s)
{
	uint64_t write = self->regs[REG_A1], group = self->regs[REG_A2];
	struct thread *t = slot_object(s);
	int error;

	if (!(s->rights & (write ? RIGHT_WRITE : RIGHT_READ)))
		return -E_NO_RIGHT;
	if (write > 1 || group > REGS_FLOAT || !self->buffer)
		return -E_BAD_ARG;
	if (write ? t->state != STATE_STOPPED : t->state == STATE_READY || t->state == STATE_HELD)
		return -E_RUNNING;
	if (group == REGS_GENERAL) {
		regs_general(t, self->buffer, write);
		return 0;
	}
	error = hart_hold(t, true);
	if (!error)
		regs_float(t, self->buffer, write);
	return error;
}
