/*
 * walk.c: a walk through the whole heap: statistics, and for tests a check of every invariant.
 */
#include <stdio.h>
#include <string.h>

#include "malloc_internal.h"
#include <malloc.h>

#define heap malloc_heap

struct walk {
	struct mallinfo2 info;
	uint64_t slabs, spans;          /* number; bytes in spans in use */
	const char *wrong;      /* the first invariant found broken, or NULL */
};

static void expect(struct walk *w, bool holds, const char *what)
{
	if (!holds && !w->wrong)
		w->wrong = what;
}

static void walk_slab(struct walk *w, struct slab *s, size_t size)
{
	unsigned used = 0, listed = 0, remote = 0;
	size_t stride = class_stride(s->class);

	expect(w, size >= SLAB_HEAD + s->total * stride, "a slab fits its span");
	for (unsigned i = 0; i < s->total; i++) {
		uint64_t word = word_load((char *)s + SLAB_HEAD + i * stride) * s->home->inverse;


		expect(w, word == (uintptr_t)s || -word == (uintptr_t)s, "a block's word is one");
		used += word == (uintptr_t)s;
	}
	for (char *at = s->free; at && listed <= s->total; listed++)
		at = list_next(at);
	for (char *at = s->remote ? (char *)s + s->remote : NULL; at && remote <= s->total; remote++)
		at = list_next(at);
	expect(w, used + listed + remote <= s->total, "a block is used or in a list");
	if (s->at)
		expect(w, *s->at == s && listed && s->left + s->bias == s->total - listed,
		       "left counts what is not free");
	else
		expect(w, s->left && !listed, "what is not listed has nothing free");
	expect(w, !s->at || s->target == &s->free, "what is listed takes back its own");
	w->slabs++;
	w->info.uordblks += used * (stride - WORD);
	w->info.smblks += s->total - used;
	w->info.fsmblks += (s->total - used) * stride;
}

static void walk_spans(struct walk *w)
{
	bool free_before = false;
	char *p = (char *)heap.first;

	while (p < heap.top && !w->wrong) {
		uint64_t word = span_get(p);
		size_t size = word_size(word);

		expect(w, word_is_span(word) && size >= SPAN_MIN, "spans tile the heap");
		if (w->wrong)
			return;
		expect(w, !(word & SPAN_PREV) == !free_before, "a span knows whether the one before is free");
		if (!(word & SPAN_USED)) {
			expect(w, !free_before, "no two free spans adjoin");
			expect(w, *(word_t *)(p + size - 2 * WORD) == size, "a free span ends with its size");
			w->info.ordblks++;
			w->info.fordblks += size;
		} else if (word & SPAN_SLAB) {
			walk_slab(w, (struct slab *)p, size);
		} else if (word & SPAN_QUICK) {
			w->info.fordblks += size;
		} else {
			w->info.hblks++;
			w->info.hblkhd += size - WORD;
			w->info.uordblks += size - WORD;
		}
		free_before = !(word & SPAN_USED);
		if (!free_before)
			w->spans += size;
		p += size;
	}
	expect(w, heap.used == w->spans, "used is what spans in use add up to");
	expect(w, p == heap.top && !free_before, "spans end at top, the last one used");
}

static void walk_bins(struct walk *w)
{
	uint64_t spans = 0;

	for (unsigned i = 0; i < BINS; i++) {
		expect(w, !heap.bin[i] == !(heap.map[i / 64] >> i % 64 & 1), "the map says which bins hold spans");
		for (struct links *l = heap.bin[i]; l && !w->wrong; l = l->next, spans++) {
			expect(w, !(span_get(l) & SPAN_USED), "a bin holds free spans");
			expect(w, *l->at == l && (l->at == &heap.bin[i]) == (l == heap.bin[i]), "a bin's links hold");
		}
	}
	for (unsigned i = 0; i < (BINS + 63) / 64; i++)
		expect(w, !heap.map[i] == !(heap.summary >> i & 1), "the summary says which words of the map are 0");
	expect(w, spans == w->info.ordblks, "every free span is in a bin");
}

static void walk(struct walk *w)
{
	memset(w, 0, sizeof(*w));
	heap_lock();
	if (heap.secret) {
		walk_spans(w);
		walk_bins(w);
		for (struct home *home = heap.every; home; home = home->every) {
			w->info.uordblks -= word_size(span_get(home)) - WORD;
			w->info.hblks--;
			w->info.hblkhd -= word_size(span_get(home)) - WORD;
		}
		w->info.arena = heap.extent + GRAIN;
		w->info.keepcost = heap.end - heap.top;
		w->info.fordblks += w->info.keepcost + w->info.fsmblks;
	}
	heap_unlock();
}

/* The first broken invariant, or NULL; bytes in blocks in use in *used. For tests. */
const char *malloc_check(uint64_t *used)
{
	struct walk w;

	walk(&w);
	*used = w.info.uordblks;
	return w.wrong;
}

/* What the heap holds now. */
struct mallinfo2 MALLOC_NAME(mallinfo2)(void)
{
	struct walk w;

	walk(&w);
	return w.info;
}

/* Prints it to standard error. */
void MALLOC_NAME(malloc_stats)(void)
{
	struct walk w;

	walk(&w);
	fprintf(stderr, "committed %zu, in use %zu, free %zu bytes; %zu large blocks, %lu slabs, %zu free spans\n",
		w.info.arena, w.info.uordblks, w.info.fordblks, w.info.hblks, (unsigned long)w.slabs,
		w.info.ordblks);
}
