/* strcmp.c: compares words where both sides can be aligned together. */
#include "words.h"

int strcmp(const char *left, const char *right);

STRING_WHOLE_WORDS
int strcmp(const char *left, const char *right)
{
	const unsigned char *a = (const unsigned char *)left, *b = (const unsigned char *)right;

	if (word_offset(a) == word_offset(b)) {
		for (; word_offset(a); a++, b++) {
			if (*a != *b || !*a)
				return *a - *b;
		}
		while (*(const word_t *)a == *(const word_t *)b && !word_zero(*(const word_t *)a)) {
			a += WORD_SIZE;
			b += WORD_SIZE;
		}
	}
	for (; *a == *b && *a; a++, b++)
		;
	return *a - *b;
}
