/* fault.c: faults of the program's own instructions as signals, and the stack that their handlers may have. */
#include <errno.h>
#include <stddef.h>
#include <tessera/process.h>
#include <tessera/syscall.h>
#include <tessera/thread.h>
#include "frame.h"
#include "signal_internal.h"

_Static_assert(offsetof(struct ipc_buffer, fault) == BUFFER_FAULT, "frame.h");
_Static_assert(offsetof(struct fault_record, sp) == FAULT_SP && offsetof(struct fault_record, a0) == FAULT_A0 &&
		       offsetof(struct fault_record, a1) == FAULT_A1 && offsetof(struct fault_record, va) == FAULT_VA &&
		       offsetof(struct fault_record, cause) == FAULT_CAUSE,
	       "frame.h");
_Static_assert(offsetof(ucontext_t, uc_mcontext.__fpregs) == FRAME_FLOATS &&
		       offsetof(ucontext_t, uc_mcontext.__fcsr) == FRAME_FCSR && sizeof(ucontext_t) <= FRAME_BYTES,
	       "frame.h");
_Static_assert(offsetof(struct thread_self, buffer) == 0, "entry.S");

/* scause of exceptions (The RISC-V Instruction Set Manual, Volume II, table 4.2). */
enum cause { CAUSE_FETCH_MISALIGNED, CAUSE_FETCH, CAUSE_ILLEGAL, CAUSE_BREAKPOINT, CAUSE_LOAD_MISALIGNED, CAUSE_LOAD,
	     CAUSE_STORE_MISALIGNED, CAUSE_STORE };

void signal_entry(void) LIBC_HIDDEN;
void signal_fault(ucontext_t *context, uint64_t cause, uint64_t address) LIBC_HIDDEN;

static bool watching;                  /* once set, for all threads */
static _Thread_local stack_t alternate = { .ss_flags = SS_DISABLE };
_Thread_local char *signal_stack_top LIBC_HIDDEN;      /* 0: no alternate stack */
_Thread_local size_t signal_stack_size LIBC_HIDDEN;

void signal_thread_start(void)
{
	if (watching)
		(void)sys_thread_set(thread_capability(), THREAD_FAULT_PC, (uint64_t)signal_entry);
}

void signal_watch_faults(void)
{
	watching = true;
	signal_thread_start();
}

static int signal_of(uint64_t cause)
{
	switch (cause) {
	case CAUSE_ILLEGAL:
		return SIGILL;
	case CAUSE_BREAKPOINT:
		return SIGTRAP;
	case CAUSE_FETCH_MISALIGNED:
	case CAUSE_LOAD_MISALIGNED:
	case CAUSE_STORE_MISALIGNED:
		return SIGBUS;
	default:
		return SIGSEGV;
	}
}

/* Called by signal_entry. Without a handler the fault happens again, and nobody catches it. */
void signal_fault(ucontext_t *context, uint64_t cause, uint64_t address)
{
	siginfo_t info = { .si_signo = signal_of(cause - 1), .si_code = SEGV_MAPERR, .si_addr = (void *)address };

	if (info.si_signo == SIGILL || info.si_signo == SIGTRAP)
		info.si_addr = (void *)context->uc_mcontext.__gregs[REG_PC];
	if (signal_is_blocked(info.si_signo) || !signal_deliver(info.si_signo, &info, context))
		(void)sys_thread_set(thread_capability(), THREAD_FAULT_PC, 0);
}

/* A handler that was left by siglongjmp leaves its stack: it is in use only while sp is on it. */
static bool on_stack(const stack_t *s)
{
	uintptr_t here = (uintptr_t)__builtin_frame_address(0);

	return !(s->ss_flags & SS_DISABLE) && here >= (uintptr_t)s->ss_sp && here < (uintptr_t)s->ss_sp + s->ss_size;
}

int sigaltstack(const stack_t *restrict stack, stack_t *restrict old)
{
	if (old) {
		*old = alternate;
		if (on_stack(&alternate))
			old->ss_flags = SS_ONSTACK;
	}
	if (!stack)
		return 0;
	if (on_stack(&alternate) || stack->ss_flags & ~SS_DISABLE ||
	    (!(stack->ss_flags & SS_DISABLE) && stack->ss_size < MINSIGSTKSZ)) {
		errno = on_stack(&alternate) ? EPERM : stack->ss_flags & ~SS_DISABLE ? EINVAL : ENOMEM;
		return -1;
	}
	alternate = *stack;
	signal_stack_size = stack->ss_size;
	signal_stack_top = stack->ss_flags & SS_DISABLE ? NULL : (char *)stack->ss_sp + stack->ss_size;
	return 0;
}
