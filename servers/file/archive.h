/*
 * archive.h: the files of a cpio archive as fixed nodes. The archive is not trusted. Runs on the build machine
 * as it does here.
 */
#ifndef FILE_ARCHIVE_H
#define FILE_ARCHIVE_H

#include <stddef.h>

/*
 * Adds the archive's files and directories, and directories that paths imply; other kinds and names that
 * cannot be are
 * left out, of two entries with one name the first counts. 0; E_BAD_ARCHIVE: it is broken somewhere;
 * E_NO_MEMORY. What came
 * before stays.
 */
int archive_read(const void *archive, size_t size);

#endif
