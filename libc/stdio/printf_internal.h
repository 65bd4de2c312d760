/* printf_internal.h: one conversion of a format, and where its characters go. */
#ifndef PRINTF_INTERNAL_H
#define PRINTF_INTERNAL_H

#include "stdio_internal.h"

#define FORMAT_LEFT  1u                /* - */
#define FORMAT_PLUS  2u
#define FORMAT_SPACE 4u
#define FORMAT_ALT   8u                /* # */
#define FORMAT_ZERO  16u
#define FORMAT_UPPER 32u               /* an upper-case conversion */

struct format {
	unsigned flags;
	int width;
	int precision;                 /* -1: none given */
	int conversion;                /* lower case for numbers */
	unsigned position;             /* of its argument, from 1; 0: the next */
};

/* Where output goes: a stream under its lock. */
struct output {
	FILE *file;
	size_t count;                  /* of what was said, written or not */
	bool failed;
};

void output_bytes(struct output *out, const char *bytes, size_t size) LIBC_HIDDEN;
void output_fill(struct output *out, char c, long count) LIBC_HIDDEN;

/* Sign or prefix, `size` of what follows: the padding that comes before, zeros included. */
void output_head(struct output *out, const struct format *f, const char *prefix, size_t prefix_size, size_t size)
	LIBC_HIDDEN;
void output_tail(struct output *out, const struct format *f, size_t size) LIBC_HIDDEN;

/* e f g a; is_double: of a type whose smallest exponent is double's. */
void format_float(struct output *out, struct format *f, long double value, bool is_double) LIBC_HIDDEN;
#endif
