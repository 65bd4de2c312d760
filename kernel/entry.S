/*
 * entry.S: the way in and out. In user mode sscratch holds the running thread; in the kernel it is 0 and
 * tp holds the hart. A system call saves what a function call preserves and its arguments; anything else saves all.
 */
#include "regs.h"

/* All that is not saved yet, but t0 and t1 which are; the cause in a1, its value in a2; takes the lock. */
	.macro	save_all
	csrrw	t0, sscratch, zero
	sd	t0, X(4)(tp)
	preserved sd
	arguments sd
	.irp	n, 1,7,28,29,30,31
	sd	x\n, X(\n)(tp)
	.endr
	csrr	t0, sepc
	sd	t0, X(0)(tp)
	li	t0, 1
	sd	t0, thread.full(tp)
	csrr	a1, scause
	csrr	a2, stval
	lock_take
	.endm

	.section .text.fast, "ax"
	.balign 64
	.globl trap_entry
trap_entry:
	csrrw	tp, sscratch, tp
	beqz	tp, trap_kernel
	sd	t0, X(5)(tp)
	csrr	t0, scause
	sd	t1, X(6)(tp)
	addi	t1, t0, -CAUSE_ECALL_U
	bnez	t1, trap_other
	beqz	a7, ipc_fast_call	/* SYS_CALL */
	addi	t1, a7, -1
	beqz	t1, ipc_fast_reply_recv	/* SYS_REPLY_RECV */
	addi	t1, t1, -1
	beqz	t1, ipc_fast_signal	/* SYS_SIGNAL */
	li	t0, SYS_COUNT
	bgeu	a7, t0, trap_bad_call

	/* The fast paths come here, too, with a0-a7 as they were, before they change anything. */
	.globl trap_call_slow
trap_call_slow:
	csrrw	t0, sscratch, zero
	sd	t0, X(4)(tp)
	preserved sd
	arguments sd
	csrr	t0, sepc
	addi	t0, t0, 4
	sd	t0, X(0)(tp)
	sd	zero, thread.full(tp)
	lock_take
	mv	a0, tp
	ld	tp, thread.hart(tp)
	ld	sp, hart.stack(tp)
	call	syscall_enter
	j	trap_resume

/* No such call: answered without looking at anything. */
trap_bad_call:
	csrr	t0, sepc
	addi	t0, t0, 4
	csrw	sepc, t0
	li	a0, -E_BAD_CALL
	csrrw	tp, sscratch, tp
	clear_temporaries
	sret

trap_other:
	save_all
	andi	t0, a1, -3
	addi	t0, t0, -CAUSE_LOAD_PAGE
	beqz	t0, fault_fast		/* CAUSE_STORE_PAGE, too */

	/* The fast path comes here, too, before it changes anything. */
	.globl trap_slow
trap_slow:
	mv	a0, tp
	ld	tp, thread.hart(tp)
	ld	sp, hart.stack(tp)
	call	trap_enter

	/* Continues with whatever thread is to run; the lock is held. */
	.globl trap_resume
trap_resume:
	ld	t3, hart.current(tp)
	beqz	t3, trap_pick
#if DEBUG
	ld	sp, hart.stack(tp)
	call	debug_check_fences
	ld	t3, hart.current(tp)
#endif
	mv	t5, tp

/* Enters t3 on the hart t5, whatever state its registers are in. */
	.globl trap_restore
trap_restore:
	enter_thread
	lock_drop
	ld	t0, thread.full(tp)
	preserved ld
	arguments ld
	bnez	t0, 1f
	clear_temporaries
	ld	tp, X(4)(tp)
	sret
1:	sc.d	t0, zero, (tp)		/* a reservation does not outlive the thread's turn; X(0) is in sepc already */
	sd	zero, thread.full(tp)	/* the next save says again what counts */
	.irp	n, 1,5,6,7,28,29,30,31
	ld	x\n, X(\n)(tp)
	.endr
	ld	tp, X(4)(tp)
	sret

/*
 * void lock_acquire(void): clobbers t0-t4. While somebody else holds the lock, looks at it 2,000 times. Then that one
 * may be a virtual hart without a processor, and this one may be what keeps the processor from it: so it waits in wfi
 * for 500 ticks, hearing nothing but its timer, and looks again.
 */
	.globl	lock_acquire
lock_acquire:
	lui	t0, %hi(kernel_lock)
	li	t1, 2000
1:	lw	t2, 0(t0)
	bnez	t2, 2f
	li	t2, 1
	amoswap.w.aq t2, t2, (t0)
	beqz	t2, 3f
2:	addi	t1, t1, -1
	bnez	t1, 1b
	lla	t1, has_stimecmp
	lbu	t1, 0(t1)
	beqz	t1, lock_acquire
	csrr	t1, time
	addi	t1, t1, 500
	csrrw	t3, 0x14d, t1		/* stimecmp */
	li	t2, SIE_TIMER
	csrrw	t4, sie, t2
	wfi
	csrw	0x14d, t3
	csrw	sie, t4
	j	lock_acquire
3:	ret

trap_pick:
	ld	sp, hart.stack(tp)
	call	sched_pick
	j	trap_resume

/* In place of trap_entry on a hart that is traced: no fast path, and trace.c sees it all. */
	.balign	4
	.globl trap_traced
trap_traced:
	csrrw	tp, sscratch, tp
	beqz	tp, trap_kernel
	sd	t0, X(5)(tp)
	sd	t1, thread.regs + 6*8(tp)
	save_all
	mv	a0, tp
	ld	tp, thread.hart(tp)
	ld	sp, hart.stack(tp)
	call	trace_trap
	j	trap_resume

/*
 * A trap in the kernel: expected only between probe_start and probe_end, where it means that the memory or the
 * register is not there: the probe then returns its error. Anything else is our own bug.
 */
trap_kernel:
	csrrw	tp, sscratch, zero
	sd	t0, hart.trap_save(tp)
	sd	t1, hart.trap_save + 8(tp)
	csrr	t0, sepc
	lla	t1, probe_start
	bltu	t0, t1, 1f
	lla	t1, probe_end
	bgeu	t0, t1, 1f
	lla	t0, probe_failed
	csrw	sepc, t0
	ld	t0, hart.trap_save(tp)
	ld	t1, hart.trap_save + 8(tp)
	sret
1:	ld	sp, hart.stack(tp)		/* the stack itself may be what overflowed */
	csrr	a0, scause
	csrr	a1, sepc
	csrr	a2, stval
	call	trap_own

	.globl probe_start, probe_end
	.balign 4
probe_start:
/* int memory_clear(void *to, uint64_t size) */
	.globl memory_clear
memory_clear:
	add	a1, a0, a1
	beq	a0, a1, 2f
1:	.irp	n, 0,8,16,24,32,40,48,56
	sd	zero, \n(a0)
	.endr
	addi	a0, a0, 64
	bne	a0, a1, 1b
2:	li	a0, 0
	ret

/* int memory_copy(void *to, const void *from, uint64_t size) */
	.globl memory_copy
memory_copy:
	add	a2, a0, a2
	beq	a0, a2, 2f
1:	.irp	n, 0,16,32,48
	ld	t0, \n(a1)
	ld	t1, \n + 8(a1)
	sd	t0, \n(a0)
	sd	t1, \n + 8(a0)
	.endr
	addi	a0, a0, 64
	addi	a1, a1, 64
	bne	a0, a2, 1b
2:	li	a0, 0
	ret

/* int timer_probe(void) */
	.globl timer_probe
timer_probe:
	li	t0, -1
	csrw	0x14d, t0		/* stimecmp */
	li	a0, 0
	ret
probe_end:

probe_failed:
	li	a0, -E_BAD_MEMORY
	ret

	.option push
	.option arch, +d
/* Registers that a function call preserves, and the others. */
	.macro	fpu_kept op, base
	.irp	n, 8,9,18,19,20,21,22,23,24,25,26,27
	\op	f\n, \n*8(\base)
	.endr
	.endm

	.macro	fpu_other op, base
	.irp	n, 0,1,2,3,4,5,6,7,10,11,12,13,14,15,16,17,28,29,30,31
	\op	f\n, \n*8(\base)
	.endr
	.endm

/*
 * The FPU's values go with the threads that use it. They are saved only if they changed (sstatus.FS is dirty) and
 * loaded only if another thread's are there; a thread that did not touch them in its turn is no user until it
 * traps again. Of a thread in a call only what a call preserves counts: the others read 0 when it goes on.
 * In: t3 = next thread, t5 = hart, t6 = whether the thread is a user (if not, FS is on). Clobbers t0, t4, t6.
 */
	.globl fpu_switch
fpu_switch:
	ld	t4, hart.fpu_owner(t5)
	ld	t0, hart.fs_on(t5)
	beqz	t0, 2f
	beq	t4, t3, 9f
	csrr	t0, sstatus
	bltz	t0, 1f			/* SD: they were changed in this turn */
	beqz	t4, 1f
	sd	zero, thread.fpu_used(t4)
1:	sltz	t0, t0
	bnez	t6, 3f
	sd	t0, hart.fpu_dirty(t5)
	sd	zero, hart.fs_on(t5)
	li	t0, SSTATUS_FS
	csrc	sstatus, t0
	ret
2:	li	t0, SSTATUS_FS
	csrs	sstatus, t0
	sd	t6, hart.fs_on(t5)
	ld	t0, hart.fpu_dirty(t5)
	beq	t4, t3, 8f

3:	beqz	t0, 4f
	beqz	t4, 4f
	addi	t6, t4, thread.fpu
	ld	t4, thread.full(t4)
	fpu_kept fsd, t6
	frcsr	t0
	sd	t0, 256(t6)
	beqz	t4, 4f
	fpu_other fsd, t6
4:	addi	t6, t3, thread.fpu
	ld	t4, thread.full(t3)
	ld	t0, 256(t6)
	fscsr	t0
	fpu_kept fld, t6
	bnez	t4, 5f
	.irp	n, 0,1,2,3,4,5,6,7,10,11,12,13,14,15,16,17,28,29,30,31
	fmv.d.x	f\n, zero
	.endr
	j	6f
5:	fpu_other fld, t6
6:	sd	t3, hart.fpu_owner(t5)
	li	t0, 0
8:	bnez	t0, 9f			/* dirty they were and stay */
	li	t0, SSTATUS_FS_LOW
	csrc	sstatus, t0		/* clean */
9:	ret

/* void fpu_save(uint64_t *fpu): f0 ... f31, fcsr */
	.globl fpu_save
fpu_save:
	fpu_kept fsd, a0
	fpu_other fsd, a0
	frcsr	t0
	sd	t0, 256(a0)
	ret
	.option pop
