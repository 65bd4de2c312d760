/*
 * process.h: processes for attacks on the kernel. Each is a copy of the whole test image in a space of its own,
 * all its memory pieces of one 2 MiB frame, so that revoking that frame is its end. It owns its CNode, can name
 * its own space and threads, and holds what a test puts there besides.
 */
#ifndef TESTS_FUZZ_PROCESS_H
#define TESTS_FUZZ_PROCESS_H

#include "../kernel/harness.h"

#define PROCESS_THREADS 4
#define PROCESS_SLOTS   128

/* Addresses of a process. The rest of the 2 MiB up to SCRATCH_VA is its image. */
#define SHARED_VA       0x1c0000UL
#define BUFFER_VA(n)    (SHARED_VA + (1 + (n)) * PAGE_SIZE)
#define SCRATCH_VA      0x400000UL

/* Slots of its CNode. */
#define OWN_CNODE       1
#define OWN_SPACE       2
#define OWN_THREAD      3               /* PROCESS_THREADS of them */
#define OWN_BUFFER      7               /* as many */
#define OWN_FREE        11              /* what a test gives */

/* A page that a process and the test both see. */
struct shared {
	uint64_t seed;                  /* from the test */
	uint64_t limit;                 /* calls after which its threads rest */
	uint64_t calls[PROCESS_THREADS];
	uint64_t done[SYS_COUNT + 1];   /* calls that answered 0, by number */
	uint64_t refused[SYS_COUNT + 1];
	uint64_t bad;                   /* what it found wrong, or 0 */
};

struct process {
	cap_t mega;                     /* all its memory */
	cap_t pieces;                   /* the frames of that, one behind the other */
	unsigned used;                  /* of them */
	unsigned hart;
	cap_t space, cnode;
	cap_t thread[PROCESS_THREADS];
	unsigned threads;
	volatile struct shared *shared;
};

/* Once a test: room for `count` processes, a copy of the image to make them from. */
void process_init(unsigned count);
/* Process n with nothing but memory, image, CNode and space. It ends by process_end. */
struct process *process_new(unsigned n, unsigned hart, uint64_t seed, uint64_t limit);
/* One more thread, which runs entry(its number) on the hart; its faults go to the pager, badged. */
void process_thread(struct process *p, void (*entry)(uint64_t), unsigned hart, unsigned prio, cap_t pager,
		    uint64_t badge);
void process_run(struct process *p);
/* A fresh frame of its memory, in the test's hands. */
cap_t process_frame(struct process *p);
/* Gives the process a capability in a slot of its CNode. */
void process_give(struct process *p, unsigned verb, cap_t what, unsigned slot, unsigned rights, uint64_t badge);
/* All it ever had or made is gone afterwards; fails if its memory is not free then. */
void process_end(struct process *p);

/* Kernel counts; with audit the kernel's audit runs where it is built in: it must have found nothing. */
struct kernel_stats stats_now(bool audit);
/* Fails if the kernel holds more or less than before. audit: what only that counts, too. */
void stats_same(const struct kernel_stats *before, const struct kernel_stats *now, bool audit);

/* For code of processes: a generator of its own, seeded from the shared page. */
void random_start(uint64_t number);
uint64_t random_word(void);
static inline uint64_t random_below(uint64_t n)
{
	return random_word() % n;
}
#define own_shared ((volatile struct shared *)SHARED_VA)

#endif
