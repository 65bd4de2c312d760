/* c11.c: threads.h in terms of pthread.h: the objects are the same, the results have other names. */
#include <errno.h>
#include <threads.h>
#include "queue.h"

static int result_of(int error)
{
	switch (error) {
	case 0:
		return thrd_success;
	case EBUSY:
		return thrd_busy;
	case ETIMEDOUT:
		return thrd_timedout;
	case ENOMEM:
		return thrd_nomem;
	default:
		return thrd_error;
	}
}

int thrd_create(thrd_t *out, thrd_start_t fn, void *arg)
{
	int error = pthread_make(out, NULL, NULL, fn, arg);

	return error == EAGAIN ? thrd_nomem : result_of(error);
}

thrd_t thrd_current(void)
{
	return pthread_self();
}

int thrd_detach(thrd_t t)
{
	return result_of(pthread_detach(t));
}

int thrd_equal(thrd_t a, thrd_t b)
{
	return a == b;
}

_Noreturn void thrd_exit(int result)
{
	pthread_exit((void *)(intptr_t)result);
}

int thrd_join(thrd_t t, int *result)
{
	void *value = NULL;
	int error = pthread_join(t, &value);

	if (!error && result)
		*result = (int)(intptr_t)value;
	return result_of(error);
}

int thrd_sleep(const struct timespec *span, struct timespec *left)
{
	return nanosleep(span, left) ? -2 : 0;
}

void thrd_yield(void)
{
	(void)sched_yield();
}

int mtx_init(mtx_t *m, int type)
{
	if (type & ~(mtx_recursive | mtx_timed))
		return thrd_error;
	*m = (mtx_t){ .__type = type & mtx_recursive ? PTHREAD_MUTEX_RECURSIVE : PTHREAD_MUTEX_NORMAL };
	return thrd_success;
}

void mtx_destroy(mtx_t *m)
{
	(void)pthread_mutex_destroy(m);
}

int mtx_lock(mtx_t *m)
{
	return result_of(pthread_mutex_lock(m));
}

int mtx_timedlock(mtx_t *restrict m, const struct timespec *restrict time)
{
	return result_of(pthread_mutex_timedlock(m, time));
}

int mtx_trylock(mtx_t *m)
{
	return result_of(pthread_mutex_trylock(m));
}

int mtx_unlock(mtx_t *m)
{
	return result_of(pthread_mutex_unlock(m));
}

int cnd_init(cnd_t *c)
{
	return result_of(pthread_cond_init(c, NULL));
}

void cnd_destroy(cnd_t *c)
{
	(void)pthread_cond_destroy(c);
}

int cnd_wait(cnd_t *c, mtx_t *m)
{
	return result_of(pthread_cond_wait(c, m));
}

int cnd_timedwait(cnd_t *restrict c, mtx_t *restrict m, const struct timespec *restrict time)
{
	return result_of(pthread_cond_timedwait(c, m, time));
}

int cnd_signal(cnd_t *c)
{
	return result_of(pthread_cond_signal(c));
}

int cnd_broadcast(cnd_t *c)
{
	return result_of(pthread_cond_broadcast(c));
}

int tss_create(tss_t *key, tss_dtor_t destructor)
{
	return result_of(pthread_key_create(key, destructor));
}

void tss_delete(tss_t key)
{
	(void)pthread_key_delete(key);
}

void *tss_get(tss_t key)
{
	return pthread_getspecific(key);
}

int tss_set(tss_t key, void *data)
{
	return result_of(pthread_setspecific(key, data));
}

void call_once(once_flag *once, void (*fn)(void))
{
	(void)pthread_once(once, fn);
}
