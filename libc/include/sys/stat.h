/* sys/stat.h: picolibc's, and lstat: there are no symbolic links. */
#include_next <sys/stat.h>
#ifndef _TESSERA_STAT_H
#define _TESSERA_STAT_H
#ifdef __cplusplus
extern "C"
#endif
int lstat(const char *__restrict, struct stat *__restrict);
#endif
