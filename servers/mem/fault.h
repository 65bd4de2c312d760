/*
 * fault.h: page faults: what is mapped in answer, and reports of those that cannot be answered.
 */
#ifndef MEM_FAULT_H
#define MEM_FAULT_H

#include <stdbool.h>
#include <stdint.h>
#include <mem_idl.h>
#include <tessera/syscall.h>

/* Where a sequence of touches begins again behind pages that were made present. */
#define AROUND_START 16u

/*
 * Works out the answer to a fault, from its badge and its first two words: the first item is in self->item, others
 * in the buffer. Its info for reply_recv, 0: it has been answered (by a report).
 */
uint64_t fault_answer(uint64_t badge, uint64_t va, uint64_t how);
/* The kernel refused that answer: another one, or 0. */
uint64_t fault_retry(long error);

/* The answer is given later, by fault_resume: stands where an error number would. */
#define FAULT_WAITS 0xffu

/*
 * Answers the fault of a thread that was put aside in `saved`: why 0 looks it up again, an error number fails it.
 * Leaves the fault that this receiver is about to answer as it is, but for what stands in the buffer. False: `saved` is
 * not empty.
 */
bool fault_resume(uint32_t thread, cap_t saved, unsigned why);

/* The thread ends: nobody wants its report. */
void fault_forget(uint32_t thread);
/* Takes the oldest report; false: none. */
bool fault_next(struct mem_fault *report);
/* Space whose faults stop the machine: the supervisor's own. */
void fault_set_supervisor(uint32_t space);

#endif
