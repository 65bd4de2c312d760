/* stdlocks.c: picolibc's locks (stdio, environment, exit functions) made of tessera/lock.h. */
#include <stdlib.h>
#include <sys/lock.h>
#include "libc_internal.h"

struct __lock __lock___libc_recursive_mutex;

void __retarget_lock_init(_LOCK_T *lock)
{
	*lock = calloc(1, sizeof(**lock));
}

void __retarget_lock_init_recursive(_LOCK_T *lock)
{
	__retarget_lock_init(lock);
}

void __retarget_lock_close(_LOCK_T lock)
{
	free(lock);
}

void __retarget_lock_close_recursive(_LOCK_T lock)
{
	free(lock);
}

void __retarget_lock_acquire(_LOCK_T lock)
{
	if (lock)
		lock_acquire(&lock->lock);
}

int __retarget_lock_try_acquire(_LOCK_T lock)
{
	return !lock || lock_try(&lock->lock);
}

void __retarget_lock_release(_LOCK_T lock)
{
	if (lock)
		lock_release(&lock->lock);
}

void __retarget_lock_acquire_recursive(_LOCK_T lock)
{
	if (!lock)
		return;
	if (__atomic_load_n(&lock->owner, __ATOMIC_RELAXED) != &thread_self) {
		lock_acquire(&lock->lock);
		__atomic_store_n(&lock->owner, &thread_self, __ATOMIC_RELAXED);
	}
	lock->depth++;
}

int __retarget_lock_try_acquire_recursive(_LOCK_T lock)
{
	if (!lock)
		return 1;
	if (__atomic_load_n(&lock->owner, __ATOMIC_RELAXED) != &thread_self) {
		if (!lock_try(&lock->lock))
			return 0;
		__atomic_store_n(&lock->owner, &thread_self, __ATOMIC_RELAXED);
	}
	lock->depth++;
	return 1;
}

void __retarget_lock_release_recursive(_LOCK_T lock)
{
	if (!lock || --lock->depth)
		return;
	__atomic_store_n(&lock->owner, NULL, __ATOMIC_RELAXED);
	lock_release(&lock->lock);
}
