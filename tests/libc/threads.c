/* threads.c: pthread.h, semaphore.h and threads.h: results, errors, edges,
	and threads that fight for each object. */
#include <pthread.h>
#include <semaphore.h>
#include <stdlib.h>
#include <threads.h>
#include <time.h>
#include "check.h"

#define THREADS 6
#define TURNS   300
#define MANY    500

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t cond = PTHREAD_COND_INITIALIZER;
static pthread_rwlock_t rwlock = PTHREAD_RWLOCK_INITIALIZER;
static pthread_barrier_t barrier;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static pthread_key_t key;
static sem_t sem, turn[2];
static int counter, onces, destroyed, inside, ready;
static _Thread_local int own = 7;

static struct timespec after(clockid_t clock, long milliseconds)
{
	struct timespec t;

	clock_gettime(clock, &t);
	t.tv_nsec += milliseconds * 1000000;
	t.tv_sec += t.tv_nsec / 1000000000;
	t.tv_nsec %= 1000000000;
	return t;
}

static void nap(void)
{
	struct timespec t = { 0, 200000 };

	nanosleep(&t, NULL);
}

static void *count(void *arg)
{
	own += (int)(intptr_t)arg;
	for (int i = 0; i < TURNS; i++) {
		pthread_mutex_lock(&mutex);
		int seen = counter;

		if (i % 50 == 0)
			nap();
		counter = seen + 1;
		pthread_mutex_unlock(&mutex);
	}
	return (void *)(intptr_t)own;
}

static void create_and_join(void)
{
	pthread_t t[THREADS];
	void *result;

	for (intptr_t i = 0; i < THREADS; i++)
		CHECK(!pthread_create(&t[i], NULL, count, (void *)i));
	CHECK(pthread_equal(t[0], t[0]) && !pthread_equal(t[0], t[1]));
	for (intptr_t i = 0; i < THREADS; i++)
		CHECK(!pthread_join(t[i], &result) && (intptr_t)result == 7 + i);
	CHECK(counter == THREADS * TURNS && own == 7);
	CHECK(pthread_join(pthread_self(), NULL) == EDEADLK);
}

static void *exit_deep(void *arg)
{
	pthread_exit(arg);
}

static void *wait_sem(void *arg)
{
	sem_wait(&sem);
	sem_post(arg);
	return NULL;
}

static void detached(void)
{
	pthread_t t;
	pthread_attr_t a;
	sem_t done;
	int state;
	size_t size;
	void *result;

	CHECK(!sem_init(&sem, 0, 0) && !sem_init(&done, 0, 0));
	CHECK(!pthread_create(&t, NULL, wait_sem, &done) && !pthread_detach(t));
	CHECK(pthread_join(t, NULL) == EINVAL && pthread_detach(t) == EINVAL);
	CHECK(!sem_post(&sem) && !sem_wait(&done));
	CHECK(!pthread_attr_init(&a) && !pthread_attr_setdetachstate(&a, PTHREAD_CREATE_DETACHED));
	CHECK(!pthread_attr_getdetachstate(&a, &state) && state == PTHREAD_CREATE_DETACHED);
	CHECK(pthread_attr_setdetachstate(&a, 9) == EINVAL && pthread_attr_setstacksize(&a, 100) == EINVAL);
	CHECK(!pthread_attr_setstacksize(&a, 1 << 20) && !pthread_attr_getstacksize(&a, &size) && size == 1 << 20);
	CHECK(!pthread_create(&t, &a, wait_sem, &done) && !sem_post(&sem) && !sem_wait(&done));
	CHECK(!pthread_attr_destroy(&a));
	CHECK(!pthread_create(&t, NULL, exit_deep, &a) && !pthread_join(t, &result) && result == &a);
}

static void *hold_mutex(void *arg)
{
	pthread_mutex_lock(arg);
	sem_post(&turn[0]);
	sem_wait(&turn[1]);
	pthread_mutex_unlock(arg);
	return NULL;
}

static void mutexes(void)
{
	pthread_mutexattr_t a;
	pthread_mutex_t m;
	pthread_t t;
	struct timespec soon = after(CLOCK_REALTIME, 20), bad = { 0, 1000000000 };
	int type;

	sem_init(&turn[0], 0, 0);
	sem_init(&turn[1], 0, 0);
	CHECK(!pthread_mutexattr_init(&a) && !pthread_mutexattr_gettype(&a, &type) && type == PTHREAD_MUTEX_NORMAL);
	CHECK(pthread_mutexattr_settype(&a, 77) == EINVAL);
	CHECK(!pthread_mutexattr_settype(&a, PTHREAD_MUTEX_RECURSIVE) && !pthread_mutex_init(&m, &a));
	CHECK(!pthread_mutex_lock(&m) && !pthread_mutex_lock(&m) && !pthread_mutex_trylock(&m));
	CHECK(!pthread_mutex_unlock(&m) && !pthread_mutex_unlock(&m) && !pthread_mutex_unlock(&m));
	CHECK(pthread_mutex_unlock(&m) == EPERM && !pthread_mutex_destroy(&m));
	CHECK(!pthread_mutexattr_settype(&a, PTHREAD_MUTEX_ERRORCHECK) && !pthread_mutex_init(&m, &a));
	CHECK(pthread_mutex_unlock(&m) == EPERM && !pthread_mutex_lock(&m) && pthread_mutex_lock(&m) == EDEADLK);
	CHECK(pthread_mutex_trylock(&m) == EBUSY && pthread_mutex_destroy(&m) == EBUSY && !pthread_mutex_unlock(&m));
	CHECK(!pthread_create(&t, NULL, hold_mutex, &m) && !sem_wait(&turn[0]));
	CHECK(pthread_mutex_trylock(&m) == EBUSY && pthread_mutex_unlock(&m) == EPERM);
	CHECK(pthread_mutex_timedlock(&m, &soon) == ETIMEDOUT && pthread_mutex_timedlock(&m, &bad) == EINVAL);
	CHECK(!sem_post(&turn[1]) && !pthread_mutex_lock(&m) && !pthread_mutex_unlock(&m) && !pthread_join(t,
		NULL));
	CHECK(!pthread_mutex_timedlock(&m, &bad) && !pthread_mutex_unlock(&m));
}

static void *wait_cond(void *arg)
{
	pthread_mutex_lock(&mutex);
	ready++;
	while (!*(volatile int *)arg)
		pthread_cond_wait(&cond, &mutex);
	ready--;
	pthread_mutex_unlock(&mutex);
	return NULL;
}

static void conditions(void)
{
	pthread_condattr_t a;
	pthread_cond_t c;
	pthread_t t[THREADS];
	struct timespec soon;
	clockid_t clock;
	int go = 0;

	for (int i = 0; i < THREADS; i++)
		CHECK(!pthread_create(&t[i], NULL, wait_cond, &go));
	while (pthread_mutex_lock(&mutex), ready < THREADS) {
		pthread_mutex_unlock(&mutex);
		nap();
	}
	CHECK(pthread_cond_destroy(&cond) == EBUSY);
	go = 1;
	CHECK(!pthread_cond_signal(&cond) && !pthread_cond_broadcast(&cond));
	pthread_mutex_unlock(&mutex);
	for (int i = 0; i < THREADS; i++)
		CHECK(!pthread_join(t[i], NULL));
	CHECK(ready == 0 && !pthread_cond_signal(&cond));
	CHECK(!pthread_condattr_init(&a) && pthread_condattr_setclock(&a, 99) == EINVAL);
	CHECK(!pthread_condattr_setclock(&a, CLOCK_MONOTONIC));
	CHECK(!pthread_condattr_getclock(&a, &clock) && clock == CLOCK_MONOTONIC && !pthread_cond_init(&c, &a));
	pthread_mutex_lock(&mutex);
	soon = after(CLOCK_MONOTONIC, 20);
	CHECK(pthread_cond_timedwait(&c, &mutex, &soon) == ETIMEDOUT && pthread_mutex_trylock(&mutex) == EBUSY);
	soon.tv_nsec = -1;
	CHECK(pthread_cond_timedwait(&c, &mutex, &soon) == EINVAL);
	pthread_mutex_unlock(&mutex);
	CHECK(!pthread_cond_destroy(&c));
}

static void *use_rwlock(void *arg)
{
	for (int i = 0; i < 50; i++) {
		if (arg) {
			pthread_rwlock_wrlock(&rwlock);
			CHECK(++inside == 1);
			nap();
			inside--;
		} else {
			pthread_rwlock_rdlock(&rwlock);
			CHECK(inside == 0);
			if (i % 10 == 0)
				nap();
		}
		pthread_rwlock_unlock(&rwlock);
	}
	return NULL;
}

static void rwlocks(void)
{
	pthread_t t[THREADS];
	struct timespec soon = after(CLOCK_REALTIME, 20);

	for (intptr_t i = 0; i < THREADS; i++)
		CHECK(!pthread_create(&t[i], NULL, use_rwlock, (void *)(intptr_t)(i % 3 == 0)));
	for (int i = 0; i < THREADS; i++)
		CHECK(!pthread_join(t[i], NULL));
	CHECK(!pthread_rwlock_rdlock(&rwlock) && !pthread_rwlock_rdlock(&rwlock) && !pthread_rwlock_tryrdlock(&rwlock));
	CHECK(pthread_rwlock_trywrlock(&rwlock) == EBUSY && pthread_rwlock_timedwrlock(&rwlock,
		&soon) == ETIMEDOUT);
	CHECK(pthread_rwlock_destroy(&rwlock) == EBUSY);
	for (int i = 0; i < 3; i++)
		CHECK(!pthread_rwlock_unlock(&rwlock));
	CHECK(pthread_rwlock_unlock(&rwlock) == EPERM && !pthread_rwlock_wrlock(&rwlock));
	CHECK(pthread_rwlock_tryrdlock(&rwlock) == EBUSY && pthread_rwlock_timedrdlock(&rwlock,
		&soon) == ETIMEDOUT);
	CHECK(!pthread_rwlock_unlock(&rwlock) && !pthread_rwlock_destroy(&rwlock));
}

static void init_once(void)
{
	nap();
	onces++;
}

static void destroy(void *value)
{
	destroyed += *(int *)value;
	if (*(int *)value == 1) {
		*(int *)value = 10;
		pthread_setspecific(key, value);
	}
}

static void *meet(void *arg)
{
	int value = 1, r;

	pthread_once(&once, init_once);
	CHECK(onces == 1 && pthread_getspecific(key) == NULL);
	CHECK(!pthread_setspecific(key, malloc(sizeof(int))));
	*(int *)pthread_getspecific(key) = value;
	r = pthread_barrier_wait(&barrier);
	CHECK(r == 0 || r == PTHREAD_BARRIER_SERIAL_THREAD);
	if (pthread_barrier_wait(&barrier) == PTHREAD_BARRIER_SERIAL_THREAD)
		counter++;
	return arg;
}

static void meetings(void)
{
	pthread_t t[THREADS];
	pthread_key_t more[PTHREAD_KEYS_MAX];
	int n = 0;

	counter = 0;
	CHECK(pthread_barrier_init(&barrier, NULL, 0) == EINVAL && !pthread_barrier_init(&barrier, NULL, THREADS));
	CHECK(!pthread_key_create(&key, destroy) && pthread_setspecific(PTHREAD_KEYS_MAX, "") == EINVAL);
	for (int i = 0; i < THREADS; i++)
		CHECK(!pthread_create(&t[i], NULL, meet, NULL));
	for (int i = 0; i < THREADS; i++)
		CHECK(!pthread_join(t[i], NULL));
	CHECK(counter == 1 && onces == 1 && destroyed == THREADS * 11 && !pthread_barrier_destroy(&barrier));
	while (n < PTHREAD_KEYS_MAX && !pthread_key_create(&more[n], NULL))
		n++;
	CHECK(n == PTHREAD_KEYS_MAX - 1 && pthread_key_create(&more[0], NULL) == EAGAIN);
	CHECK(!pthread_setspecific(more[5], "old") && !pthread_key_delete(more[5]) &&
		!pthread_getspecific(more[5]));
	CHECK(pthread_key_delete(more[5]) == EINVAL && !pthread_key_create(&more[0], NULL) && more[0] == more[5]);
	CHECK(!pthread_getspecific(more[0]));
}

static void *play(void *arg)
{
	int me = (int)(intptr_t)arg;

	for (int i = 0; i < TURNS; i++) {
		sem_wait(&turn[me]);
		CHECK(counter % 2 == me);
		counter++;
		sem_post(&turn[!me]);
	}
	return NULL;
}

static void semaphores(void)
{
	pthread_t t[2];
	struct timespec soon = after(CLOCK_REALTIME, 20);
	int value;

	counter = 0;
	CHECK_ERRNO(sem_init(&sem, 1, 0), -1, ENOSYS);
	CHECK_ERRNO(sem_init(&sem, 0, (unsigned)SEM_VALUE_MAX + 1), -1, EINVAL);
	CHECK(!sem_init(&sem, 0, 2) && !sem_wait(&sem) && !sem_trywait(&sem));
	CHECK_ERRNO(sem_trywait(&sem), -1, EAGAIN);
	CHECK_ERRNO(sem_timedwait(&sem, &soon), -1, ETIMEDOUT);
	CHECK(!sem_getvalue(&sem, &value) && value == 0 && !sem_post(&sem));
	CHECK(!sem_getvalue(&sem, &value) && value == 1 && !sem_destroy(&sem));
	CHECK(!sem_init(&sem, 0, SEM_VALUE_MAX));
	CHECK_ERRNO(sem_post(&sem), -1, EOVERFLOW);
	CHECK(!sem_init(&turn[0], 0, 1) && !sem_init(&turn[1], 0, 0));
	for (intptr_t i = 0; i < 2; i++)
		CHECK(!pthread_create(&t[i], NULL, play, (void *)i));
	for (int i = 0; i < 2; i++)
		CHECK(!pthread_join(t[i], NULL));
	CHECK(counter == 2 * TURNS);
}

static void clean(void *arg)
{
	*(int *)arg += 1;
}

static void *leave_dirty(void *arg)
{
	pthread_cleanup_push(clean, arg);
	pthread_cleanup_push(clean, arg);
	pthread_cleanup_pop(0);
	pthread_cleanup_push(clean, arg);
	pthread_exit(NULL);
	pthread_cleanup_pop(0);
	pthread_cleanup_pop(0);
	return NULL;
}

static void cleanups(void)
{
	pthread_t t;
	int cleaned = 0;

	CHECK(!pthread_create(&t, NULL, leave_dirty, &cleaned) && !pthread_join(t, NULL) && cleaned == 2);
}

static volatile int c11_tried;

static int c11_thread(void *arg)
{
	mtx_t *m = arg;

	CHECK(mtx_trylock(m) == thrd_busy);
	c11_tried = 1;
	mtx_lock(m);
	mtx_unlock(m);
	thrd_exit(-5);
}

static void c11(void)
{
	thrd_t t;
	mtx_t m, timed;
	cnd_t c;
	struct timespec soon = after(CLOCK_REALTIME, 20), span = { 0, 1000 };
	int result = 0;

	CHECK(mtx_init(&m, mtx_plain) == thrd_success && mtx_init(&timed,
		mtx_timed | mtx_recursive) == thrd_success);
	CHECK(mtx_lock(&timed) == thrd_success && mtx_timedlock(&timed, &soon) == thrd_success);
	CHECK(mtx_unlock(&timed) == thrd_success && mtx_unlock(&timed) == thrd_success && mtx_init(&m,
		99) == thrd_error);
	CHECK(mtx_init(&m, mtx_plain) == thrd_success && mtx_lock(&m) == thrd_success);
	CHECK(thrd_create(&t, c11_thread, &m) == thrd_success);
	while (!c11_tried)
		nap();
	CHECK(cnd_init(&c) == thrd_success && cnd_timedwait(&c, &m, &soon) == thrd_timedout);
	CHECK(mtx_unlock(&m) == thrd_success && thrd_join(t, &result) == thrd_success && result == -5);
	CHECK(cnd_signal(&c) == thrd_success && cnd_broadcast(&c) == thrd_success && !thrd_sleep(&span, NULL));
	thrd_yield();
	cnd_destroy(&c);
	mtx_destroy(&m);
}

static void *print(void *arg)
{
	for (int i = 0; i < 40; i++)
		printf("%s%s\n", (char *)arg, (char *)arg);
	return NULL;
}

/* Lines of threads that print at the same time stay whole: the test looks at them. */
static void lines(void)
{
	static char names[3][60] = { "aaaaaaaaaaaaaaaaaaaaaaaaa", "bbbbbbbbbbbbbbbbbbbbbbbbbbb",
		"cccccccccccccccccc" };
	pthread_t t[3];

	for (int i = 0; i < 3; i++)
		CHECK(!pthread_create(&t[i], NULL, print, names[i]));
	for (int i = 0; i < 3; i++)
		CHECK(!pthread_join(t[i], NULL));
}

static void *one_of_many(void *arg)
{
	(void)arg;
	CHECK(!pthread_mutex_lock(&mutex));
	counter++;
	CHECK(!pthread_mutex_unlock(&mutex));
	return wait_sem(&turn[0]);
}

/* Threads one after the other, and many at once. */
static void many(void)
{
	static pthread_t t[MANY];
	pthread_attr_t small;
	int n = 0, error = 0;

	for (int i = 0; i < 100; i++)
		CHECK(!pthread_create(&t[0], NULL, exit_deep, NULL) && !pthread_join(t[0], NULL));
	CHECK(!sem_init(&sem, 0, 0) && !sem_init(&turn[0], 0, 0));
	CHECK(!pthread_attr_init(&small) && !pthread_attr_setstacksize(&small, 32768));
	counter = 0;
	while (n < MANY && !(error = pthread_create(&t[n], &small, one_of_many, NULL)))
		n++;
	CHECK(n == MANY && !error);
	for (int i = 0; i < n; i++)
		sem_post(&sem);
	for (int i = 0; i < n; i++)
		CHECK(!pthread_join(t[i], NULL));
	CHECK(counter == MANY);
	CHECK(!pthread_create(&t[0], NULL, exit_deep, NULL) && !pthread_join(t[0], NULL));
}

static void *last(void *arg)
{
	nap();
	exit(check_end(arg));
}

int main(void)
{
	pthread_t t;

	create_and_join();
	detached();
	mutexes();
	conditions();
	rwlocks();
	meetings();
	semaphores();
	cleanups();
	c11();
	many();
	lines();
	pthread_create(&t, NULL, last, "threads");
	pthread_exit(NULL);
}
