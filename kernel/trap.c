/*
 * trap.c: scause to one handler. Interrupts are taken only from user mode or while idle: the kernel runs with them off.
 */
#include "trap.h"

#include "kernel.h"
#include "riscv.h"
#include "thread.h"

/* The external interrupt stays masked until the interrupt server waits again. */
static void trap_external(void)
{
	struct hart *h = this_hart();

	csr_clear(sie, SIE_EXTERNAL);
	kernel_stats.interrupts++;
	if (h->irq.type == TYPE_ENDPOINT)
		ipc_signal(slot_object(&h->irq), h->irq.badged ? h->irq.badge : 1);
}

long trap_bind_irq(struct slot *endpoint)
{
	struct hart *h = this_hart();
	int error = endpoint->rights & RIGHT_SIGNAL ? cap_bind(GIVE_COPY, endpoint, &h->irq, RIGHT_SIGNAL, 0) :
		    -E_NO_RIGHT;

	if (!error)
		csr_set(sie, SIE_EXTERNAL);
	return error;
}

void trap_waits(const struct endpoint *e)
{
	const struct hart *h = this_hart();

	if (h->irq.type == TYPE_ENDPOINT && slot_object(&h->irq) == e)
		csr_set(sie, SIE_EXTERNAL);
}

void trap_interrupt(void)
{
	uint64_t pending = csr_read(sip) & csr_read(sie);

	if (pending & SIE_EXTERNAL)
		trap_external();
	if (pending & SIE_TIMER)
		timer_expire();
	if (pending & SIE_SOFT)
		hart_poked();
}

void trap_enter(struct thread *t, uint64_t cause, uint64_t value)
{
	if (cause & CAUSE_INTERRUPT) {
		trap_interrupt();
		return;
	}
	/* From its first FPU instruction on the FPU's values come with the thread. */
	if (cause == CAUSE_ILLEGAL && !t->fpu_used)
		t->fpu_used = 1;
	else
		fault_raise(t, cause, value);
}

__attribute__((noreturn)) void trap_own(uint64_t cause, uint64_t pc, uint64_t value)
{
	panic(cause == CAUSE_LOAD_PAGE || cause == CAUSE_STORE_PAGE || cause == CAUSE_FETCH_PAGE ?
	      "page fault in the kernel" : "trap in the kernel", value ? value : pc);
}
