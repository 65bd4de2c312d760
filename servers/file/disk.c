/*
 * disk.c: see disk.h.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <tessera/abi.h>
#include <tessera/cpio.h>
#include "archive.h"
#include "cache.h"
#include "disk.h"
#include "node.h"

#define DIRECTORY  "disk"
#define HEADER     110                 /* bytes of a header without its name */
#define ENTRIES    16384               /* so many are served: their names take memory, and the disk is not trusted */
#define SPAN_MOST  8192                /* longest header with its name and the padding of the archive tool */

static struct node *directory;
static uint64_t size, at;              /* of the disk; of the next header */
static unsigned entries;
static bool opened;

int disk_start(void)
{
	struct place place;
	int error = node_place(DIRECTORY, &place);

	if (error)
		return error;
	if (place.there)
		return 0;               /* the boot archive brought one: it is that */
	if (node_make(&place, FILE_DIRECTORY, true, 0, &directory))
		return E_NO_MEMORY;
	directory->absent = true;
	return 0;
}

/* Everything is known that ever will be. */
static int finish(void)
{
	directory->absent = false;
	return 0;
}

/* The entry behind the last: 1, 0 at the end of what can be read, or minus an error. */
static int next_entry(void)
{
	static char bytes[SPAN_MOST];
	struct cpio_entry entry;
	struct cpio reader;
	size_t span;
	int error;

	if (size - at < HEADER || entries == ENTRIES)
		return 0;
	error = cache_read(at, bytes, HEADER);
	if (error)
		return -error;
	span = cpio_span(bytes);
	if (!span || span > SPAN_MOST || span > size - at)
		return 0;
	error = cache_read(at, bytes, span);
	if (error)
		return -error;
	cpio_start(&reader, bytes, size - at);
	if (cpio_next(&reader, &entry) != 1)
		return 0;
	entry.offset += at;
	entry.data = NULL;
	at += reader.at;
	entries++;
	error = archive_add(&entry, DIRECTORY);
	return error ? -error : 1;
}

int disk_mount(void)
{
	int more = 1, error;

	if (!opened) {
		error = cache_open(&size);
		if (error)
			return error == E_NOT_FOUND ? finish() : error;
		opened = true;
	}
	directory->absent = false;      /* for what is added; nobody looks meanwhile */
	while (more == 1)
		more = next_entry();
	if (!more)
		return finish();
	directory->absent = true;
	return -more;
}
