/*
 * index.h: the names in the boot archive as a tree. Directories are those the archive names and those
 * implied by paths. Pure but for its own table, which is filled once.
 */
#ifndef FILE_INDEX_H
#define FILE_INDEX_H

#include <stddef.h>
#include <stdint.h>
#include <file_idl.h>

#define INDEX_PATH 200          /* longest path, as in file.idl */

struct index_entry {
	const char *path;               /* in the archive: no slash in front */
	const unsigned char *data;
	size_t size, offset;            /* offset: of data in the archive */
	uint32_t mode, inode, mtime;
	uint64_t part;                  /* the server's: capability to the object with its bytes, 0: not made yet */
};

/*
 * Reads the archive's files and directories; other kinds are left out. 0; E_TOO_BIG: more than fit;
 * E_BAD_ARCHIVE: it is broken somewhere. What came before stays usable in both cases.
 */
int index_build(const void *archive, size_t size);

/* The regular file of that path: 0, E_NOT_FOUND or E_IS_DIRECTORY. */
int index_file(const char *path, struct index_entry **file);

/* What a path names: 0 or E_NOT_FOUND. */
int index_stat(const char *path, struct file_stat *what);

/* The n-th name in a directory: name has INDEX_PATH + 1 bytes. 0, E_NOT_FOUND or E_NOT_DIRECTORY. */
int index_list(const char *path, unsigned n, char *name, struct file_stat *what);

#endif
