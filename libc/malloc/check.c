/*
 * check.c: what the allocator says when its rules are broken. It prints one line and ends the process; it
 * allocates nothing and trusts nothing but the heap's bounds.
 */
#include "malloc_internal.h"

#define heap malloc_heap

struct text {
	char line[160];
	unsigned length;
};

static void text_add(struct text *t, const char *s)
{
	while (*s && t->length < sizeof(t->line) - 1)
		t->line[t->length++] = *s++;
	t->line[t->length] = 0;
}

static void text_number(struct text *t, uint64_t n, unsigned base)
{
	char digits[24];
	unsigned at = sizeof(digits);

	digits[--at] = 0;
	do {
		digits[--at] = "0123456789abcdef"[n % base];
		n /= base;
	} while (n);
	if (base == 16)
		text_add(t, "0x");
	text_add(t, digits + at);
}

static bool in_heap(const void *p)
{
	return (uintptr_t)p - heap.first < heap.extent;
}

/* The span that contains p, or NULL: found from the first span on. */
static char *span_around(const char *p)
{
	for (char *at = (char *)heap.first; at <= p && at < heap.top;) {
		uint64_t word = span_get(at);
		size_t size = word_size(word);

		if (!word_is_span(word) || !size)
			return NULL;
		if (p < at + size)
			return at;
		at += size;
	}
	return NULL;
}

/* Adds where p lies. `freed`: its word is as it should be. */
static void describe(struct text *t, const char *p, bool freed)
{
	char *span = span_around(p), *span_start = span;
	uint64_t word;
	size_t size;

	if (!span) {
		text_add(t, p >= heap.top ? "memory not allocated" : "the heap is overwritten below it");
		return;
	}
	word = span_get(span);
	size = word_size(word);
	if (word_has(word, SPAN_SLAB)) {
		struct slab *s = (struct slab *)span;

		if (p < span + SLAB_HEAD) {
			text_add(t, "the allocator's own memory");
			return;
		}
		size = s->stride;
		span += SLAB_HEAD + (p - span - SLAB_HEAD) / size * size;
		word = word_get(span);
		text_number(t, p - span, 10);
		text_add(t, word_is_free(word) ? " bytes into a free block of " :
			 word_is_used(word) ? " bytes into a block of " : " bytes into an overwritten block of ");
	} else {
		bool used = word_has(word, SPAN_USED) && !span_is_kept(span_start);

		text_number(t, p - span, 10);
		text_add(t, used ? " bytes into a block of " : " bytes into free memory of ");
	}
	text_number(t, size - WORD, 10);
	text_add(t, p == span && !freed ? " bytes; the word before it was overwritten" : " bytes");
}

/* `call` was given a pointer that is not a block in use: says what it is. */
__attribute__((noreturn)) void check_bad_pointer(const char *call, const void *p)
{
	struct text t = { .length = 0 };
	bool freed = in_heap(p) && (word_is_free(word_get(p)) || span_is_kept(p) ||
				    (word_is_span(span_get(p)) && !word_has(span_get(p), SPAN_USED)));

	text_add(&t, "malloc: ");
	text_add(&t, call);
	text_add(&t, freed ? " of freed memory: " : in_heap(p) ? " of a bad pointer: " :
		 " of a pointer outside the heap: ");
	text_number(&t, (uintptr_t)p, 16);
	if (in_heap(p)) {
		text_add(&t, " is ");
		describe(&t, p, freed);
	}
	pages_abort(t.line);
}

/* What stands before or in p was overwritten, by whoever had the block there or the one before. */
__attribute__((noreturn)) void check_failed(const void *p)
{
	struct text t = { .length = 0 };

	text_add(&t, "malloc: memory was written that was not allocated, at or before ");
	text_number(&t, (uintptr_t)p, 16);
	if (in_heap(p)) {
		text_add(&t, ": ");
		describe(&t, p, false);
	}
	pages_abort(t.line);
}
