/* supervisor.h: the thread that owns all of proc's tables. */
#ifndef PROC_SUPERVISOR_H
#define PROC_SUPERVISOR_H

/* Bits of proc's endpoint. */
#define SIGNAL_INTERRUPT 1      /* from the console: Ctrl-C */
#define SIGNAL_FAULT     2      /* from mem: next_fault has something */

/* proc's own entry, the servers, the first session: 0 or an error number. */
int supervisor_start(void);

/* Serves for ever. */
_Noreturn void supervisor_run(void);

#endif
