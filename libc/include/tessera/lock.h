/*
 * tessera/lock.h: a mutual exclusion lock without busy waiting: who does not get it waits on its thread's
 * own endpoint, and the holder hands it over to the longest waiter when it lets go. Free: one compare and
 * swap each way, no system call. { 0 } is a free lock. Not recursive.
 *
 * A server that waits for a lock while it owes its caller an answer has that caller saved in a slot:
 * see thread_held_reply in tessera/thread.h.
 */
#ifndef TESSERA_LOCK_H
#define TESSERA_LOCK_H

#include <stdint.h>

struct lock {
	uintptr_t state;               /* 0 free; 1 held; else the newest waiter's address | 1 */
};

void lock_wait(struct lock *lock);
void lock_hand_over(struct lock *lock);

static inline void lock_acquire(struct lock *lock)
{
	uintptr_t free = 0;

	if (!__atomic_compare_exchange_n(&lock->state, &free, 1, 0, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
		lock_wait(lock);
}

/* 1: got it; 0: somebody holds it. */
static inline int lock_try(struct lock *lock)
{
	uintptr_t free = 0;

	return __atomic_compare_exchange_n(&lock->state, &free, 1, 0, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED);
}

static inline void lock_release(struct lock *lock)
{
	uintptr_t held = 1;

	if (!__atomic_compare_exchange_n(&lock->state, &held, 0, 0, __ATOMIC_RELEASE, __ATOMIC_RELAXED))
		lock_hand_over(lock);
}
#endif
