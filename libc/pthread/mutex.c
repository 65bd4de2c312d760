/*
 * mutex.c: mutexes. A free one is taken and released by one compare and swap each. Who finds it held marks
 * it as waited for and queues; the holder then hands it to the longest waiter, it is never free in between.
 */
#include <errno.h>
#include "queue.h"

enum { FREE, HELD, WAITED };

static bool take_free(pthread_mutex_t *m)
{
	unsigned free = FREE;

	return __atomic_compare_exchange_n(&m->__state, &free, HELD, 0, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED);
}

static bool is_mine(const pthread_mutex_t *m)
{
	return __atomic_load_n(&m->__owner, __ATOMIC_RELAXED) == &thread_self;
}

/* What comes before waiting: the error, 0 when it was had at once, -1: somebody holds it. */
static int take(pthread_mutex_t *m)
{
	if (m->__type != PTHREAD_MUTEX_NORMAL && is_mine(m)) {
		if (m->__type == PTHREAD_MUTEX_ERRORCHECK)
			return EDEADLK;
		if (m->__depth + 1 == 0)
			return EAGAIN;
		m->__depth++;
		return 0;
	}
	if (!take_free(m))
		return -1;
	__atomic_store_n(&m->__owner, &thread_self, __ATOMIC_RELAXED);
	return 0;
}

int mutex_lock_until(pthread_mutex_t *m, uint64_t deadline)
{
	int error = take(m);

	if (error >= 0)
		return error;
	guard_acquire(&m->__guard);
	if (__atomic_exchange_n(&m->__state, WAITED, __ATOMIC_ACQUIRE) == FREE) {
		guard_release(&m->__guard);
		error = 0;
	} else {
		error = queue_wait(&m->__queue, &m->__guard, deadline);
	}
	if (!error)
		__atomic_store_n(&m->__owner, &thread_self, __ATOMIC_RELAXED);
	return error;
}

int pthread_mutex_lock(pthread_mutex_t *m)
{
	return mutex_lock_until(m, 0);
}

int pthread_mutex_timedlock(pthread_mutex_t *restrict m, const struct timespec *restrict time)
{
	uint64_t deadline = 0;
	int error = take(m);

	if (error >= 0)
		return error;
	error = clock_deadline(CLOCK_REALTIME, time, &deadline);
	return error ? error : mutex_lock_until(m, deadline);
}

int pthread_mutex_trylock(pthread_mutex_t *m)
{
	int error;

	if (m->__type == PTHREAD_MUTEX_ERRORCHECK && is_mine(m))
		return EBUSY;
	error = take(m);
	return error < 0 ? EBUSY : error;
}

int pthread_mutex_unlock(pthread_mutex_t *m)
{
	unsigned held = HELD;

	if (m->__type != PTHREAD_MUTEX_NORMAL) {
		if (!is_mine(m))
			return EPERM;
		if (m->__depth) {
			m->__depth--;
			return 0;
		}
	}
	__atomic_store_n(&m->__owner, NULL, __ATOMIC_RELAXED);
	if (__atomic_compare_exchange_n(&m->__state, &held, FREE, 0, __ATOMIC_RELEASE, __ATOMIC_RELAXED))
		return 0;
	guard_acquire(&m->__guard);
	if (!queue_wake(&m->__queue))
		__atomic_store_n(&m->__state, FREE, __ATOMIC_RELEASE);
	guard_release(&m->__guard);
	return 0;
}

int pthread_mutex_init(pthread_mutex_t *restrict m, const pthread_mutexattr_t *restrict attributes)
{
	*m = (pthread_mutex_t){ .__type = attributes ? attributes->__type : PTHREAD_MUTEX_DEFAULT };
	return 0;
}

int pthread_mutex_destroy(pthread_mutex_t *m)
{
	return __atomic_load_n(&m->__state, __ATOMIC_RELAXED) == FREE ? 0 : EBUSY;
}

int pthread_mutexattr_init(pthread_mutexattr_t *attributes)
{
	attributes->__type = PTHREAD_MUTEX_DEFAULT;
	return 0;
}

int pthread_mutexattr_destroy(pthread_mutexattr_t *attributes)
{
	(void)attributes;
	return 0;
}

int pthread_mutexattr_settype(pthread_mutexattr_t *attributes, int type)
{
	if (type < PTHREAD_MUTEX_NORMAL || type > PTHREAD_MUTEX_ERRORCHECK)
		return EINVAL;
	attributes->__type = type;
	return 0;
}

int pthread_mutexattr_gettype(const pthread_mutexattr_t *restrict attributes, int *restrict type)
{
	*type = attributes->__type;
	return 0;
}

/* Waiters are this process's threads. */
int pthread_mutexattr_setpshared(pthread_mutexattr_t *attributes, int shared)
{
	(void)attributes;
	return shared == PTHREAD_PROCESS_PRIVATE ? 0 : shared == PTHREAD_PROCESS_SHARED ? ENOTSUP : EINVAL;
}
