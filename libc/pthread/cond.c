/* cond.c: condition variables. Who waits is queued before it lets the mutex go: no wake-up is lost. */
#include <errno.h>
#include "queue.h"

static int wait_until(pthread_cond_t *c, pthread_mutex_t *m, uint64_t deadline)
{
	int error, unlocked;

	guard_acquire(&c->__guard);
	unlocked = pthread_mutex_unlock(m);
	if (unlocked) {
		guard_release(&c->__guard);
		return unlocked;
	}
	error = queue_wait(&c->__queue, &c->__guard, deadline);
	(void)pthread_mutex_lock(m);
	return error;
}

int pthread_cond_wait(pthread_cond_t *restrict c, pthread_mutex_t *restrict m)
{
	return wait_until(c, m, 0);
}

int pthread_cond_timedwait(pthread_cond_t *restrict c, pthread_mutex_t *restrict m,
			   const struct timespec *restrict time)
{
	uint64_t deadline = 0;
	int error = clock_deadline(c->__clock ? c->__clock : CLOCK_REALTIME, time, &deadline);

	return error ? error : wait_until(c, m, deadline);
}

int pthread_cond_signal(pthread_cond_t *c)
{
	guard_acquire(&c->__guard);
	(void)queue_wake(&c->__queue);
	guard_release(&c->__guard);
	return 0;
}

/* Those that begin to wait meanwhile stay. */
int pthread_cond_broadcast(pthread_cond_t *c)
{
	guard_acquire(&c->__guard);
	while (queue_wake(&c->__queue))
		;
	guard_release(&c->__guard);
	return 0;
}

int pthread_cond_init(pthread_cond_t *restrict c, const pthread_condattr_t *restrict attributes)
{
	*c = (pthread_cond_t){ .__clock = attributes ? attributes->__clock : CLOCK_REALTIME };
	return 0;
}

int pthread_cond_destroy(pthread_cond_t *c)
{
	return c->__queue.__first ? EBUSY : 0;
}

int pthread_condattr_init(pthread_condattr_t *attributes)
{
	attributes->__clock = CLOCK_REALTIME;
	return 0;
}

int pthread_condattr_destroy(pthread_condattr_t *attributes)
{
	(void)attributes;
	return 0;
}

int pthread_condattr_setclock(pthread_condattr_t *attributes, clockid_t clock)
{
	if (clock != CLOCK_REALTIME && clock != CLOCK_MONOTONIC)
		return EINVAL;
	attributes->__clock = clock;
	return 0;
}

int pthread_condattr_getclock(const pthread_condattr_t *restrict attributes, clockid_t *restrict clock)
{
	*clock = attributes->__clock;
	return 0;
}

/* Waiters are this process's threads. */
int pthread_condattr_setpshared(pthread_condattr_t *attributes, int shared)
{
	(void)attributes;
	return shared == PTHREAD_PROCESS_PRIVATE ? 0 : shared == PTHREAD_PROCESS_SHARED ? ENOTSUP : EINVAL;
}
