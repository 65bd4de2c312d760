/* memset.c: fills in words, eight at a time. */
#include "words.h"

void *memset(void *to, int value, size_t size);

void *memset(void *to, int value, size_t size)
{
	unsigned char *d = to;
	uint64_t w = word_fill((unsigned char)value);
	word_t *p;

	if (size >= 2 * WORD_SIZE) {
		for (; word_offset(d); size--)
			*d++ = (unsigned char)value;
		p = (word_t *)d;
		for (; size >= 8 * WORD_SIZE; size -= 8 * WORD_SIZE, p += 8) {
			p[0] = w;
			p[1] = w;
			p[2] = w;
			p[3] = w;
			p[4] = w;
			p[5] = w;
			p[6] = w;
			p[7] = w;
		}
		for (; size >= WORD_SIZE; size -= WORD_SIZE)
			*p++ = w;
		d = (unsigned char *)p;
	}
	for (; size; size--)
		*d++ = (unsigned char)value;
	return to;
}
