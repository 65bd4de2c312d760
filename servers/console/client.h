/*
 * client.h: what the console remembers of the processes that use it: mode and earlier lines. A small table;
 * the process that was heard of least recently is forgotten.
 */
#ifndef CONSOLE_CLIENT_H
#define CONSOLE_CLIENT_H

#include <stdint.h>

#include "line.h"

struct client {
	uint64_t pid;
	uint64_t used;                 /* when it was last asked for; 0: the entry is free */
	uint32_t mode;                 /* STREAM_RAW, STREAM_NO_ECHO */
	struct line_history history;
};

/* The entry of pid, a new one (mode 0, no lines) if there is none. */
struct client *client_get(uint64_t pid);

/* The mode of pid, 0 if nothing is known of it. */
uint32_t client_mode(uint64_t pid);

#endif
