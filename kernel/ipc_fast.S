/*
 * ipc_fast.S: call, reply_recv and signal when nothing unusual holds: a message without capabilities, a receiver that
 * waits (or a caller to answer) on this hart with enough priority and no deadline. Each check that fails goes to the C
 * twin in ipc.c before anything is changed. The first five words stay in a2-a6 throughout.
 *
 * In: tp = thread, t0 and t1 free (saved), sscratch = the user's tp, a0-a7 the call's arguments.
 */
#include "regs.h"

	.section .text.fast, "ax"

/* Words beyond the registers go from tp's buffer to t3's. Keeps t0, t2, t3. */
	.macro	buffer_words
	andi	t4, a1, INFO_WORDS_MASK
	addi	t4, t4, -MESSAGE_REGS
	blez	t4, 9f
	ld	t5, thread.buffer(tp)
	ld	t6, thread.buffer(t3)
	beqz	t5, ipc_fast_refused
	beqz	t6, ipc_fast_refused
	call	ipc_fast_copy
9:
	.endm

/* The first receiver t3 of \endpoint gets the signals a2 of the capability in slot t0. Clobbers t6. */
	.macro	take_signals endpoint
	ld	t6, 0(t0)
	ld	a2, slot.badge(t0)
	slli	t6, t6, SLOT_BADGED_LEFT
	bltz	t6, 8f
	li	a2, 1
8:	take_receiver \endpoint
	li	t6, 1
	sd	t6, endpoint.message_turn(\endpoint)
	.endm

/* Copies t4 > 0 words from t5 to t6. Clobbers t1, t4-t6. */
ipc_fast_copy:
	addi	t4, t4, -4
	bltz	t4, 2f
1:	.irp	n, 0,8,16,24
	ld	t1, \n(t5)
	sd	t1, \n(t6)
	.endr
	addi	t4, t4, -4
	addi	t5, t5, 32
	addi	t6, t6, 32
	bgez	t4, 1b
2:	addi	t4, t4, 4
	beqz	t4, 4f
3:	ld	t1, 0(t5)
	sd	t1, 0(t6)
	addi	t4, t4, -1
	addi	t5, t5, 8
	addi	t6, t6, 8
	bnez	t4, 3b
4:	ret

	.globl ipc_fast_refused
ipc_fast_refused:
	lock_drop
	j	trap_call_slow

	.globl ipc_fast_call
ipc_fast_call:
	sext.w	t1, a1			/* no items, no flags: the receiver gets the info as it is */
	li	t4, MESSAGE_WORDS + 1
	bgeu	t1, t4, trap_call_slow
	lock_take
	endpoint_slot t0, RIGHT_CALL
	ld	t3, endpoint.receivers(t2)
	ld	t6, thread.hart(tp)
	beqz	t3, ipc_fast_refused
	ld	t5, thread.gate(t3)
	ld	t4, thread.call_timeout(tp)
	bne	t5, t6, ipc_fast_refused
	bnez	t4, ipc_fast_refused
	ld	t4, thread.prio(tp)
	ld	t5, thread.prio(t3)
	bltu	t5, t4, ipc_fast_refused
	buffer_words

	ld	a7, slot.badge(t0)
	take_receiver
	owe_answer

/* Leaves tp for t3, which takes the message in a1-a6 with badge a7. */
ipc_fast_switch:
	save_call
	ld	t5, thread.hart(tp)

/* Enters t3, which waited in a call, on the hart t5 with its results in a1-a7. */
	.globl ipc_fast_enter
ipc_fast_enter:
	li	t4, STATE_READY
	sd	t4, thread.state(t3)
	sd	t3, hart.current(t5)
	enter_thread
	lock_drop
	li	a0, 0
	preserved ld
	clear_temporaries
	ld	tp, X(4)(tp)
	sret

	.globl ipc_fast_reply_recv
ipc_fast_reply_recv:
	addiw	t1, a1, -INFO_REPLY	/* a plain answer: the same and INFO_REPLY */
	li	t4, MESSAGE_WORDS + 1
	bgeu	t1, t4, fault_fast_answer
	lock_take
	endpoint_slot t0, RIGHT_RECV
	ld	t3, thread.caller(tp)
	beqz	t3, ipc_fast_refused
	ld	t5, thread.hart(tp)
	ld	t6, thread.gate(t3)
	bne	t5, t6, ipc_fast_refused
	ld	t6, hart.ready_bits(t5)
	ld	t5, thread.above(t3)
	ld	t4, endpoint.bits(t2)
	and	t6, t6, t5
	ld	t5, endpoint.senders(t2)
	or	t4, t4, t6
	or	t4, t4, t5
	bnez	t4, ipc_fast_refused
	buffer_words

	wait_again
	addi	a1, a1, -INFO_REPLY
	li	a7, 0
	j	ipc_fast_switch
	wait_behind

/*
 * signal, when a thread of higher priority waits for it on this hart: this thread goes to the front of its ready
 * queue, the other runs on its own account. Wherever bits are to be kept, another hart to be poked or the timer to be
 * set, the C twin (ipc.c: ipc_signal) does it.
 */
	.globl ipc_fast_signal
ipc_fast_signal:
	lock_take
	endpoint_slot t0, RIGHT_SIGNAL
	ld	t3, endpoint.receivers(t2)
	beqz	t3, ipc_fast_refused
	ld	t5, thread.hart(tp)
	ld	t4, thread.gate(t3)
	bne	t4, t5, ipc_fast_refused
	ld	t4, thread.prio(tp)
	ld	t6, thread.prio(t3)
	bgeu	t4, t6, ipc_fast_refused
	ld	t6, hart.armed(t5)
	ld	t1, hart.slice_end(t5)
	bltu	t1, t6, ipc_fast_refused

	csrr	t6, time
	sub	t1, t1, t6
	sd	t1, thread.slice_left(tp)
	arguments sd
	sd	zero, X(10)(tp)
	take_signals t2

	slli	t4, t4, 4
	add	t4, t4, t5
	addi	t4, t4, hart.ready	/* its queue */
	ld	t0, 0(t4)
	sd	zero, thread.prev(tp)
	sd	t0, thread.next(tp)
	sd	tp, 0(t4)
	beqz	t0, 2f
	sd	tp, thread.prev(t0)
	j	3f
2:	sd	tp, 8(t4)
3:	ld	t0, thread.above(tp)
	ld	t4, hart.ready_bits(t5)
	addi	t0, t0, 1
	or	t4, t4, t0
	sd	t4, hart.ready_bits(t5)

/* t3 takes the signals a2 on its own account; tp stands in a queue. */
ipc_fast_signalled:
	ld	t4, hart.payer(t5)
	csrr	t0, time
	beqz	t4, 4f
	ld	t1, hart.payer_since(t5)
	ld	t6, thread.cpu_time(t4)
	sub	t1, t0, t1
	add	t6, t6, t1
	sd	t6, thread.cpu_time(t4)
4:	sd	t3, hart.payer(t5)
	sd	t0, hart.payer_since(t5)
	lui	t6, %hi(timer_slice)
	ld	t6, %lo(timer_slice)(t6)
	add	t0, t0, t6
	sd	t0, hart.slice_end(t5)
	save_call
	li	a1, (KIND_SIGNALS << INFO_KIND_SHIFT) | 1
	.irp	n, 3,4,5,6,7
	li	a\n, 0
	.endr
	j	ipc_fast_enter

/*
 * In: as ipc_fast_reply_recv, of which this is a part: signals the endpoint in t0 and waits, for no answer is owed. A
 * thread waits there on this hart, and it is what would run next; nothing is there to be received. It then runs on its
 * own account. What an interrupt server does.
 */
	.globl ipc_fast_signal_wait
ipc_fast_signal_wait:
	li	t4, INFO_SIGNAL
	bne	a1, t4, trap_call_slow
	lock_take
	ld	t4, X(5)(tp)
	endpoint_slot t0, RIGHT_SIGNAL, t4
	mv	ra, t2
	endpoint_slot t6, RIGHT_RECV
	ld	t3, endpoint.receivers(ra)
	beqz	t3, ipc_fast_refused
	ld	t5, thread.hart(tp)
	ld	t4, thread.gate(t3)
	bne	t4, t5, ipc_fast_refused
	ld	t6, thread.above(t3)
	ld	t4, hart.ready_bits(t5)
	slli	t6, t6, 1
	addi	t6, t6, 1
	and	t4, t4, t6
	ld	t6, thread.caller(tp)
	ld	t1, endpoint.bits(t2)
	or	t4, t4, t6
	ld	t6, endpoint.senders(t2)
	or	t4, t4, t1
	or	t4, t4, t6
	bnez	t4, ipc_fast_refused
	ld	t6, hart.armed(t5)
	ld	t1, hart.slice_end(t5)
	bltu	t1, t6, ipc_fast_refused

	take_signals ra
	ld	t6, hart.irq + slot.object(t5)
	bne	t6, t2, 1f
	li	t6, SIE_EXTERNAL
	csrs	sie, t6
1:	wait_again
	j	ipc_fast_signalled
	wait_behind
