/*
 * signal.c: signals. Handlers belong to the process, masks and what waits behind them to the thread. A signal
 * is handled by the thread that raised it; a fault by the thread that made it (libc/signal/fault.c).
 */
#include <errno.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <proc_client.h>
#include <tessera/process.h>
#include "signal_internal.h"

#define BIT(n)      ((sigset_t)1 << (n))
#define UNBLOCKABLE (BIT(SIGKILL) | BIT(SIGSTOP))
#define IGNORED     (BIT(SIGCHLD) | BIT(SIGURG) | BIT(SIGWINCH) | BIT(SIGCONT))

static struct lock lock;
static struct sigaction actions[NSIG]; /* under the lock */
static _Thread_local sigset_t blocked, pending;

static bool signal_good(int n)
{
	return n > 0 && n < NSIG;
}

static int refuse(int error)
{
	errno = error;
	return -1;
}

static void default_action(int n)
{
	if (!(IGNORED & BIT(n)))
		process_end(STATUS_KILLED + (uint64_t)n);
}

/* What is to be done now; a handler that is good for one time is gone then. */
static struct sigaction take_action(int n)
{
	struct sigaction action;

	lock_acquire(&lock);
	action = actions[n];
	if (action.sa_flags & SA_RESETHAND)
		actions[n].sa_handler = SIG_DFL;
	lock_release(&lock);
	return action;
}

bool signal_deliver(int n, siginfo_t *info, void *context)
{
	struct sigaction action = take_action(n);
	sigset_t before = blocked;

	if (action.sa_handler == SIG_IGN && !context)
		return true;
	if (action.sa_handler == SIG_DFL || action.sa_handler == SIG_IGN)
		return false;
	blocked |= (action.sa_mask | (action.sa_flags & SA_NODEFER ? 0 : BIT(n))) & ~UNBLOCKABLE;
	if (action.sa_flags & SA_SIGINFO)
		action.sa_sigaction(n, info, context);
	else
		action.sa_handler(n);
	(void)sigprocmask(SIG_SETMASK, &before, NULL);
	return true;
}

bool signal_is_blocked(int n)
{
	return blocked & BIT(n);
}

int raise(int n)
{
	siginfo_t info = { .si_signo = n, .si_code = SI_USER, .si_pid = getpid() };

	if (!signal_good(n))
		return refuse(EINVAL);
	if (blocked & BIT(n))
		pending |= BIT(n);
	else if (!signal_deliver(n, &info, NULL))
		default_action(n);
	return 0;
}

int sigprocmask(int how, const sigset_t *restrict set, sigset_t *restrict old)
{
	sigset_t before = blocked;

	if (set && how != SIG_SETMASK && how != SIG_BLOCK && how != SIG_UNBLOCK)
		return refuse(EINVAL);
	if (old)
		*old = before;
	if (set) {
		blocked = how == SIG_SETMASK ? *set : how == SIG_BLOCK ? before | *set : before & ~*set;
		blocked &= ~UNBLOCKABLE;
	}
	for (int n = 1; n < NSIG && pending & ~blocked; n++) {
		if (!(pending & ~blocked & BIT(n)))
			continue;
		pending &= ~BIT(n);
		(void)raise(n);
	}
	return 0;
}

int pthread_sigmask(int how, const sigset_t *restrict set, sigset_t *restrict old)
{
	int saved = errno, error = sigprocmask(how, set, old) ? errno : 0;

	errno = saved;
	return error;
}

int sigpending(sigset_t *set)
{
	*set = pending;
	return 0;
}

int sigaction(int n, const struct sigaction *restrict action, struct sigaction *restrict old)
{
	if (!signal_good(n) || (action && UNBLOCKABLE & BIT(n)))
		return refuse(EINVAL);
	lock_acquire(&lock);
	if (old)
		*old = actions[n];
	if (action)
		actions[n] = *action;
	lock_release(&lock);
	if (action && action->sa_handler != SIG_DFL)
		signal_watch_faults();
	return 0;
}

_sig_func_ptr signal(int n, _sig_func_ptr handler)
{
	struct sigaction action = { .sa_flags = SA_RESTART }, old = { 0 };

	action.sa_handler = handler;
	if (handler != SIG_ERR && !sigaction(n, &action, &old))
		return old.sa_handler;
	errno = EINVAL;
	return SIG_ERR;
}

/* Of another process only those that end it: nothing can be delivered there. */
int kill(pid_t pid, int n)
{
	struct proc_info info = { 0 };
	int error;

	if (n < 0 || n >= NSIG)
		return refuse(EINVAL);
	if (pid <= 0)
		return refuse(ENOSYS);
	if (!n) {
		error = proc_next(SLOT_PROCESS, (uint64_t)pid, &info);
		if (!error && info.pid != (uint64_t)pid)
			error = E_NOT_FOUND;
	} else if (pid == getpid()) {
		return raise(n);
	} else if (n == SIGKILL || n == SIGTERM || n == SIGINT) {
		error = proc_kill(SLOT_PROCESS, (uint64_t)pid);
	} else {
		return refuse(ENOSYS);
	}
	return error == E_NOT_FOUND ? refuse(ESRCH) : errno_result(error);
}

_Noreturn void abort(void)
{
	sigset_t set = BIT(SIGABRT);

	(void)sigprocmask(SIG_UNBLOCK, &set, NULL);
	(void)raise(SIGABRT);
	process_end(STATUS_KILLED + SIGABRT);
}

void __sigjmp_save(sigjmp_buf place, int save)
{
	place->__saved = save;
	place->__mask = blocked;
}

_Noreturn void siglongjmp(sigjmp_buf place, int value)
{
	if (place->__saved)
		(void)sigprocmask(SIG_SETMASK, &place->__mask, NULL);
	longjmp(place->__place, value);
}

int sigemptyset(sigset_t *set)
{
	*set = 0;
	return 0;
}

int sigfillset(sigset_t *set)
{
	*set = ~(sigset_t)0;
	return 0;
}

int sigaddset(sigset_t *set, int n)
{
	if (!signal_good(n))
		return refuse(EINVAL);
	*set |= BIT(n);
	return 0;
}

int sigdelset(sigset_t *set, int n)
{
	if (!signal_good(n))
		return refuse(EINVAL);
	*set &= ~BIT(n);
	return 0;
}

int sigismember(const sigset_t *set, int n)
{
	return signal_good(n) ? !!(*set & BIT(n)) : refuse(EINVAL);
}
