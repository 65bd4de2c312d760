/*
 * store.h: the bytes of files in RAM, and the limit that all of them share. Pages are made when first written;
 * where
 * none was, zeros are read. Runs on the build machine as it does here.
 */
#ifndef FILE_STORE_H
#define FILE_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "window.h"

#define STORE_PAGE 4096

/* All zero: empty. */
struct store {
	uint64_t size;
	unsigned char **pages;         /* room of them; NULL: zeros */
	size_t room;
	struct window window;          /* once a client asked for the object: all bytes are there */
};

/* Sets the limit, in bytes, and forgets what was taken. */
void store_start(uint64_t limit);

/* Takes bytes off the limit for something beside files; false: they are not there. */
bool store_take(uint64_t bytes);
void store_give(uint64_t bytes);
uint64_t store_used(void);
uint64_t store_limit(void);

/* How many bytes were there. */
size_t store_read(const struct store *s, uint64_t offset, void *data, size_t size);

/* All or nothing: 0 or E_NO_SPACE. */
int store_write(struct store *s, uint64_t offset, const void *data, size_t size);

/* 0 or E_NO_SPACE. */
int store_resize(struct store *s, uint64_t size);

/* All of it goes. */
void store_end(struct store *s);

/* The object with the bytes, made now if need be; 0: no space. */
uint64_t store_object(struct store *s, bool write);

#endif
