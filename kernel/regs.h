/*
 * regs.h: what the files of assembly share: a thread's register area (tp is the thread), the lock, queues.
 */
#pragma once

#include <tessera/abi.h>

#include "offsets.h"
#include "riscv.h"

#define X(n) (thread.regs + (n) * 8)

/* Stores or loads what a function call preserves, but for tp. */
	.macro	preserved op
	.irp	n, 2,3,8,9,18,19,20,21,22,23,24,25,26,27
	\op	x\n, X(\n)(tp)
	.endr
	.endm

	.macro	arguments op
	.irp	n, 10,11,12,13,14,15,16,17
	\op	x\n, X(\n)(tp)
	.endr
	.endm

/* A call that returns later: what it preserves, and where it goes on. Clobbers t0. */
	.macro	save_call
	csrr	t0, sepc
	addi	t0, t0, 4
	sd	t0, X(0)(tp)
	csrr	t0, sscratch
	sd	t0, X(4)(tp)
	preserved sd
	.endm

/* The one lock. Clobbers t0, t1; if it has to wait also t2-t4 and ra. */
	.macro	lock_take
	lui	t0, %hi(kernel_lock)	/* page-aligned, in the last 2 GiB */
	li	t1, 1
	amoswap.w.aq t1, t1, (t0)
	beqz	t1, 8f
	call	lock_acquire
8:
	.endm

	.macro	lock_drop
	lui	t0, %hi(kernel_lock)
	fence	rw, w
	sw	zero, 0(t0)
	.endm

/* From hart t5 to thread t3, which becomes tp: its space, its FPU state, its pc. Clobbers ra, t0, t4, t6. */
	.macro	enter_thread
	ld	t6, thread.satp(t3)
	ld	t4, hart.satp(t5)
	beq	t4, t6, 8f
	sd	t6, hart.satp(t5)
	csrw	satp, t6
8:	ld	t6, thread.fpu_used(t3)
	ld	t4, hart.fs_on(t5)
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

/*
 * \slot = address of the slot named by \name in the own CNode, t2 = its object, if it is an endpoint with the right.
 * Clobbers t1.
 */
	.macro	endpoint_slot slot, right, name=a0
	ld	t1, thread.slot_count(tp)
	ld	\slot, thread.slots(tp)
	bgeu	\name, t1, ipc_fast_refused	/* other CNodes too: their index is in the high half */
	slli	t1, \name, 5
	add	\slot, \slot, t1
	ld	t1, 0(\slot)
	andi	t1, t1, SLOT_TYPE_MASK | (\right << SLOT_RIGHTS_SHIFT)
	addi	t1, t1, -(TYPE_ENDPOINT | (\right << SLOT_RIGHTS_SHIFT))
	bnez	t1, ipc_fast_refused
	ld	t2, slot.object(\slot)
	.endm

/* The first receiver t3 leaves the queue of \endpoint. Clobbers t6. */
	.macro	take_receiver endpoint=t2
	ld	t6, thread.next(t3)
	sd	t6, endpoint.receivers(\endpoint)
	beqz	t6, 9f
	sd	zero, thread.prev(t6)
9:
	.endm

/* t3 owes tp an answer. Clobbers t4. */
	.macro	owe_answer
	li	t4, STATE_REPLY
	sd	t4, thread.state(tp)
	sd	t3, thread.server(tp)
	sd	tp, thread.caller(t3)
	.endm

/*
 * tp's caller t3 is answered and tp goes to the end of the receivers of t2; wait_behind, out of the way, is the part
 * for a queue that is not empty. Clobbers t4, t6.
 */
	.macro	wait_again
	ld	t4, endpoint.receivers(t2)
	bnez	t4, 5f
	sd	tp, endpoint.receivers(t2)
	sd	zero, thread.prev(tp)
6:	sd	tp, endpoint.receivers.tail(t2)
	sd	zero, thread.next(tp)
	li	t4, STATE_RECEIVE
	sd	t4, thread.state(tp)
	sd	zero, thread.caller(tp)
	sd	zero, thread.server(t3)
	sd	t2, thread.endpoint(tp)
	.endm

	.macro	wait_behind
5:	ld	t6, endpoint.receivers.tail(t2)
	sd	tp, thread.next(t6)
	sd	t6, thread.prev(tp)
	j	6b
	.endm
