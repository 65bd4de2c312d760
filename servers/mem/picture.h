/*
 * picture.h: what memory looks like, for tools that draw it.
 */
#ifndef MEM_PICTURE_H
#define MEM_PICTURE_H

#include <mem_server.h>
#include <stdbool.h>
#include <stdint.h>

/* Runs of equal frames from one on, MEM_RUNS_MOST at most, and where to go on; false: there are no more. */
bool picture_frames(uint64_t from, uint64_t *next, struct mem_frame_run *runs, unsigned *count);
/* The same of the frames that a space has, from page `from` on. There may be none yet and more behind. */
bool picture_pages(uint32_t space, uint64_t from, uint64_t *next, struct mem_page_run *runs, unsigned *count);

#endif
