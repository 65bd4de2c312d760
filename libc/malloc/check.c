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
	return heap_holds(p);
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

/* Adds where p lies. true: in memory that is free. */
static bool describe(struct text *t, const char *p)
{
	char *at = span_around(p);
	uint64_t word;
	size_t size;
	bool freed;

	if (!at) {
		text_add(t, p >= heap.top ? "memory not allocated" : "a heap overwritten below it");
		return p >= heap.top;
	}
	word = span_get(at);
	size = word_size(word);
	freed = !word_is_block(word);
	if (word & SPAN_SLAB) {
		struct slab *s = (struct slab *)at;

		if (p < at + SLAB_HEAD) {
			text_add(t, "the allocator's own");
			return false;
		}
		size = class_stride(s->class);
		at += SLAB_HEAD + (p - at - SLAB_HEAD) / size * size;
		word = word_load(at) * s->home->inverse;
		freed = -word == (uintptr_t)s;
		if (word != (uintptr_t)s && !freed)
			text_add(t, "overwritten, ");
	}
	text_number(t, p - at, 10);
	text_add(t, freed ? " bytes into a free block of " : " bytes into a block of ");
	text_number(t, size - WORD, 10);
	return freed;
}

/* In debug mode: adds where p lies. true: in memory that is free. */
static bool describe_debug(struct text *t, const void *p)
{
	struct debug_place place;

	if (!debug_explain(p, &place)) {
		text_add(t, "no block of the allocator's");
		return false;
	}
	if (place.offset < 0) {
		text_number(t, -place.offset, 10);
		text_add(t, " bytes before a ");
	} else if ((size_t)place.offset >= place.size) {
		text_number(t, place.offset - place.size, 10);
		text_add(t, " bytes past a ");
	} else {
		text_number(t, place.offset, 10);
		text_add(t, " bytes into a ");
	}
	text_number(t, place.size, 10);
	text_add(t, place.used ? "-byte block allocated at " : "-byte block that is free, allocated at ");
	text_number(t, (uintptr_t)place.pc, 16);
	return !place.used;
}

void malloc_explain_fault(const void *address)
{
	struct text t = { .length = 0 };
	struct debug_place place;

	if (!debug_explain(address, &place))
		return;
	text_add(&t, "malloc: fault at ");
	text_number(&t, (uintptr_t)address, 16);
	text_add(&t, ": ");
	describe_debug(&t, address);
	pages_print(t.line);
}

/* `call` was given a pointer that is not a block in use: says what it is. */
__attribute__((noreturn)) void check_bad_pointer(const char *call, const void *p)
{
	struct text t = { .length = 0 }, where = { .length = 0 };
	bool debug = heap.mode == MODE_DEBUG, inside = debug || in_heap(p);
	bool freed = debug ? describe_debug(&where, p) : inside && describe(&where, p);

	text_add(&t, "malloc: ");
	text_add(&t, call);
	text_add(&t, freed ? " of freed memory: " : inside ? " of a bad pointer: " :
		 " of a pointer outside the heap: ");
	text_number(&t, (uintptr_t)p, 16);
	if (inside) {
		text_add(&t, " is ");
		text_add(&t, where.line);
	}
	pages_abort(t.line);
}

/* What stands before or in p was overwritten, by whoever had the block there or the one before. */
__attribute__((noreturn)) void check_overwritten(const void *p)
{
	struct text t = { .length = 0 };

	text_add(&t, "malloc: memory was written that was not allocated, at or before ");
	text_number(&t, (uintptr_t)p, 16);
	text_add(&t, ": ");
	if (heap.mode == MODE_DEBUG)
		describe_debug(&t, p);
	else if (in_heap(p))
		describe(&t, p);
	pages_abort(t.line);
}
