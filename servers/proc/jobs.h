/* jobs.h: what waits for the loader, and what comes back. The supervisor's. */
#ifndef PROC_JOBS_H
#define PROC_JOBS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <tessera/start.h>
#include "table.h"

#define PROGRAM_PRIO 32
#define ORDER_BYTES  600          /* of strings in one spawn */
#define GIVEN        (SLOT_EXTRA + 1 - SLOT_STDIN)  /* capabilities that may come with a spawn */

/* A spawn that waits for the loader. */
struct order {
	uint64_t pid;
	size_t size;
	uint32_t argc, envc;
	uint32_t long_size, long_env;   /* of strings in an object, which is the extra; 0: in `strings` */
	cap_t given[GIVEN];     /* streams and an extra: move to SLOT_STDIN and on; 0: not given */
	char strings[ORDER_BYTES];
};

/* The first session is wanted. false: no slot is free. */
bool jobs_start(void);

/* Room for one more order, which is the caller's until jobs_order puts it in the queue; NULL: none. */
struct order *jobs_order_free(void);
void jobs_order(void);

/* mem has fault records. */
void jobs_fault(void);

/* A session is over: the machine too, or a new one starts. */
void jobs_session_ended(uint64_t status);

/* Says the last words and resets; status as in proc.wait. Only the first call counts. */
void jobs_finish(uint32_t how, uint64_t status);
bool jobs_finishing(void);

/* Gives the loader work if it waits for some. */
void jobs_kick(void);

#endif
