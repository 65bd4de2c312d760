/*
 * ipc_fast.S: call and reply_recv when nothing unusual holds: a message in registers only, a receiver that waits (or
 * a caller to answer) on this hart with enough priority and no deadline. Each check that fails goes to the C twin in
 * ipc.c before anything is changed. Message words stay in a2-a6 throughout.
 *
 * In: tp = thread, t0 and t1 free (saved), sscratch = the user's tp, a0-a7 the call's arguments.
 */
#include "cap_asm.h"
#include "regs.h"
#include "riscv.h"

	.section .text.fast, "ax"

/* \slot = address of the slot named by a0 in the own CNode, t2 = its object, if it is an endpoint with the right. */
	.macro	endpoint_slot slot, right
	ld	t1, THREAD_SLOT_COUNT(tp)
	ld	\slot, THREAD_SLOTS(tp)
	bgeu	a0, t1, ipc_fast_refused	/* other CNodes too: their index is in the high half */
	slli	t1, a0, 5
	add	\slot, \slot, t1
	ld	t1, 0(\slot)
	andi	t1, t1, SLOT_TYPE_MASK | (\right << SLOT_RIGHTS_SHIFT)
	addi	t1, t1, -(SLOT_ENDPOINT | (\right << SLOT_RIGHTS_SHIFT))
	bnez	t1, ipc_fast_refused
	ld	t2, SLOT_OBJECT(\slot)
	.endm

ipc_fast_refused:
	lock_drop
	j	trap_call_slow

	.globl ipc_fast_call
ipc_fast_call:
	andi	t1, a1, 0x7ff		/* words and items */
	addi	t1, t1, -6
	bgez	t1, trap_call_slow
	lock_take
	endpoint_slot t0, SLOT_RIGHT_CALL
	ld	t3, ENDPOINT_RECEIVER(t2)
	ld	t6, THREAD_HART(tp)
	beqz	t3, ipc_fast_refused
	ld	t5, THREAD_GATE(t3)
	ld	t4, THREAD_TIMEOUT(tp)
	bne	t5, t6, ipc_fast_refused
	bnez	t4, ipc_fast_refused
	ld	t4, THREAD_PRIORITY(tp)
	ld	t5, THREAD_PRIORITY(t3)
	bltu	t5, t4, ipc_fast_refused

	/* The receiver leaves the queue and owes an answer. */
	ld	a7, SLOT_BADGE(t0)
	ld	t4, THREAD_NEXT(t3)
	sd	t4, ENDPOINT_RECEIVER(t2)
	beqz	t4, 1f
	sd	zero, THREAD_PREV(t4)
1:	li	t4, STATE_REPLY_NUMBER
	sd	t4, THREAD_STATE(tp)
	sd	t3, THREAD_SERVER(tp)
	sd	tp, THREAD_CALLER(t3)

/* Leaves tp for t3, which takes the message in a1-a6 with badge a7. */
ipc_fast_switch:
	csrr	t0, sepc
	addi	t0, t0, 4
	sd	t0, X(0)(tp)
	csrr	t0, sscratch
	sd	t0, X(4)(tp)
	save_preserved
	li	t4, STATE_READY_NUMBER
	sd	t4, THREAD_STATE(t3)
	sd	zero, THREAD_ENDPOINT(t3)
	ld	t5, THREAD_HART(tp)
	sd	t3, HART_CURRENT(t5)
	enter_thread
	lock_drop
	/* Only label and words of the sender's info; everything else a receiver sees is 0. */
	srli	t0, a1, INFO_LABEL_SHIFT
	slli	t0, t0, INFO_LABEL_SHIFT
	andi	a1, a1, INFO_WORDS_MASK
	or	a1, a1, t0
	li	a0, 0
	load_preserved
	clear_temporaries
	ld	tp, X(4)(tp)
	sret

	.globl ipc_fast_reply_recv
ipc_fast_reply_recv:
	/* A plain answer: INFO_REPLY, at most 5 words, no items, none of the other flags. */
	slli	t1, a1, 48
	srli	t1, t1, 48
	addi	t1, t1, -INFO_REPLY / 2
	addi	t1, t1, -INFO_REPLY / 2
	li	t4, 6
	bgeu	t1, t4, trap_call_slow
	lock_take
	endpoint_slot t0, SLOT_RIGHT_RECV
	ld	t3, THREAD_CALLER(tp)
	beqz	t3, ipc_fast_refused
	ld	t5, THREAD_HART(tp)
	ld	t6, THREAD_GATE(t3)
	ld	t4, THREAD_FAULTED(t3)
	bne	t5, t6, ipc_fast_refused
	ld	t6, HART_READY_BITS(t5)
	ld	t5, THREAD_ABOVE(t3)
	and	t6, t6, t5
	or	t4, t4, t6
	ld	t5, ENDPOINT_BITS(t2)
	ld	t6, ENDPOINT_SENDER(t2)
	or	t4, t4, t5
	or	t4, t4, t6
	bnez	t4, ipc_fast_refused

	/* This thread goes to the end of the receivers, the caller runs on. */
	ld	t5, ENDPOINT_RECEIVER(t2)
	li	t6, 0
	bnez	t5, 1f
	sd	tp, ENDPOINT_RECEIVER(t2)
	j	2f
1:	ld	t6, ENDPOINT_LAST(t2)
	sd	tp, THREAD_NEXT(t6)
2:	sd	tp, ENDPOINT_LAST(t2)
	sd	zero, THREAD_NEXT(tp)
	sd	t6, THREAD_PREV(tp)
	li	t4, STATE_RECEIVE_NUMBER
	sd	t4, THREAD_STATE(tp)
	sd	zero, THREAD_CALLER(tp)
	sd	zero, THREAD_SERVER(t3)
	li	a7, 0
	sd	t2, THREAD_ENDPOINT(tp)
	j	ipc_fast_switch
