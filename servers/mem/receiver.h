/*
 * receiver.h: what each thread of mem that serves clients has of its own. One runs on each hart; everything else in mem
 * belongs to the one that holds the lock (lock.h), but for these fields of the others: `answering` and `answers`.
 */
#ifndef MEM_RECEIVER_H
#define MEM_RECEIVER_H

#include <stdbool.h>
#include <stdint.h>
#include <tessera/abi.h>

#define RECEIVERS        8u             /* as many harts as the kernel runs */
#define RECEIVER_ARRIVAL 0u             /* own slots, counted from `slots`: capabilities that clients send */
#define ARRIVALS         4u
#define RECEIVER_OUT     4u             /* and those that leave with the next answer */
#define RECEIVER_SLOTS   8u

struct receiver {
	struct ipc_buffer *buffer;
	struct map_item item;           /* the first of a fault's answer */
	/*
	 * The note (U3): the space whose fault this thread answers after it gave up the lock, 0 none, and what
	 * buffer->replied reads until the kernel has done it. Written by this thread; `answering` is cleared without
	 * the lock.
	 */
	volatile uint32_t answering;
	uint32_t slots;                 /* first of its own slots */
	volatile uint64_t answers;
	/* The fault being answered: what came, how often the kernel refused the answer. */
	uint64_t badge, va, how;
	uint32_t items, retries;
	uint32_t thread;                /* own slot of its Thread */
	uint32_t moved;                 /* uses the large CNode: slots.c */
	uint32_t resuming;              /* answers a fault that was put aside: it cannot be put aside again */
};

/* This thread's: the thread pointer is nothing else in mem. */
register struct receiver *self __asm__("tp");

extern struct receiver receivers[RECEIVERS];
extern unsigned receiver_count;

/* Starts the harts of the device tree and a receiver on each; the boot thread is receiver 0. */
void receiver_start(void);
/* Index of the hart for a new thread of this priority: programs in turn, servers on the first. */
uint64_t receiver_hart(uint32_t prio);
/*
 * Waits until no other receiver is about to map in this space. Under the lock, before anything of the space is taken
 * away: from here on, until the lock is given up, what is mapped in it changes by the caller's doing only.
 */
void receiver_settle(uint32_t space);

#endif
