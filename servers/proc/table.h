/*
 * table.h: the process table. One thread, the supervisor, uses it; nothing here locks.
 */
#ifndef PROC_TABLE_H
#define PROC_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <proc_idl.h>
#include <tessera/abi.h>

#define TABLE_MAX     256
#define TABLE_NAME    32
#define TABLE_WHY     96
#define PID_PROC      1   /* proc itself: parent of servers, sessions and orphans */
#define NO_SERVICE    (-1)

struct process {
	uint64_t pid;                   /* 0: the entry is free */
	uint64_t parent;
	uint64_t space;                 /* mem's name of the address space; 0: none (yet, or any more) */
	uint64_t started;               /* time CSR */
	uint64_t status;                /* ZOMBIE: for wait; doomed: to be */
	uint64_t image_base;            /* load address */
	const void *image;              /* the executable's bytes in the archive */
	size_t image_size;
	cap_t spawn_reply;              /* the parent waits in spawn; 0: nobody */
	int service;                    /* index in the service table, or NO_SERVICE */
	uint32_t prio;
	uint8_t state;                  /* enum proc_state */
	bool foreground;                /* Ctrl-C kills it */
	bool session;                   /* a shell that proc started: may kill, look and shut down */
	bool doomed;                    /* killed while STARTING: ends when the loader is done with it */
	char name[TABLE_NAME];          /* printable */
	char why[TABLE_WHY];            /* its last failed spawn */
};

/* A parked wait: `caller` waits for its child `target` (0: any). */
struct waiter {
	uint64_t caller;                /* 0: free */
	uint64_t target;
	cap_t reply;
};

/* A new process in state STARTING with a pid never used before; NULL: the table is full. */
struct process *table_add(uint64_t parent);

void table_remove(struct process *p);

/* NULL: there is none. */
struct process *table_find(uint64_t pid);
struct process *table_find_space(uint64_t space);

/* The process with the smallest pid >= pid. */
struct process *table_next(uint64_t pid);

/* The youngest foreground process that is not a zombie. */
struct process *table_foreground(void);

/* Some child of parent; NULL: it has none. */
struct process *table_child(uint64_t parent);

bool table_is_ancestor(uint64_t ancestor, const struct process *p);

/* The oldest zombie child of parent, `target` or any (0), or NULL; *exists: there is some child. */
struct process *table_zombie(uint64_t parent, uint64_t target, bool *exists);

/* false: no room for one more waiter. */
bool table_wait(uint64_t caller, uint64_t target, cap_t reply);

/* Takes a waiter of process `caller` that accepts target (0: whatever it waits for); its reply, or 0. */
cap_t table_wait_take(uint64_t caller, uint64_t target);

/* Takes a waiter of `caller` that no child satisfies any more; its reply, or 0. */
cap_t table_wait_hopeless(uint64_t caller);

/* Forgets all. */
void table_reset(void);

#endif
