/*
 * lock_test.c: libc/lock.c among the build machine's threads: nobody is in twice, nobody is forgotten, and
 * whoever waited longest is next. Endpoints are stood in for by a mutex and a condition each.
 */
// CFLAGS: -pthread
// LIBS: -pthread
#define TESSERA_SYSCALL_H              /* its instructions are another machine's */
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <tessera/abi.h>

static long sys_signal(cap_t endpoint);
#include "../../libc/lock.c"

#define THREADS 6
#define TURNS   20000
#define CHECK(condition)                                                                   \
	do {                                                                               \
		if (!(condition)) {                                                        \
			fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition);    \
			exit(1);                                                           \
		}                                                                          \
	} while (0)

_Thread_local struct thread_self thread_self;

static struct endpoint {
	pthread_mutex_t mutex;
	pthread_cond_t changed;
	uint64_t bits;
} endpoints[THREADS + 1];

static struct lock lock;
static volatile unsigned inside, entered;
static unsigned order[THREADS], arrived;

static long sys_signal(cap_t endpoint)
{
	struct endpoint *e = &endpoints[endpoint];

	pthread_mutex_lock(&e->mutex);
	e->bits |= SIGNAL_WAKE;
	pthread_cond_signal(&e->changed);
	pthread_mutex_unlock(&e->mutex);
	return 0;
}

uint64_t thread_wait_signals(uint64_t mask, uint64_t deadline)
{
	struct endpoint *e = &endpoints[thread_self.wake];
	uint64_t got;

	CHECK(!deadline);
	pthread_mutex_lock(&e->mutex);
	while (!(e->bits & mask))
		pthread_cond_wait(&e->changed, &e->mutex);
	got = e->bits & mask;
	e->bits &= ~mask;
	pthread_mutex_unlock(&e->mutex);
	return got;
}

static void *take_turns(void *number)
{
	thread_self.wake = (uintptr_t)number;
	for (int i = 0; i < TURNS; i++) {
		if (i % 3 || !lock_try(&lock))
			lock_acquire(&lock);
		CHECK(inside++ == 0);
		entered++;
		if (i % 64 == 0)
			sched_yield();
		CHECK(--inside == 0);
		lock_release(&lock);
	}
	return NULL;
}

static void *arrive(void *number)
{
	thread_self.wake = (uintptr_t)number;
	lock_acquire(&lock);
	order[arrived++] = (unsigned)(uintptr_t)number;
	lock_release(&lock);
	return NULL;
}

static void start_all(pthread_t *threads, void *(*run)(void *), int in_order)
{
	for (uintptr_t i = 1; i <= THREADS; i++) {
		uintptr_t before = __atomic_load_n(&lock.state, __ATOMIC_ACQUIRE);

		CHECK(!pthread_create(&threads[i - 1], NULL, run, (void *)i));
		while (in_order && __atomic_load_n(&lock.state, __ATOMIC_ACQUIRE) == before)
			sched_yield();
	}
}

static void join_all(pthread_t *threads)
{
	for (int i = 0; i < THREADS; i++)
		CHECK(!pthread_join(threads[i], NULL));
}

int main(void)
{
	pthread_t threads[THREADS];

	for (int i = 0; i <= THREADS; i++) {
		pthread_mutex_init(&endpoints[i].mutex, NULL);
		pthread_cond_init(&endpoints[i].changed, NULL);
	}
	start_all(threads, take_turns, 0);
	join_all(threads);
	CHECK(entered == THREADS * TURNS && !lock.state);

	lock_acquire(&lock);
	CHECK(!lock_try(&lock));
	start_all(threads, arrive, 1);
	lock_release(&lock);
	join_all(threads);
	for (unsigned i = 0; i < THREADS; i++)
		CHECK(order[i] == i + 1);
	CHECK(!lock.state);
	puts("lock: ok");
	return 0;
}
