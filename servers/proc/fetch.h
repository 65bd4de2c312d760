/*
 * fetch.h: programs that are not in the boot archive: their bytes, from the file server. The loader's.
 */
#ifndef PROC_FETCH_H
#define PROC_FETCH_H

#include <stddef.h>

/*
 * The bytes of a file, to be given to fetch_free: 0; E_NOT_FOUND: no such file; E_TOO_BIG: more than 16 MiB;
 * or why they could not be had.
 * A file server that says nothing for 5 s is E_TIMEOUT: it may be what this thread must start.
 */
int fetch_file(const char *path, unsigned char **bytes, size_t *size);
void fetch_free(unsigned char *bytes, size_t size);

#endif
