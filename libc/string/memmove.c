/* memmove.c: upwards like memcpy where that is right (copy.h), else downwards in words. */
#include "copy.h"

void *memmove(void *to, const void *from, size_t size);

/* Whole words from the ends down, both ends aligned; gives back how many bytes. */
static size_t move_down_aligned(word_t *to, const word_t *from, size_t size)
{
	size_t left = size;

	for (; left >= 4 * WORD_SIZE; left -= 4 * WORD_SIZE) {
		uint64_t a = from[-1], b = from[-2], c = from[-3], d = from[-4];

		to[-1] = a;
		to[-2] = b;
		to[-3] = c;
		to[-4] = d;
		to -= 4;
		from -= 4;
	}
	for (; left >= WORD_SIZE; left -= WORD_SIZE)
		*--to = *--from;
	return size - left;
}

/* The same where the source's end lies `offset` bytes past a word's start, 1-7. */
STRING_WHOLE_WORDS
static size_t move_down_shifted(word_t *to, const unsigned char *from, size_t offset, size_t size)
{
	const word_t *source = (const word_t *)(from - offset);
	unsigned down = offset * 8, up = 64 - down;
	uint64_t high = *source;
	size_t left = size;

	for (; left >= WORD_SIZE; left -= WORD_SIZE) {
		uint64_t low = *--source;

		*--to = low >> down | high << up;
		high = low;
	}
	return size - left;
}

static void move_down(unsigned char *d, const unsigned char *s, size_t size)
{
	size_t offset, done;

	if (size >= 2 * WORD_SIZE) {
		for (; word_offset(d); size--)
			*--d = *--s;
		offset = word_offset(s);
		if (offset)
			done = move_down_shifted((word_t *)d, s, offset, size);
		else
			done = move_down_aligned((word_t *)d, (const word_t *)s, size);
		d -= done;
		s -= done;
		size -= done;
	}
	for (; size; size--)
		*--d = *--s;
}

void *memmove(void *to, const void *from, size_t size)
{
	if ((uintptr_t)to - (uintptr_t)from >= size)
		copy_up(to, from, size);
	else
		move_down((unsigned char *)to + size, (const unsigned char *)from + size, size);
	return to;
}
