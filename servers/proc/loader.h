/* loader.h: the thread that does what takes long or calls servers below the supervisor's rank. */
#ifndef PROC_LOADER_H
#define PROC_LOADER_H

/* Does one job after the other for ever; its capabilities arrive in a window of its own, LOADER_WINDOW. */
_Noreturn void loader_run(void);

#define LOADER_PRIO   48
#define LOADER_WINDOW (SLOT_WINDOW + WINDOW_COUNT)

#endif
