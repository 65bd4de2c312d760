/*
 * entry.S: where a thread goes on when its fault could not be resolved and a signal has a handler. The kernel
 * left pc, sp, a0, a1 in the IPC buffer, all else is as the fault found it. All registers are put on the stack
 * (the alternate one, if it is set and sp is elsewhere), and taken from there when the handler returns. The last jump
 * needs a register: gp, which position-independent code never uses.
 */
#include "frame.h"

	.section .text.signal_entry, "ax", @progbits
	.globl	signal_entry
	.hidden	signal_entry
	.type	signal_entry, @function
signal_entry:
	lui	a0, %tprel_hi(signal_stack_top)
	add	a0, a0, tp, %tprel_add(signal_stack_top)
	ld	a0, %tprel_lo(signal_stack_top)(a0)
	beqz	a0, 1f
	sub	a0, a0, sp
	lui	a1, %tprel_hi(signal_stack_size)
	add	a1, a1, tp, %tprel_add(signal_stack_size)
	ld	a1, %tprel_lo(signal_stack_size)(a1)
	bleu	a0, a1, 1f              /* sp is on it already */
	add	sp, sp, a0
1:	andi	sp, sp, -16
	addi	sp, sp, -FRAME_BYTES
	lui	a0, %tprel_hi(thread_self)
	add	a0, a0, tp, %tprel_add(thread_self)
	ld	a0, %tprel_lo(thread_self)(a0)
	addi	a0, a0, BUFFER_FAULT

	.irp	n, 1, 3, 4, 5, 6, 7, 8, 9, 12, 13, 14, 15, 16, 17
	sd	x\n, \n * 8(sp)
	.endr
	.irp	n, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
	sd	x\n, \n * 8(sp)
	.endr
	.irp	n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
	fsd	f\n, FRAME_FLOATS + \n * 8(sp)
	.endr
	.irp	n, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
	fsd	f\n, FRAME_FLOATS + \n * 8(sp)
	.endr
	frcsr	t0
	sd	t0, FRAME_FCSR(sp)
	ld	t0, FAULT_PC(a0)
	sd	t0, 0(sp)
	ld	t0, FAULT_SP(a0)
	sd	t0, 16(sp)
	ld	t0, FAULT_A0(a0)
	sd	t0, 80(sp)
	ld	t0, FAULT_A1(a0)
	sd	t0, 88(sp)

	ld	a1, FAULT_CAUSE(a0)
	ld	a2, FAULT_VA(a0)
	sd	zero, FAULT_CAUSE(a0)
	mv	a0, sp
	call	signal_fault

	ld	t0, FRAME_FCSR(sp)
	fscsr	t0
	.irp	n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
	fld	f\n, FRAME_FLOATS + \n * 8(sp)
	.endr
	.irp	n, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
	fld	f\n, FRAME_FLOATS + \n * 8(sp)
	.endr
	ld	gp, 0(sp)
	.irp	n, 1, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16
	ld	x\n, \n * 8(sp)
	.endr
	.irp	n, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
	ld	x\n, \n * 8(sp)
	.endr
	ld	sp, 16(sp)
	jr	gp
	.size	signal_entry, . - signal_entry
