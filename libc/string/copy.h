/*
 * copy.h: copying upwards, the one way of memcpy and of memmove to a lower address. Every word of the
 * source is read before anything is written at or behind it, so `to` may overlap `from` from below;
 * whatever the alignments, memory is read and written in words: where the two differ, they are put
 * together by shifts.
 */
#ifndef STRING_COPY_H
#define STRING_COPY_H

#include "words.h"

/* Copies whole words from an aligned source; gives back how many bytes. */
static inline size_t copy_aligned(word_t *to, const word_t *from, size_t size)
{
	size_t left = size;

	for (; left >= 8 * WORD_SIZE; left -= 8 * WORD_SIZE, to += 8, from += 8) {
		uint64_t a = from[0], b = from[1], c = from[2], d = from[3];
		uint64_t e = from[4], f = from[5], g = from[6], h = from[7];

		to[0] = a;
		to[1] = b;
		to[2] = c;
		to[3] = d;
		to[4] = e;
		to[5] = f;
		to[6] = g;
		to[7] = h;
	}
	for (; left >= WORD_SIZE; left -= WORD_SIZE)
		*to++ = *from++;
	return size - left;
}

/* The same from a source that is `offset` bytes past a word's start, 1-7. */
STRING_WHOLE_WORDS
static inline size_t copy_shifted(word_t *to, const unsigned char *from, size_t offset, size_t size)
{
	const word_t *source = (const word_t *)(from - offset);
	unsigned down = offset * 8, up = 64 - down;
	uint64_t low = *source++;
	size_t left = size;

	for (; left >= 2 * WORD_SIZE; left -= 2 * WORD_SIZE, to += 2, source += 2) {
		uint64_t middle = source[0], high = source[1];

		to[0] = low >> down | middle << up;
		to[1] = middle >> down | high << up;
		low = high;
	}
	if (left >= WORD_SIZE) {
		*to = low >> down | *source << up;
		left -= WORD_SIZE;
	}
	return size - left;
}

static inline void copy_up(unsigned char *to, const unsigned char *from, size_t size)
{
	size_t offset, done;

	if (size >= 2 * WORD_SIZE) {
		for (; word_offset(to); size--)
			*to++ = *from++;
		offset = word_offset(from);
		if (offset)
			done = copy_shifted((word_t *)to, from, offset, size);
		else
			done = copy_aligned((word_t *)to, (const word_t *)from, size);
		to += done;
		from += done;
		size -= done;
	}
	for (; size; size--)
		*to++ = *from++;
}
#endif
