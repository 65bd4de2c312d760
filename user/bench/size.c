/*
 * size.c: what memory a process, a thread and a page take, everything that mem charges or uses for them included:
 * `bench size` prints lines `SIZE key bytes`. The difference of what is free, divided by how many there are.
 */
#include "bench.h"

#include <stdio.h>
#include <mem_client.h>
#include <proc_client.h>
#include <tessera/process.h>
#include <tessera/start.h>
#include <tessera/thread.h>

#define MANY  16
#define PAGES 2048

/* Bytes free, once nothing is under way. */
static uint64_t bytes_free(void)
{
	struct mem_total now = { 0 };

	bench_warm();
	if (mem_total(SLOT_SPACE, &now))
		return 0;
	return now.free + now.cleared;
}

static void print(const char *key, uint64_t before, uint64_t after, unsigned count)
{
	printf("SIZE %s %llu\n", key, (unsigned long long)(before - after) / count);
}

/* Processes that have printed a line and wait. */
static int processes(void)
{
	static const char *const argv[] = { "idle", NULL };
	uint64_t pids[MANY + 1], before = 0;
	int error = 0;

	/* The first pages of proc's and mem's tables are theirs. */
	for (unsigned i = 0; !error && i <= MANY; i++) {
		if (i == 1)
			before = bytes_free();
		error = process_spawn(argv, 0, &pids[i]);
	}
	if (!error)
		print("process", before, bytes_free(), MANY);
	for (unsigned i = 0; !error && i <= MANY; i++) {
		error = proc_kill(SLOT_PROCESS, pids[i]);
		if (!error)
			error = process_wait(pids[i], NULL, NULL);
	}
	return error;
}

static void sleeper(void *endpoint)
{
	struct message m = { .info = 0 };

	(void)sys_reply_recv((cap_t)(uintptr_t)endpoint, &m, 0, 0);
}

/* Threads that wait; they end with the process. */
static int threads(void)
{
	uint64_t before = 0;
	cap_t endpoint = 0;
	int error = mem_endpoint_create(SLOT_SPACE, &endpoint);

	for (unsigned i = 0; !error && i <= MANY; i++) {
		if (i == 1)
			before = bytes_free();
		error = thread_start(sleeper, (void *)(uintptr_t)endpoint, 32, THREAD_STACK);
	}
	if (!error)
		print("thread", before, bytes_free(), MANY);
	return error;
}

static int pages(void)
{
	uint64_t addr = 0, before = bytes_free();
	int error = mem_map(SLOT_SPACE, 0, PAGES * PAGE_SIZE, MEM_READ | MEM_WRITE, 0, &addr);

	for (uint64_t i = 0; !error && i < PAGES; i++)
		*(volatile char *)(addr + i * PAGE_SIZE) = 1;
	if (!error)
		print("page", before, bytes_free(), PAGES);
	return error;
}

int bench_size(void)
{
	int error = processes();

	if (!error)
		error = threads();
	if (!error)
		error = pages();
	return error ? bench_failed("size", error) : 0;
}
