/*
 * hart.c: several harts under one lock: starting them, poking them, fencing their TLBs, taking a thread off one.
 *
 * No hart waits for another under the lock, except in SBI's fences, which machine mode answers. To act on a thread that
 * runs elsewhere: mark it wanted, poke that hart, answer AGAIN.
 */
#include "debug.h"
#include "kernel.h"
#include "riscv.h"
#include "sbi.h"
#include "space.h"
#include "thread.h"
#include "trap.h"

struct hart harts[HART_MAX] __attribute__((section(".bss.page"), aligned(PAGE_SIZE)));
uint64_t hart_count;
uint32_t kernel_lock __attribute__((section(".bss.page"), aligned(PAGE_SIZE)));

#define ASID_MASK (SPACE_COUNT - 1UL)

extern char hart_stacks[], boot_secondary[];

/* This hart's own registers and structure, whose index is there; under the lock. */
void hart_init(struct hart *h, uint64_t id)
{
	h->id = id;
	h->stack = (uint64_t)hart_stacks + (h->index + 1) * HART_STACK_BYTES;
	h->satp = csr_read(satp);
	csr_clear(sstatus, SSTATUS_SPP | SSTATUS_VS | SSTATUS_FS | SSTATUS_SUM | SSTATUS_MXR);
	csr_write(satp, h->satp | ASID_MASK << SATP_ASID_SHIFT);
	if ((csr_read(satp) >> SATP_ASID_SHIFT & ASID_MASK) != ASID_MASK)
		panic("this hart has fewer than 12 ASID bits", csr_read(satp));
	csr_write(satp, h->satp);
	csr_write(scounteren, 7);
	timer_init();
}

/* A further hart's first C; leaves holding the lock, as a trap would. */
void hart_main(void)
{
	lock_acquire();
	hart_init(this_hart(), this_hart()->id);
}

long hart_start(uint64_t id)
{
	struct hart *h = &harts[hart_count];

	for (unsigned i = 0; i < hart_count; i++)
		if (harts[i].id == id)
			return -E_BUSY;
	if (hart_count == HART_MAX)
		return -E_BAD_ARG;
	h->id = id;
	h->index = hart_count;
	h->stack = (uint64_t)hart_stacks + (h->index + 1) * HART_STACK_BYTES;
	h->satp = kernel_satp();
	debug_paint_stack((char *)h->stack - HART_STACK_USED, HART_STACK_USED);
	__atomic_thread_fence(__ATOMIC_RELEASE);
	if (sbi_hart_start(id, image_pa(boot_secondary), image_pa(h)))
		return -E_BAD_ARG;
	return (long)hart_count++;
}

void hart_poked(void)
{
	struct hart *h = this_hart();
	struct thread *t = h->wanted;

	csr_clear(sip, SIE_SOFT);
	csr_write(stvec, (uint64_t)(h->trace.type == TYPE_FRAME ? trap_traced : trap_entry));
	h->wanted = NULL;
	if (t) {
		thread_save_fpu(t);
		if (h->current == t && h->wanted_held) {
			h->current = NULL;
			t->state = STATE_HELD;
		}
	}
	sched_preempt();
}

int hart_hold(struct thread *t, bool fpu)
{
	struct hart *self = this_hart(), *h = t->hart;

	if (fpu && self->fpu_owner == t)
		thread_save_fpu(t);
	if (h == self || (h->current != t && !(fpu && h->fpu_owner == t))) {
		if (h->wanted == t)
			h->wanted = NULL;
		return 0;
	}
	/* One that does not run now may run when the poke comes: it must not be held then. */
	h->wanted = t;
	h->wanted_held = h->current == t;
	sbi_send_ipi(h->id);
	return -E_AGAIN;
}

void hart_fence(uint64_t mask, uint64_t va, uint64_t size, uint64_t asid)
{
	for (unsigned i = 0; i < hart_count; i++)
		if (mask >> i & 1 && &harts[i] != this_hart())
			sbi_remote_fence(harts[i].id, va, size, asid);
}

void hart_fence_code(uint64_t mask)
{
	riscv_fence_code();
	for (unsigned i = 0; i < hart_count; i++)
		if (mask >> i & 1 && &harts[i] != this_hart())
			sbi_remote_fence_code(harts[i].id);
}
