/*
 * boot.S: from the firmware's jump to C at the kernel's virtual address. Entered in S mode, paging off,
 * a0 = hart id, a1 = physical address of the device tree (SBI 1.0, section "boot"). Everything here is PC-relative.
 */
#include "offsets.h"
#include "riscv.h"

/* Goes on at the virtual address: the fetch after the satp write faults and lands in stvec. s3 = virtual - physical. */
	.macro	paging_on root
	li	t0, 0xffffffffc0000000	/* KERNEL_VA */
	lla	t1, image_start
	sub	s3, t0, t1
	lla	t1, 2f
	add	t1, t1, s3
	csrw	stvec, t1
	sfence.vma
	csrw	satp, \root
	.balign 4
2:	lla	t0, trap_entry
	csrw	stvec, t0
	.endm

	.section .text.boot, "ax"
	.globl boot_entry
boot_entry:
	rdinstret s2
	lla	t0, boot_taken
	li	t1, 1
	amoswap.d t1, t1, (t0)
	bnez	t1, boot_late
	csrw	sie, zero
	csrw	sscratch, zero
	mv	s0, a0
	mv	s1, a1
	lla	t0, image_bss
	lla	t1, image_bss_end
1:	.irp	n, 0,8,16,24,32,40,48,56
	sd	zero, \n(t0)
	.endr
	addi	t0, t0, 64
	bltu	t0, t1, 1b

	lla	sp, hart_stacks + HART_STACK_BYTES
	call	boot_map		/* a0 = satp; uses no absolute address */

	paging_on a0
	add	sp, sp, s3
	lla	tp, harts
	mv	a0, s0
	mv	a1, s1
	mv	a2, s2
	neg	a3, s3
	call	kernel_main
	j	trap_resume

/*
 * OpenSBI 1.1 lets a hart go before it has stored where to: a late one comes to boot_entry, without its struct hart.
 * The kernel filled that in before it asked the firmware.
 */
boot_late:
	lla	a1, harts
1:	ld	t0, hart.id(a1)
	beq	t0, a0, boot_secondary
	addi	a1, a1, hart.bytes
	j	1b

/* The same for every further hart (SBI HSM): a1 = physical address of its struct hart, whose satp is the kernel's. */
	.globl boot_secondary
boot_secondary:
	csrw	sie, zero
	csrw	sscratch, zero
	ld	t3, hart.satp(a1)
	paging_on t3
	add	tp, a1, s3
	ld	sp, hart.stack(tp)
	call	hart_main
	j	trap_resume

	.data
	.balign 8
boot_taken:
	.dword	0

	.section .noinit, "aw", @nobits
	.balign 4096
	.globl hart_stacks, hart_stacks_end
hart_stacks:
	.space HART_STACK_BYTES * 8
hart_stacks_end:
