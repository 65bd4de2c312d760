/* strncmp.c: compares words where both sides can be aligned together. */
#include "words.h"

int strncmp(const char *left, const char *right, size_t most);

int strncmp(const char *left, const char *right, size_t most)
{
	const unsigned char *a = (const unsigned char *)left, *b = (const unsigned char *)right;

	if (word_offset(a) == word_offset(b)) {
		for (; most && word_offset(a); a++, b++, most--) {
			if (*a != *b || !*a)
				return *a - *b;
		}
		for (; most >= WORD_SIZE; a += WORD_SIZE, b += WORD_SIZE, most -= WORD_SIZE) {
			if (*(const word_t *)a != *(const word_t *)b || word_zero(*(const word_t *)a))
				break;
		}
	}
	for (; most; a++, b++, most--) {
		if (*a != *b || !*a)
			return *a - *b;
	}
	return 0;
}
