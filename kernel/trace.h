/*
 * trace.h: what happens on a hart, written down for whoever gave a frame for it.
 */
#ifndef KERNEL_TRACE_H
#define KERNEL_TRACE_H

#include <stdint.h>

struct hart;
struct slot;
struct thread;

/* From entry.S on a traced hart, the thread's registers saved: what trap_enter or syscall_enter does, recorded. */
void trace_trap(struct thread *t, uint64_t cause, uint64_t value);
/* Interrupts that came while nobody ran. */
void trace_idle(uint64_t pending);
/* SYSTEM_TRACE: a frame for the hart's events; NULL: they are recorded no longer. */
long trace_bind(struct slot *frame, uint64_t hart);
/* This hart enters the kernel as its ring wants it. */
void trace_vector(struct hart *h);

#endif
