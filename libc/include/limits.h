/* limits.h: the compiler's and picolibc's, with POSIX' limits of this system. */
#include_next <limits.h>
#ifndef _TESSERA_LIMITS_H
#define _TESSERA_LIMITS_H
#undef PATH_MAX
#undef NAME_MAX
#undef OPEN_MAX
#undef ARG_MAX
#undef SSIZE_MAX
#undef IOV_MAX
#undef PIPE_BUF
#define PATH_MAX  441
#define NAME_MAX  255
#define OPEN_MAX  1024
#define ARG_MAX   131072
#define SSIZE_MAX LONG_MAX
#define IOV_MAX   1024
#define PIPE_BUF  900
#endif
