/* libc_internal.h: what libc's files share and programs do not see. */
#ifndef LIBC_INTERNAL_H
#define LIBC_INTERNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <tessera/abi.h>
#include <tessera/lock.h>
#include <tessera/start.h>

#define LIBC_HIDDEN __attribute__((visibility("hidden")))

/* Bit of a thread's own endpoint that wakes it from a wait for a lock; the others are the program's. */
#define SIGNAL_WAKE 1

/* What libc knows of the running thread; in its TLS block, written by the thread alone. */
struct thread_self {
	struct ipc_buffer *buffer;
	cap_t endpoint;                /* the thread's own: signals, deadlines; messages are refused */
	cap_t wake;                    /* the same with SIGNAL and badge SIGNAL_WAKE; 0: not made yet */
	cap_t held_reply;              /* see thread_held_reply */
	uint64_t signals;              /* taken in a wait and not asked for yet */
	struct thread_stack *stack;    /* NULL: the first thread */
	bool growing;                  /* cap.c asks mem for a CNode */
};

extern _Thread_local struct thread_self thread_self LIBC_HIDDEN;

/* The template of the TLS block, found once at start. */
struct tls_template {
	const void *image;
	size_t file_size, size, align;
};

extern struct tls_template tls_template LIBC_HIDDEN;

/* Right below each TLS block lie so many bytes of the allocator's, zero at first: see malloc/pages.h. */
#define TLS_BELOW 2048

/* `count` free slots in a row, the first; 0: there are none. Each is given back by cap_free. */
cap_t cap_alloc_run(unsigned count) LIBC_HIDDEN;

/* Fills a TLS block of tls_template.size bytes, and clears what lies below it. */
void tls_fill(void *block) LIBC_HIDDEN;

extern const struct start_info *start_info LIBC_HIDDEN;

/*
 * Waits on the thread's own endpoint for a signal of `mask` or until the time CSR reads `deadline`
 * (0: for ever). Gives the bits of mask that came, 0 at the deadline. Other bits are kept.
 */
uint64_t thread_wait_signals(uint64_t mask, uint64_t deadline) LIBC_HIDDEN;

struct timespec;

/* The time CSR at a time of CLOCK_MONOTONIC or CLOCK_REALTIME, never 0; EINVAL for a bad time or clock. */
int clock_deadline(unsigned long clock, const struct timespec *time, uint64_t *deadline) LIBC_HIDDEN;

/* The longest path that a server takes. */
#define PATH_BYTES 440

/* What picolibc's locks are. A NULL lock (no memory for one) does not lock. */
struct __lock {
	struct lock lock;
	const struct thread_self *owner;       /* of a recursive lock; written by its holder */
	uint32_t depth;
};

/* Sets errno for error number `error` and gives -1; 0 gives 0. */
int errno_result(int error) LIBC_HIDDEN;

/* Writes all bytes to a stream capability, without stdio: 0 or an error number. */
int stream_put(cap_t stream, const void *data, size_t size) LIBC_HIDDEN;

/* Flushes the program's stdio; defined (weak: stdio is in the program) by stdio/file.c. */
void stdio_finish(void) LIBC_HIDDEN;

/* Ends the process; does not return. status as for proc.exit. */
_Noreturn void process_end(uint64_t status) LIBC_HIDDEN;
#endif
