/* memchr.c: looks for a byte a word at a time. */
#include "words.h"

void *memchr(const void *from, int value, size_t size);

void *memchr(const void *from, int value, size_t size)
{
	const unsigned char *p = from;
	unsigned char c = (unsigned char)value;
	uint64_t pattern = word_fill(c);

	for (; size && word_offset(p); p++, size--) {
		if (*p == c)
			return (void *)p;
	}
	for (; size >= WORD_SIZE; p += WORD_SIZE, size -= WORD_SIZE) {
		if (word_zero(*(const word_t *)p ^ pattern))
			break;
	}
	for (; size; p++, size--) {
		if (*p == c)
			return (void *)p;
	}
	return NULL;
}
