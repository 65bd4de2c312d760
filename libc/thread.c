/*
 * thread.c: further threads. One mapping holds the stack and, above it, the thread's record and TLS block. A
 * thread that ended can't give its own stack back: it leaves its record on the list of retired ones and waits to be
 * ended, with all it had, by the next thread_start. (Did it end itself as well, its request could come late and
 * hit a new thread with the same buffer.) Capabilities arrive for each thread in a window of its own.
 */
#include <stdlib.h>
#include <mem_client.h>
#include <tessera/ipc.h>
#include <tessera/lock.h>
#include <tessera/syscall.h>
#include <tessera/thread.h>
#include "libc_internal.h"

struct thread_stack {
	struct thread_stack *next;     /* while retired */
	uint64_t base, size;           /* of the mapping */
	uint64_t buffer;               /* address of the IPC buffer; known to the creator */
	cap_t thread, endpoint, wake, window;
	void (*fn)(void *);
	void *arg;
};

static struct lock threads_lock;       /* thread_start */
static struct thread_stack *retired;   /* pushed by compare and swap, emptied under the lock */

void thread_entry(void) LIBC_HIDDEN;
_Noreturn void thread_main(struct thread_stack *stack, struct ipc_buffer *buffer) LIBC_HIDDEN;

/* Of the allocator, where there is one that keeps something for a thread: gives it up. */
void malloc_thread_end(void) __attribute__((weak));

/* Of libc/signal, where the program catches faults: the new thread's go the same way. */
void signal_thread_start(void) __attribute__((weak));

/* The capability that wakes whoever waits on `endpoint` for a lock; 0: no slot. */
static cap_t make_wake(cap_t endpoint)
{
	cap_t slot = cap_alloc();

	if (slot && sys_give(GIVE_COPY, endpoint, 1, slot, RIGHT_SIGNAL, SIGNAL_WAKE, 0)) {
		cap_free(slot);
		return 0;
	}
	return slot;
}

static void free_stack(struct thread_stack *s)
{
	uint64_t base = s->base, size = s->size;

	cap_free(s->thread);
	cap_free(s->wake);
	for (unsigned i = 0; s->window && i < MESSAGE_ITEMS; i++)
		cap_free(s->window + i);
	if (s->endpoint) {
		(void)!mem_endpoint_destroy(SLOT_SPACE, s->endpoint);
		cap_free(s->endpoint);
	}
	(void)!mem_unmap(SLOT_SPACE, base, size);
}

static void free_retired(void)
{
	struct thread_stack *s = __atomic_exchange_n(&retired, NULL, __ATOMIC_ACQUIRE), *next;

	for (; s; s = next) {
		next = s->next;
		(void)!mem_thread_destroy(SLOT_SPACE, s->buffer);
		free_stack(s);
	}
}

/* The mapping with its record and TLS block filled in. */
static int make_stack(size_t stack_size, struct thread_stack **out, void **tls)
{
	uint64_t tls_size = TLS_BELOW + tls_template.size + tls_template.align + 64;
	uint64_t size = stack_size + sizeof(struct thread_stack) + tls_size, base = 0, block;
	struct thread_stack *s;
	int error;

	if (size < stack_size || size > INT64_MAX)
		return E_BAD_ARG;
	size = (size + PAGE_SIZE - 1) & ~(uint64_t)(PAGE_SIZE - 1);
	error = mem_map(SLOT_SPACE, 0, size, MEM_READ | MEM_WRITE, MEM_GUARD, &base);
	if (error)
		return error;
	block = (base + size - tls_template.size) & ~(uint64_t)(tls_template.align - 1);
	s = (struct thread_stack *)((block - TLS_BELOW - sizeof(*s)) & ~(uint64_t)15);
	*s = (struct thread_stack){ .base = base, .size = size };
	tls_fill((void *)block);
	*out = s;
	*tls = (void *)block;
	return 0;
}

/* A thread's window that begins there, as THREAD_WINDOW takes it. */
static uint64_t window_at(cap_t slot)
{
	return (uint32_t)slot | (uint64_t)MESSAGE_ITEMS << 32 | slot >> CAP_CNODE_SHIFT << 48;
}

static int start_locked(void (*fn)(void *), void *arg, unsigned prio, size_t stack_size)
{
	struct thread_stack *s;
	void *tls;
	int error;

	free_retired();
	if (!thread_self.wake && !(thread_self.wake = make_wake(thread_self.endpoint)))
		return E_RECEIVER_FULL;
	error = make_stack(stack_size, &s, &tls);
	if (error)
		return error;
	s->fn = fn;
	s->arg = arg;
	s->window = cap_alloc_run(MESSAGE_ITEMS);
	error = mem_endpoint_create(SLOT_SPACE, &s->endpoint);
	if (!error && (!s->window || !s->endpoint || !(s->wake = make_wake(s->endpoint))))
		error = E_RECEIVER_FULL;
	if (!error)
		error = mem_thread_create(SLOT_SPACE, (uint64_t)thread_entry, (uint64_t)s, (uint64_t)s,
					  (uint64_t)tls, prio, &s->thread, &s->buffer);
	if (!error)
		error = (int)-sys_thread_set(s->thread, THREAD_WINDOW, window_at(s->window));
	/* It runs from here on, and may have ended before the next line. */
	if (!error)
		error = (int)-sys_thread_set(s->thread, THREAD_RUN, 0);
	if (error && s->buffer)
		(void)!mem_thread_destroy(SLOT_SPACE, s->buffer);
	if (error)
		free_stack(s);
	return error;
}

int thread_start(void (*fn)(void *), void *arg, unsigned prio, size_t stack_size)
{
	int error;

	lock_acquire(&threads_lock);
	error = start_locked(fn, arg, prio, stack_size);
	lock_release(&threads_lock);
	return error;
}

_Noreturn void thread_main(struct thread_stack *stack, struct ipc_buffer *buffer)
{
	thread_self.buffer = buffer;
	thread_self.endpoint = stack->endpoint;
	thread_self.wake = stack->wake;
	thread_self.stack = stack;
	if (signal_thread_start)
		signal_thread_start();
	stack->fn(stack->arg);
	thread_exit();
}

_Noreturn void thread_exit(void)
{
	struct thread_stack *s = thread_self.stack;

	if (!s)
		exit(0);
	if (malloc_thread_end)
		malloc_thread_end();
	s->next = __atomic_load_n(&retired, __ATOMIC_RELAXED);
	while (!__atomic_compare_exchange_n(&retired, &s->next, s, 0, __ATOMIC_RELEASE, __ATOMIC_RELAXED))
		;
	for (;;)
		(void)thread_wait_signals(0, 0);
}

cap_t thread_capability(void)
{
	return thread_self.stack ? thread_self.stack->thread : SLOT_THREAD;
}
