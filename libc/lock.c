/*
 * lock.c: the slow half of tessera/lock.h: waiting and handing over.
 *
 * The state word of a held lock is a stack of waiters, newest first, linked through their own stacks:
 *  1. a waiter pushes itself by compare and swap and waits for its endpoint;
 *  2. only the holder takes waiters off: the last of the list, who has waited longest;
 *  3. the holder marks it granted and signals it; the lock never becomes free in between.
 * Who is granted may be gone from its frame the moment the mark is set: nothing of it is read afterwards.
 */
#include <tessera/lock.h>
#include <tessera/syscall.h>
#include "libc_internal.h"

#define HELD ((uintptr_t)1)

struct waiter {
	struct waiter *next;           /* older; written before the push, then by the holder */
	cap_t wake;
	uint32_t granted;
};

void lock_wait(struct lock *lock)
{
	struct waiter me = { .wake = thread_self.wake };
	uintptr_t old = __atomic_load_n(&lock->state, __ATOMIC_RELAXED);
	uintptr_t next;

	do {
		me.next = (struct waiter *)(old & ~HELD);
		next = old ? (uintptr_t)&me | HELD : HELD;
	} while (!__atomic_compare_exchange_n(&lock->state, &old, next, 0, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED));
	if (!old)
		return;
	while (!__atomic_load_n(&me.granted, __ATOMIC_ACQUIRE))
		thread_wait_signals(SIGNAL_WAKE, 0);
}

/* Takes the oldest waiter off; NULL: another one came in between. */
static struct waiter *take_oldest(struct lock *lock)
{
	uintptr_t old = __atomic_load_n(&lock->state, __ATOMIC_ACQUIRE);
	struct waiter *oldest = (struct waiter *)(old & ~HELD), *before = NULL;

	for (; oldest->next; oldest = oldest->next)
		before = oldest;
	if (before)
		before->next = NULL;
	else if (!__atomic_compare_exchange_n(&lock->state, &old, HELD, 0, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED))
		return NULL;
	return oldest;
}

void lock_hand_over(struct lock *lock)
{
	struct waiter *oldest;
	cap_t wake;

	do
		oldest = take_oldest(lock);
	while (!oldest);
	wake = oldest->wake;
	__atomic_store_n(&oldest->granted, 1, __ATOMIC_RELEASE);
	(void)sys_signal(wake);
}
