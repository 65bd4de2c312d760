/* idle.c: says hello and waits until it is killed: what `make size` weighs as a process. */
#include <stdio.h>
#include <tessera/thread.h>

int main(void)
{
	puts("hello, world");
	fflush(stdout);
	for (;;)
		(void)thread_wait(1ul << 63, 0);
}
