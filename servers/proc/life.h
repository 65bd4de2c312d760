/* life.h: how processes end. The supervisor's. */
#ifndef PROC_LIFE_H
#define PROC_LIFE_H

#include <stdint.h>
#include "table.h"

#define KILLED_INTERRUPT 2      /* Ctrl-C */
#define KILLED_KILL      9

/* Ends a process with a status for its parent; one that is being loaded ends when that is done. */
void life_end(struct process *p, uint64_t status);

/* Answers waits of `parent` for children that are not there any more. */
void life_refuse_waits(uint64_t parent);

/* Deletes a saved reply or another capability of the table, if there is one. */
void life_drop(cap_t *slot);

#endif
