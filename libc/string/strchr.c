/* strchr.c: looks for a character or the end a word at a time. */
#include "words.h"

char *strchr(const char *s, int value);

STRING_WHOLE_WORDS
char *strchr(const char *s, int value)
{
	unsigned char c = (unsigned char)value;
	uint64_t pattern = word_fill(c);
	const unsigned char *p = (const unsigned char *)s;

	for (; word_offset(p); p++) {
		if (*p == c)
			return (char *)p;
		if (!*p)
			return NULL;
	}
	while (!word_zero(*(const word_t *)p) && !word_zero(*(const word_t *)p ^ pattern))
		p += WORD_SIZE;
	for (; *p != c; p++) {
		if (!*p)
			return NULL;
	}
	return (char *)p;
}
