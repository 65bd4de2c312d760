/*
 * disk.h: the archive on the disk, as the files below /disk. It is read when somebody first looks there; until
 * then the
 * directory is `absent` (node.h).
 */
#ifndef FILE_DISK_H
#define FILE_DISK_H

/* Makes the directory: 0 or E_NO_MEMORY. */
int disk_start(void);

/*
 * Goes on with reading the archive's headers: 0: all are read, or there is no disk; E_AGAIN: later; E_IO: a
 * header cannot be
 * read now. A broken archive is served up to where it breaks.
 */
int disk_mount(void);

#endif
