/*
 * trap.h: causes to handlers.
 */
#ifndef KERNEL_TRAP_H
#define KERNEL_TRAP_H

#include <stdint.h>

struct thread;

/* From entry.S, the thread's registers saved. */
void trap_enter(struct thread *t, uint64_t cause, uint64_t value);
void syscall_enter(struct thread *t);
/* A trap in the kernel itself. */
__attribute__((noreturn)) void trap_own(uint64_t cause, uint64_t pc, uint64_t value);
/* Takes all interrupts that are pending. */
void trap_interrupt(void);
/* SYSTEM_IRQ: binds the external interrupt to an endpoint (NULL: as before) and opens it. */
struct slot;
long trap_bind_irq(struct slot *endpoint);

#endif
