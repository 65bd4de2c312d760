/*
 * work.h: how much page work the request that is being served may do still. What is left over then is answered with
 * AGAIN, and the client's stub asks once more; so nobody's fault waits for more than one piece.
 */
#ifndef MEM_WORK_H
#define MEM_WORK_H

#include <stdbool.h>
#include <stdint.h>

#define WORK_PAGES      128u            /* a piece */

extern uint32_t work_left;

/* At the start of each request. */
static inline void work_start(void)
{
	work_left = WORK_PAGES;
}

/* Takes a unit, about as much as one page costs; false: it is for the next request. */
static inline bool work_take(void)
{
	if (!work_left)
		return false;
	work_left--;
	return true;
}

#endif
