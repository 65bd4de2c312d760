/*
 * spin.c: computes for ever, or for as many seconds as its argument says, without a system call: only
 * preemption takes the hart from it.
 */
#include <stdlib.h>
#include <tessera/process.h>
#include <tessera/syscall.h>

int main(int argc, char **argv)
{
	uint64_t span = argc > 1 ? strtoul(argv[1], NULL, 10) * process_start_info()->timebase : 0;
	uint64_t start = sys_time();

	while (!span || sys_time() - start < span)
		;
	return 0;
}
