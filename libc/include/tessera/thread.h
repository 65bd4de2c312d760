/*
 * tessera/thread.h: further threads of a process. Each has its own stack with a guard below, TLS block, IPC
 * buffer and own endpoint. Functions give 0 or an error number of tessera/errors.def.
 */
#ifndef TESSERA_THREAD_H
#define TESSERA_THREAD_H

#include <stddef.h>
#include <stdint.h>
#include <tessera/abi.h>

#define THREAD_STACK 0x40000           /* bytes: a stack size that does for most */

/*
 * Runs fn(arg) in a new thread of this priority (at most the caller's limit) on a stack of `stack` bytes.
 * The thread ends when fn returns.
 */
__attribute__((warn_unused_result))
int thread_start(void (*fn)(void *), void *arg, unsigned prio, size_t stack);

/* Ends the calling thread; the first thread ends the process instead. */
_Noreturn void thread_exit(void);

/* The calling thread's Thread capability. */
cap_t thread_capability(void);

/* The calling thread's own endpoint: signals and deadlines. Libc waits on it; messages to it are refused. */
cap_t thread_endpoint(void);

/*
 * Waits for one of the signal bits in mask, or until the time CSR reads `deadline` (0: for ever). Gives the
 * bits that came, 0 at the deadline. Bit 0 is libc's own.
 */
uint64_t thread_wait(uint64_t mask, uint64_t deadline);

/*
 * A thread that waits (for a lock, a deadline) while a caller of its server waits for an answer keeps that
 * caller in a slot. A server whose handlers may wait asks here before it answers: 0, or the slot to answer
 * with INFO_SAVED and then to give back with cap_free.
 */
cap_t thread_held_reply(void);
#endif
