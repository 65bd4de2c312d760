/* lend.S: the other side of lend.c, copied to an address space of its own: answers each call of the endpoint in a0. */
#include <tessera/abi.h>

	.text
	.globl lend_server, lend_server_end
lend_server:
	mv	s0, a0
	li	a1, 0
1:	mv	a0, s0
	li	a7, SYS_REPLY_RECV
	ecall
	li	a1, INFO_REPLY
	j	1b
/* What a thread of scale.c does, with all registers set. */
	.globl scale_wait
scale_wait:
	ecall
2:	j	2b
lend_server_end:
