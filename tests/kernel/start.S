/*
 * start.S: the first instruction of the test root server, and the code of puppets, which runs wherever it is mapped.
 */
	.section .text.start, "ax"
	.globl root_entry
root_entry:
	lla	sp, root_stack_end
	mv	tp, a0			/* the IPC buffer */
	call	harness_main
1:	j	1b

/* A puppet: calls slot 1 with the last value, does what the answer says (a2 order, a3 address, a4 value), for ever. */
	.section .rodata, "a"
	.balign 8
	.globl puppet_code, puppet_code_end
puppet_code:
	li	s0, 0
	lla	s3, 1f
1:	li	a7, 0
	li	a0, 1
	li	a1, 3
	mv	a2, s0
	mv	a3, s1
	mv	a4, s2
	ecall
	mv	s2, a0
	li	s0, 0
	bnez	a0, 1b
	mv	s1, a3
	beqz	a2, 2f			/* PUPPET_LOAD */
	addi	a2, a2, -1
	beqz	a2, 3f			/* PUPPET_STORE */
	addi	a2, a2, -1
	beqz	a2, 4f			/* PUPPET_JUMP */
	/* PUPPET_SPIN_LOAD: reads until the value changes or a fault comes */
	.balign 4
	.option push
	.option norvc
5:	ld	s0, 0(a3)
	beq	s0, a4, 5b
	.option pop
	j	1b
	.balign 4
	.option push
	.option norvc
2:	ld	s0, 0(a3)
	j	1b
3:	sd	a4, 0(a3)
	j	1b
4:	jr	a3
	.option pop
puppet_code_end:

	.bss
	.balign 16
	.space	8192
root_stack_end:
