/*
 * thread.c: threads made, ended and awaited. A thread's record lives until it was joined, or has ended
 * detached; all records' states are under one guard. The process ends when main returns, or when the last
 * thread ends after main called pthread_exit.
 */
#include <errno.h>
#include <stdlib.h>
#include <proc_client.h>
#include <tessera/process.h>
#include <tessera/thread.h>
#include "queue.h"

struct __pthread {
	void *(*fn)(void *);
	int (*c11)(void *);            /* in its place: thrd_create's */
	void *arg, *result;
	bool detached, ended, awaited;
	struct __queue joiner;
	struct __pthread_cleanup *cleanup;     /* the thread's own */
};

static uintptr_t guard;
static struct __pthread first = { .detached = true };
static _Thread_local struct __pthread *self = &first;
static unsigned running = 1;           /* threads, the first included; under the guard */
static struct __queue last_left;       /* the first thread, waiting for the others */

void pthread_keys_finish(void) __attribute__((weak));

/* The priority of this process's threads. */
static unsigned own_priority(void)
{
	static unsigned known;         /* every thread that asks finds the same */
	struct proc_info info = { 0 };

	if (!known && !proc_next(SLOT_PROCESS, process_start_info()->pid, &info))
		known = info.prio;
	return known;
}

static _Noreturn void end_thread(void *result)
{
	struct __pthread *me = self;
	bool unwanted;

	while (me->cleanup) {
		struct __pthread_cleanup *c = me->cleanup;

		me->cleanup = c->__outer;
		c->__run(c->__argument);
	}
	if (pthread_keys_finish)
		pthread_keys_finish();
	guard_acquire(&guard);
	me->result = result;
	me->ended = true;
	unwanted = me->detached && me != &first;
	(void)queue_wake(&me->joiner);
	if (--running == 0)
		(void)queue_wake(&last_left);
	if (me == &first && running)
		(void)queue_wait(&last_left, &guard, 0);
	else
		guard_release(&guard);
	if (unwanted)
		free(me);
	thread_exit();
}

static void run_thread(void *arg)
{
	self = arg;
	end_thread(self->c11 ? (void *)(intptr_t)self->c11(self->arg) : self->fn(self->arg));
}

int pthread_make(pthread_t *out, const pthread_attr_t *attributes, void *(*fn)(void *), int (*c11)(void *), void *arg)
{
	size_t stack = attributes && attributes->__stack ? attributes->__stack : THREAD_STACK;
	struct __pthread *t = calloc(1, sizeof(*t));
	unsigned priority = own_priority();
	int error;

	if (!t)
		return EAGAIN;
	t->fn = fn;
	t->c11 = c11;
	t->arg = arg;
	t->detached = attributes && attributes->__detached;
	*out = t;
	guard_acquire(&guard);
	running++;
	guard_release(&guard);
	error = thread_start(run_thread, t, priority, stack);
	if (!error)
		return 0;
	guard_acquire(&guard);
	running--;
	guard_release(&guard);
	free(t);
	return error == E_BAD_ARG ? EINVAL : EAGAIN;
}

int pthread_create(pthread_t *restrict out, const pthread_attr_t *restrict attributes, void *(*fn)(void *),
		   void *restrict arg)
{
	return pthread_make(out, attributes, fn, NULL, arg);
}

int pthread_join(pthread_t t, void **result)
{
	if (t == self)
		return EDEADLK;
	guard_acquire(&guard);
	if (t->detached || t->awaited) {
		guard_release(&guard);
		return EINVAL;
	}
	t->awaited = true;
	if (t->ended)
		guard_release(&guard);
	else
		(void)queue_wait(&t->joiner, &guard, 0);
	/* Who ended it let the guard go after waking: then it has done with the record. */
	guard_acquire(&guard);
	guard_release(&guard);
	if (result)
		*result = t->result;
	free(t);
	return 0;
}

int pthread_detach(pthread_t t)
{
	bool ended, bad;

	guard_acquire(&guard);
	bad = t->detached || t->awaited;
	ended = t->ended;
	if (!bad)
		t->detached = true;
	guard_release(&guard);
	if (!bad && ended)
		free(t);
	return bad ? EINVAL : 0;
}

_Noreturn void pthread_exit(void *result)
{
	end_thread(result);
}

pthread_t pthread_self(void)
{
	return self;
}

int pthread_equal(pthread_t a, pthread_t b)
{
	return a == b;
}

void __pthread_cleanup_push(struct __pthread_cleanup *c)
{
	c->__outer = self->cleanup;
	self->cleanup = c;
}

void __pthread_cleanup_pop(struct __pthread_cleanup *c, int execute)
{
	self->cleanup = c->__outer;
	if (execute)
		c->__run(c->__argument);
}

int pthread_attr_init(pthread_attr_t *attributes)
{
	*attributes = (pthread_attr_t){ .__stack = THREAD_STACK };
	return 0;
}

int pthread_attr_destroy(pthread_attr_t *attributes)
{
	(void)attributes;
	return 0;
}

int pthread_attr_setdetachstate(pthread_attr_t *attributes, int state)
{
	if (state != PTHREAD_CREATE_JOINABLE && state != PTHREAD_CREATE_DETACHED)
		return EINVAL;
	attributes->__detached = state;
	return 0;
}

int pthread_attr_getdetachstate(const pthread_attr_t *attributes, int *state)
{
	*state = attributes->__detached;
	return 0;
}

int pthread_attr_setstacksize(pthread_attr_t *attributes, size_t size)
{
	if (size < PTHREAD_STACK_MIN)
		return EINVAL;
	attributes->__stack = size;
	return 0;
}

int pthread_attr_getstacksize(const pthread_attr_t *restrict attributes, size_t *restrict size)
{
	*size = attributes->__stack;
	return 0;
}
