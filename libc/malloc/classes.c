/*
 * classes.c: small blocks. A slab is a span cut into equal blocks. A thread takes blocks from its bins; behind them
 * stand its own slabs, each with a list of its free blocks. When a bin is empty it gets the whole list of a slab; the
 * next few blocks of that slab that are freed go to the bin too, later ones to its own list, so that an empty slab is
 * seen and goes back to the heap, for any use. Before the heap grows a class takes from larger ones, and slabs that are
 * nearly empty are dissolved: their blocks become spans of their own and the gaps between them free spans.
 *
 * Knows of spans only what malloc_internal.h says. The invariant of a slab stands there.
 */
#include <errno.h>

#include "malloc_internal.h"

#define SLAB_BYTES_MIN 3072u
#define SLAB_BYTES_MAX (30u * 1024)
#define SLAB_BLOCKS_MIN 4u
#define GROWTH 8               /* a new slab has this part of what its class has */
#define BORROW 8                /* a block may be larger than asked by this part, */
#define BORROW_FAST 12          /* but out of a bin by that */
#define BUDGET 9u               /* blocks of a slab that go to the bin before it is listed */
#define STUCK 24                /* so many slabs got blocks back and nobody wanted any: bins are emptied */
#define SPARSE 65536u           /* a heap up to this size is never sparse */
#define SLAB_KEPT 4096u         /* an empty slab up to this size stays if its class has no other */

#if !defined(__riscv) || defined(MALLOC_PREFIX)
__thread struct cache malloc_cache;
#endif

#define heap malloc_heap
#define COLD __attribute__((noinline))

/* So much of the heap is free that it should shrink. */
static bool heap_sparse(void)
{
	return heap.used < heap.extent / 2 && heap.extent > SPARSE;
}

/* Lists the slab, which gets its first free block now. */
static void list_add(struct slab *s)
{
	struct slab_list *list = &s->home->list[s->class];

	s->target = &s->free;
	s->next = NULL;
	s->at = list->first ? list->last : &list->first;
	*s->at = s;
	list->last = &s->next;
}

static void list_remove(struct slab *s)
{
	*s->at = s->next;
	if (s->next)
		s->next->at = s->at;
	else
		s->home->list[s->class].last = s->at;
	s->at = NULL;
}

/* The empty slab goes back to the heap. heap.lock is held. */
static void slab_drop(struct slab *s)
{
	list_remove(s);
	s->home->bytes[s->class] -= s->total * class_stride(s->class);
	span_free(s);
}

/* The empty slab goes back to the heap, unless it is small and its class has no other. heap.lock is held. */
static void slab_release(struct slab *s)
{
	uint32_t bytes = s->total * class_stride(s->class);

	if (heap_sparse() || bytes > SLAB_KEPT || s->home->bytes[s->class] != bytes)
		slab_drop(s);
}

/* All free blocks of the slab, which is not listed, go to the bin of their class, which is empty, but the first. */
static inline void *bin_fill(struct slab *s, struct bin *b)
{
	b->head = s->free;
	s->free = NULL;
	s->target = &b->head;
	s->left = s->total < BUDGET ? s->total : BUDGET;
	s->bias = s->left - 1;
	return bin_take(b);
}

/* Puts the block p, free and in no list, in the list of its slab. heap.lock is held. */
static void slab_push(struct slab *s, char *p)
{
	list_link(p, s->free);
	s->free = p;
	if (!s->at) {
		list_add(s);
		s->left = s->total;
		s->bias = 0;
	}
	s->left += s->bias;
	s->bias = 0;
	if (!--s->left)
		slab_release(s);
}

/* The blocks in the calling thread's bin of the class go back to their slabs. heap.lock is held. */
static void bin_flush(struct cache *cache, unsigned class)
{
	char *p = cache->bin[class].head, *next;

	cache->bin[class].head = NULL;
	for (; p; p = next) {
		struct slab *s = (struct slab *)(-*word_at(p) * cache->inverse);

		if (((uintptr_t)p - (uintptr_t)s) >> OFFSET_BITS)
			check_overwritten(p);
		next = list_next(p);
		slab_push(s, p);
	}
}

/*
 * A listed slab of the calling thread may be empty, or many have got blocks back and nobody takes any: what is in the
 * bins may be all that is left of some.
 */
static COLD void slab_drained(struct slab *s)
{
	heap_lock();
	if (!s->left) {
		slab_release(s);
	} else if (s->home->stuck >= STUCK) {
		s->home->stuck = 0;
		cache_flush();
	} else if (heap_sparse()) {
		bin_flush(cache_self(), s->class);
	}
	heap_unlock();
}

/* `left` of a slab of the calling thread came to 0: enough went to the bin, or all is free but what the bias is for. */
void slab_event(struct slab *s)
{
	struct bin *b = bin_at(s->class * sizeof(*b));
	char *p = b->head;

	s->home->stuck++;
	if (s->at) {
		s->left = s->bias;
		s->bias = 0;
		slab_drained(s);
		return;
	}
	if (!s->free) {         /* the last one back from the bin */
		s->free = p;
		b->head = list_next(p);
		list_link(p, NULL);
	}
	s->left = s->total - 1 - s->bias;
	list_add(s);
	if (unlikely(!s->left)) {
		s->left = s->bias;
		s->bias = 0;
		slab_drained(s);
	}
}

/* Makes the span p a slab of the class, all blocks free, and in no list. heap.lock is held. */
static struct slab *slab_make(struct cache *cache, unsigned class, char *span)
{
	struct slab *s = (struct slab *)span;
	size_t stride = class_stride(class);
	uint64_t word = span_get(span);
	unsigned total = (word_size(word) - SLAB_HEAD) / stride;
	char *p = span + SLAB_HEAD, *last = p + (total - 1) * stride;
	uint64_t free = -((uintptr_t)s * cache->home->secret), next = free + (uintptr_t)p;

	span_cut(span, SLAB_HEAD + total * stride);
	span_set(span, span_get(span) | SPAN_SLAB);
	*s = (struct slab){ .free = p, .class = class, .total = total, .home = cache->home };
	for (; p < last; p += stride) {
		*word_at(p) = free;
		next += stride;
		*(volatile word_t *)p = next;
	}
	*word_at(p) = free;
	list_link(p, NULL);
	cache->home->bytes[class] += total * stride;
	return s;
}

/* The slab has something in `remote`: its home is told. */
static void slab_note(struct slab *s, struct home *home)
{
	uint32_t self = ((uintptr_t)s - heap.first) / GRAIN + 1;
	uint32_t next = __atomic_load_n(&home->noted, __ATOMIC_RELAXED);

	do
		s->noted = next;
	while (!__atomic_compare_exchange_n(&home->noted, &next, self, true, __ATOMIC_SEQ_CST, __ATOMIC_RELAXED));
}

/* Takes back what other threads freed of the home's slabs: the calling thread's, or nobody's. heap.lock is held. */
static void noted_take(struct home *home)
{
	uint32_t at = __atomic_exchange_n(&home->noted, 0, __ATOMIC_SEQ_CST);

	while (at) {
		struct slab *s = (struct slab *)(heap.first + (at - 1) * GRAIN);
		char *list, *p;

		at = s->noted;
		list = (char *)s + __atomic_exchange_n(&s->remote, 0, __ATOMIC_ACQ_REL);
		while ((p = list)) {
			list = list_next(p);
			slab_push(s, p);
		}
	}
}

/* A block out of the listed slab, whose class has an empty bin: the others go to the bin. */
static inline __attribute__((always_inline)) void *list_take(struct slab *s, struct bin *b)
{
	s->home->stuck = 0;
	list_remove(s);
	return bin_fill(s, b);
}

/* The largest class that may stand in for this one. */
static inline unsigned class_most(unsigned class, unsigned part)
{
	unsigned most = class + 1 + class / part;

	return class > CLASS_SMALL ? class : most > CLASS_SMALL ? CLASS_SMALL : most;
}

/* A free block of a larger class, up to `most`; NULL: there is none. A slab's blocks go to the empty bin first. */
static void *slab_borrow(struct cache *cache, unsigned class, unsigned most)
{
	for (unsigned c = class + 1; c <= most; c++) {
		if (cache->bin[c].head)
			return bin_take(&cache->bin[c]);
		if (cache->home->list[c].first)
			return list_take(cache->home->list[c].first, &cache->bin[c]);
	}
	return NULL;
}

/* Cuts the listed slab into spans: blocks in use, and free ones merged. heap.lock is held. */
static void slab_dissolve(struct slab *s)
{
	uint64_t word = span_check(s);
	size_t stride = class_stride(s->class);
	uint64_t secret = s->home->secret;
	char *first = (char *)s + SLAB_HEAD, *p = first + s->total * stride, *end = (char *)s + word_size(word);

	list_remove(s);
	s->home->bytes[s->class] -= s->total * stride;
	while (p > first) {
		bool used;

		p -= stride;
		used = *word_at(p) == (uintptr_t)s * secret;
		span_set(p, span_word(end - p, SPAN_USED));
		if (!used)
			span_free(p);
		end = p;
	}
	span_set(s, span_word(SLAB_HEAD, SPAN_USED | (word & SPAN_PREV)));
	span_free(s);
}

/* What dissolving slabs would free in bytes; does it. */
static uint64_t slabs_visit(struct home *home, bool dissolve)
{
	uint64_t gain = 0;

	for (unsigned c = 2; c < CLASS_SLABS; c++) {
		struct slab *s = home->list[c].first, *next;

		for (; s; s = next) {
			next = s->next;
			if (s->left * 2u + s->bias > s->total)
				continue;
			gain += (s->total - s->left) * class_stride(c);
			if (dissolve)
				slab_dissolve(s);
		}
	}
	return gain;
}

/*
 * Dissolves what is mostly empty, if it pays. true: there is more in the bins now. Only while no other thread could
 * be freeing a block of these slabs. heap.lock is held.
 */
bool slabs_dissolve(void)
{
	struct home *home = cache_self()->home;
	uint64_t gain;

	if (!home || heap.threads > 1 || heap.extent < home->looked)
		return false;
	gain = slabs_visit(home, false);
	home->looked = heap.extent + heap.extent / 32;
	if (gain < heap.extent / 32 || gain < SLAB_BYTES_MAX)
		return false;
	cache_flush();
	slabs_visit(home, true);
	home->looked = 0;
	return true;
}

/* Size of a slab with about `bytes` in blocks. */
static size_t blocks_size(size_t bytes, size_t stride)
{
	size_t n = bytes / stride;

	return SLAB_HEAD + (n < SLAB_BLOCKS_MIN ? SLAB_BLOCKS_MIN : n) * stride;
}

/* A block of the class when none of its slabs has one. NULL: no memory. heap.lock is held. */
static void *class_grow(struct cache *cache, unsigned class)
{
	size_t stride = class_stride(class), align = class > CLASS_SMALL ? 64 : GRAIN;
	size_t want = cache->home->bytes[class] / GROWTH, min = blocks_size(SLAB_BYTES_MIN / 2, stride);
	void *p;

	want = want < SLAB_BYTES_MIN ? SLAB_BYTES_MIN : want > SLAB_BYTES_MAX ? SLAB_BYTES_MAX : want;
	want = blocks_size(want, stride);
	p = span_find(min, want, align);
	if (!p) {
		p = slab_borrow(cache, class, class_most(class, BORROW));
		if (p)
			return p;
		if (slabs_dissolve())
			p = span_find(min, want, align);
	}
	if (!p && class > 1 && (p = span_find(stride, stride, align)))
		return p;
	if (!p && heap_room(min, align))
		p = span_find(min, want, align);
	if (!p)
		return span_alloc(stride < SPAN_MIN ? SPAN_MIN : stride, align, SPAN_USED);
	return bin_fill(slab_make(cache, class, p), &cache->bin[class]);
}

/* x * inverse(x) == 1, for an odd x. */
uint64_t inverse(uint64_t x)
{
	uint64_t y = x;

	for (unsigned i = 0; i < 5; i++)
		y *= 2 - x * y;
	return y;
}

/* First use of the allocator by the calling thread. false: no memory. */
bool cache_start(void)
{
	struct cache *cache = cache_self();
	struct home *home = NULL;

	heap_lock();
	if (heap.secret || heap_start()) {
		for (home = heap.every; home && home->taken;)
			home = home->every;
		if (!home && (home = span_alloc((sizeof(*home) + WORD + GRAIN - 1) & -GRAIN, GRAIN, SPAN_USED))) {
			uint64_t secret = heap.every ? heap.every->secret : heap.secret;

			secret = secret * 0xd1342543de82ef95 + 2;
			*home = (struct home){ .every = heap.every, .secret = secret, .inverse = inverse(secret) };
			__atomic_store_n(&heap.every, home, __ATOMIC_RELEASE);
		}
	}
	if (home) {
		heap.threads++;
		__atomic_store_n(&home->taken, true, __ATOMIC_RELAXED);
		if (heap.threads > 1)
			__atomic_store_n(&heap.shared, true, __ATOMIC_RELAXED);
		cache->inverse = home->inverse;
		cache->home = home;
	}
	heap_unlock();
	return home;
}

/* As class_alloc, when it is not at hand. */
static __attribute__((noinline)) void *class_refill(unsigned class, size_t n)
{
	struct cache *cache = cache_self();
	struct slab *s;
	void *p;

	if (unlikely(!cache->home)) {
		if (debugging())
			return debug_alloc(n, GRAIN, __builtin_return_address(0));
		if (!cache_start()) {
			errno = ENOMEM;
			return NULL;
		}
	}
	heap_lock();
	noted_take(cache->home);
	s = cache->home->list[class].first;
	p = s ? list_take(s, &cache->bin[class]) : class_grow(cache, class);
	heap_unlock();
	if (!p)
		errno = ENOMEM;
	return p;
}

/*
 * A block of the class whose bin, an empty one, is at room & -GRAIN; if that is a class of malloc's, for
 * room - CLASS_ROOM bytes. NULL with ENOMEM: no memory.
 */
void *class_alloc(size_t room)
{
	size_t offset = room & -GRAIN;
	struct home *home = cache_self()->home;
	struct bin *b = bin_at(offset), *most;
	struct slab *s;

	if (unlikely(!home))
		return class_refill(offset / sizeof(*b), room - CLASS_ROOM);
	s = ((struct slab_list *)((char *)home->list + offset))->first;
	if (likely(s))
		return list_take(s, b);
	most = bin_at(class_most(offset / sizeof(*b), BORROW_FAST) * sizeof(*b));
	while (++b <= most) {
		void *p = bin_take(b);

		if (p)
			return p;
	}
	return class_refill(offset / sizeof(*b), room - CLASS_ROOM);
}

/* The slab of which p is, as its word says, a block, in use or not; NULL: of none. */
struct slab *block_slab(const char *p, bool *used)
{
	struct home *home = __atomic_load_n(&heap.every, __ATOMIC_ACQUIRE);

	for (; home; home = home->every) {
		uintptr_t word = word_load(p) * home->inverse;
		struct slab *s;

		*used = !(((uintptr_t)p - word) >> OFFSET_BITS);
		s = (struct slab *)(*used ? word : -word);
		if (((uintptr_t)p - (uintptr_t)s) >> OFFSET_BITS || (uintptr_t)s % GRAIN || !heap_holds(s))
			continue;
		if ((span_get(s) & ~SPAN_PREV) >> 41 == (SPAN_TAG << SPAN_TAG_AT | SPAN_USED | SPAN_SLAB) >> 41 &&
		    s->home == home)
			return s;
	}
	return NULL;
}

/*
 * Frees p, as its word says a block in use of the slab of another thread. false: it was freed meanwhile. Without the
 * lock, unless that thread has ended.
 */
bool free_remote(struct slab *s, char *p)
{
	struct home *home = s->home;
	uint64_t used = (uintptr_t)s * home->secret, free = -used;
	uint32_t first;

	if (!__atomic_compare_exchange_n((uint64_t *)(p - WORD), &used, free, false, __ATOMIC_RELAXED,
					 __ATOMIC_RELAXED))
		return false;
	first = __atomic_load_n(&s->remote, __ATOMIC_RELAXED);
	do
		*(volatile word_t *)p = free + (first ? (uintptr_t)s + first : 0);
	while (!__atomic_compare_exchange_n(&s->remote, &first, p - (char *)s, true, __ATOMIC_ACQ_REL,
					    __ATOMIC_RELAXED));
	if (!first)
		slab_note(s, home);
	/* Either its thread, ending, sees what was noted, or this one that it has ended. */
	if (unlikely(!__atomic_load_n(&home->taken, __ATOMIC_SEQ_CST))) {
		heap_lock();
		if (!home->taken)
			noted_take(home);
		heap_unlock();
	}
	return true;
}

/* The calling thread's bins are emptied: their blocks go back to their slabs and spans. heap.lock is held. */
void cache_flush(void)
{
	struct cache *cache = cache_self();
	unsigned c;

	if (cache->home)
		noted_take(cache->home);
	for (c = 1; c < CLASS_SLABS; c++) {
		struct slab *s;

		bin_flush(cache, c);
		s = cache->home ? cache->home->list[c].first : NULL;
		if (s && !(s->left + s->bias))
			slab_drop(s);
	}
	for (; c < CLASSES; c++) {
		struct bin *b = &cache->bin[c];
		char *p = BIN_BLOCK(b->head), *next;

		b->head = (char *)BIN_FULL;
		for (; p; p = next) {
			next = BIN_BLOCK(*(volatile word_t *)p - address_key(p, heap.secret));
			span_add(p, -SPAN_QUICK);
			span_free(p);
		}
	}
	kept_release();
}

/* The calling thread ends: what is empty goes back, what is not waits for other threads to free it or take it over. */
void malloc_thread_end(void)
{
	struct cache *cache = cache_self();
	struct home *home = cache->home;

	if (!home)
		return;
	heap_lock();
	cache_flush();
	for (char *p = (char *)heap.first, *next; p < heap.top; p = next) {
		uint64_t word = span_check(p);
		struct slab *s = (struct slab *)p;

		next = p + word_size(word);
		if (word & SPAN_SLAB && s->home == home && !s->at) {
			s->target = &s->free;
			s->left = 1;
			s->bias = 0;
		}
	}
	__atomic_store_n(&home->taken, false, __ATOMIC_SEQ_CST);
	noted_take(home);
	heap.threads--;
	cache->home = NULL;
	cache->inverse = 0;
	heap_unlock();
}
