/*
 * time.c: clocks and sleeping. The only clock is the time CSR, which counts from power-on: monotonic
 * time, and with proc's account the process's CPU time. Nobody sets the date: CLOCK_REALTIME began with 1970
 * at power-on, as on a machine whose clock was never set.
 */
#include <errno.h>
#include <sched.h>
#include <sys/time.h>
#include <sys/times.h>
#include <time.h>
#include <unistd.h>
#include <proc_client.h>
#include <tessera/process.h>
#include <tessera/syscall.h>
#include "libc_internal.h"

#define NANOSECONDS 1000000000ull
#define MICROSECONDS 1000000ull

static struct timespec ticks_to_time(uint64_t ticks)
{
	uint64_t rate = start_info->timebase;

	return (struct timespec){ .tv_sec = (time_t)(ticks / rate),
				  .tv_nsec = (long)(ticks % rate * NANOSECONDS / rate) };
}

/* Rounded up; saturates. */
static uint64_t time_to_ticks(const struct timespec *t)
{
	uint64_t rate = start_info->timebase, ticks;

	if (__builtin_mul_overflow((uint64_t)t->tv_sec, rate, &ticks))
		return UINT64_MAX;
	return ticks + ((uint64_t)t->tv_nsec * rate + NANOSECONDS - 1) / NANOSECONDS;
}

static int cpu_ticks(uint64_t *ticks)
{
	struct proc_info info = { 0 };
	int error = proc_next(SLOT_PROCESS, start_info->pid, &info);

	if (!error)
		*ticks = info.cpu;
	return error;
}

int clock_gettime(clockid_t clock, struct timespec *now)
{
	uint64_t ticks = 0;
	int error = 0;

	if (clock == CLOCK_MONOTONIC || clock == CLOCK_REALTIME) {
		ticks = sys_time();
	} else if (clock == CLOCK_PROCESS_CPUTIME_ID) {
		error = cpu_ticks(&ticks);
	} else {
		errno = EINVAL;
		return -1;
	}
	if (!error)
		*now = ticks_to_time(ticks);
	return errno_result(error);
}

int clock_getres(clockid_t clock, struct timespec *step)
{
	if (clock != CLOCK_MONOTONIC && clock != CLOCK_REALTIME && clock != CLOCK_PROCESS_CPUTIME_ID) {
		errno = EINVAL;
		return -1;
	}
	*step = ticks_to_time(1);
	if (!step->tv_nsec)
		step->tv_nsec = 1;
	return 0;
}

int gettimeofday(struct timeval *restrict now, void *restrict zone)
{
	struct timespec t = { 0 };

	(void)zone;
	(void)clock_gettime(CLOCK_REALTIME, &t);
	now->tv_sec = t.tv_sec;
	now->tv_usec = t.tv_nsec / 1000;
	return 0;
}

int timespec_get(struct timespec *now, int base)
{
	return base == TIME_UTC && !clock_gettime(CLOCK_REALTIME, now) ? base : 0;
}

/* In units of CLOCKS_PER_SEC, which is what picolibc's clock() divides by. */
clock_t times(struct tms *out)
{
	uint64_t cpu = 0;
	int error = cpu_ticks(&cpu);

	if (error) {
		errno_result(error);
		return (clock_t)-1;
	}
	*out = (struct tms){ .tms_utime = (clock_t)(cpu * CLOCKS_PER_SEC / start_info->timebase) };
	return (clock_t)(sys_time() * CLOCKS_PER_SEC / start_info->timebase);
}

static bool time_bad(const struct timespec *t)
{
	return t->tv_nsec < 0 || (uint64_t)t->tv_nsec >= NANOSECONDS;
}

int clock_deadline(clockid_t clock, const struct timespec *time, uint64_t *deadline)
{
	if ((clock != CLOCK_MONOTONIC && clock != CLOCK_REALTIME) || time_bad(time))
		return EINVAL;
	*deadline = time->tv_sec < 0 ? 1 : time_to_ticks(time);
	if (!*deadline)
		*deadline = 1;
	return 0;
}

/* Nothing interrupts a sleep: *left stays as it is. */
int nanosleep(const struct timespec *span, struct timespec *left)
{
	uint64_t deadline;

	(void)left;
	if (span->tv_sec < 0 || time_bad(span)) {
		errno = EINVAL;
		return -1;
	}
	if (!span->tv_sec && !span->tv_nsec)
		return 0;
	if (__builtin_add_overflow(sys_time(), time_to_ticks(span), &deadline))
		deadline = UINT64_MAX;
	thread_wait_signals(0, deadline);
	return 0;
}

int clock_nanosleep(clockid_t clock, int flags, const struct timespec *time, struct timespec *left)
{
	uint64_t deadline;
	int error = clock_deadline(clock, time, &deadline);

	if (error || (!(flags & TIMER_ABSTIME) && time->tv_sec < 0))
		return EINVAL;
	if (flags & TIMER_ABSTIME)
		thread_wait_signals(0, deadline);
	else
		(void)nanosleep(time, left);
	return 0;
}

/* Blocks for a tick: whoever is ready has its turn. */
int sched_yield(void)
{
	thread_wait_signals(0, sys_time() + 1);
	return 0;
}

int usleep(useconds_t span)
{
	struct timespec t = { .tv_sec = (time_t)(span / MICROSECONDS),
			      .tv_nsec = (long)(span % MICROSECONDS * 1000) };

	return nanosleep(&t, NULL);
}

unsigned sleep(unsigned span)
{
	struct timespec t = { .tv_sec = (time_t)span };

	(void)nanosleep(&t, NULL);
	return 0;
}
