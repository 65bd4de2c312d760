/*
 * fault_fast.S: a load or store that found no page, and the plainest answer to it, when nothing unusual holds: the
 * pager waits on this hart and above what is ready, there are no deadlines; the answer maps one frame, free and never
 * mapped, at the faulting page, where a page table is and nothing stands. Each check that fails goes to the C
 * twins in fault.c and ipc.c before anything is changed.
 */
#include "regs.h"

#define VSPACE (thread.bound + BOUND_VSPACE * SLOT_BYTES)
#define PAGER  (thread.bound + BOUND_PAGER * SLOT_BYTES)

	.section .text.fast, "ax"

/*
 * \entry: in, the satp of a space; out, the address of the last level's entry for \va. \no_table: where to go if
 * there is none, with the entry that would have to name it in \a. \va is below USER_END; clobbers the other registers.
 */
	.macro	walk entry, va, a, b, window, mask, no_table
	li	\window, -1
	slli	\window, \window, 38	/* WINDOW_VA */
	li	\mask, 511 * 8
	slli	\entry, \entry, 20
	srli	\entry, \entry, 8
	.irp	shift, 27, 18
	add	\entry, \entry, \window
	srli	\a, \va, \shift
	and	\a, \a, \mask
	add	\entry, \entry, \a
	ld	\a, 0(\entry)
	andi	\b, \a, PTE_V | PTE_RWX
	addi	\b, \b, -PTE_V
	bnez	\b, \no_table
	srli	\a, \a, PTE_PPN_SHIFT
	slli	\entry, \a, PAGE_SHIFT
	.endr
	add	\entry, \entry, \window
	srli	\a, \va, 9
	and	\a, \a, \mask
	add	\entry, \entry, \a
	.endm

/* In: tp = thread, all its registers saved, the lock held, a1 = scause of a load or store, a2 = stval. */
	.globl fault_fast
fault_fast:
	ld	s0, thread.hart(tp)
	ld	t0, PAGER(tp)
	andi	t0, t0, SLOT_TYPE_MASK | (RIGHT_CALL << SLOT_RIGHTS_SHIFT)
	addi	t0, t0, -(TYPE_ENDPOINT | (RIGHT_CALL << SLOT_RIGHTS_SHIFT))
	bnez	t0, trap_slow
	ld	s1, PAGER + slot.object(tp)
	ld	t3, endpoint.receivers(s1)
	beqz	t3, trap_slow
	ld	t4, thread.gate(t3)
	bne	t4, s0, trap_slow
	ld	t4, hart.ready_bits(s0)
	ld	t5, thread.above(t3)
	ld	t6, thread.fault_timeout(tp)
	and	t4, t4, t5
	srli	t5, a2, 38		/* USER_END */
	or	t4, t4, t6
	or	t4, t4, t5
	bnez	t4, trap_slow
	andi	a3, a1, 2
	srli	a3, a3, 1
	addi	a3, a3, RIGHT_R		/* RIGHT_W for CAUSE_STORE_PAGE */
	ld	t0, thread.satp(tp)
	walk	t0, a2, t4, t5, t2, s2, 1f
	ld	t4, 0(t0)
	slli	t5, a3, 1		/* PTE_R or PTE_W */
	and	t4, t4, t5
1:	bnez	t4, trap_slow		/* allowed after all, or a large page */

	lui	t0, %hi(kernel_stats + kernel_stats.faults)
	ld	t1, %lo(kernel_stats + kernel_stats.faults)(t0)
	addi	t1, t1, 1
	sd	t1, %lo(kernel_stats + kernel_stats.faults)(t0)
	li	t1, 1
	sd	t1, thread.faulted(tp)
	sd	zero, thread.gate(tp)
	sd	a2, thread.fault_va(tp)
	sd	a3, thread.fault_access(tp)
	sd	a1, thread.fault_cause(tp)
	mv	t2, s1
	mv	t5, s0
	take_receiver
	owe_answer
	slli	t4, a1, 8
	or	a3, a3, t4
	li	a1, KIND_FAULT << INFO_KIND_SHIFT | 4
	ld	a4, X(0)(tp)
	ld	a5, X(2)(tp)
	li	a6, 0
	ld	a7, PAGER + slot.badge(tp)
	j	ipc_fast_enter

/* In: as ipc_fast_reply_recv, of which this is a part. a2-a5: struct map_item. */
	.globl fault_fast_answer
fault_fast_answer:
	li	t4, INFO_REPLY | INFO_MAP | 1
	bne	a1, t4, ipc_fast_signal_wait
	lock_take
	endpoint_slot t0, RIGHT_RECV
	ld	t3, thread.caller(tp)
	beqz	t3, ipc_fast_refused
	ld	t5, thread.hart(tp)
	ld	t4, thread.hart(t3)
	bne	t4, t5, ipc_fast_refused
	ld	t4, hart.ready_bits(t5)
	ld	t5, thread.above(t3)
	ld	t6, endpoint.bits(t2)
	and	t4, t4, t5
	or	t4, t4, t6
	ld	t5, endpoint.senders(t2)
	ld	t6, thread.heap_rank(t3)
	or	t4, t4, t5
	or	t4, t4, t6
	ld	t5, thread.faulted(t3)
	ld	t6, thread.fault_va(t3)
	addi	t5, t5, -1
	or	t4, t4, t5
	srli	t6, t6, PAGE_SHIFT
	slli	t6, t6, PAGE_SHIFT
	xor	t6, t6, a4
	or	t4, t4, t6
	srli	t5, a4, 38		/* USER_END */
	or	t4, t4, t5
	addi	t5, a3, -1		/* one frame ... */
	or	t4, t4, t5
	andi	t5, a5, ~RIGHT_W	/* ... to read, or to read and write */
	addi	t5, t5, -RIGHT_R
	or	t4, t4, t5
	bnez	t4, ipc_fast_refused
	ld	t5, thread.slot_count(tp)
	ld	t0, thread.slots(tp)
	srli	t6, a2, CAP_CNODE_SHIFT
	beqz	t6, 1f
	bgeu	t6, t5, ipc_fast_refused
	slli	t6, t6, 5
	add	t0, t0, t6
	ld	t4, 0(t0)		/* a CNode in the own one */
	li	t6, SLOT_BUSY | SLOT_TYPE_MASK | (RIGHT_READ << SLOT_RIGHTS_SHIFT)
	and	t4, t4, t6
	addi	t4, t4, -(TYPE_CNODE | (RIGHT_READ << SLOT_RIGHTS_SHIFT))
	bnez	t4, ipc_fast_refused
	ld	t5, slot.object(t0)
	slli	t6, a2, 32
	srli	t6, t6, 32
	srl	t4, t6, t5		/* its low 6 bits: log2 of the slots */
	bnez	t4, ipc_fast_refused
	andi	t0, t5, -64
	slli	t6, t6, 5
	j	2f
1:	bgeu	a2, t5, ipc_fast_refused
	slli	t6, a2, 5
2:	add	t0, t0, t6
	ld	t1, 0(t0)
	slli	t4, a5, SLOT_RIGHTS_SHIFT
	ori	t4, t4, TYPE_FRAME
	li	t6, SLOT_DOOMED | SLOT_TYPE_MASK
	or	t6, t6, t4
	and	t6, t6, t1
	bne	t6, t4, ipc_fast_refused
	srai	t4, t1, SLOT_NEXT_SHIFT
	beqz	t4, 1f
	ld	t4, 0(t4)
	slli	t4, t4, SLOT_DEPTH_LEFT
	srli	t4, t4, SLOT_DEPTH_RIGHT
	slli	t1, t1, SLOT_DEPTH_LEFT
	srli	t1, t1, SLOT_DEPTH_RIGHT
	bltu	t1, t4, ipc_fast_refused	/* it has children */
1:	ld	t4, slot.object(t0)
	ld	t5, slot.badge(t0)	/* its mapping record */
	srli	t4, t4, SLOT_ORDER_SHIFT
	andi	t4, t4, 31
	addi	t4, t4, -(MEM_RAM << 3 | ORDER_4K)
	or	t4, t4, t5
	bnez	t4, ipc_fast_refused
	ld	ra, thread.satp(t3)
	walk	ra, a4, t4, t6, t1, t5, ipc_fast_refused
	ld	t4, 0(ra)
	bnez	t4, ipc_fast_refused

	ld	t4, slot.object(t0)
	ld	t5, thread.fault_access(t3)
	slli	t4, t4, 64 - SLOT_ORDER_SHIFT
	srli	t4, t4, 64 - SLOT_ORDER_SHIFT - 4	/* its physical address >> 2 */
	slli	t6, a5, 1
	or	t4, t4, t6
	and	t5, t5, a5
	andi	t5, t5, RIGHT_W
	slli	t5, t5, 6		/* PTE_D */
	or	t4, t4, t5
	ori	t4, t4, PTE_V | PTE_U | PTE_A
	sd	t4, 0(ra)
	ld	t6, VSPACE + slot.badge(t3)
	srli	t4, a4, PAGE_SHIFT
	or	t4, t4, t6
	sd	t4, slot.badge(t0)
	ld	t4, thread.buffer(tp)
	beqz	t4, 1f
	ld	t6, ipc_buffer.replied(t4)
	addi	t6, t6, 1
	sd	t6, ipc_buffer.replied(t4)
1:	ld	t5, thread.hart(tp)
	sd	zero, thread.faulted(t3)
	sd	t5, thread.gate(t3)
	li	t4, STATE_READY
	sd	t4, thread.state(t3)
	sd	t3, hart.current(t5)
	wait_again
	save_call
	j	trap_restore
	wait_behind
