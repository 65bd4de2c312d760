/*
 * index.c: see index.h. The entries are sorted so that all that is in a directory stands together and in
 * order of names: a slash sorts below every other character. The archive is not trusted.
 */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <tessera/cpio.h>
#include "index.h"

#define ENTRIES_MAX    512
#define IMPLIED_MODE   (CPIO_DIRECTORY | 0555)
#define IMPLIED_INODE  0x100000000ull  /* + the first entry below: never an inode of the archive */

static struct index_entry entries[ENTRIES_MAX];
static unsigned count;

static unsigned rank_of(char c)
{
	return c == '/' ? 1 : c ? (unsigned char)c + 1u : 0;
}

static int compare_paths(const char *a, const char *b)
{
	while (*a && *a == *b) {
		a++;
		b++;
	}
	return (int)rank_of(*a) - (int)rank_of(*b);
}

static int compare_entries(const void *a, const void *b)
{
	return compare_paths(((const struct index_entry *)a)->path, ((const struct index_entry *)b)->path);
}

static const char *without_root(const char *path)
{
	while (*path == '/' || (path[0] == '.' && path[1] == '/'))
		path += *path == '/' ? 1 : 2;
	return path;
}

static bool is_directory(const struct index_entry *e)
{
	return (e->mode & CPIO_TYPE_MASK) == CPIO_DIRECTORY;
}

int index_build(const void *archive, size_t size)
{
	struct cpio_entry found;
	struct cpio reader;
	int got;

	count = 0;
	cpio_start(&reader, archive, size);
	while ((got = cpio_next(&reader, &found)) == 1) {
		uint32_t type = found.mode & CPIO_TYPE_MASK;
		const char *path = without_root(found.name);

		if ((type != CPIO_REGULAR && type != CPIO_DIRECTORY) || !*path || strlen(path) > INDEX_PATH)
			continue;
		if (count == ENTRIES_MAX)
			break;
		entries[count++] = (struct index_entry){ .path = path, .data = found.data, .size = found.size,
			.offset = found.offset, .mode = found.mode, .inode = found.inode, .mtime = found.mtime };
	}
	qsort(entries, count, sizeof entries[0], compare_entries);
	return got == 1 ? E_TOO_BIG : got < 0 ? E_BAD_ARCHIVE : 0;
}

/* The path without "." and empty parts and with ".." resolved; the root is "". false: too long. */
static bool normalise(const char *path, char *out)
{
	size_t n = 0;

	for (;;) {
		size_t part;

		path += strspn(path, "/");
		part = strcspn(path, "/");
		if (!part)
			break;
		if (part == 2 && memcmp(path, "..", 2) == 0) {
			while (n && out[--n] != '/')
				;
		} else if (part != 1 || *path != '.') {
			if (n + part + 1 > INDEX_PATH)
				return false;
			if (n)
				out[n++] = '/';
			memcpy(out + n, path, part);
			n += part;
		}
		path += part;
	}
	out[n] = 0;
	return true;
}

/* The place of the first entry that is not below `path`. */
static unsigned place_of(const char *path)
{
	unsigned low = 0, high = count;

	while (low < high) {
		unsigned middle = (low + high) / 2;

		if (compare_paths(entries[middle].path, path) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* What follows the directory `path` of n characters in entry i, "" for itself; NULL: it is not inside. */
static const char *inside(unsigned i, const char *path, size_t n)
{
	const char *entry = i < count ? entries[i].path : NULL;

	if (!entry || strncmp(entry, path, n) != 0)
		return NULL;
	if (!n || !entry[n])
		return entry + n;
	return entry[n] == '/' ? entry + n + 1 : NULL;
}

static void stat_entry(const struct index_entry *e, struct file_stat *what)
{
	*what = (struct file_stat){ .size = is_directory(e) ? 0 : e->size, .inode = e->inode, .mtime = e->mtime,
				    .kind = is_directory(e) ? FILE_DIRECTORY : FILE_REGULAR, .mode = e->mode };
}

static void stat_implied(unsigned i, struct file_stat *what)
{
	*what = (struct file_stat){ .inode = IMPLIED_INODE + i, .kind = FILE_DIRECTORY, .mode = IMPLIED_MODE };
}

/* What a normal path names; *i: its first entry, or the first inside it. */
static int find(const char *path, unsigned *i, struct file_stat *what)
{
	const char *rest;

	*i = place_of(path);
	rest = inside(*i, path, strlen(path));
	if (rest && !*rest)
		stat_entry(&entries[*i], what);
	else if (rest || !*path)
		stat_implied(*i, what);
	else
		return E_NOT_FOUND;
	return 0;
}

int index_stat(const char *path, struct file_stat *what)
{
	char normal[INDEX_PATH + 1];
	unsigned i;

	return normalise(path, normal) ? find(normal, &i, what) : E_NOT_FOUND;
}

int index_file(const char *path, struct index_entry **file)
{
	char normal[INDEX_PATH + 1];
	struct file_stat what;
	unsigned i;
	int error = normalise(path, normal) ? find(normal, &i, &what) : E_NOT_FOUND;

	if (error)
		return error;
	*file = &entries[i];
	return what.kind == FILE_REGULAR ? 0 : E_IS_DIRECTORY;
}

int index_list(const char *path, unsigned n, char *name, struct file_stat *what)
{
	char normal[INDEX_PATH + 1], last[INDEX_PATH + 1] = "";
	const char *rest;
	unsigned i;
	int error = normalise(path, normal) ? find(normal, &i, what) : E_NOT_FOUND;

	if (error)
		return error;
	if (what->kind != FILE_DIRECTORY)
		return E_NOT_DIRECTORY;
	for (; (rest = inside(i, normal, strlen(normal))) != NULL; i++) {
		size_t part = strcspn(rest, "/");

		if (!part || (strlen(last) == part && memcmp(last, rest, part) == 0))
			continue;
		memcpy(last, rest, part);
		last[part] = 0;
		if (n--)
			continue;
		if (rest[part])
			stat_implied(i, what);
		else
			stat_entry(&entries[i], what);
		strcpy(name, last);
		return 0;
	}
	return E_NOT_FOUND;
}
