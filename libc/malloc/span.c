/*
 * span.c: the heap as a row of spans from `first` to `top`, free ones merged with their neighbours at once and
 * kept in bins by size; committed memory behind `top`, more of it when nothing fits, less when much is left.
 *
 * Invariants (malloc_check() verifies them): spans tile [first, top) without gaps; no two free spans adjoin and
 * none adjoins top; a free span has its size in its last 8 bytes and SPAN_PREV stands in the word after it; a bin
 * holds free spans of its sizes only and its bit in `map` is set if and only if it holds any; [fresh, end) is zero.
 * Knows nothing of classes except that classes_sweep() may free some spans.
 */
#include "malloc_internal.h"

#define COMMIT_STEP (16 * 1024ul)
#define KEEP_MIN (64 * 1024ul)
#define CACHED_MIN (32 * 1024ul)
#define CACHED_MAX (1024 * 1024ul)
#define SCAN 16                 /* spans looked at in a bin whose sizes may be too small */

struct heap malloc_heap;

#define heap malloc_heap

static uint64_t page_up(uint64_t x)
{
	return (x + PAGE_BYTES - 1) & ~(PAGE_BYTES - 1);
}

/* floor(log2(x)) of x > 0; base RISC-V has no instruction for it. */
static unsigned log2_floor(uint64_t x)
{
	unsigned n = 0;

	for (; x >= 256; x >>= 8)
		n += 8;
	if (x >= 16)
		x >>= 4, n += 4;
	if (x >= 4)
		x >>= 2, n += 2;
	return n + (x >= 2);
}

/* Number of the lowest set bit of x != 0, by a de Bruijn sequence. */
static unsigned bit_lowest(uint64_t x)
{
	static const uint8_t place[64] = {
		0, 1, 2, 53, 3, 7, 54, 27, 4, 38, 41, 8, 34, 55, 48, 28, 62, 5, 39, 46, 44, 42, 22, 9, 24, 35, 59,
		56, 49, 18, 29, 11, 63, 52, 6, 26, 37, 40, 33, 47, 61, 45, 43, 21, 23, 58, 17, 10, 51, 25, 36, 32,
		60, 20, 57, 16, 50, 31, 19, 15, 30, 14, 13, 12,
	};

	return place[((x & -x) * 0x022fdd63cc95386dull) >> 58];
}

/* The bin that holds spans of exactly `size`, or of a range of sizes that contains it. */
static unsigned bin_of(size_t size)
{
	uint64_t grains = size / GRAIN;
	unsigned octave;

	if (grains < 64)
		return grains;
	octave = log2_floor(grains >> 6);
	return 64 + octave * 16 + (grains >> (octave + 2)) - 16;
}

/* The first bin all of whose spans have `size` or more. */
static unsigned bin_above(size_t size)
{
	uint64_t grains = size / GRAIN;
	unsigned octave;

	if (grains < 64)
		return grains;
	octave = log2_floor(grains >> 6);
	return 64 + octave * 16 + ((grains + (4ul << octave) - 1) >> (octave + 2)) - 16;
}

/* The first bin from `from` on that holds a span, or BINS. */
static unsigned bin_next(unsigned from)
{
	unsigned at = from / 64;
	uint64_t bits;

	if (from >= BINS)
		return BINS;
	bits = heap.map[at] >> from % 64;
	if (bits)
		return from + bit_lowest(bits);
	bits = heap.summary >> at >> 1;
	if (!bits)
		return BINS;
	at += 1 + bit_lowest(bits);
	return at * 64 + bit_lowest(heap.map[at]);
}

/* The word of the span at p; ends the process if it is not one. */
uint64_t span_word(const void *p)
{
	uint64_t word = span_get(p);

	if (unlikely(!word_is_span(word)))
		check_failed("overwritten: the word before", p);
	return word;
}

/* Makes [p, p + size) a free span: p's word has the flag for its neighbour before. The word after it is told. */
static void span_insert(char *p, size_t size)
{
	unsigned bin = bin_of(size);
	struct links *l = (struct links *)p, *head = heap.bin[bin];
	char *next = p + size;

	span_set(p, word_span(size, 0));
	*(word_t *)(next - 2 * WORD) = size;
	span_set(next, span_word(next) | (uint64_t)SPAN_PREV << 32);
	l->prev = NULL;
	l->next = head;
	heap.bin[bin] = l;
	if (head) {
		head->prev = l;
	} else {
		heap.map[bin / 64] |= 1ull << bin % 64;
		heap.summary |= 1ull << bin / 64;
	}
}

/* Takes the free span p of `size` out of its bin. Its word and the word after it are left as they are. */
static void span_remove(char *p, size_t size)
{
	struct links *l = (struct links *)p;
	unsigned bin;

	if (l->next) {
		if (unlikely(l->next->prev != l))
			check_failed("freed memory was written: links of", p);
		l->next->prev = l->prev;
	}
	if (l->prev) {
		if (unlikely(l->prev->next != l))
			check_failed("freed memory was written: links of", p);
		l->prev->next = l->next;
		return;
	}
	bin = bin_of(size);
	if (unlikely(heap.bin[bin] != l))
		check_failed("freed memory was written: links of", p);
	heap.bin[bin] = l->next;
	if (!l->next) {
		heap.map[bin / 64] &= ~(1ull << bin % 64);
		if (!heap.map[bin / 64])
			heap.summary &= ~(1ull << bin / 64);
	}
}

/* Cuts the used span p of `have` bytes to `size` and frees the rest; less than SPAN_MIN stays with it. */
static void span_cut(char *p, size_t have, size_t size)
{
	uint64_t flags = span_get(p) >> 32 & (SPAN_PREV | SPAN_SLAB);
	char *rest = p + size;

	if (have - size < SPAN_MIN)
		return;
	span_set(p, word_span(size, SPAN_USED | flags));
	span_set(rest, word_span(have - size, SPAN_USED));
	span_free(rest);
}

/* Takes the free span p of `have` bytes into use, `size` of it. */
static void *span_use(char *p, size_t have, size_t size)
{
	char *next = p + have, *rest = p + size;

	span_remove(p, have);
	if (have - size >= SPAN_MIN) {
		heap.used += size;
		span_set(p, word_span(size, SPAN_USED));
		span_insert(rest, have - size);
		return p;
	}
	heap.used += have;
	span_set(p, word_span(have, SPAN_USED));
	span_set(next, span_word(next) & ~((uint64_t)SPAN_PREV << 32));
	return p;
}

/* Commits memory behind `end` so that `need` bytes from top on are there, and more if it can be had. */
static bool heap_grow(size_t need)
{
	uint64_t least = page_up((uint64_t)heap.top + need - (uint64_t)heap.end);
	uint64_t left = heap.limit - heap.end;
	uint64_t step = page_up((heap.extent + WORD) / 16);

	if (need > (uint64_t)(heap.limit - heap.top))
		return false;
	if (step < COMMIT_STEP)
		step = COMMIT_STEP;
	if (step < least)
		step = least;
	if (step > left)
		step = left;
	if (!pages_commit(heap.end, step)) {
		step = least;
		if (!pages_commit(heap.end, step))
			return false;
	}
	heap.end += step;
	if (heap.low < heap.used / 2)
		heap.low = heap.used / 2;
	heap.extent = (uintptr_t)heap.end - heap.first;
	return true;
}

/* The first use of the allocator in the process. false: no memory. */
bool heap_start(void)
{
	size_t size;
	char *base = pages_reserve(&size);
	uint64_t key;

	if (!base)
		return false;
	heap.secret = pages_random() | 1;
	heap.inverse = heap.secret;
	for (unsigned i = 0; i < 5; i++)
		heap.inverse *= 2 - heap.secret * heap.inverse;
	key = address_key(&malloc_no_slab.slab, heap.secret);
	malloc_no_slab.word = key >> 32 == 0xffffffff ? 1ull << 63 : ~0ull;
	heap.limit = base + (size < HEAP_MAX ? size : HEAP_MAX);
	heap.end = heap.fresh = base;
	heap.top = base + GRAIN;
	heap.first = (uintptr_t)heap.top;
	return heap_grow(0);
}

/* Bytes from top on that are committed, the word before it counted. */
static size_t top_size(void)
{
	return heap.end - (heap.top - WORD);
}

/* Takes `size` bytes at top, which are committed. */
static void *top_take(size_t size)
{
	char *p = heap.top;

	heap.top += size;
	heap.used += size;
	if (heap.fresh < heap.top - WORD)
		heap.fresh = heap.top - WORD;
	span_set(p, word_span(size, SPAN_USED));
	return p;
}

/* Gives memory behind top back until `keep` bytes of it are left. */
void heap_trim(size_t keep)
{
	char *end = (char *)page_up((uint64_t)heap.top - WORD + keep);
	struct page_range range = { (uint64_t)end, heap.end - end };

	if (end >= heap.end)
		return;
	pages_decommit(&range, 1);
	heap.end = end;
	heap.extent = (uintptr_t)end - heap.first;
	if (heap.fresh > end)
		heap.fresh = end;
}

/* Empty slabs kept by the calling thread become free spans. */
void heap_sweep(void)
{
	heap.sweeping = true;
	classes_sweep();
	heap.sweeping = false;
	heap.low = heap.used / 2;
}

/* Something was freed at top: gives back what is too much. */
static void top_grown(size_t freed)
{
	size_t keep = (heap.extent + WORD) / 16;

	if (freed >= CACHED_MIN)
		heap.cached = freed < CACHED_MAX ? freed : CACHED_MAX;
	if (keep < KEEP_MIN)
		keep = KEEP_MIN;
	if (likely(top_size() <= keep + heap.cached) || heap.sweeping)
		return;
	heap_sweep();
	heap_trim(KEEP_MIN / 2 + heap.cached);
}

/* A free span of bin `bin` with room for `size` at `align`, or NULL; *have its size. */
static char *bin_search(unsigned bin, size_t size, size_t align, size_t *have)
{
	struct links *l = heap.bin[bin];

	for (unsigned i = 0; l && i < SCAN; i++, l = l->next) {
		uint64_t lead = -(uintptr_t)l & (align - 1);

		*have = word_size(span_word(l));
		if (lead && lead < SPAN_MIN)
			lead += align;
		if (*have >= size + lead)
			return (char *)l;
	}
	return NULL;
}

/* Takes `size` bytes at `align` out of the free span p of `have` bytes. */
static void *span_use_aligned(char *p, size_t have, size_t size, size_t align)
{
	size_t lead = -(uintptr_t)p & (align - 1);

	if (!lead)
		return span_use(p, have, size);
	if (lead < SPAN_MIN)
		lead += align;
	span_use(p, have, have);
	span_set(p, word_span(lead, SPAN_USED));
	span_set(p + lead, word_span(have - lead, SPAN_USED));
	span_cut(p + lead, have - lead, size);
	span_free(p);
	return p + lead;
}

/* `size` bytes at `align` from top, committing more if `grow`; NULL: not there. */
static void *top_alloc(size_t size, size_t align, bool grow)
{
	size_t lead = -(uintptr_t)heap.top & (align - 1);
	char *p;

	if (lead && lead < SPAN_MIN)
		lead += align;
	if (top_size() < size + lead && !(grow && heap_grow(size + lead)))
		return NULL;
	p = top_take(size + lead);
	if (lead) {
		span_set(p, word_span(lead, SPAN_USED));
		span_set(p + lead, word_span(size, SPAN_USED));
		span_free(p);
	}
	return p + lead;
}

/* A span of `size` from the bins or NULL. */
static void *bins_alloc(size_t size, size_t align)
{
	unsigned bin = bin_next(bin_above(size));
	size_t have;
	char *p;

	if (likely(align <= GRAIN)) {
		if (bin < BINS) {
			p = (char *)heap.bin[bin];
			return span_use(p, word_size(span_word(p)), size);
		}
	} else {
		for (unsigned i = 0; i < SCAN && bin < BINS; i++, bin = bin_next(bin + 1)) {
			p = bin_search(bin, size, align, &have);
			if (p)
				return span_use_aligned(p, have, size, align);
		}
	}
	bin = bin_of(size);
	if (bin < 64 || bin >= BINS)
		return NULL;
	p = bin_search(bin, size, align, &have);
	return p ? span_use_aligned(p, have, size, align) : NULL;
}

/*
 * A span of `want` bytes at `align` or, if that would need more memory, of at least `min`; NULL: not without
 * more memory. Its true size is in its word.
 */
void *span_find(size_t min, size_t want, size_t align, bool top)
{
	void *p = bins_alloc(want, align);
	unsigned bin;
	size_t have;

	if (p)
		return p;
	if (top && top_size() >= min + 2 * align)
		return top_alloc(top_size() - 2 * align < want ? (top_size() - 2 * align) & -GRAIN : want, align, false);
	bin = min < want ? bin_next(bin_above(min)) : BINS;
	if (bin == BINS)
		return NULL;
	p = bin_search(bin, min, align, &have);
	if (!p)
		return NULL;
	if (align <= GRAIN)
		return span_use(p, have, have < want ? have : want);
	return span_use_aligned(p, have, min, align);
}

/* A span of `size` bytes at `align`, or NULL: no memory. */
void *span_alloc(size_t size, size_t align)
{
	void *p = bins_alloc(size, align);

	return p ? p : top_alloc(size, align, true);
}

/* Frees the used span p, whose word the caller has looked at. */
void span_free(void *pointer)
{
	char *p = pointer, *next;
	uint64_t word = span_get(p), after;
	size_t freed = word_size(word), size = freed;

	span_set(p, word_span(size, 0));
	heap.used -= size;
	next = p + size;
	if (word_has(word, SPAN_PREV)) {
		size_t before = *(word_t *)(p - 2 * WORD);

		p -= before;
		if (unlikely(before > heap.extent || span_get(p) != word_span(before, 0)))
			check_failed("freed memory was written: the bytes before", pointer);
		span_remove(p, before);
		size += before;
	}
	if (next == heap.top) {
		heap.top = p;
		top_grown(freed);
	} else {
		after = span_word(next);
		if (!word_has(after, SPAN_USED)) {
			span_remove(next, word_size(after));
			size += word_size(after);
		}
		span_insert(p, size);
	}
	if (unlikely(heap.used < heap.low) && !heap.sweeping)
		heap_sweep();
}

/* Makes the used span p `size` bytes where it stands. false: not possible there; nothing changed. */
bool span_resize(void *pointer, size_t size)
{
	char *p = pointer, *next;
	uint64_t word = span_word(p), after;
	size_t have = word_size(word);
	uint64_t flags = SPAN_USED | (word >> 32 & SPAN_PREV);

	if (size <= have) {
		span_cut(p, have, size);
		return true;
	}
	next = p + have;
	if (next == heap.top) {
		if (top_size() < size - have && !heap_grow(size - have))
			return false;
		top_take(size - have);
		span_set(p, word_span(size, flags));
		return true;
	}
	after = span_word(next);
	if (word_has(after, SPAN_USED) || have + word_size(after) < size)
		return false;
	span_use(next, word_size(after), size - have < SPAN_MIN ? SPAN_MIN : size - have);
	after = span_word(next);
	span_set(next, word_span(word_size(after), 0));
	span_set(p, word_span(have + word_size(after), flags));
	return true;
}
