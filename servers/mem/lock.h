/*
 * lock.h: mem's one lock: who holds it may touch all of mem's data. Under it only kernel calls are made, none that
 * waits for a client. Without a queue: see docs/decisions/0011-locks-without-a-queue.md.
 */
#ifndef MEM_LOCK_H
#define MEM_LOCK_H

#include <stdint.h>

extern uint32_t lock;                   /* 1 while held */

static inline void lock_pause(void)
{
	__asm__ volatile(".word 0x0100000f");   /* pause: a hint, and nothing where it is not known */
}

/* Somebody else holds it: looks again and again, and lets its hart do something else in between. */
void lock_wait(void);

static inline void lock_take(void)
{
	while (__atomic_exchange_n(&lock, 1, __ATOMIC_ACQUIRE))
		lock_wait();
}

static inline void lock_drop(void)
{
	__atomic_store_n(&lock, 0, __ATOMIC_RELEASE);
}

#endif
