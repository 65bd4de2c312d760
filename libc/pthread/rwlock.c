/* rwlock.c: many readers or one writer. Readers need not wait for a writer that waits. */
#include <errno.h>
#include "queue.h"

#define WRITER (-1)

/* Under the guard: it may be had now, and is. */
static bool take(pthread_rwlock_t *l, bool write)
{
	if (l->__readers == WRITER || (write && l->__readers))
		return false;
	l->__readers = write ? WRITER : l->__readers + 1;
	return true;
}

/* Who is woken has it: the count is made by who wakes. */
static int lock_until(pthread_rwlock_t *l, bool write, uint64_t deadline)
{
	guard_acquire(&l->__guard);
	if (!take(l, write))
		return queue_wait(write ? &l->__write : &l->__read, &l->__guard, deadline);
	guard_release(&l->__guard);
	return 0;
}

static int try_lock(pthread_rwlock_t *l, bool write)
{
	bool taken;

	guard_acquire(&l->__guard);
	taken = take(l, write);
	guard_release(&l->__guard);
	return taken ? 0 : EBUSY;
}

static int timed_lock(pthread_rwlock_t *l, bool write, const struct timespec *time)
{
	uint64_t deadline = 0;
	int error;

	if (!try_lock(l, write))
		return 0;
	error = clock_deadline(CLOCK_REALTIME, time, &deadline);
	return error ? error : lock_until(l, write, deadline);
}

int pthread_rwlock_rdlock(pthread_rwlock_t *l)
{
	return lock_until(l, false, 0);
}

int pthread_rwlock_wrlock(pthread_rwlock_t *l)
{
	return lock_until(l, true, 0);
}

int pthread_rwlock_tryrdlock(pthread_rwlock_t *l)
{
	return try_lock(l, false);
}

int pthread_rwlock_trywrlock(pthread_rwlock_t *l)
{
	return try_lock(l, true);
}

int pthread_rwlock_timedrdlock(pthread_rwlock_t *restrict l, const struct timespec *restrict time)
{
	return timed_lock(l, false, time);
}

int pthread_rwlock_timedwrlock(pthread_rwlock_t *restrict l, const struct timespec *restrict time)
{
	return timed_lock(l, true, time);
}

int pthread_rwlock_unlock(pthread_rwlock_t *l)
{
	bool held;

	guard_acquire(&l->__guard);
	held = l->__readers;
	if (l->__readers == WRITER) {
		l->__readers = 0;
		while (queue_wake(&l->__read))
			l->__readers++;
	} else if (held) {
		l->__readers--;
	}
	if (!l->__readers && queue_wake(&l->__write))
		l->__readers = WRITER;
	guard_release(&l->__guard);
	return held ? 0 : EPERM;
}

int pthread_rwlock_init(pthread_rwlock_t *restrict l, const pthread_rwlockattr_t *restrict attributes)
{
	(void)attributes;
	*l = (pthread_rwlock_t){ 0 };
	return 0;
}

int pthread_rwlock_destroy(pthread_rwlock_t *l)
{
	return l->__readers ? EBUSY : 0;
}

int pthread_rwlockattr_init(pthread_rwlockattr_t *attributes)
{
	attributes->__nothing = 0;
	return 0;
}

int pthread_rwlockattr_destroy(pthread_rwlockattr_t *attributes)
{
	(void)attributes;
	return 0;
}
