# bare.S: first instructions in machine mode: floating point on, stack, TLS pointer, main.
	.section .text.start, "ax"
	.globl _start
_start:
	li t0, 0x6000
	csrs mstatus, t0
	la t0, trap
	csrw mtvec, t0
	la sp, stack_top
	la a0, __bss_start
	la a1, __bss_end
1:	bgeu a0, a1, 2f
	sd zero, 0(a0)
	addi a0, a0, 8
	j 1b
2:	la tp, __tls_base
	call bare_main
	.align 2
trap:
	csrr a0, mcause
	csrr a1, mepc
	csrr a2, mtval
	call bare_trap
