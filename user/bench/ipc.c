/*
 * ipc.c: system calls, messages between two address spaces, signals. The other side is this program again,
 * started as `bench server HOW`.
 */
#include "bench.h"

#include <stdbool.h>
#include <string.h>
#include <mem_client.h>
#include <tessera/ipc.h>
#include <tessera/process.h>
#include <tessera/thread.h>

#define LABEL_PING  0
#define LABEL_STOP  1
#define WORDS       100
#define PRIO_LOWER  20                 /* below this program's first thread */

/* One instruction that needs the FPU's registers. */
static inline void use_fpu(void)
{
	__asm__ volatile("fadd.d ft0, ft0, ft1" : : : "ft0");
}

/* Answers until told to stop; inlined with constants, so that each way has its own plain loop. */
static inline __attribute__((always_inline)) int serve(unsigned words, bool fpu)
{
	struct message m = { 0 };

	for (;;) {
		if (sys_reply_recv(SLOT_EXTRA, &m, 0, 0))
			return 1;
		if (info_label(m.info) == LABEL_STOP)
			break;
		if (fpu)
			use_fpu();
		m.info = INFO_REPLY | words;
	}
	m.info = INFO_REPLY;
	return sys_reply_recv(0, &m, 0, 0) != 0;
}

int bench_server(const char *how)
{
	if (!strcmp(how, "words"))
		return serve(WORDS, false);
	return !strcmp(how, "fpu") ? serve(0, true) : serve(0, false);
}

static int server_start(const char *how, cap_t *endpoint, uint64_t *pid)
{
	const char *const argv[] = { "bench", "server", how, NULL };
	struct message m = { .info = info_make(LABEL_PING, 0, 0) };
	int error = mem_endpoint_create(SLOT_SPACE, endpoint);

	if (!error)
		error = process_spawn_with(argv, 0, *endpoint, pid);
	return error ? error : (int)-sys_call(*endpoint, &m);
}

static int server_stop(cap_t endpoint, uint64_t pid)
{
	struct message m = { .info = info_make(LABEL_STOP, 0, 0) };
	int error = (int)-sys_call(endpoint, &m);

	return error ? error : process_wait(pid, NULL, NULL);
}

static int round_trip(const char *key, const char *how)
{
	struct message m = { 0 };
	uint64_t pid = 0, info, least;
	cap_t endpoint = 0;
	int error = server_start(how, &endpoint, &pid);

	if (error)
		return bench_failed(key, error);
	info = info_make(LABEL_PING, strcmp(how, "words") ? 0 : WORDS, 0);
	bench_begin(key);
	if (strcmp(how, "fpu"))
		least = BENCH_LEAST(m.info = info; (void)sys_call(endpoint, &m));
	else
		least = BENCH_LEAST(m.info = info; use_fpu(); (void)sys_call(endpoint, &m)) - 1;
	bench_end(key);
	bench_print(key, least);
	error = server_stop(endpoint, pid);
	return error ? bench_failed(key, error) : 0;
}

/* Signals from a thread of lower priority; the counter when it was about to. */
static cap_t wake_endpoint;
static volatile uint64_t wake_start;

static void signaller(void *unused)
{
	(void)unused;
	for (int i = 0; i < BENCH_ROUNDS; i++) {
		wake_start = sys_instret();
		(void)sys_signal(wake_endpoint);
	}
}

static int signal_wake(void)
{
	uint64_t least = UINT64_MAX;
	int error = mem_endpoint_create(SLOT_SPACE, &wake_endpoint);

	if (!error)
		error = thread_start(signaller, NULL, PRIO_LOWER, THREAD_STACK);
	for (int i = 0; i < BENCH_ROUNDS && !error; i++) {
		struct message m = { 0 };
		uint64_t cost;

		error = (int)-sys_reply_recv(wake_endpoint, &m, 0, 0);
		cost = sys_instret() - wake_start;
		if (cost < least)
			least = cost;
	}
	if (error)
		return bench_failed("signal.wake", error);
	bench_print("signal.wake", least - bench_idle());
	return 0;
}

int bench_ipc(void)
{
	bench_print("syscall.null", BENCH_LEAST((void)sys_raw(SYS_COUNT, 0, 0, 0, 0, 0, 0, 0, 0, 0)));
	bench_print("syscall.inspect", BENCH_LEAST((void)sys_raw(SYS_INSPECT, SLOT_THREAD, 0, 0, 0, 0, 0, 0, 0, 0)));
	return round_trip("ipc.round_trip", "plain") | round_trip("ipc.round_trip_fpu", "fpu") |
	       round_trip("ipc.round_trip_100w", "words") | signal_wake();
}
