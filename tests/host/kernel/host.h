/*
 * host.h: the whole kernel but its assembly in one process: memory, boot, system calls, checks after every step.
 */
#ifndef TESTS_HOST_KERNEL_HOST_H
#define TESTS_HOST_KERNEL_HOST_H

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "audit.h"
#include "cap.h"
#include "debug.h"
#include "frame.h"
#include "kernel.h"
#include "object.h"
#include "riscv.h"
#include "space.h"
#include "thread.h"
#include "trap.h"

/* RAM that answers, by physical address. */
#define HOST_RAM      0x40000000UL
#define HOST_RAM_END  0x70000000UL

/* The root server's thread after boot. */
extern struct thread *root;
/* Steps between checks of everything (0: never), and steps so far. */
extern unsigned host_check_every;
extern uint64_t host_steps;

/* Boots the kernel; once a process. */
void host_boot(void);
/* One system call of a thread that is ready; a blocked one has not answered yet. Result: a0. */
long host_sys(struct thread *t, unsigned number, const uint64_t args[7]);
#define sys(t, number, ...) host_sys(t, number, (const uint64_t[7]){ __VA_ARGS__ })
/* The same until it does not answer AGAIN; *pieces counts. */
long host_sys_all(struct thread *t, unsigned number, const uint64_t args[7], unsigned *pieces);
/* Checks everything now: the kernel's audit, every leaf PTE, the TLB. Ends the process on a breach. */
void host_check(void);
/* Memory was set back behind the kernel's back. */
void host_forget_tlb(void);
/* Kernel invariants alone: 0 or the number of the broken one. */
unsigned host_audit(void);
/* Starts one more hart; nothing runs there yet. */
struct hart *host_start_hart(unsigned index);
/* Lets a hart take the pokes it was sent, if any. */
void host_poke(struct hart *h);
extern bool host_poked[HART_MAX];
/* Lets time pass and takes the timer's interrupt. */
void host_time_to(uint64_t t);

/* An index into the root's CNode, and the slot. */
struct slot *root_slot(unsigned index);

/*
 * What most claims start from, in the root's CNode: GIGA of RAM split into 8 MEGA, the first of them into PAGES,
 * the second into PAGES more from PAGE2 on; a VSpace with tables for the 2 MiB from VA on; FREE slots to the end.
 */
#define UNKNOWN_2M 78
#define UNKNOWN_1G 79
#define GIGA   80
#define MEGA   81
#define PAGE   100
#define PAGE2  164
#define PAGES  64
#define SPACE  (PAGE + 60)
#define VA     0x40200000UL
#define FREE   240
#define FREE_END ROOT_SLOTS
void host_kit(void);
/* Page `page` becomes `count` endpoints from slot dst on. */
void host_endpoints(unsigned page, unsigned dst, unsigned count);
/* A thread that runs: Thread, CNode and buffer of pages page, page + 1, page + 2, in SPACE; window 100 to 107. */
struct thread *host_thread(unsigned page);
#define WINDOW 100
/* The slot `index` of the CNode made in the root's slot `cnode`. */
struct slot *host_slot(unsigned cnode, unsigned index);

/* A number for all that the kernel knows of slots and mappings: the same before and after a call that was refused. */
uint64_t host_digest(void);

/* A fault of the running thread. */
void host_fault(struct thread *t, uint64_t cause, uint64_t va);

/* Numbers that repeat from the seed. */
extern uint64_t host_seed;
uint64_t host_random(void);
static inline uint64_t host_below(uint64_t n)
{
	return host_random() % n;
}

/* A failed check says where and ends the claim. */
__attribute__((noreturn, format(printf, 3, 4))) void host_fail(const char *file, int line, const char *format, ...);
#define CHECK(condition) do { if (!(condition)) host_fail(__FILE__, __LINE__, "%s", #condition); } while (0)
#define EXPECT(expression, value) do { \
	long got_ = (long)(expression), want_ = (long)(value); \
	if (got_ != want_) \
		host_fail(__FILE__, __LINE__, "%s is %ld, not %ld", #expression, got_, want_); \
} while (0)

/* A claim: a test in a process of its own, after a boot. */
struct claim {
	const char *name;
	void (*run)(void);
};
#define CLAIM(function) { #function, function }
/* Runs all, or those whose name holds argv[1]; the exit status. */
int host_claims(const struct claim *claims, unsigned count, int argc, char **argv);

#endif
