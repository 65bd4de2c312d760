/*
 * check.h: what the conformance programs share. CHECK tells which line failed and goes on; check_end gives
 * main's result and says "NAME: ok" if nothing failed. Runs on the build machine too.
 */
#ifndef CHECK_H
#define CHECK_H

#include <errno.h>
#include <stdio.h>
#include <string.h>

static int check_failures;

#define CHECK(condition)                                                                     \
	do {                                                                                 \
		if (!(condition)) {                                                          \
			printf("%s:%d: %s (errno %d)\n", __FILE__, __LINE__, #condition, errno); \
			check_failures++;                                                    \
		}                                                                            \
	} while (0)

/* The call gives -1 (or what `bad` is) and sets errno to `wanted`. */
#define CHECK_ERRNO(call, bad, wanted)             \
	do {                                       \
		errno = 0;                         \
		CHECK((call) == (bad) && errno == (wanted)); \
	} while (0)

static inline int check_end(const char *name)
{
	if (!check_failures)
		printf("%s: ok\n", name);
	return check_failures != 0;
}
#endif
