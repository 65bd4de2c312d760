/* sys/resource.h: what a process has used. */
#ifndef _SYS_RESOURCE_H_
#define _SYS_RESOURCE_H_ 1

#include <sys/time.h>

#define RUSAGE_SELF 0

/* Members of POSIX', and the most resident memory in KiB: what there is now. System time is part of the user time. */
struct rusage {
	struct timeval ru_utime, ru_stime;
	long ru_maxrss;
};

#ifdef __cplusplus
extern "C"
#endif
int getrusage(int, struct rusage *);
#endif
