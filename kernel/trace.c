/*
 * trace.c: what happens on a hart, written into a frame that the holder of System gave for it. A traced hart enters the
 * kernel by trap_traced (entry.S), where no fast path is and everything is recorded; for one that is not, no path is
 * longer. The frame is its giver's: it is written only, and may go at any time.
 */
#include "kernel.h"
#include "riscv.h"
#include "sbi.h"
#include "thread.h"
#include "trap.h"

_Static_assert(sizeof(struct trace_event) == 64, "abi.h; memory_copy");

/* The next event, if the hart has a ring and its memory answers. */
static void put(struct hart *h, uint64_t what, const struct thread *t, uint64_t a, uint64_t b, uint64_t c, uint64_t d,
		uint64_t e)
{
	uint64_t time = riscv_time(), n = h->trace_count + 1, size = PAGE_SIZE << 9 * h->trace.order;
	struct trace_event event = { what | n << 16, time, t ? window_pa(t) : 0, { a, b, c, d, e } };

	if (h->trace.type == TYPE_FRAME)
		(void)memory_copy(window(slot_pa(&h->trace) + n * sizeof(event) % size), &event, sizeof(event));
	h->trace_count = n;
}

void trace_trap(struct thread *t, uint64_t cause, uint64_t value)
{
	struct hart *h = this_hart();
	uint64_t *r = t->regs, *a = &r[REG_A0];

	if (cause == CAUSE_ECALL_U) {
		r[REG_PC] += 4;
		t->full = 0;
		put(h, TRACE_CALL | (a[7] < 255 ? a[7] : 255) << 8, t, a[0], a[1], a[2], a[3], a[4]);
		syscall_enter(t);
	} else {
		put(h, (cause >> 63 ? TRACE_INTERRUPT : TRACE_FAULT) | (cause & 63) << 8, t,
		    value, r[REG_PC], r[REG_SP], r[REG_RA], 0);
		trap_enter(t, cause, value);
	}
	if (!h->current)
		sched_pick();
	t = h->current;
	a = &t->regs[REG_A0];
	put(h, TRACE_RUN, t, a[0], t->caller ? window_pa(t->caller) : 0, a[1], a[2], a[7]);
}

void trace_idle(uint64_t pending)
{
	put(this_hart(), TRACE_INTERRUPT, NULL, pending, 0, 0, 0, 0);
}

long trace_bind(struct thread *t, cap_t cap, uint64_t hart)
{
	int error = 0;
	struct slot *frame = cap ? cap_lookup_type(t, cap, TYPE_FRAME, &error) : NULL;

	if (error)
		return error;
	if (hart >= hart_count || (frame && (frame->order > ORDER_2M || frame->memtype != MEM_RAM)))
		return -E_BAD_ARG;
	if (frame && (RIGHT_R | RIGHT_W) & ~frame->rights)
		return -E_NO_RIGHT;
	if (frame)
		error = cap_bind(GIVE_SHARE, frame, &harts[hart].trace, RIGHT_R | RIGHT_W, 0);
	else if (harts[hart].trace.type != TYPE_NULL)
		cap_remove(&harts[hart].trace);
	if (!error)
		harts[hart].trace_count = 0;
	sbi_send_ipi(harts[hart].id);
	return error;
}
