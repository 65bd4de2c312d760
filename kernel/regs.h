/*
 * regs.h: a thread's register area for assembly; tp is the thread.
 */
#ifndef KERNEL_REGS_H
#define KERNEL_REGS_H

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

	.macro	save_arguments
	.irp	n, 10,11,12,13,14,15,16,17
	sd	x\n, X(\n)(tp)
	.endr
	.endm

#endif
