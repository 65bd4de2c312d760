/*
 * faultrate.c: page faults per second, by the machine's clock: `faultrate [milliseconds]`. Maps 1 MiB, touches it from
 * its end backwards, so that every page is a fault of its own, gives it back and starts again.
 */
#include <stdio.h>
#include <stdlib.h>
#include <mem_client.h>
#include <tessera/process.h>
#include <tessera/syscall.h>

#define BYTES 0x100000ul

static int round_of_faults(void)
{
	uint64_t base = 0;
	int error = mem_map(SLOT_SPACE, 0, BYTES, MEM_READ | MEM_WRITE, 0, &base);

	if (error)
		return error;
	for (uint64_t at = BYTES; at; at -= PAGE_SIZE)
		*(volatile char *)(base + at - PAGE_SIZE) = 1;
	return mem_unmap(SLOT_SPACE, base, BYTES);
}

int main(int argc, char **argv)
{
	uint64_t span = (argc > 1 ? strtoul(argv[1], NULL, 10) : 1000) * process_start_info()->timebase / 1000;
	struct mem_usage before = { 0 }, after = { 0 };
	uint64_t begun, ticks = 0;
	int error = mem_usage(SLOT_SPACE, &before);

	for (begun = sys_time(); !error && ticks < span; ticks = sys_time() - begun)
		error = round_of_faults();
	if (!error)
		error = mem_usage(SLOT_SPACE, &after);
	if (error || !ticks) {
		printf("faultrate: %s\n", error_text(error));
		return 1;
	}
	printf("faultrate: %lu a second\n",
	       (after.faults - before.faults) * process_start_info()->timebase / ticks);
	return 0;
}
