/*
 * string_test.c: libc/string against the build machine's own functions: every alignment of both sides,
 * every size around the word loops, overlaps in both directions, and that nothing outside is touched.
 */
// CFLAGS: -fno-builtin
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RENAME(name) tessera_##name
#define memcpy RENAME(memcpy)
#define memmove RENAME(memmove)
#define memset RENAME(memset)
#define memcmp RENAME(memcmp)
#define memchr RENAME(memchr)
#define strlen RENAME(strlen)
#define strnlen RENAME(strnlen)
#define strcmp RENAME(strcmp)
#define strncmp RENAME(strncmp)
#define strchr RENAME(strchr)
#define strcpy RENAME(strcpy)
#include "../../libc/string/memcpy.c"
#include "../../libc/string/memmove.c"
#include "../../libc/string/memset.c"
#include "../../libc/string/memcmp.c"
#include "../../libc/string/memchr.c"
#include "../../libc/string/strlen.c"
#include "../../libc/string/strnlen.c"
#include "../../libc/string/strcmp.c"
#include "../../libc/string/strncmp.c"
#include "../../libc/string/strchr.c"
#include "../../libc/string/strcpy.c"
#undef memcpy
#undef memmove
#undef memset
#undef memcmp
#undef memchr
#undef strlen
#undef strnlen
#undef strcmp
#undef strncmp
#undef strchr
#undef strcpy

#define SPAN 256
#define CHECK(condition)                                                                   \
	do {                                                                               \
		if (!(condition)) {                                                        \
			fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition);    \
			exit(1);                                                           \
		}                                                                          \
	} while (0)

static unsigned char ours[SPAN] __attribute__((aligned(16)));
static unsigned char theirs[SPAN] __attribute__((aligned(16)));
static unsigned char source[SPAN] __attribute__((aligned(16)));

static void fill_both(void)
{
	for (int i = 0; i < SPAN; i++) {
		ours[i] = theirs[i] = (unsigned char)(i * 7 + 3);
		source[i] = (unsigned char)(i * 13 + 1);
	}
}

static void same(void)
{
	CHECK(!memcmp(ours, theirs, SPAN));
}

static void test_copy(void)
{
	for (size_t d = 0; d < 9; d++) {
		for (size_t s = 0; s < 9; s++) {
			for (size_t n = 0; n < 150; n++) {
				fill_both();
				CHECK(tessera_memcpy(ours + d, source + s, n) == ours + d);
				memcpy(theirs + d, source + s, n);
				same();
			}
		}
	}
}

static void test_move(void)
{
	for (size_t d = 0; d < 40; d++) {
		for (size_t s = 0; s < 40; s++) {
			for (size_t n = 0; n < 150; n += n < 40 ? 1 : 7) {
				fill_both();
				CHECK(tessera_memmove(ours + d, ours + s, n) == ours + d);
				memmove(theirs + d, theirs + s, n);
				same();
			}
		}
	}
}

static void test_set(void)
{
	for (size_t d = 0; d < 9; d++) {
		for (size_t n = 0; n < 200; n++) {
			fill_both();
			CHECK(tessera_memset(ours + d, (int)n + 0x180, n) == ours + d);
			memset(theirs + d, (int)n + 0x180, n);
			same();
		}
	}
}

static int sign(int n)
{
	return (n > 0) - (n < 0);
}

static void test_compare(void)
{
	for (size_t d = 0; d < 9; d++) {
		for (size_t s = 0; s < 9; s++) {
			for (size_t n = 0; n < 60; n++) {
				for (size_t at = 0; at < n + 2; at++) {
					memset(ours, 'a', SPAN);
					memset(theirs, 'a', SPAN);
					ours[d + at] = (unsigned char)(at & 1 ? 0xf0 : 1);
					CHECK(sign(tessera_memcmp(ours + d, theirs + s, n)) ==
					      sign(memcmp(ours + d, theirs + s, n)));
					ours[d + n] = theirs[s + n] = 0;
					CHECK(sign(tessera_strcmp((char *)ours + d, (char *)theirs + s)) ==
					      sign(strcmp((char *)ours + d, (char *)theirs + s)));
					CHECK(sign(tessera_strncmp((char *)ours + d, (char *)theirs + s, at)) ==
					      sign(strncmp((char *)ours + d, (char *)theirs + s, at)));
				}
			}
		}
	}
}

static void test_search(void)
{
	for (size_t d = 0; d < 9; d++) {
		for (size_t n = 0; n < 100; n++) {
			char *s = (char *)ours + d;

			memset(ours, 'x', SPAN);
			s[n] = 0;
			s[n + 3] = 0;
			CHECK(tessera_strlen(s) == n);
			CHECK(tessera_strnlen(s, n / 2) == n / 2);
			CHECK(tessera_strnlen(s, n + 5) == n);
			CHECK(tessera_strchr(s, 'q') == NULL);
			CHECK(tessera_strchr(s, 0) == s + n);
			CHECK(tessera_memchr(s, 'q', n) == NULL);
			CHECK(tessera_memchr(s, 0, n) == NULL);
			CHECK(tessera_memchr(s, 0, n + 1) == s + n);
			if (n) {
				s[n - 1] = (char)0x80;
				CHECK(tessera_strchr(s, 0x80) == s + n - 1);
				CHECK(tessera_memchr(s, 0x80, n) == s + n - 1);
			}
			CHECK(tessera_strcpy((char *)theirs + 3, s) == (char *)theirs + 3);
			CHECK(!strcmp((char *)theirs + 3, s));
		}
	}
}

int main(void)
{
	test_copy();
	test_move();
	test_set();
	test_compare();
	test_search();
	puts("string: ok");
	return 0;
}
