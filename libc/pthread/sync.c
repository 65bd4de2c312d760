/* sync.c: barriers, once, spin locks (which wait: nothing spins under strict priorities), semaphores. */
#include <errno.h>
#include <semaphore.h>
#include "queue.h"

int pthread_barrier_init(pthread_barrier_t *restrict b, const pthread_barrierattr_t *restrict attributes,
			 unsigned count)
{
	(void)attributes;
	if (!count)
		return EINVAL;
	*b = (pthread_barrier_t){ .__wanted = count };
	return 0;
}

int pthread_barrier_destroy(pthread_barrier_t *b)
{
	return b->__arrived ? EBUSY : 0;
}

int pthread_barrier_wait(pthread_barrier_t *b)
{
	guard_acquire(&b->__guard);
	if (++b->__arrived < b->__wanted)
		return queue_wait(&b->__queue, &b->__guard, 0);
	b->__arrived = 0;
	while (queue_wake(&b->__queue))
		;
	guard_release(&b->__guard);
	return PTHREAD_BARRIER_SERIAL_THREAD;
}

int pthread_once(pthread_once_t *once, void (*fn)(void))
{
	if (__atomic_load_n(&once->__done, __ATOMIC_ACQUIRE))
		return 0;
	guard_acquire(&once->__lock);
	if (!once->__done) {
		fn();
		__atomic_store_n(&once->__done, 1, __ATOMIC_RELEASE);
	}
	guard_release(&once->__lock);
	return 0;
}

int pthread_spin_init(pthread_spinlock_t *spin, int shared)
{
	if (shared)
		return ENOTSUP;
	*spin = 0;
	return 0;
}

int pthread_spin_destroy(pthread_spinlock_t *spin)
{
	return *spin ? EBUSY : 0;
}

int pthread_spin_lock(pthread_spinlock_t *spin)
{
	guard_acquire(spin);
	return 0;
}

int pthread_spin_trylock(pthread_spinlock_t *spin)
{
	return lock_try((struct lock *)spin) ? 0 : EBUSY;
}

int pthread_spin_unlock(pthread_spinlock_t *spin)
{
	guard_release(spin);
	return 0;
}

static int sem_result(int error)
{
	if (!error)
		return 0;
	errno = error;
	return -1;
}

int sem_init(sem_t *s, int shared, unsigned value)
{
	if (shared || value > SEM_VALUE_MAX)
		return sem_result(shared ? ENOSYS : EINVAL);
	*s = (sem_t){ .__value = value };
	return 0;
}

int sem_destroy(sem_t *s)
{
	return sem_result(s->__first ? EBUSY : 0);
}

static struct __queue *queue_of(sem_t *s)
{
	_Static_assert(sizeof(struct __queue) == 2 * sizeof(void *), "a queue is its two ends");
	return (struct __queue *)&s->__first;
}

/* Under the guard. */
static bool count_down(sem_t *s)
{
	if (!s->__value)
		return false;
	s->__value--;
	return true;
}

int sem_trywait(sem_t *s)
{
	bool got;

	guard_acquire(&s->__guard);
	got = count_down(s);
	guard_release(&s->__guard);
	return sem_result(got ? 0 : EAGAIN);
}

static int wait_until(sem_t *s, uint64_t deadline)
{
	guard_acquire(&s->__guard);
	if (!count_down(s))
		return sem_result(queue_wait(queue_of(s), &s->__guard, deadline));
	guard_release(&s->__guard);
	return 0;
}

int sem_wait(sem_t *s)
{
	return wait_until(s, 0);
}

int sem_timedwait(sem_t *restrict s, const struct timespec *restrict time)
{
	uint64_t deadline = 0;
	int error;

	if (!sem_trywait(s))
		return 0;
	error = clock_deadline(CLOCK_REALTIME, time, &deadline);
	return error ? sem_result(error) : wait_until(s, deadline);
}

int sem_post(sem_t *s)
{
	int error = 0;

	guard_acquire(&s->__guard);
	if (!queue_wake(queue_of(s))) {
		if (s->__value == SEM_VALUE_MAX)
			error = EOVERFLOW;
		else
			s->__value++;
	}
	guard_release(&s->__guard);
	return sem_result(error);
}

int sem_getvalue(sem_t *restrict s, int *restrict value)
{
	*value = (int)__atomic_load_n(&s->__value, __ATOMIC_RELAXED);
	return 0;
}
