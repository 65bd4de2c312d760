/*
 * lock.h: mem's one lock: who holds it may touch all of mem's data. First come, first served. Under it only kernel
 * calls are made, none that waits for a client.
 */
#ifndef MEM_LOCK_H
#define MEM_LOCK_H

#include <stdint.h>

struct lock {
	uint32_t next, owner;
};

extern struct lock lock;

static inline void lock_pause(void)
{
	__asm__ volatile(".word 0x0100000f");   /* pause: a hint, and nothing where it is not known */
}

static inline void lock_take(void)
{
	uint32_t mine = __atomic_fetch_add(&lock.next, 1, __ATOMIC_RELAXED);

	while (__atomic_load_n(&lock.owner, __ATOMIC_ACQUIRE) != mine)
		lock_pause();
}

static inline void lock_drop(void)
{
	__atomic_store_n(&lock.owner, lock.owner + 1, __ATOMIC_RELEASE);
}

#endif
