/*
 * words.h: what the string functions share: words that may alias anything, and tests for a zero byte.
 * The functions are plain C without floating point and use nothing but the compiler, so that the
 * kernel and the memory server use them too. Words are read whole only where they are aligned: such a
 * read never crosses a page, so it touches no page that the bytes asked for do not touch.
 */
#ifndef STRING_WORDS_H
#define STRING_WORDS_H

#include <stddef.h>
#include <stdint.h>

/* Or the compiler would turn the loop of memset into a call of memset. */
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC optimize("no-tree-loop-distribute-patterns")
#endif

/* Aligned words reach past the end of an object: right on this machine, an error to the sanitizer. */
#ifdef __SANITIZE_ADDRESS__
#define STRING_WHOLE_WORDS __attribute__((no_sanitize_address))
#else
#define STRING_WHOLE_WORDS
#endif

typedef uint64_t __attribute__((may_alias)) word_t;

#define WORD_SIZE 8
#define WORD_ONES 0x0101010101010101ull
#define WORD_TOPS 0x8080808080808080ull

static inline size_t word_offset(const void *p)
{
	return (uintptr_t)p & (WORD_SIZE - 1);
}

/* Not 0 when a byte of w is 0; its lowest set bit is the top bit of the first such byte. */
static inline uint64_t word_zero(uint64_t w)
{
	return (w - WORD_ONES) & ~w & WORD_TOPS;
}

static inline uint64_t word_fill(unsigned char c)
{
	return c * WORD_ONES;
}
#endif
