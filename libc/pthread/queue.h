/*
 * queue.h: threads that wait for an object, first come first served. The object's guard protects its queue and
 * is never held over a wait.
 */
#ifndef PTHREAD_QUEUE_H
#define PTHREAD_QUEUE_H

#include <pthread.h>
#include <tessera/lock.h>
#include "../libc_internal.h"

static inline void guard_acquire(uintptr_t *guard)
{
	lock_acquire((struct lock *)guard);
}

static inline void guard_release(uintptr_t *guard)
{
	lock_release((struct lock *)guard);
}

/*
 * With the guard held: joins the queue, lets the guard go, waits to be woken or until the time CSR reads
 * `deadline` (0: for ever). Gives 0, or ETIMEDOUT when it was not woken and is in the queue no more.
 */
int queue_wait(struct __queue *queue, uintptr_t *guard, uint64_t deadline) LIBC_HIDDEN;

/* With the guard held: wakes who waits longest; false: nobody waits. */
bool queue_wake(struct __queue *queue) LIBC_HIDDEN;

/* pthread_mutex_lock until a deadline. */
int mutex_lock_until(pthread_mutex_t *mutex, uint64_t deadline) LIBC_HIDDEN;

/* What thread-specific data there is goes through its destructors; weak: there may be none. */
void pthread_keys_finish(void) LIBC_HIDDEN;

/* pthread_create and thrd_create: the function gives what the thread's result is. */
int pthread_make(pthread_t *out, const pthread_attr_t *attributes, void *(*fn)(void *), int (*c11)(void *), void *arg)
	LIBC_HIDDEN;
#endif
