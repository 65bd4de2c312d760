/* sys/stat.h: picolibc's, lstat (there are no symbolic links), and what says which times are set. */
#include_next <sys/stat.h>
#ifndef _TESSERA_STAT_H
#define _TESSERA_STAT_H

#define UTIME_NOW  (-2L)
#define UTIME_OMIT (-1L)

#ifdef __cplusplus
extern "C" {
#endif
int lstat(const char *__restrict, struct stat *__restrict);
int utimensat(int, const char *, const struct timespec[2], int);
int futimens(int, const struct timespec[2]);
#ifdef __cplusplus
}
#endif
#endif
