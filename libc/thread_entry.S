/* thread_entry.S: the first instructions of every further thread, which goes on in libc/thread.c. */
	.section .text.thread_entry, "ax", @progbits

/* a0 = argument of thread_create, a1 = IPC buffer, tp = TLS block, sp = top of the stack. */
	.globl	thread_entry
	.hidden	thread_entry
	.type	thread_entry, @function
thread_entry:
	tail	thread_main
	.size	thread_entry, . - thread_entry
