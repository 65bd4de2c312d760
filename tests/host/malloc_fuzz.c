/*
 * malloc_fuzz.c: the input is a list of calls to the allocator. Contents of every block, the heap's invariants and
 * the misuse checks are verified; an input byte may also make commits fail.
 */
// SOURCES: libc/malloc/malloc.c libc/malloc/classes.c libc/malloc/span.c libc/malloc/check.c
// SOURCES: libc/malloc/debug.c libc/malloc/walk.c tests/host/mallocbench/pages_host.c
// CFLAGS: -DMALLOC_PREFIX=t_ -fno-strict-aliasing
// ARGS: -max_len=4096
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pages_host.h"

#define SLOTS 64

struct block {
	unsigned char *p;
	size_t size;
	unsigned char fill;
};

static struct block block[SLOTS];
static unsigned char fill;

static void expect(int holds, const char *what)
{
	if (!holds) {
		fprintf(stderr, "malloc_fuzz: %s\n", what);
		abort();
	}
}

static void put(struct block *b, void *p, size_t size)
{
	*b = (struct block){ .p = p, .size = p ? size : 0, .fill = ++fill };
	expect((uintptr_t)p % 16 == 0, "aligned");
	if (p)
		memset(p, b->fill, size);
}

static void verify(const struct block *b, size_t size)
{
	for (size_t i = 0; i < size; i++)
		expect(b->p[i] == b->fill, "contents");
}

static void drop(struct block *b)
{
	verify(b, b->size);
	t_free(b->p);
	*b = (struct block){ 0 };
}

/* Gives the pointer to free again: that must be stopped. */
static void free_twice(struct block *b)
{
	unsigned char *volatile p = b->p;
	jmp_buf here;

	drop(b);
	if (!p)
		return;
	pages_stop = &here;
	if (!setjmp(here)) {
		t_free(p);
		expect(0, "a second free is stopped");
	}
	pages_stop = NULL;
}

static void resize(struct block *b, size_t size)
{
	size_t old = b->size;
	unsigned char *p;

	verify(b, old);
	p = t_realloc(b->p, size);
	if (!p)
		return;
	b->p = p;
	verify(b, old < size ? old : size);
	put(b, p, size);
}

static void call(const uint8_t *in)
{
	struct block *b = &block[in[0] % SLOTS];
	size_t size = in[2] | in[3] << 8;

	size = in[1] & 64 ? size * 16 : in[1] & 128 ? size : size % 1100;
	switch (in[1] & 7) {
	case 0:
	case 1:
		drop(b);
		put(b, t_malloc(size), size);
		break;
	case 2:
		drop(b);
		put(b, t_aligned_alloc(16ul << (in[1] >> 3 & 7), size), size);
		break;
	case 3:
		resize(b, size);
		break;
	case 4:
		drop(b);
		b->p = t_calloc(1, size);
		verify(b, b->p ? size : 0);
		put(b, b->p, size);
		break;
	case 5:
		free_twice(b);
		break;
	case 6:
		drop(b);
		break;
	default:
		pages_fail = in[2] % 8;
		if (in[3] % 8 == 0)
			t_malloc_trim(size);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *in, size_t size)
{
	uint64_t used;
	const char *wrong;

	for (; size >= 4; in += 4, size -= 4)
		call(in);
	wrong = malloc_check(&used);
	expect(!wrong, wrong ? wrong : "");
	pages_fail = 0;
	for (unsigned i = 0; i < SLOTS; i++)
		drop(&block[i]);
	wrong = malloc_check(&used);
	expect(!wrong && !used, wrong ? wrong : "all is free");
	return 0;
}
