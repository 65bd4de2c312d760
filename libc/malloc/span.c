/*
 * span.c: the heap as a row of spans from `first` to `top`, free ones merged with their neighbours at once and
 * kept in bins by size; committed memory behind `top`, more of it when nothing fits, less when much is left.
 *
 * Invariants (malloc_check() verifies them): spans tile [first, top) without gaps; no two free spans adjoin and
 * none adjoins top; a free span has its size in its last 8 bytes and SPAN_PREV stands in the word after it; a bin
 * holds free spans of its sizes only and its bit in `map` is set if and only if it holds any; [fresh, end) is zero.
 * Knows nothing of classes except that classes_sweep() may free some spans.
 */
#include <errno.h>

#include "malloc_internal.h"

#define COMMIT_STEP (16 * 1024ul)
#define COMMIT_LARGE (2048 * 1024ul)
#define TRIM_MIN (64 * 1024ul)
#define KEPT_MIN (32 * 1024ul)
#define KEPT_MAX (1024 * 1024 + PAGE_BYTES)
#define SCAN 16                 /* spans looked at in a bin whose sizes may be too small */
#define PREV_BIT ((uint64_t)SPAN_PREV << 32)

struct heap malloc_heap;

#define heap malloc_heap

static inline uint64_t page_up(uint64_t x)
{
	return (x + PAGE_BYTES - 1) & ~(PAGE_BYTES - 1);
}

static inline size_t size_min(size_t a, size_t b)
{
	return a < b ? a : b;
}

static inline size_t size_max(size_t a, size_t b)
{
	return a > b ? a : b;
}

/* floor(log2(x)) of 0 < x < 2^32; base RISC-V has no instruction for it. */
static inline unsigned log2_floor(uint64_t x)
{
	unsigned n = 0;

	while (unlikely(x >= 256)) {
		x >>= 8;
		n += 8;
	}
	if (x >= 16) {
		x >>= 4;
		n += 4;
	}
	/* Four bits each: log2 of 0 .. 15. */
	return n + (0x3333333322221100ull >> (x * 4) & 15);
}

/* Number of the lowest set bit of x != 0, by a de Bruijn sequence. */
static inline unsigned bit_lowest(uint64_t x)
{
	static const uint8_t place[64] = {
		0, 1, 2, 53, 3, 7, 54, 27, 4, 38, 41, 8, 34, 55, 48, 28, 62, 5, 39, 46, 44, 42, 22, 9, 24, 35, 59,
		56, 49, 18, 29, 11, 63, 52, 6, 26, 37, 40, 33, 47, 61, 45, 43, 21, 23, 58, 17, 10, 51, 25, 36, 32,
		60, 20, 57, 16, 50, 31, 19, 15, 30, 14, 13, 12,
	};

	return place[((x & -x) * 0x022fdd63cc95386dull) >> 58];
}

/* The bin for `size`: exact below 64 grains, then 16 an octave. `up`: all of its spans have `size` or more. */
static inline unsigned bin_of(size_t size, bool up)
{
	uint64_t grains = size / GRAIN;
	unsigned octave;

	if (grains < 64)
		return grains;
	octave = log2_floor(grains >> 6);
	if (up)
		grains += (4ul << octave) - 1;
	return octave * 16 + 48 + (grains >> (octave + 2));
}

/* The first bin from `from` on that holds a span, or BINS. */
static inline unsigned bin_next(unsigned from)
{
	unsigned at = from / 64;
	uint64_t bits;

	if (unlikely(from >= BINS))
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
		check_overwritten(p);
	return word;
}

/* The bin is not empty any more, or has become so. */
static inline void bin_mark(unsigned bin, bool full)
{
	uint64_t bit = 1ull << bin % 64;

	if (full) {
		heap.map[bin / 64] |= bit;
		heap.summary |= 1ull << bin / 64;
	} else {
		heap.map[bin / 64] &= ~bit;
		if (!heap.map[bin / 64])
			heap.summary &= ~(1ull << bin / 64);
	}
}

/* Puts the span [p, p + size) into its bin. The word after it has SPAN_PREV already. */
static inline __attribute__((always_inline)) void span_insert_fast(char *p, size_t size)
{
	unsigned bin = bin_of(size, false);
	struct links *l = (struct links *)p, *head = heap.bin[bin];

	span_set(p, word_span(size, 0));
	*(word_t *)(p + size - 2 * WORD) = size;
	l->next = head;
	l->at = &heap.bin[bin];
	heap.bin[bin] = l;
	if (head)
		head->at = &l->next;
	else
		bin_mark(bin, true);
}

static __attribute__((noinline)) void span_insert(char *p, size_t size)
{
	span_insert_fast(p, size);
}

/* Takes the free span p out of its bin. Its word and the word after it are left as they are. */
static inline void span_remove(char *p)
{
	struct links *l = (struct links *)p, *next = l->next, **at = l->at;

	if (unlikely(*at != l))
		check_overwritten(p);
	*at = next;
	if (next)
		next->at = at;
	else if ((uintptr_t)at - (uintptr_t)heap.bin < sizeof(heap.bin))
		bin_mark(at - heap.bin, false);
}

/* What may be free before it is given back. */
static inline size_t heap_slack(void)
{
	return size_max(TRIM_MIN, heap.extent / 16);
}

static void end_set(char *end)
{
	heap.end = end;
	heap.extent = (uintptr_t)end - heap.first;
}

/* Commits memory behind `end` so that `need` bytes from top on are there, and more if it can be had. */
static __attribute__((noinline)) bool heap_grow(size_t need)
{
	uint64_t least = page_up((uint64_t)heap.top + need - (uint64_t)heap.end);
	uint64_t committed = heap.extent + GRAIN;
	uint64_t step = size_max(COMMIT_STEP, size_min(committed / 16, size_max(COMMIT_LARGE, committed / 64)));

	if (need > (uint64_t)(heap.limit - heap.top))
		return false;
	step = size_min(size_max(page_up(step), least), heap.limit - heap.end);
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
	uint64_t key;

	if (!base)
		return false;
	heap.secret = pages_random() | 1;
	heap.inverse = heap.secret;
	for (unsigned i = 0; i < 5; i++)
		heap.inverse *= 2 - heap.secret * heap.inverse;
	key = address_key(&malloc_no_slab.slab, heap.secret);
	malloc_no_slab.word = (~0ull - key) >> OFFSET_BITS ? ~0ull : 1ull << 63;
	heap.limit = base + size_min(size, HEAP_MAX);
	heap.end = heap.fresh = base;
	heap.top = base + GRAIN;
	heap.first = (uintptr_t)heap.top;
	heap.width = TRIM_MIN;
	return heap_grow(0);
}

/* Bytes from top on that are committed, the word before it counted. */
static inline size_t top_size(void)
{
	return heap.end - (heap.top - WORD);
}

/* Moves top up by `size` bytes, which are committed. */
static inline void top_take(size_t size)
{
	heap.top += size;
	heap.used += size;
	if (heap.fresh < heap.top - WORD)
		heap.fresh = heap.top - WORD;
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
		heap.fresh = end;
}

/* The kept block becomes a free span. Nothing is given back yet: somebody may be about to use it. */
static void kept_release(void)
{
	bool sweeping = heap.sweeping;

	heap.cached = heap.kept_size;
	heap.used += heap.kept_size;
	heap.kept_size = 0;
	heap.sweeping = true;
	span_free(heap.kept);
	heap.sweeping = sweeping;
}

/* What is kept for speed becomes free spans: the kept block, the calling thread's empty slabs. */
void heap_sweep(void)
{
	heap.sweeping = true;
	if (heap.kept_size)
		kept_release();
	classes_sweep();
	heap.sweeping = false;
	heap.cached = 0;
}

/* `used` left the window it was in when last looked at. */
static inline bool used_moved(void)
{
	return heap.used - heap.low >= heap.width;
}

/* `used` has moved or top has grown: gives back what is too much, and moves the window. */
static __attribute__((noinline)) void heap_shrink(void)
{
	if (heap.sweeping)
		return;
	if (heap.extent - heap.used - heap.kept_size > heap_slack() + heap.cached) {
		if (heap.used < heap.low || top_size() > heap_slack() + heap.cached)
			heap_sweep();
		if (top_size() > heap_slack() + heap.cached)
			heap_trim(TRIM_MIN / 2);
	}
	heap.low = heap.used / 2;
	heap.width = heap.used * 2 + TRIM_MIN;
}

/* A free span of bin `bin` with room for `size` at `align`, or NULL. */
static __attribute__((noinline)) char *bin_search(unsigned bin, size_t size, size_t align)
{
	struct links *l = heap.bin[bin];

	for (unsigned i = 0; l && i < SCAN; i++, l = l->next) {
		uint64_t lead = -(uintptr_t)l & (align - 1);

		if (lead && lead < SPAN_MIN)
			lead += align;
		if (word_size(span_word(l)) >= size + lead)
			return (char *)l;
	}
	return NULL;
}

/*
 * Takes the free span p of `have` bytes into use, `size` of it; a rest too small for a span stays with it. p's word
 * is set.
 */
static inline __attribute__((always_inline)) void span_use_fast(char *p, size_t have, size_t size)
{
	size_t rest = have - size;

	span_remove(p);
	if (rest >= SPAN_MIN) {
		span_insert_fast(p + size, rest);
	} else {
		size = have;
		span_set(p + have, span_word(p + have) & ~PREV_BIT);
	}
	heap.used += size;
	span_set(p, word_span(size, SPAN_USED));
}

static __attribute__((noinline)) void span_use(char *p, size_t size)
{
	span_use_fast(p, word_size(span_word(p)), size);
}

/* Takes `size` bytes at `align` out of the free span p. */
static __attribute__((noinline)) void *span_use_aligned(char *p, size_t size, size_t align)
{
	size_t lead = -(uintptr_t)p & (align - 1), have = word_size(span_word(p));

	if (lead) {
		if (lead < SPAN_MIN)
			lead += align;
		span_remove(p);
		span_insert(p, lead);
		p += lead;
		have -= lead;
		span_set(p, word_span(have, SPAN_USED | SPAN_PREV));
		span_set(p + have, span_word(p + have) & ~PREV_BIT);
		heap.used += have;
		span_cut(p, size);
	} else {
		span_use(p, size);
	}
	return p;
}

/* `size` bytes at `align` from top, committing more if `grow`; NULL: not there. */
static void *top_alloc(size_t size, size_t align, bool grow)
{
	size_t lead;
	char *p;

	if (heap.kept_size && heap.kept + heap.kept_size == heap.top)
		kept_release();
	p = heap.top;
	lead = -(uintptr_t)p & (align - 1);
	if (lead && lead < SPAN_MIN)
		lead += align;
	if (top_size() < size + lead && !(grow && heap_grow(size + lead)))
		return NULL;
	top_take(size + lead);
	span_set(p + lead, word_span(size, SPAN_USED));
	if (lead) {
		span_set(p, word_span(lead, SPAN_USED));
		span_free(p);
	}
	return p + lead;
}

/* A span of `size` at `align` from the bins or NULL. */
static void *bins_alloc(size_t size, size_t align)
{
	unsigned bin = bin_next(bin_of(size, align <= GRAIN));
	char *p = NULL;

	for (unsigned i = 0; i < SCAN && bin < BINS && !p; i++, bin = bin_next(bin + 1))
		p = bin_search(bin, size, align);
	bin = bin_of(size, false);
	if (!p && align <= GRAIN && bin >= 64 && bin < BINS)
		p = bin_search(bin, size, align);
	return p ? span_use_aligned(p, size, align) : NULL;
}

/* A span of `want` bytes at `align` or at least `min` out of the free ones; NULL: there is none. */
void *span_find(size_t min, size_t want, size_t align)
{
	void *p = bins_alloc(want, align);
	unsigned bin;

	if (p || min >= want)
		return p;
	if (align > GRAIN)
		return bins_alloc(min, align);
	bin = bin_next(bin_of(min, true));
	if (bin == BINS)
		return NULL;
	p = heap.bin[bin];
	span_use(p, size_min(word_size(span_word(p)), want));
	return p;
}

/*
 * A span of `want` bytes at `align` at top, or as much less as fits what is committed, but at least `min`. With `grow`
 * memory for the least is committed. NULL: not there.
 */
void *span_top(size_t min, size_t want, size_t align, bool grow)
{
	size_t spare = align > GRAIN ? 2 * align : 0;

	if (top_size() < min + spare && !(grow && heap_grow(min + spare)))
		return NULL;
	return top_alloc(size_min(want, (top_size() - spare) & -GRAIN), align, false);
}

/* A span of `size` bytes at `align`, or NULL: no memory. The kept block goes before more memory is committed. */
void *span_alloc(size_t size, size_t align)
{
	void *p;

	for (;;) {
		bool kept = heap.kept_size;

		p = bins_alloc(size, align);
		if (!p)
			p = top_alloc(size, align, !kept);
		if (p || !kept)
			return p;
		if (heap.kept_size)
			kept_release();
	}
}

/* Frees the used span p with the word given. true: heap_shrink() has something to do. */
static inline __attribute__((always_inline)) bool span_release(char *p, uint64_t word)
{
	size_t size = word_size(word);
	char *next = p + size;
	uint64_t after;

	heap.used -= size;
	if (word_has(word, SPAN_PREV)) {
		size_t before = *(word_t *)(p - 2 * WORD);

		span_set(p, word_span(size, 0));
		p -= before;
		if (unlikely(span_get(p) != word_span(before, 0)))
			check_overwritten(p);
		span_remove(p);
		size += before;
	}
	if (unlikely(next == heap.top)) {
		span_set(p, word_span(size, 0));
		heap.top = p;
		return top_size() > heap_slack() + heap.cached || used_moved();
	}
	after = span_word(next);
	if (!word_has(after, SPAN_USED)) {
		span_remove(next);
		size += word_size(after);
	} else {
		span_set(next, after | PREV_BIT);
	}
	span_insert_fast(p, size);
	return used_moved();
}

/* Frees the used span p, whose word the caller has looked at. */
void span_free(void *p)
{
	if (unlikely(span_release(p, span_word(p))))
		heap_shrink();
}

/* Cuts the used span p to `size` and frees the rest; less than SPAN_MIN stays with it. */
void span_cut(void *pointer, size_t size)
{
	char *p = pointer;
	uint64_t word = span_word(p);
	size_t rest = word_size(word) - size;

	if (rest < SPAN_MIN)
		return;
	span_set(p, word - rest / GRAIN);
	span_set(p + size, word_span(rest, SPAN_USED));
	span_free(p + size);
}

/* Unlocks for heap_unlock_with() when other threads wait. */
__attribute__((noinline, cold)) void *heap_hand_over(void *p)
{
	pages_lock_hand_over(&heap.lock);
	return p;
}

/* The rest of large_alloc. heap.lock is held and let go. */
static __attribute__((noinline)) void *large_alloc_locked(size_t size)
{
	void *p = NULL;

	if (likely(heap.secret) || heap_start())
		p = span_alloc(size, GRAIN);
	if (unlikely(!p))
		errno = ENOMEM;
	return heap_unlock_with(p);
}

static __attribute__((noinline)) void *large_alloc_wait(size_t size)
{
	pages_lock_wait(&heap.lock);
	return large_alloc_locked(size);
}

/* A span of `size` bytes, or NULL with ENOMEM: no memory. What is common is done here, without a call. */
void *large_alloc(size_t size)
{
	unsigned bin;
	char *p;

	if (!heap_try_lock())
		return large_alloc_wait(size);
	if (unlikely(heap.kept_size - size <= heap.kept_size / 16)) {
		p = heap.kept;
		heap.used += heap.kept_size;
		heap.kept_size = 0;
		return heap_unlock_with(p);
	}
	bin = bin_next(bin_of(size, true));
	if (unlikely(bin >= BINS))
		return large_alloc_locked(size);
	p = (char *)heap.bin[bin];
	span_use_fast(p, word_size(span_word(p)), size);
	return heap_unlock_with(p);
}

/* p was freed and is no block. heap.lock is held. */
__attribute__((used)) void large_free_bad(void *p)
{
	heap_unlock();
	check_bad_pointer("free", p);
}

static __attribute__((noinline)) void large_free_shrink(void)
{
	heap_shrink();
	heap_unlock();
}

static inline __attribute__((always_inline)) void large_free_locked(char *p)
{
	uint64_t word = span_get(p);
	size_t size = word_size(word), kept = heap.kept_size;

	if (unlikely(!word_is_block(word, 0)))
		CHECK_JUMP(large_free_bad, p);
	if (size - KEPT_MIN <= KEPT_MAX - KEPT_MIN) {
		char *old = heap.kept;

		if (unlikely(kept && p == old))
			CHECK_JUMP(large_free_bad, p);
		heap.kept = p;
		heap.kept_size = size;
		heap.used += kept - size;
		if (!kept) {
			if (unlikely(used_moved()))
				large_free_shrink();
			else
				heap_unlock();
			return;
		}
		p = old;
		word = span_word(p);
	}
	if (unlikely(span_release(p, word)))
		large_free_shrink();
	else
		heap_unlock();
}

void large_free_held(void *p)
{
	large_free_locked(p);
}

/* Frees the block p, which is not of a slab. */
void large_free(void *p)
{
	if (heap_try_lock())
		large_free_locked(p);
	else
		free_waiting(p);
}

/* Takes `more` bytes of what follows the used span p of `have` bytes, and gives what it took; 0: they are not free. */
static size_t span_extend(char *p, size_t have, size_t more)
{
	char *next = p + have;
	uint64_t after;

	if (span_is_kept(next))
		kept_release();
	if (likely(next == heap.top)) {
		if (top_size() < more && !heap_grow(more))
			return 0;
		top_take(more);
		return more;
	}
	after = span_word(next);
	if (word_has(after, SPAN_USED) || word_size(after) < more)
		return 0;
	span_use(next, size_max(more, SPAN_MIN));
	more = word_size(span_get(next));
	span_set(next, word_span(more, 0));
	return more;
}

/* The rest of large_realloc. heap.lock is held and let go. */
static __attribute__((noinline)) void *large_realloc_locked(void *p, size_t n)
{
	uint64_t word = span_get(p);
	size_t size = size_max((n + WORD + GRAIN - 1) & -GRAIN, SPAN_MIN), have = word_size(word), more;

	if (likely(word_is_block(word, 0) && !span_is_kept(p))) {
		if (size <= have) {
			span_cut(p, size);
			return heap_unlock_with(p);
		}
		more = n <= HEAP_MAX ? span_extend(p, have, size - have) : 0;
		if (more) {
			span_set(p, word + more / GRAIN);
			return heap_unlock_with(p);
		}
	}
	heap_unlock();
	return malloc_move(p, n);
}

static __attribute__((noinline)) void *large_realloc_wait(void *p, size_t n)
{
	pages_lock_wait(&heap.lock);
	return large_realloc_locked(p, n);
}

/* As realloc: where p stands if it is a span and that can be. The last span of the heap grows here without a call. */
void *large_realloc(void *p, size_t n)
{
	uint64_t word;
	size_t more;

	if (!heap_try_lock())
		return large_realloc_wait(p, n);
	word = span_get(p);
	more = ((n + WORD + GRAIN - 1) & -GRAIN) - word_size(word);
	if (!word_is_block(word, 0) || (char *)p + word_size(word) != heap.top || more > top_size() || n > HEAP_MAX)
		return large_realloc_locked(p, n);
	top_take(more);
	span_set(p, word + more / GRAIN);
	return heap_unlock_with(p);
}
