/* sys/features.h: picolibc's, with the options of POSIX that Tessera has. */
#ifndef _TESSERA_FEATURES_H
#define _TESSERA_FEATURES_H
#include_next <sys/features.h>
#undef _POSIX_TIMERS
#undef _POSIX_MONOTONIC_CLOCK
#undef _POSIX_CPUTIME
#undef _POSIX_THREADS
#define _POSIX_TIMERS          200809L
#define _POSIX_MONOTONIC_CLOCK 200809L
#define _POSIX_CPUTIME         200809L
#define _POSIX_THREADS         200809L
#endif
