/*
 * regs.h: a thread's register area for assembly; tp is the thread.
 */
#ifndef KERNEL_REGS_H
#define KERNEL_REGS_H

#include "riscv.h"
#include "thread.h"

#define X(n) (THREAD_REGS + (n) * 8)

/* What a function call preserves, but for tp. */
	.macro	save_preserved
	sd	sp, X(2)(tp)
	sd	gp, X(3)(tp)
	.irp	n, 8,9,18,19,20,21,22,23,24,25,26,27
	sd	x\n, X(\n)(tp)
	.endr
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

#endif
