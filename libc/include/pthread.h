/*
 * pthread.h: POSIX threads over tessera/thread.h. All waiting is on the thread's own endpoint; nothing spins.
 * Not there: cancellation, fork handlers, scheduling attributes, objects shared between processes.
 */
#ifndef _PTHREAD_H_
#define _PTHREAD_H_ 1

#include <sys/cdefs.h>
#include <sys/types.h>
#include <sched.h>
#include <stdint.h>
#include <time.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Waiters, first and last; under the lock of the object they wait for. */
struct __queue {
	void *__first, *__last;
};

typedef struct __pthread *pthread_t;
typedef unsigned pthread_key_t;
typedef struct {
	uintptr_t __lock;
	int __done;
} pthread_once_t;
typedef struct {
	size_t __stack;
	int __detached;
} pthread_attr_t;
typedef struct {
	int __type;
} pthread_mutexattr_t;
typedef struct {
	uintptr_t __guard;             /* of the queue */
	unsigned __state;              /* 0 free, 1 held, 2 held and perhaps waited for */
	int __type;
	void *__owner;
	unsigned __depth;
	struct __queue __queue;
} pthread_mutex_t;
typedef struct {
	clockid_t __clock;
} pthread_condattr_t;
typedef struct {
	uintptr_t __guard;
	clockid_t __clock;
	struct __queue __queue;
} pthread_cond_t;
typedef struct {
	int __nothing;
} pthread_rwlockattr_t;
typedef struct {
	uintptr_t __guard;
	long __readers;                /* -1: a writer holds it */
	struct __queue __read, __write;
} pthread_rwlock_t;
typedef struct {
	int __nothing;
} pthread_barrierattr_t;
typedef struct {
	uintptr_t __guard;
	unsigned __wanted, __arrived;
	struct __queue __queue;
} pthread_barrier_t;
typedef uintptr_t pthread_spinlock_t;

#define PTHREAD_MUTEX_NORMAL       0
#define PTHREAD_MUTEX_RECURSIVE    1
#define PTHREAD_MUTEX_ERRORCHECK   2
#define PTHREAD_MUTEX_DEFAULT      PTHREAD_MUTEX_NORMAL
#define PTHREAD_CREATE_JOINABLE    0
#define PTHREAD_CREATE_DETACHED    1
#define PTHREAD_PROCESS_PRIVATE    0
#define PTHREAD_PROCESS_SHARED     1
#define PTHREAD_BARRIER_SERIAL_THREAD (-1)
#define PTHREAD_STACK_MIN          16384
#define PTHREAD_KEYS_MAX           128
#define PTHREAD_DESTRUCTOR_ITERATIONS 4

#define PTHREAD_MUTEX_INITIALIZER  { 0 }
#define PTHREAD_RECURSIVE_MUTEX_INITIALIZER_NP { .__type = PTHREAD_MUTEX_RECURSIVE }
#define PTHREAD_ERRORCHECK_MUTEX_INITIALIZER_NP { .__type = PTHREAD_MUTEX_ERRORCHECK }
#define PTHREAD_COND_INITIALIZER   { 0 }
#define PTHREAD_RWLOCK_INITIALIZER { 0 }
#define PTHREAD_ONCE_INIT          { 0 }

int pthread_create(pthread_t *__restrict, const pthread_attr_t *__restrict, void *(*)(void *), void *__restrict);
int pthread_join(pthread_t, void **);
int pthread_detach(pthread_t);
_Noreturn void pthread_exit(void *);
pthread_t pthread_self(void);
int pthread_equal(pthread_t, pthread_t);

int pthread_attr_init(pthread_attr_t *);
int pthread_attr_destroy(pthread_attr_t *);
int pthread_attr_setdetachstate(pthread_attr_t *, int);
int pthread_attr_getdetachstate(const pthread_attr_t *, int *);
int pthread_attr_setstacksize(pthread_attr_t *, size_t);
int pthread_attr_getstacksize(const pthread_attr_t *__restrict, size_t *__restrict);

int pthread_mutex_init(pthread_mutex_t *__restrict, const pthread_mutexattr_t *__restrict);
int pthread_mutex_destroy(pthread_mutex_t *);
int pthread_mutex_lock(pthread_mutex_t *);
int pthread_mutex_trylock(pthread_mutex_t *);
int pthread_mutex_timedlock(pthread_mutex_t *__restrict, const struct timespec *__restrict);
int pthread_mutex_unlock(pthread_mutex_t *);
int pthread_mutexattr_init(pthread_mutexattr_t *);
int pthread_mutexattr_destroy(pthread_mutexattr_t *);
int pthread_mutexattr_settype(pthread_mutexattr_t *, int);
int pthread_mutexattr_setpshared(pthread_mutexattr_t *, int);
int pthread_mutexattr_gettype(const pthread_mutexattr_t *__restrict, int *__restrict);

int pthread_cond_init(pthread_cond_t *__restrict, const pthread_condattr_t *__restrict);
int pthread_cond_destroy(pthread_cond_t *);
int pthread_cond_wait(pthread_cond_t *__restrict, pthread_mutex_t *__restrict);
int pthread_cond_timedwait(pthread_cond_t *__restrict, pthread_mutex_t *__restrict, const struct timespec *__restrict);
int pthread_cond_signal(pthread_cond_t *);
int pthread_cond_broadcast(pthread_cond_t *);
int pthread_condattr_init(pthread_condattr_t *);
int pthread_condattr_destroy(pthread_condattr_t *);
int pthread_condattr_setpshared(pthread_condattr_t *, int);
int pthread_condattr_setclock(pthread_condattr_t *, clockid_t);
int pthread_condattr_getclock(const pthread_condattr_t *__restrict, clockid_t *__restrict);

int pthread_rwlock_init(pthread_rwlock_t *__restrict, const pthread_rwlockattr_t *__restrict);
int pthread_rwlock_destroy(pthread_rwlock_t *);
int pthread_rwlock_rdlock(pthread_rwlock_t *);
int pthread_rwlock_tryrdlock(pthread_rwlock_t *);
int pthread_rwlock_timedrdlock(pthread_rwlock_t *__restrict, const struct timespec *__restrict);
int pthread_rwlock_wrlock(pthread_rwlock_t *);
int pthread_rwlock_trywrlock(pthread_rwlock_t *);
int pthread_rwlock_timedwrlock(pthread_rwlock_t *__restrict, const struct timespec *__restrict);
int pthread_rwlock_unlock(pthread_rwlock_t *);
int pthread_rwlockattr_init(pthread_rwlockattr_t *);
int pthread_rwlockattr_destroy(pthread_rwlockattr_t *);

int pthread_barrier_init(pthread_barrier_t *__restrict, const pthread_barrierattr_t *__restrict, unsigned);
int pthread_barrier_destroy(pthread_barrier_t *);
int pthread_barrier_wait(pthread_barrier_t *);

int pthread_spin_init(pthread_spinlock_t *, int);
int pthread_spin_destroy(pthread_spinlock_t *);
int pthread_spin_lock(pthread_spinlock_t *);
int pthread_spin_trylock(pthread_spinlock_t *);
int pthread_spin_unlock(pthread_spinlock_t *);

int pthread_once(pthread_once_t *, void (*)(void));
int pthread_key_create(pthread_key_t *, void (*)(void *));
int pthread_key_delete(pthread_key_t);
void *pthread_getspecific(pthread_key_t);
int pthread_setspecific(pthread_key_t, const void *);

struct __pthread_cleanup {
	struct __pthread_cleanup *__outer;
	void (*__run)(void *);
	void *__argument;
};
void __pthread_cleanup_push(struct __pthread_cleanup *);
void __pthread_cleanup_pop(struct __pthread_cleanup *, int);
#define pthread_cleanup_push(run, argument)                                 \
	do {                                                                \
		struct __pthread_cleanup __cleanup = { 0, (run), (argument) }; \
		__pthread_cleanup_push(&__cleanup);
#define pthread_cleanup_pop(execute)                      \
		__pthread_cleanup_pop(&__cleanup, (execute)); \
	} while (0)

#ifdef __cplusplus
}
#endif
#endif
