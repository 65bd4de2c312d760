/* strcpy.c: measures, then copies as memory. */
#include "words.h"

void *memcpy(void *restrict to, const void *restrict from, size_t size);
size_t strlen(const char *s);
char *strcpy(char *restrict to, const char *restrict from);

char *strcpy(char *restrict to, const char *restrict from)
{
	return memcpy(to, from, strlen(from) + 1);
}
