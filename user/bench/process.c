/* process.c: the life of a process. */
#include "bench.h"

#include <tessera/process.h>

#define ROUNDS 9

int bench_process(void)
{
	static const char *const argv[] = { "hello", NULL };
	uint64_t costs[ROUNDS];

	for (int i = 0; i < ROUNDS; i++) {
		uint64_t pid = 0, start;
		int error;

		bench_warm();
		bench_begin("spawn.hello");
		start = sys_instret();
		error = process_spawn(argv, 0, &pid);
		if (!error)
			error = process_wait(pid, NULL, NULL);
		costs[i] = sys_instret() - start;
		bench_end("spawn.hello");
		if (error)
			return bench_failed("spawn.hello", error);
	}
	bench_print("spawn.hello", bench_median(costs, ROUNDS));
	return 0;
}
