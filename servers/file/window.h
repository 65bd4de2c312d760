/*
 * window.h: files in RAM that clients map: the bytes are an object of mem, and the server has it mapped. The
 * memory counts
 * against the limit as long as anybody maps it, also when the file is gone.
 */
#ifndef FILE_WINDOW_H
#define FILE_WINDOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* All zero: there is none. */
struct window {
	unsigned char *bytes;          /* in the server's space */
	size_t pages;
	uint64_t object, limited;      /* capabilities: all access, reading and running only; 0: not made yet */
};

/* A new window of zeros; false: no space. */
bool window_make(struct window *w, size_t pages);

/*
 * More or fewer pages, at least one: what is cut off is gone for everybody who maps it, what is new is zero.
 * false: no space.
 */
bool window_resize(struct window *w, size_t pages);

/* The file is gone. */
void window_end(struct window *w);

/* Gives back what nobody maps any more. */
void window_sweep(void);

/* The capability for a client that may write, or not; 0: no memory. */
uint64_t window_object(struct window *w, bool write);

#endif
