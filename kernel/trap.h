/*
 * trap.h: causes to handlers.
 */
#pragma once

#include <stdint.h>

struct thread;

/* From entry.S, the thread's registers saved. */
void trap_enter(struct thread *t, uint64_t cause, uint64_t value);
void syscall_enter(struct thread *t);
/* trace.c: the same of a traced hart, recorded. */
void trace_trap(struct thread *t, uint64_t cause, uint64_t value);
/* Interrupts that came while nobody ran. */
void trace_idle(uint64_t pending);
/* SYSTEM_TRACE: a frame for the hart's events; 0: they are recorded no longer. */
long trace_bind(struct thread *t, uint64_t cap, uint64_t hart);
extern char trap_entry[], trap_traced[];
/* A trap in the kernel itself. */
__attribute__((noreturn)) void trap_own(uint64_t cause, uint64_t pc, uint64_t value);
/* Takes all interrupts that are pending. */
void trap_interrupt(void);
/* SYSTEM_IRQ: binds the external interrupt to an endpoint and opens it. */
struct slot;
struct endpoint;
long trap_bind_irq(struct slot *endpoint);
/* Somebody waits on the endpoint without an answer: opens this hart's external interrupt, if it is bound to it. */
void trap_waits(const struct endpoint *e);
