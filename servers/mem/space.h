/*
 * space.h: address spaces, their threads and endpoints: making and ending them.
 * What is mapped in a space is range.h's. All of a space is charged to its own account.
 */
#ifndef MEM_SPACE_H
#define MEM_SPACE_H

#include <stdbool.h>
#include <stdint.h>
#include <tessera/abi.h>
#include "account.h"
#include "layout.h"
#include "slab.h"

enum space_life { SPACE_NONE, SPACE_LIVE, SPACE_ENDING };

struct space {
	uint32_t link;                  /* slab.h's */
	uint32_t generation;            /* in badges; grows when the space ends */
	uint32_t regions;               /* root of the tree */
	uint32_t last;                  /* region of the last fault or 0; cleared when a region goes */
	uint32_t vspace, cnode;         /* frames */
	uint32_t tables;                /* first frame of the list by frame.link */
	uint32_t threads, chips;        /* first of the lists */
	uint32_t region_count, table_count, thread_count, chip_count;
	uint32_t base;                  /* page where placing begins */
	struct account account;
	uint32_t resident, shared;      /* pages */
	uint64_t faults;
	uint32_t numbered;              /* threads ever made */
	uint8_t live;                   /* enum space_life */
	uint8_t devices;                /* may ask for devices */
	uint8_t prio;                   /* most its threads may have */
	uint8_t zero[1];
	uint64_t cpu;                   /* ticks that ended threads used */
	uint32_t cnodes;                /* first frame of the further CNodes, by frame.link */
	uint32_t cnode_count;
	uint32_t made, made_count;      /* made.c's: first of the objects it made, how many */
	uint32_t device;                /* page of the first device it mapped: what its DMA memory belongs to */
	uint32_t reserved;              /* pages of reserved regions */
	uint32_t parent;                /* the space it is a clone of, 0 none */
	uint32_t children, sibling;     /* its clones: the first, and the next of the parent's */
	uint32_t making;                /* clone of it that is not complete, 0 none */
	uint32_t notify;                /* pressure.c's: share slot of its signal, 0 none; ... */
	uint8_t told;                   /* ... the level it knows of */
	uint8_t spare[91];
};
_Static_assert(sizeof(struct space) == 256, "a space is 256 bytes");

struct thread {
	uint32_t link;
	uint32_t generation;
	uint32_t space;                 /* 0: none, the record is free */
	uint32_t next;                  /* of the space */
	uint32_t frame, buffer;         /* frames: the Thread, its IPC buffer */
	uint32_t page;                  /* where the buffer is mapped */
	uint32_t number;                /* in the space, 0 the first */
	/* Why it stopped, while the supervisor has not asked: */
	uint32_t queued;                /* next in the queue of reports */
	uint16_t cause;
	uint8_t access;
	uint8_t why;                    /* error number, 0: it did not stop */
	uint64_t va;
	uint64_t badge;                 /* of its faults; 0: the record is free */
	uint32_t waits, reply;          /* pager.c's: the demand it waits for or 0; its answer's slot */
};
_Static_assert(sizeof(struct thread) == 64, "a thread is 64 bytes");

extern struct slab space_slab, thread_slab;

static inline struct space *space_at(uint32_t id)
{
	return SLAB_AT(&space_slab, VA_SPACES, struct space, id);
}

static inline struct thread *thread_at(uint32_t id)
{
	return SLAB_AT(&thread_slab, VA_THREADS, struct thread, id);
}

/* A new space, limit in bytes (0: none); 0 or an error, its number in *id. */
int space_create(uint64_t limit, uint32_t *id);
/* The same for a clone of `parent`, which pays for it and outlives it. */
int space_create_child(uint32_t parent, uint32_t *id);
/* The process's own space that this one is a clone of, of clones too. */
uint32_t space_root(uint32_t id);
/*
 * Ends the space with all that is in it, and its clones, as far as this request's work goes (work.h): 0 when all
 * its frames are free; E_AGAIN: once more. From the first call on nothing runs in it, and only this can be done
 * to it.
 */
int space_destroy(uint32_t id);
/* By badge or by number from the factory; 0: no such space. */
uint32_t space_by_badge(uint64_t badge);
/* By the badge it had before it began to end. */
uint32_t space_ending_by_badge(uint64_t badge);
bool space_exists(uint64_t id);
bool space_ending(uint64_t id);
uint64_t space_badge(uint32_t id);

/* Slots of its objects. */
cap_t space_vspace(uint32_t id);
cap_t space_cnode(uint32_t id);
cap_t thread_cap(uint32_t id);
/* Adds the page table that is missing first for va. 0 or an error. */
int space_table(uint32_t id, uint64_t va);
/* Maps count frames in a row from va on, with page tables as needed. 0 or an error. */
int space_map_frames(uint32_t id, uint64_t va, cap_t first, uint64_t count, unsigned rights);
/* The same for up to MAP_ITEMS runs one behind the other, which it uses up. */
int space_map_runs(uint32_t id, uint64_t va, struct slot_run *run, unsigned runs, unsigned rights);

/* How a thread begins. */
struct thread_start {
	uint64_t entry, sp, a0, tp;
	bool second;                    /* a1 is the buffer: not the space's first */
	uint32_t prio;
};
/* A stopped thread with its IPC buffer mapped; 0 or an error. */
int thread_create(uint32_t space, const struct thread_start *start, uint32_t *id);
void thread_destroy(uint32_t id);
uint32_t thread_by_badge(uint64_t badge);
/* Ticks that the space's threads used, those that ended too. */
uint64_t space_cpu(uint32_t id);
/* The thread of the space with its buffer at this address; 0: none. */
uint32_t thread_by_buffer(uint32_t space, uint64_t buffer);

/* A further CNode charged to the space; 0 or an error. */
int space_more_slots(uint32_t id, cap_t *cnode);
/* A new endpoint charged to the space; 0 or an error. */
int space_endpoint(uint32_t id, cap_t *endpoint);
/* Ends the endpoint that this capability names, if it is the space's. */
bool space_endpoint_destroy(uint32_t id, cap_t endpoint);
/* An endpoint for mem itself, made from a stock frame. */
bool space_own_endpoint(cap_t slot);

#endif
