/* strlen.c: looks for the end a word at a time. */
#include "words.h"

size_t strlen(const char *s);

STRING_WHOLE_WORDS
size_t strlen(const char *s)
{
	const char *p = s;
	const word_t *w;

	for (; word_offset(p); p++) {
		if (!*p)
			return p - s;
	}
	for (w = (const word_t *)p; !word_zero(*w); w++)
		;
	for (p = (const char *)w; *p; p++)
		;
	return p - s;
}
