/*
 * archive.c: see archive.h.
 */
#include <string.h>
#include <tessera/abi.h>
#include <tessera/cpio.h>
#include "archive.h"
#include "node.h"

#define PATH_MOST 440                  /* longest path that a client can ask for */

/* The directory that a path's part up to `end` names, made with those on the way; NULL: it cannot be. */
static bool make_directories(const char *path, size_t end)
{
	char part[PATH_MOST + 1];
	struct place place;
	struct node *made;

	for (size_t n = 1; n <= end; n++) {
		if (path[n] != '/')
			continue;
		memcpy(part, path, n);
		part[n] = 0;
		if (node_place(part, &place) == E_BAD_ARG)
			continue;
		if (node_place(part, &place) ||
		    (!place.there && node_make(&place, FILE_DIRECTORY, true, 0, &made)))
			return false;
	}
	return true;
}

int archive_add(const struct cpio_entry *e, const char *below)
{
	char path[PATH_MOST + 1];
	uint32_t type = e->mode & CPIO_TYPE_MASK;
	size_t size = strlen(e->name), room = strlen(below);
	struct place place;
	struct node *n;

	if ((type != CPIO_REGULAR && type != CPIO_DIRECTORY) || !size || room + 1 + size > PATH_MOST)
		return 0;
	memcpy(path, below, room);
	path[room] = '/';
	memcpy(path + room + 1, e->name, size + 1);
	if (!make_directories(path, room + size) || node_place(path, &place))
		return 0;
	n = place.there;
	if (n && (n->kind != FILE_DIRECTORY || type != CPIO_DIRECTORY))
		return 0;
	if (!n && node_make(&place, type == CPIO_DIRECTORY ? FILE_DIRECTORY : FILE_REGULAR, true, e->mtime, &n))
		return E_NO_MEMORY;
	n->mode = e->mode;
	n->mtime = e->mtime;
	if (type == CPIO_REGULAR) {
		n->data = e->data;
		n->offset = e->offset;
		n->size = e->size;
	}
	return 0;
}

int archive_read(const void *archive, size_t size)
{
	struct cpio_entry entry;
	struct cpio reader;
	int got, error = 0;

	cpio_start(&reader, archive, size);
	while (!error && (got = cpio_next(&reader, &entry)) == 1)
		error = archive_add(&entry, "");
	return error ? error : got < 0 ? E_BAD_ARCHIVE : 0;
}
