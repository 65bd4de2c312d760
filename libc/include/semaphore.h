/* semaphore.h: unnamed semaphores of one process. */
#ifndef _SEMAPHORE_H_
#define _SEMAPHORE_H_ 1

#include <limits.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

#ifdef __cplusplus
extern "C" {
#endif

#ifndef SEM_VALUE_MAX
#define SEM_VALUE_MAX INT_MAX
#endif

typedef struct {
	uintptr_t __guard;
	unsigned __value;
	void *__first, *__last;
} sem_t;

int sem_init(sem_t *, int, unsigned);
int sem_destroy(sem_t *);
int sem_wait(sem_t *);
int sem_trywait(sem_t *);
int sem_timedwait(sem_t *__restrict, const struct timespec *__restrict);
int sem_post(sem_t *);
int sem_getvalue(sem_t *__restrict, int *__restrict);

#ifdef __cplusplus
}
#endif
#endif
