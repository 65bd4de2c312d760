/* signal_internal.h: what libc/signal's files share. */
#ifndef SIGNAL_INTERNAL_H
#define SIGNAL_INTERNAL_H

#include <signal.h>
#include "../libc_internal.h"

/* Runs the handler; false: there is none. context: of a fault, which cannot be ignored. */
bool signal_deliver(int n, siginfo_t *info, void *context) LIBC_HIDDEN;

/* The calling thread blocks it. */
bool signal_is_blocked(int n) LIBC_HIDDEN;

/* Faults of the calling thread, and of those it starts, go to signal_entry from now on. */
void signal_watch_faults(void) LIBC_HIDDEN;

/* For a new thread: faults go where they go for the others. */
void signal_thread_start(void) LIBC_HIDDEN;
#endif
