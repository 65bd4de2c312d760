/*
 * threadtest.c: threads, locks, waiting: prints `threadtest: ok`, or what went wrong. Threads count under one
 * lock that they hold while they sleep, use malloc and stdio at the same time, and give back what they had.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <mem_client.h>
#include <tessera/ipc.h>
#include <tessera/lock.h>
#include <tessera/process.h>
#include <tessera/syscall.h>
#include <tessera/thread.h>

#define THREADS 4
#define TURNS   40
#define RERUNS  20
#define PRIO    20                     /* below the first thread's, which waits for them */
#define BIT     2
#define PATIENCE 60                    /* seconds: on a machine with other work to do, any of this may take long */

static struct lock lock;
static unsigned counter;               /* under the lock */
static cap_t done;                     /* signals BIT to the first thread */
static _Thread_local int own = 5;

static _Noreturn void fail(const char *what, int error)
{
	printf("threadtest: %s: %s\n", what, error_text(error));
	exit(1);
}

static void nap(long nanoseconds)
{
	struct timespec span = { 0, nanoseconds };

	nanosleep(&span, NULL);
}

static void count(void *arg)
{
	char *text;

	own += (int)(intptr_t)arg;
	for (int i = 0; i < TURNS; i++) {
		unsigned seen;

		lock_acquire(&lock);
		seen = counter;
		nap(100000);
		counter = seen + 1;
		lock_release(&lock);
		text = malloc(500 + (size_t)i * 100);
		if (!text)
			fail("malloc", E_NO_MEMORY);
		memset(text, i, 500);
		errno = i;
		free(text);
	}
	if (own != 5 + (int)(intptr_t)arg || errno != TURNS - 1)
		fail("thread-local storage", E_BAD_ARG);
	(void)sys_signal(done);
}

static void wait_for(unsigned wanted)
{
	for (;;) {
		unsigned now;

		lock_acquire(&lock);
		now = counter;
		lock_release(&lock);
		if (now >= wanted)
			return;
		if (!thread_wait(BIT, sys_time() + PATIENCE * process_start_info()->timebase))
			fail("wait", E_TIMEOUT);
	}
}

static void end_at_once(void *arg)
{
	lock_acquire(&lock);
	counter += (unsigned)(uintptr_t)arg;
	lock_release(&lock);
	(void)sys_signal(done);
}

static void start(void (*fn)(void *), intptr_t arg)
{
	int error = thread_start(fn, (void *)arg, PRIO, THREAD_STACK);

	if (error)
		fail("thread_start", error);
}

static bool uses_more(const struct mem_usage *now, const struct mem_usage *first)
{
	return now->committed > first->committed || now->threads > first->threads || now->regions > first->regions;
}

/*
 * Threads one after the other: the memory in use does not grow with their number. A thread that has signalled its end
 * is still on its way out, so it is looked for again until it is gone.
 */
static void check_memory(void)
{
	uint64_t end = sys_time() + PATIENCE * process_start_info()->timebase;
	struct mem_usage first = { 0 }, last = { 0 };

	for (unsigned i = 0; i < RERUNS || uses_more(&last, &first); i++) {
		start(end_at_once, 1);
		wait_for(THREADS * TURNS + i + 1);
		nap(1000000);
		if (mem_usage(SLOT_SPACE, i == 1 ? &first : &last))
			fail("usage", E_BAD_CALL);
		if (sys_time() > end)
			fail("memory of ended threads", E_NO_MEMORY);
	}
}

int main(void)
{
	int error;

	done = cap_alloc();
	error = (int)-sys_give(GIVE_COPY, SLOT_ENDPOINT, 1, done, RIGHT_SIGNAL, BIT, 0);
	if (error)
		fail("signal", error);
	for (intptr_t i = 0; i < THREADS; i++)
		start(count, i);
	wait_for(THREADS * TURNS);
	if (counter != THREADS * TURNS || own != 5)
		fail("count", E_BAD_ARG);
	check_memory();
	puts("threadtest: ok");
	return 0;
}
