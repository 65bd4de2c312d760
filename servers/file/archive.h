/*
 * archive.h: the files of a cpio archive as fixed nodes. The archive is not trusted. Runs on the build machine
 * as it does here.
 */
#ifndef FILE_ARCHIVE_H
#define FILE_ARCHIVE_H

#include <stddef.h>
#include <tessera/cpio.h>

/*
 * Adds the archive's files and directories, and directories that paths imply; other kinds and names that
 * cannot be are
 * left out, of two entries with one name the first counts. 0; E_BAD_ARCHIVE: it is broken somewhere;
 * E_NO_MEMORY. What came
 * before stays.
 */
int archive_read(const void *archive, size_t size);

/* One entry of an archive, below a directory (data NULL: the bytes are on the disk): 0 or E_NO_MEMORY. */
int archive_add(const struct cpio_entry *entry, const char *below);

#endif
