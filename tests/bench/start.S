/* start.S: where the kernel enters the root server that measures it: there is no stack yet. */
	.section .text.start, "ax"
	.globl root_entry
root_entry:
	la	sp, stack_top
	call	root_main
1:	j	1b

	.bss
	.balign 16
	.space	8192
stack_top:
