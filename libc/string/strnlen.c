/* strnlen.c: the length, or most when the end is not within the first `most` bytes. */
#include "words.h"

void *memchr(const void *from, int value, size_t size);
size_t strnlen(const char *s, size_t most);

size_t strnlen(const char *s, size_t most)
{
	const char *end = memchr(s, 0, most);

	return end ? (size_t)(end - s) : most;
}
