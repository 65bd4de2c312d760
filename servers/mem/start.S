/*
 * start.S: where the kernel enters the memory server: there is no stack yet. root_main gets rdinstret; the IPC buffer,
 * whose address comes in a0, is always at VA_BUFFER.
 */
#include <tessera/abi.h>

#define STACK_SIZE 16384

	.section .text.start, "ax"
	.globl root_entry
root_entry:
	rdinstret a0
	la	sp, stack_top
	la	tp, receivers
	call	root_main
1:	j	1b

	.bss
	.balign 4096
	.globl root_stack
root_stack:
	.space	STACK_SIZE
stack_top:
