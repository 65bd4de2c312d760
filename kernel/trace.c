/*
 * trace.c: what happens on a hart, written into a frame that the holder of System gave for it. A traced hart enters the
 * kernel by trap_traced (entry.S), where no fast path is and everything is recorded; for one that is not, no path is
 * longer. The frame is its giver's: it is written only, and may go at any time.
 */
#include "trace.h"

#include "kernel.h"
#include "riscv.h"
#include "sbi.h"
#include "thread.h"
#include "trap.h"

_Static_assert(sizeof(struct trace_event) == 64, "abi.h; memory_copy");

extern char trap_entry[], trap_traced[];

static const uint64_t nothing[5];

/* The next event, if the hart has a ring and its memory answers. */
static void trace_write(struct hart *h, uint64_t what, const struct thread *t, const uint64_t value[5])
{
	struct trace_event e;
	uint64_t at;

	if (h->trace.type != TYPE_FRAME)
		return;
	at = ++h->trace_count * sizeof(e) % (PAGE_SIZE << 9 * h->trace.order);
	e = (struct trace_event){ what | h->trace_count << 16, riscv_time(), t ? window_pa(t) : 0, { 0 } };
	for (unsigned i = 0; i < 5; i++)
		e.value[i] = value[i];
	(void)memory_copy(window(slot_pa(&h->trace) + at), &e, sizeof(e));
}

void trace_trap(struct thread *t, uint64_t cause, uint64_t value)
{
	struct hart *h = this_hart();
	uint64_t number = t->regs[REG_A7];
	const uint64_t *r;

	if (cause == CAUSE_ECALL_U) {
		trace_write(h, TRACE_CALL | (number < 255 ? number : 255) << 8, t, &t->regs[REG_A0]);
		syscall_enter(t);
	} else {
		const uint64_t at[5] = { value, t->regs[REG_PC], t->regs[REG_SP], t->regs[REG_RA] };

		trace_write(h, (cause & CAUSE_INTERRUPT ? TRACE_INTERRUPT : TRACE_FAULT) | (cause & 63) << 8, t, at);
		trap_enter(t, cause, value);
	}
	if (!h->current && !h->ready_bits)
		trace_write(h, TRACE_IDLE, NULL, nothing);
	if (!h->current)
		sched_pick();
	t = h->current;
	r = &t->regs[REG_A0];
	trace_write(h, TRACE_RUN, t, (uint64_t[5]){ r[0], t->caller ? window_pa(t->caller) : 0, r[1], r[2], r[7] });
}

void trace_idle(uint64_t pending)
{
	trace_write(this_hart(), TRACE_INTERRUPT, NULL, (uint64_t[5]){ pending });
}

void trace_vector(struct hart *h)
{
	csr_write(stvec, (uint64_t)(h->trace.type == TYPE_FRAME ? trap_traced : trap_entry));
}

long trace_bind(struct slot *frame, uint64_t hart)
{
	struct hart *h;
	int error;

	if (hart >= hart_count || (frame && (frame->order > ORDER_2M || frame->memtype != MEM_RAM)))
		return -E_BAD_ARG;
	if (frame && (RIGHT_R | RIGHT_W) & ~frame->rights)
		return -E_NO_RIGHT;
	h = &harts[hart];
	if (frame) {
		error = cap_bind(GIVE_SHARE, frame, &h->trace, RIGHT_R | RIGHT_W, 0);
		if (error)
			return error;
		h->trace_count = 0;
	} else if (h->trace.type != TYPE_NULL) {
		cap_remove(&h->trace);
	}
	sbi_send_ipi(h->id);
	return 0;
}
