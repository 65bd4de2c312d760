/*
 * regs.h: what the files of assembly share: a thread's register area (tp is the thread), the bits of a slot, the lock.
 */
#ifndef KERNEL_REGS_H
#define KERNEL_REGS_H

#include <tessera/abi.h>

#include "offsets.h"
#include "riscv.h"

/* Of a slot's first word (cap.h: struct slot). */
#define SLOT_TYPE_MASK    15
#define SLOT_RIGHTS_SHIFT 4
#define SLOT_DEPTH_LEFT   45           /* shifts that leave the depth alone */
#define SLOT_DEPTH_RIGHT  57
#define SLOT_DOOMED       (1 << 19)
#define SLOT_BUSY         (3 << 22)    /* a CNode: making or dying */
#define SLOT_NEXT_SHIFT   25
#define SLOT_ORDER_SHIFT  50           /* of its third word */

#define X(n) (THREAD_REGS + (n) * 8)

/* What a function call preserves, but for tp. */
	.macro	save_preserved
	sd	sp, X(2)(tp)
	sd	gp, X(3)(tp)
	.irp	n, 8,9,18,19,20,21,22,23,24,25,26,27
	sd	x\n, X(\n)(tp)
	.endr
	.endm

/* A call that returns later: what it preserves, and where it goes on. Clobbers t0. */
	.macro	save_call
	csrr	t0, sepc
	addi	t0, t0, 4
	sd	t0, X(0)(tp)
	csrr	t0, sscratch
	sd	t0, X(4)(tp)
	save_preserved
	.endm

	.macro	load_preserved
	ld	sp, X(2)(tp)
	ld	gp, X(3)(tp)
	.irp	n, 8,9,18,19,20,21,22,23,24,25,26,27
	ld	x\n, X(\n)(tp)
	.endr
	.endm

/* The one lock, as hart.c's lock_acquire and lock_release. Clobbers t0-t2. */
	.macro	lock_take
	lui	t0, %hi(kernel_lock)	/* page-aligned, in the last 2 GiB */
	li	t1, 1
	amoadd.w t1, t1, (t0)
9:	lw	t2, LOCK_OWNER(t0)
	bne	t1, t2, 9b
	fence	r, rw
	.endm

	.macro	lock_drop
	lui	t0, %hi(kernel_lock)
	lw	t1, LOCK_OWNER(t0)
	addiw	t1, t1, 1
	fence	rw, w
	sw	t1, LOCK_OWNER(t0)
	.endm

/* From hart t5 to thread t3, which becomes tp: its space, its FPU state, its pc. Clobbers ra, t0, t4, t6. */
	.macro	enter_thread
	ld	t6, THREAD_SATP(t3)
	ld	t4, HART_SATP(t5)
	beq	t4, t6, 8f
	sd	t6, HART_SATP(t5)
	csrw	satp, t6
8:	ld	t6, THREAD_FPU_USED(t3)
	ld	t4, HART_FS_ON(t5)
	or	t4, t4, t6
	beqz	t4, 8f
	call	fpu_switch
8:	mv	tp, t3
	csrw	sscratch, tp
	ld	t0, X(0)(tp)
	csrw	sepc, t0
	.endm

/* What a call leaves cleared, but for a thread's arguments. */
	.macro	clear_temporaries
	li	ra, 0
	.irp	n, 5,6,7,28,29,30,31
	li	x\n, 0
	.endr
	.endm

	.macro	save_arguments
	.irp	n, 10,11,12,13,14,15,16,17
	sd	x\n, X(\n)(tp)
	.endr
	.endm

/* \slot = address of the slot named by a0 in the own CNode, t2 = its object, if it is an endpoint with the right. */
	.macro	endpoint_slot slot, right
	ld	t1, THREAD_SLOT_COUNT(tp)
	ld	\slot, THREAD_SLOTS(tp)
	bgeu	a0, t1, ipc_fast_refused	/* other CNodes too: their index is in the high half */
	slli	t1, a0, 5
	add	\slot, \slot, t1
	ld	t1, 0(\slot)
	andi	t1, t1, SLOT_TYPE_MASK | (\right << SLOT_RIGHTS_SHIFT)
	addi	t1, t1, -(TYPE_ENDPOINT | (\right << SLOT_RIGHTS_SHIFT))
	bnez	t1, ipc_fast_refused
	ld	t2, SLOT_OBJECT(\slot)
	.endm

/* The first receiver t3 leaves the queue of t2; it owes tp an answer. Clobbers t4. */
	.macro	take_receiver
	ld	t4, THREAD_NEXT(t3)
	sd	t4, ENDPOINT_RECEIVER(t2)
	beqz	t4, 9f
	sd	zero, THREAD_PREV(t4)
9:	li	t4, STATE_REPLY_NUMBER
	sd	t4, THREAD_STATE(tp)
	sd	t3, THREAD_SERVER(tp)
	sd	tp, THREAD_CALLER(t3)
	.endm

/*
 * tp's caller t3 is answered and tp goes to the end of the receivers of t2; wait_behind, out of the way, is the part for
 * a queue that is not empty. Clobbers t4, t6.
 */
	.macro	wait_again
	ld	t4, ENDPOINT_RECEIVER(t2)
	bnez	t4, 5f
	sd	tp, ENDPOINT_RECEIVER(t2)
	sd	zero, THREAD_PREV(tp)
6:	sd	tp, ENDPOINT_LAST(t2)
	sd	zero, THREAD_NEXT(tp)
	li	t4, STATE_RECEIVE_NUMBER
	sd	t4, THREAD_STATE(tp)
	sd	zero, THREAD_CALLER(tp)
	sd	zero, THREAD_SERVER(t3)
	sd	t2, THREAD_ENDPOINT(tp)
	.endm

	.macro	wait_behind
5:	ld	t6, ENDPOINT_LAST(t2)
	sd	tp, THREAD_NEXT(t6)
	sd	t6, THREAD_PREV(tp)
	j	6b
	.endm

#endif
