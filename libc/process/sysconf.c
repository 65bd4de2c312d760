/* sysconf.c: the limits that a program may ask for. */
#include <errno.h>
#include <limits.h>
#include <unistd.h>
#include <pthread.h>
#include "../file/fd.h"

long sysconf(int name)
{
	switch (name) {
	case _SC_PAGESIZE:
		return PAGE_SIZE;
	case _SC_OPEN_MAX:
		return DESCRIPTORS;
	case _SC_CLK_TCK:
		return CLOCKS_PER_SEC;
	case _SC_ARG_MAX:
		return ARG_MAX;
	case _SC_THREAD_KEYS_MAX:
		return PTHREAD_KEYS_MAX;
	case _SC_THREAD_STACK_MIN:
		return PTHREAD_STACK_MIN;
	default:
		errno = EINVAL;
		return -1;
	}
}
