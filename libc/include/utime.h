/* utime.h: times of files. */
#ifndef _UTIME_H_
#define _UTIME_H_ 1

#include <sys/types.h>

struct utimbuf {
	time_t actime, modtime;
};

#ifdef __cplusplus
extern "C"
#endif
int utime(const char *, const struct utimbuf *);
#endif
