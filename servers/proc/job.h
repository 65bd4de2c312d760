/*
 * job.h: the one record in which the supervisor thread hands work to the loader thread.
 *
 * 1. The loader calls proc.job: the last job is done. From here on the record is the supervisor's.
 * 2. The supervisor takes the results, fills in the next job and answers; without a job it parks the call.
 * 3. From the answer on the record is the loader's.
 *
 * So it needs no lock. What both threads use besides: `boot`, constant once the loader runs.
 */
#ifndef PROC_JOB_H
#define PROC_JOB_H

#include <stdbool.h>
#include <stddef.h>
#include <mem_idl.h>
#include <tessera/abi.h>
#include "argpage.h"
#include "jobs.h"
#include "report.h"
#include "table.h"

#define PATH_MAX_BYTES 128
#define GIFTS_MAX      (SLOT_STDERR + START_EXTRA)
#define BOOTARGS_MAX   800

enum job_kind {
	JOB_NONE,
	JOB_SPAWN,              /* make a process, up to a stopped thread */
	JOB_REPORT,             /* print a fault */
	JOB_ATTACH,             /* tell the console where Ctrl-C goes */
	JOB_FINISH,             /* last words, then reset */
};

/* A capability for a new process. */
struct gift {
	cap_t cap;
	uint32_t slot;          /* in the new process */
	uint32_t rights;
	uint64_t badge;         /* 0: as it is */
};

struct job {
	enum job_kind kind;
	uint64_t pid;
	bool console_up;        /* the console server runs: write there, else through the firmware */

	/* SPAWN */
	bool announce;          /* first print the marker that the session's output starts */
	bool tell;              /* print why it failed: nobody waits for the spawn */
	char path[PATH_MAX_BYTES];      /* in the archive; empty: no such program */
	char strings[ARGS_MAX];
	size_t size;            /* of strings */
	uint32_t argc, envc;
	uint32_t long_size, long_env;   /* as in struct order */
	uint32_t prio;
	uint32_t privileges;    /* enum mem_privilege */
	struct gift gifts[GIFTS_MAX];
	unsigned gift_count;
	cap_t given[GIVEN];     /* move to SLOT_STDIN and on; what is left the supervisor deletes; 0: not given */
	/* Its results: */
	int error;
	char why[TABLE_WHY];
	uint64_t space;
	uint64_t image_base;
	const void *image;      /* in the archive; NULL: it came from elsewhere */
	size_t image_size;
	cap_t cnode;            /* of the process; its SLOT_THREAD is stopped: the supervisor runs it */

	/* REPORT */
	struct mem_fault fault;
	struct report_who who;
	char name[TABLE_NAME];

	/* FINISH */
	uint32_t how;           /* as in mem.reset */
	uint64_t status;        /* as in proc.wait */
};

/* Set before the loader starts, constant then. */
struct boot {
	cap_t archive;          /* mem's object */
	const void *archive_data;
	size_t archive_size;
	cap_t self;             /* proc's endpoint, CALL, badge PID_PROC: the loader's */
	cap_t interrupt;        /* proc's endpoint, SIGNAL: the console's */
	cap_t console, file;    /* CALL to these services; 0: there is none */
	uint64_t timebase;      /* ticks per second */
	bool exec;              /* run `commands`, then power off */
	char nonce[65];         /* marks output for tools/run; empty: no marks */
	char commands[BOOTARGS_MAX + 1];
	char bootargs[BOOTARGS_MAX + 1];
};

#define FACTORY SLOT_EXTRA              /* proc's own capabilities: mem's factory ... */
#define SYSTEM  (SLOT_EXTRA + 1)        /* ... and System */

extern struct boot boot;
extern struct job job;

#endif
