/* fflush.c: picolibc's takes no NULL, which stands for all streams: the standard ones, files are read. */
#include <stdio.h>
#include "libc_internal.h"

int fflush(FILE *stream)
{
	if (!stream) {
		stdio_finish();
		return 0;
	}
	return stream->flush ? stream->flush(stream) : 0;
}
