/* memcmp.c: compares words where both sides can be aligned together. */
#include "words.h"

int memcmp(const void *left, const void *right, size_t size);

int memcmp(const void *left, const void *right, size_t size)
{
	const unsigned char *a = left, *b = right;

	if (size >= 2 * WORD_SIZE && word_offset(a) == word_offset(b)) {
		for (; word_offset(a); a++, b++, size--) {
			if (*a != *b)
				return *a - *b;
		}
		for (; size >= WORD_SIZE; a += WORD_SIZE, b += WORD_SIZE, size -= WORD_SIZE) {
			if (*(const word_t *)a != *(const word_t *)b)
				break;
		}
	}
	for (; size; a++, b++, size--) {
		if (*a != *b)
			return *a - *b;
	}
	return 0;
}
