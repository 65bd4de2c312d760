/*
 * crt0.S: the first instructions of every program and server. They find out where the program lies, in code
 * that needs no relocation, and go on in C (libc/start.c).
 */
	.section .text.start, "ax", @progbits

/* a0 = struct start_info, sp = top of the stack, all other registers 0. */
	.globl	_start
	.type	_start, @function
_start:
	.weak	_DYNAMIC
	.hidden	_DYNAMIC
	.weak	__ehdr_start
	.hidden	__ehdr_start
	lla	a1, _DYNAMIC            /* undefined, so 0, in an image linked at a fixed address */
	lla	a2, __ehdr_start
	tail	start_process
	.size	_start, . - _start
