/* start.S: where the kernel enters the memory server: a0 is the IPC buffer, there is no stack yet. */
#include <tessera/abi.h>

#define STACK_SIZE 16384

	.section .text.start, "ax"
	.globl root_entry
root_entry:
	la	sp, stack_top
	call	root_main
1:	j	1b

	.bss
	.balign 4096
	.globl root_stack
root_stack:
	.space	STACK_SIZE
stack_top:
