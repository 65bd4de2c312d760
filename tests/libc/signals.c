/* signals.c: signal.h: raise, handlers, masks, faults with handlers that mend,
	jump and run on a stack of their own. */
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>
#include "check.h"

static volatile int seen, depth;
static sigjmp_buf place;
static volatile char *page;
static char stack[16384];

static void count(int n)
{
	seen = seen * 100 + n;
}

static void raise_inside(int n)
{
	sigset_t set;

	seen++;
	CHECK(!sigprocmask(SIG_BLOCK, NULL, &set) && sigismember(&set, n) && sigismember(&set, SIGUSR2));
	if (seen == 1) {
		CHECK(!raise(n) && seen == 1);
		CHECK(!sigpending(&set) && sigismember(&set, n));
	}
}

static void handlers(void)
{
	struct sigaction action = { .sa_handler = raise_inside }, old;

	CHECK(signal(SIGUSR1, count) == SIG_DFL && !raise(SIGUSR1) && seen == SIGUSR1);
	CHECK(signal(SIGUSR1, SIG_IGN) == count && !raise(SIGUSR1) && seen == SIGUSR1);
	CHECK(!raise(SIGCHLD) && !kill(getpid(), 0));
	CHECK_ERRNO(signal(SIGKILL, count), SIG_ERR, EINVAL);
	CHECK_ERRNO(signal(99, count), SIG_ERR, EINVAL);
	CHECK_ERRNO(raise(0), -1, EINVAL);
	CHECK_ERRNO(kill(getpid(), 77), -1, EINVAL);
	CHECK_ERRNO(kill(99999, SIGTERM), -1, ESRCH);
	sigemptyset(&action.sa_mask);
	CHECK(!sigaddset(&action.sa_mask, SIGUSR2) && sigaddset(&action.sa_mask, 99) == -1);
	seen = 0;
	CHECK(!sigaction(SIGUSR1, &action, &old) && old.sa_handler == SIG_IGN && !kill(getpid(), SIGUSR1) &&
		seen == 2);
	action.sa_handler = count;
	action.sa_flags = SA_RESETHAND;
	CHECK(!sigaction(SIGUSR1, &action, NULL) && !raise(SIGUSR1) && !sigaction(SIGUSR1, NULL, &old));
	CHECK(old.sa_handler == SIG_DFL);
	CHECK_ERRNO(sigaction(SIGSTOP, &action, NULL), -1, EINVAL);
}

static void masks(void)
{
	sigset_t set, old;

	seen = 0;
	signal(SIGUSR1, count);
	signal(SIGUSR2, count);
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigaddset(&set, SIGUSR2);
	CHECK(!sigprocmask(SIG_BLOCK, &set, &old) && !raise(SIGUSR2) && !raise(SIGUSR1) && !raise(SIGUSR1) &&
		!seen);
	CHECK(sigismember(&old, SIGUSR1) == 0 && !sigdelset(&set, SIGUSR2));
	CHECK(!sigprocmask(SIG_UNBLOCK, &set, NULL) && seen == SIGUSR1);
	CHECK(!pthread_sigmask(SIG_SETMASK, &old, NULL) && seen == SIGUSR1 * 100 + SIGUSR2);
	CHECK_ERRNO(sigprocmask(9, &set, NULL), -1, EINVAL);
	CHECK(pthread_sigmask(9, &set, NULL) == EINVAL);
	sigfillset(&set);
	CHECK(!sigprocmask(SIG_SETMASK, &set, NULL) && !sigprocmask(SIG_SETMASK, &old, &set) &&
		!sigismember(&set, SIGKILL));
}

static void jump(int n)
{
	siglongjmp(place, n);
}

static void mend(int n, siginfo_t *info, void *context)
{
	ucontext_t *c = context;

	CHECK(n == SIGSEGV && info->si_addr == page + 100 && c->uc_mcontext.__gregs[REG_PC] != 0);
	seen++;
	CHECK(!mprotect((void *)page, 4096, PROT_READ | PROT_WRITE));
}

static void skip(int n, siginfo_t *info, void *context)
{
	ucontext_t *c = context;

	(void)info;
	seen = n;
	c->uc_mcontext.__gregs[REG_PC] += 2;
	c->uc_mcontext.__gregs[REG_A0] = 4711;
}

static void faults(void)
{
	struct sigaction action = { .sa_sigaction = mend, .sa_flags = SA_SIGINFO };
	register double kept = 2.5;
	volatile int code;

	page = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	CHECK(page != MAP_FAILED && !sigaction(SIGSEGV, &action, NULL));
	seen = 0;
	page[100] = 'x';
	CHECK(seen == 1 && page[100] == 'x' && kept == 2.5);
	signal(SIGSEGV, jump);
	for (int i = 0; i < 5; i++) {
		code = sigsetjmp(place, 1);
		if (!code)
			*(volatile int *)8 = 1;
		CHECK(code == SIGSEGV);
	}
	action.sa_sigaction = skip;
	CHECK(!sigaction(SIGTRAP, &action, NULL) && !sigaction(SIGILL, &action, NULL));
	register long a0 __asm__("a0") = 1;
	__asm__ volatile(".option push\n.option rvc\nc.ebreak\n.option pop" : "+r"(a0));
	CHECK(a0 == 4711 && seen == SIGTRAP);
	signal(SIGSEGV, SIG_DFL);
}

__attribute__((noinline)) static int deeper(int n)
{
	volatile char room[1000];

	room[0] = (char)n;
	depth = n;
	return n < 0 ? 0 : deeper(n + 1) + room[0];
}

static void *overflow(void *arg)
{
	stack_t alternate = { .ss_sp = arg, .ss_size = sizeof(stack) }, old;

	CHECK(!sigaltstack(&alternate, NULL));
	for (int i = 0; i < 3; i++) {
		if (!sigsetjmp(place, 1))
			deeper(0);
		CHECK(depth > 100);
		depth = 0;
	}
	alternate.ss_size = 100;
	CHECK_ERRNO(sigaltstack(&alternate, NULL), -1, ENOMEM);
	alternate.ss_flags = SS_DISABLE;
	CHECK(!sigaltstack(&alternate, &old) && old.ss_size == sizeof(stack) && !old.ss_flags);
	return arg;
}

static void stacks(void)
{
	pthread_t t;
	void *result;

	signal(SIGSEGV, jump);
	overflow(stack);
	CHECK(!pthread_create(&t, NULL, overflow, stack) && !pthread_join(t, &result) && result == stack);
	signal(SIGSEGV, SIG_DFL);
}

static void aborted(int n)
{
	CHECK(n == SIGABRT);
	_exit(check_end("signals"));
}

int main(int argc, char **argv)
{
	if (argc > 1)
		return raise(atoi(argv[1]));
	handlers();
	masks();
	faults();
	stacks();
	fflush(stdout);
	signal(SIGABRT, aborted);
	(void)argv;
	setvbuf(stdout, NULL, _IONBF, 0);
	abort();
}
