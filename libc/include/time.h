/* time.h: picolibc's, with the clocks and waits that Tessera has. */
#include <sys/features.h>
#include_next <time.h>
#ifndef TIME_UTC
#define TIME_UTC 1
#endif
#ifdef __cplusplus
extern "C"
#endif
int timespec_get(struct timespec *, int);
