/*
 * span.c: the heap as a row of spans from `first` to `top`, free ones merged with their neighbours at once and
 * kept in bins by size; committed memory behind `top`, more of it when nothing fits, less when much is left.
 *
 * Invariants (malloc_check() verifies them): spans tile [first, top) without gaps; no two free spans adjoin and
 * none adjoins top; a free span has its size in its last 8 bytes and SPAN_PREV stands in the word after it; a bin
 * holds free spans of its sizes only and its bit in `map` is set if and only if it holds any; [fresh, end) is zero.
 * Knows nothing of classes except that cache_flush() may free some spans.
 */
#include <errno.h>

#include "malloc_internal.h"

#define COMMIT_STEP (16 * 1024ul)
#define COMMIT_SMALL (8 * 1024 * 1024ul)        /* grows by smaller parts of itself than a larger heap */
#define COMMIT_MAX (1280 * 1024ul)
#define TRIM_MIN (64 * 1024ul)
#define SPLIT 16                /* what is left over is cut off if it is this part of the block */
#define SCAN 16                 /* spans looked at in bins whose sizes may be too small */

struct heap malloc_heap;

#define heap malloc_heap
#define COLD __attribute__((noinline))

/* `used` is read without the lock too. */
static inline void used_add(size_t size)
{
	__atomic_store_n(&heap.used, heap.used + size, __ATOMIC_RELAXED);
}

static inline uint64_t page_up(uint64_t x)
{
	return (x + PAGE_BYTES - 1) & -PAGE_BYTES;
}

static inline size_t size_max(size_t a, size_t b)
{
	return a > b ? a : b;
}

static inline size_t size_min(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* Number of the lowest set bit of x != 0, by a de Bruijn sequence: base RISC-V has no instruction for it. */
static inline unsigned bit_lowest(uint64_t x)
{
	static const uint8_t place[64] = {
		0, 1, 2, 53, 3, 7, 54, 27, 4, 38, 41, 8, 34, 55, 48, 28, 62, 5, 39, 46, 44, 42, 22, 9, 24, 35, 59,
		56, 49, 18, 29, 11, 63, 52, 6, 26, 37, 40, 33, 47, 61, 45, 43, 21, 23, 58, 17, 10, 51, 25, 36, 32,
		60, 20, 57, 16, 50, 31, 19, 15, 30, 14, 13, 12,
	};

	return place[((x & -x) * 0x022fdd63cc95386dull) >> 58];
}

/* The bin for `size`. `up`: all of its spans have `size` or more. */
static inline unsigned bin_of(size_t size, bool up)
{
	uint64_t grains = size / GRAIN;
	unsigned row = 0;

	for (; grains >= 64; row += 56)
		grains = (grains + (up ? 7 : 0)) >> 3;
	return row + grains;
}

/* The first bin from `from` on that holds a span, or BINS. */
static inline unsigned bin_next(unsigned from)
{
	unsigned at = from / 64;
	uint64_t bits;

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
uint64_t span_check(const void *p)
{
	uint64_t word = span_get(p);

	if (unlikely(!word_is_span(word)))
		check_overwritten(p);
	return word;
}

/* Puts the span [p, p + size) into its bin. The word after it has SPAN_PREV already. */
static inline __attribute__((always_inline)) void span_insert(char *p, size_t size)
{
	unsigned bin = bin_of(size, false);
	struct links *l = (struct links *)p, *head = heap.bin[bin];

	span_set(p, span_word(size, 0));
	*(word_t *)(p + size - 2 * WORD) = size;
	l->next = head;
	l->at = &heap.bin[bin];
	heap.bin[bin] = l;
	if (head) {
		head->at = &l->next;
	} else {
		heap.map[bin / 64] |= 1ull << bin % 64;
		heap.summary |= 1ull << bin / 64;
	}
}

/* Takes the free span p out of its bin. Its word and the word after it are left as they are. */
static inline __attribute__((always_inline)) void span_remove(char *p)
{
	struct links *l = (struct links *)p, *next = l->next, **at = l->at;
	unsigned bin = at - heap.bin;

	if (unlikely(*at != l))
		check_overwritten(p);
	*at = next;
	if (next) {
		next->at = at;
	} else if (bin < BINS) {
		heap.map[bin / 64] &= ~(1ull << bin % 64);
		if (!heap.map[bin / 64])
			heap.summary &= ~(1ull << bin / 64);
	}
}

static void end_set(char *end)
{
	struct cache *cache = cache_self();

	heap.end = end;
	cache->first = heap.first;
	cache->extent = (uintptr_t)end - heap.first;
	__atomic_store_n(&heap.slack, size_max(TRIM_MIN, cache->extent / 16), __ATOMIC_RELAXED);
	__atomic_store_n(&heap.extent, cache->extent, __ATOMIC_RELAXED);
}

/* Bytes from top on that are committed, the word before it counted. */
size_t heap_left(void)
{
	return heap.end - (heap.top - WORD);
}

/* Commits memory behind `end` so that `need` bytes from top on are there, and more if it can be had. */
static bool heap_grow(size_t need)
{
	uint64_t least = page_up((uint64_t)heap.top + need - (uint64_t)heap.end);
	uint64_t part = heap.extent < COMMIT_SMALL ? 32 : 17;
	uint64_t step = size_min(size_max(page_up(heap.extent / part), COMMIT_STEP), COMMIT_MAX);

	if ((int64_t)need <= (int64_t)heap_left())
		return true;
	if (need > (uint64_t)(heap.limit - heap.top))
		return false;
	step = size_min(size_max(step, least), heap.limit - heap.end);
	if (!pages_commit(heap.end, step)) {
		step = least;
		if (!pages_commit(heap.end, step))
			return false;
	}
	end_set(heap.end + step);
	return true;
}

/* The first use of the allocator in the process. false: no memory. */
bool heap_start(void)
{
	size_t size;
	char *base = pages_reserve(&size);

	if (!base)
		return false;
	heap.secret = pages_random() | 1;
	heap.inverse = inverse(heap.secret);
	heap.limit = base + size_min(size, HEAP_MAX);
	heap.end = heap.fresh = base;
	heap.top = base + GRAIN;
	heap.first = (uintptr_t)heap.top;
	heap.width = TRIM_MIN;
	return heap_grow(0);
}

/* Moves top up by `size` bytes, which are committed. */
static inline void top_take(size_t size)
{
	heap.top += size;
	used_add(size);
	if (heap.fresh < heap.top - WORD)
		__atomic_store_n(&heap.fresh, heap.top - WORD, __ATOMIC_RELAXED);
}

/* Gives memory behind top back until `keep` bytes of it are left. */
void heap_trim(size_t keep)
{
	char *end = (char *)page_up((uint64_t)heap.top - WORD + keep);
	struct page_range range = { (uint64_t)end, heap.end - end };

	if (end >= heap.end)
		return;
	pages_decommit(&range, 1);
	end_set(end);
	if (heap.fresh > end)
		__atomic_store_n(&heap.fresh, end, __ATOMIC_RELAXED);
}

/* The block the calling thread keeps becomes a free span. Nothing is given back: somebody is about to use it. */
void kept_release(void)
{
	struct cache *cache = cache_self();
	bool sweeping = heap.sweeping;

	if (!cache->kept_size)
		return;
	cache->kept_size = 0;
	heap.sweeping = true;
	span_add(cache->kept, -SPAN_QUICK);
	span_free(cache->kept);
	heap.sweeping = sweeping;
}

/* What is kept for speed becomes free spans: the calling thread's bins. */
void heap_sweep(void)
{
	heap.sweeping = true;
	cache_flush();
	heap.sweeping = false;
}

/* `used` has moved or top has grown: gives back what is too much, and moves the window. */
static COLD void heap_shrink(void)
{
	if (heap.sweeping)
		return;
	if (heap.extent - heap.used > heap.slack) {
		if (heap.used < heap.low || heap_left() > heap.slack)
			heap_sweep();
		if (heap_left() > heap.slack)
			heap_trim(TRIM_MIN / 2);
	}
	heap.low = heap.used - heap.used / 4;
	heap.width = heap.used + TRIM_MIN;
}

/* What has to be left free before p, a free piece, for a span at `align`. */
static size_t lead_of(const void *p, size_t align)
{
	size_t lead = -(uintptr_t)p & (align - 1);

	return lead && lead < SPAN_MIN ? lead + align : lead;
}

/* Makes the first `lead` bytes of the span p, which is in use, a free span. */
static COLD void *span_lead(char *p, size_t lead, uint64_t flags)
{
	uint64_t word = span_get(p);
	size_t size = word_size(word) - lead;

	span_set(p, span_word(lead, SPAN_USED | (word & SPAN_PREV)));
	span_set(p + lead, span_word(size, flags));
	span_free(p);
	return p + lead;
}

/* Takes `size` bytes at `align` out of the free span p; a rest too small for a span stays with it. */
static void *span_use(char *p, size_t size, size_t align, uint64_t flags)
{
	size_t have = word_size(span_check(p)), lead = lead_of(p, align), rest;

	size += lead;
	rest = have - size;
	span_remove(p);
	if (rest >= SPAN_MIN && rest >= size / SPLIT) {
		span_insert(p + size, rest);
	} else {
		size = have;
		span_check(p + have);
		span_add(p + have, -SPAN_PREV);
	}
	used_add(size);
	span_set(p, span_word(size, flags));
	return unlikely(lead) ? span_lead(p, lead, flags) : p;
}

/* A free span of bin `bin` with room for `size` at `align`, or NULL. */
static char *bin_search(unsigned bin, size_t size, size_t align)
{
	struct links *l = heap.bin[bin];

	for (unsigned i = 0; l && i < SCAN; i++, l = l->next) {
		if (word_size(span_check(l)) >= size + lead_of(l, align))
			return (char *)l;
	}
	return NULL;
}

/* A free span with room for `size` at `align`, or NULL. */
static char *bins_find(size_t size, size_t align)
{
	unsigned bin = bin_next(bin_of(size, true));
	char *p = NULL;

	if (align <= GRAIN && bin < BINS)
		return (char *)heap.bin[bin];
	for (unsigned i = 0; i < SCAN && bin < BINS && !p; i++, bin = bin_next(bin + 1))
		p = bin_search(bin, size, align);
	return p ? p : bin_search(bin_of(size, false), size, align);
}

/* `size` bytes at `align` from top or NULL: they are not committed. */
static void *top_alloc(size_t size, size_t align, uint64_t flags)
{
	size_t lead = lead_of(heap.top, align);
	char *p = heap.top;

	if (heap_left() < size + lead)
		return NULL;
	top_take(size + lead);
	span_set(p, span_word(size + lead, flags));
	return lead ? span_lead(p, lead, flags) : p;
}

/* A span of `want` bytes at `align` or at least `min` out of what is committed; NULL: it is not there. */
void *span_find(size_t min, size_t want, size_t align)
{
	char *p = bins_find(want, align);
	size_t lead = lead_of(heap.top, align);

	if (p)
		return span_use(p, want, align, SPAN_USED);
	p = min < want ? bins_find(min, align) : NULL;
	if (p)
		return span_use(p, size_min(word_size(span_get(p)) - lead_of(p, align), want), align, SPAN_USED);
	if (heap_left() < min + lead)
		return NULL;
	return top_alloc(size_min(want, (heap_left() - lead) & -GRAIN), align, SPAN_USED);
}

/* Makes room for a span of `size` bytes at `align` somewhere: what is kept for speed goes before more is committed. */
bool heap_room(size_t size, size_t align)
{
	kept_release();
	return bins_find(size, align) || heap_grow(size + lead_of(heap.top, align));
}

/* A span of `size` bytes at `align`, or NULL: no memory. The kept block goes before more memory is committed. */
void *span_alloc(size_t size, size_t align, uint64_t flags)
{
	do {
		void *p = bins_find(size, align);

		if (p)
			return span_use(p, size, align, flags);
		p = top_alloc(size, align, flags);
		if (p)
			return p;
	} while (slabs_dissolve() || heap_room(size, align));
	return NULL;
}

/* Frees the used span p, whose word is given. */
static void span_release(char *p, uint64_t word)
{
	size_t size = word_size(word);
	char *next = p + size;
	uint64_t after;

	used_add(-size);
	if (word & SPAN_PREV) {
		size_t before = *(word_t *)(p - 2 * WORD);

		span_set(p, span_word(size, 0));
		p -= before;
		if (unlikely(span_get(p) != span_word(before, 0)))
			check_overwritten(p);
		span_remove(p);
		size += before;
	}
	if (unlikely(next == heap.top)) {
		span_set(p, span_word(size, 0));
		heap.top = p;
		if (heap_left() > heap.slack)
			heap_shrink();
	} else {
		after = span_check(next);
		if (after & SPAN_USED) {
			span_add(next, SPAN_PREV);
		} else {
			span_remove(next);
			size += word_size(after);
		}
		span_insert(p, size);
	}
	if (unlikely(heap.used - heap.low >= heap.width))
		heap_shrink();
}

void span_free(void *p)
{
	span_release(p, span_check(p));
}

/* Cuts the used span p to `size` and frees the rest; less than SPAN_MIN stays with it. */
void span_cut(void *p, size_t size)
{
	uint64_t word = span_check(p);
	size_t rest = word_size(word) - size;

	if (rest < SPAN_MIN)
		return;
	span_set(p, word - rest / GRAIN);
	span_set((char *)p + size, span_word(rest, SPAN_USED));
	span_free((char *)p + size);
}

/* The rest of heap_unlock_with(): other threads wait. */
COLD void *heap_hand_over(void *p)
{
	pages_lock_hand_over(&heap.lock);
	return p;
}

/* A span of `size` bytes at `align`, or NULL with ENOMEM: no memory. */
void *large_alloc(size_t size, size_t align, uint64_t flags)
{
	void *p = NULL;

	heap_lock();
	if (likely(heap.secret) || heap_start())
		p = span_alloc(size, align, flags);
	if (unlikely(!p))
		errno = ENOMEM;
	return heap_unlock_with(p);
}

/* Frees the block p of its own, which is marked SPAN_QUICK. */
void large_free(char *p)
{
	heap_lock();
	span_add(p, -SPAN_QUICK);
	span_free(p);
	heap_unlock();
}

/* realloc of p, in the heap's bounds, to n <= HEAP_MAX bytes: the last span of the heap grows here without a call. */
void *large_extend(char *p, size_t n)
{
	size_t have, more;
	uint64_t word;

	if (unlikely(!heap_try_lock()))
		return realloc_other(p, n);
	word = span_get(p);
	have = word_size(word);
	more = ((n + WORD + GRAIN - 1) & -GRAIN) - have;
	if (!word_is_block(word) || p + have != heap.top || more > heap_left()) {
		heap_unlock();
		return realloc_other(p, n);
	}
	top_take(more);
	span_set(p, (word & ~(0xfful << SPAN_CLASS)) + more / GRAIN);
	return heap_unlock_with(p);
}

/* The block p at its place with `size` bytes. false: it is no block of its own, or there is no room for it. */
bool large_resize(char *p, size_t size)
{
	uint64_t word, after;
	bool done = false;
	size_t have, more;
	char *next;

	heap_lock();
	word = span_get(p);
	if (unlikely(!word_is_block(word)))
		goto out;
	have = word_size(word);
	next = p + have;
	if (size <= have) {
		span_set(p, span_word(have, word & SPAN_FLAGS));
		span_cut(p, size);
		done = true;
		goto out;
	}
	more = size - have;
	if (next == cache_self()->kept)
		kept_release();         /* top may be at next now */
	if (next == heap.top) {
		if (heap_left() < more)
			kept_release();
		done = heap_grow(more);
		if (done)
			top_take(more);
	} else {
		after = span_check(next);
		if (!(after & SPAN_USED) && word_size(after) >= more) {
			span_use(next, size_max(more, SPAN_MIN), GRAIN, 0);
			more = word_size(span_get(next));
			done = true;
		}
	}
	if (done)
		span_set(p, span_word(have + more, span_get(p) & SPAN_FLAGS));
out:
	heap_unlock();
	return done;
}
