/*
 * bench.c: first figures, in instructions of the guest: prints `BENCH key value` lines. Run under -icount,
 * where the counter is exact and repeatable. Each figure is the smallest (of a batch, the mean) of many,
 * so that a timer tick in between does not count.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <mem_client.h>
#include <tessera/process.h>
#include <tessera/syscall.h>

#define BATCH   64
#define BATCHES 32
#define PAGES   64
#define STRIDE  (16 * PAGE_SIZE)       /* between touched pages: no other page comes with them */
#define LABEL_PING 0
#define LABEL_STOP 1

/* What reading the counter twice costs by itself. */
static uint64_t counter_cost(void)
{
	uint64_t least = UINT64_MAX;

	for (int i = 0; i < BATCH; i++) {
		uint64_t start = sys_instret(), cost = sys_instret() - start;

		if (cost < least)
			least = cost;
	}
	return least;
}

/* The least cost of the statements. */
#define LEAST(statements)                                                          \
	({                                                                         \
		uint64_t least_ = UINT64_MAX, idle_ = counter_cost();              \
		for (int i_ = 0; i_ < BATCH * BATCHES; i_++) {                     \
			uint64_t start_ = sys_instret();                           \
			statements;                                                \
			uint64_t cost_ = sys_instret() - start_ - idle_;           \
			if (cost_ < least_)                                        \
				least_ = cost_;                                    \
		}                                                                  \
		least_;                                                            \
	})

static void print(const char *key, uint64_t value)
{
	printf("BENCH %s %llu\n", key, (unsigned long long)value);
}

static int failed(const char *what, int error)
{
	fprintf(stderr, "bench: %s: %s\n", what, error_text(error));
	return 1;
}

/* The other side of ipc.round_trip: answers until it is told to stop. */
static int serve(void)
{
	struct message m = { 0 };

	for (;;) {
		if (sys_reply_recv(SLOT_EXTRA, &m, 0, 0))
			return 1;
		if (info_label(m.info) == LABEL_STOP) {
			m.info = INFO_REPLY;
			return sys_reply_recv(0, &m, 0, 0) != 0;
		}
		m.info = INFO_REPLY;
	}
}

/* The call for which the server must be there within two seconds. */
static int first_call(cap_t endpoint)
{
	struct message m = { .info = info_make(LABEL_PING, 0, 0) };
	long status = sys_thread_set(SLOT_THREAD, THREAD_CALL_TIMEOUT, 2 * process_start_info()->timebase);

	if (!status)
		status = sys_call(endpoint, &m);
	if (!status)
		status = sys_thread_set(SLOT_THREAD, THREAD_CALL_TIMEOUT, 0);
	return (int)-status;
}

/* call + reply between two address spaces, no words. */
static int bench_round_trip(void)
{
	static const char *const argv[] = { "bench", "server", NULL };
	struct message m;
	cap_t endpoint = 0;
	uint64_t pid = 0, least;
	int error = mem_endpoint_create(SLOT_SPACE, &endpoint);

	if (!error)
		error = process_spawn_with(argv, 0, endpoint, &pid);
	if (error)
		return failed("ipc.round_trip", error);
	error = first_call(endpoint);
	if (error)
		return failed("ipc.round_trip", error);
	least = LEAST(m.info = info_make(LABEL_PING, 0, 0); (void)sys_call(endpoint, &m));
	print("ipc.round_trip", least);
	m.info = info_make(LABEL_STOP, 0, 0);
	error = (int)-sys_call(endpoint, &m);
	if (!error)
		error = process_wait(pid, NULL, NULL);
	return error ? failed("ipc.round_trip", error) : 0;
}

static uint64_t touch(uint64_t addr)
{
	uint64_t start = sys_instret();

	*(volatile uint64_t *)addr = 1;
	return sys_instret() - start;
}

static int bench_faults(void)
{
	uint64_t addr = 0, least = UINT64_MAX, idle = counter_cost(), start;
	int error = mem_map(SLOT_SPACE, 0, PAGES * STRIDE, MEM_READ | MEM_WRITE, 0, &addr);

	if (error)
		return failed("fault.zero_page", error);
	for (uint64_t i = 0; i < PAGES; i++) {
		uint64_t page = i * 27 % PAGES, cost;

		cost = touch(addr + page * STRIDE) - idle - 1;
		if (cost < least)
			least = cost;
	}
	print("fault.zero_page", least);
	error = mem_unmap(SLOT_SPACE, addr, PAGES * STRIDE);
	if (!error)
		error = mem_map(SLOT_SPACE, 0, PAGES * PAGE_SIZE, MEM_READ | MEM_WRITE, 0, &addr);
	if (error)
		return failed("fault.sequential_page", error);
	start = sys_instret();
	for (uint64_t i = 0; i < PAGES; i++)
		*(volatile uint64_t *)(addr + i * PAGE_SIZE) = 1;
	print("fault.sequential_page", (sys_instret() - start) / PAGES);
	error = mem_unmap(SLOT_SPACE, addr, PAGES * PAGE_SIZE);
	return error ? failed("fault.sequential_page", error) : 0;
}

static int bench_malloc(void)
{
	uint64_t least = UINT64_MAX;

	for (int batch = 0; batch < BATCHES; batch++) {
		uint64_t start = sys_instret(), cost;

		for (int i = 0; i < BATCH; i++) {
			void *volatile block = malloc(16);

			free(block);
		}
		cost = sys_instret() - start;
		if (cost < least)
			least = cost;
	}
	print("malloc.pair_16b", least / BATCH);
	return 0;
}

static int bench_copy(void)
{
	static char from[PAGE_SIZE], to[PAGE_SIZE];

	print("memcpy.page", LEAST(memcpy(to, from, PAGE_SIZE); __asm__ volatile("" : : : "memory")));
	print("memset.page", LEAST(memset(to, 0, PAGE_SIZE); __asm__ volatile("" : : : "memory")));
	return 0;
}

int main(int argc, char **argv)
{
	uint64_t word, detail;
	int bad = 0;

	if (argc == 2 && !strcmp(argv[1], "server"))
		return serve();
	print("syscall.null", LEAST((void)sys_inspect(SLOT_THREAD, &word, &detail)));
	bad |= bench_round_trip();
	bad |= bench_faults();
	bad |= bench_malloc();
	bad |= bench_copy();
	return bad;
}
