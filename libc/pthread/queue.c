/* queue.c: see queue.h. A waiter's record lies in its own frame: nothing of it is read once it is granted. */
#include <errno.h>
#include <tessera/syscall.h>
#include "queue.h"

struct waiter {
	struct waiter *next;           /* under the guard */
	cap_t wake;
	uint32_t granted;
};

/* Under the guard. */
static void leave(struct __queue *queue, struct waiter *me)
{
	struct waiter **link = (struct waiter **)&queue->__first, *before = NULL;

	for (; *link != me; link = &(*link)->next)
		before = *link;
	*link = me->next;
	if (queue->__last == me)
		queue->__last = before;
}

int queue_wait(struct __queue *queue, uintptr_t *guard, uint64_t deadline)
{
	struct waiter me = { .wake = thread_self.wake };
	bool late = false;

	if (queue->__first)
		((struct waiter *)queue->__last)->next = &me;
	else
		queue->__first = &me;
	queue->__last = &me;
	guard_release(guard);
	while (!__atomic_load_n(&me.granted, __ATOMIC_ACQUIRE) && !late) {
		if (thread_wait_signals(SIGNAL_WAKE, deadline) || !deadline || sys_time() < deadline)
			continue;
		guard_acquire(guard);
		late = !__atomic_load_n(&me.granted, __ATOMIC_ACQUIRE);
		if (late)
			leave(queue, &me);
		guard_release(guard);
	}
	return late ? ETIMEDOUT : 0;
}

bool queue_wake(struct __queue *queue)
{
	struct waiter *first = queue->__first;
	cap_t wake;

	if (!first)
		return false;
	queue->__first = first->next;
	if (!first->next)
		queue->__last = NULL;
	wake = first->wake;
	__atomic_store_n(&first->granted, 1, __ATOMIC_RELEASE);
	(void)sys_signal(wake);
	return true;
}
