/*
 * tessera/cpio.h: reading a cpio archive ("newc") that lies in memory. The archive is not trusted: every
 * entry is checked against the archive's end before anything of it is given out. Keeps no state but
 * the reader's; nothing is copied. Plain C: the build machine's tests use it too.
 */
#ifndef TESSERA_CPIO_H
#define TESSERA_CPIO_H

#include <stddef.h>
#include <stdint.h>

#define CPIO_TYPE_MASK 0170000
#define CPIO_DIRECTORY 0040000
#define CPIO_REGULAR   0100000

struct cpio {
	const unsigned char *base;
	size_t size;
	size_t at;                     /* of the next header */
	const char *why;               /* after a refusal: what is wrong with the header at `at` */
};

struct cpio_entry {
	const char *name;              /* NUL-terminated, inside the archive */
	const void *data;
	size_t size;
	size_t offset;                 /* of data, from the archive's start */
	uint32_t mode, inode, mtime;
};

/* Starts reading at the archive's first entry. */
void cpio_start(struct cpio *reader, const void *base, size_t size);

/*
 * How many bytes, from the header's start to the end of its name, cpio_next must find in memory: 110 of them
 * are given here.
 * 0: it is no header.
 */
size_t cpio_span(const void *header);

/* The next entry: 1 and *entry; 0 at the trailer; -1 when malformed, for ever, with reader->why. */
__attribute__((warn_unused_result)) int cpio_next(struct cpio *reader, struct cpio_entry *entry);

/* Finds the entry of this name, a leading '/' or "./" on either side not counted: results as cpio_next. */
__attribute__((warn_unused_result)) int cpio_find(const void *base, size_t size, const char *name,
						  struct cpio_entry *entry, const char **why);
#endif
