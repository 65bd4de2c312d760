/*
 * classes.c: small blocks. A slab is a span cut into equal blocks. A thread takes blocks from its bins and gives them
 * back there, up to a bin's room; behind the bins stand its own slabs, each with a list of its free blocks, so that
 * an empty one is seen at once and goes back to the heap, for any use. When a bin is empty it gets the whole list of
 * a slab. Before the heap grows a class takes from larger ones, and slabs that are nearly empty are dissolved: their
 * blocks become spans of their own and the gaps between them free spans.
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
#define FREED 24                 /* so many slabs got free blocks and nobody wants any: bins are emptied */
#define BIN_BYTES 8192u         /* of a class in its bin, but 2 to BIN_FULL blocks */

#if !defined(__riscv) || defined(MALLOC_PREFIX)
__thread struct cache malloc_cache;
#endif

#define heap malloc_heap

static void list_push(struct slab **list, struct slab *s)
{
	struct slab *head = *list;

	s->next = head;
	s->at = list;
	if (head)
		head->at = &s->next;
	*list = s;
}

static void list_remove(struct slab *s)
{
	*s->at = s->next;
	if (s->next)
		s->next->at = s->at;
	s->at = NULL;
}

/* The empty slab, which is in no list, goes back to the heap. heap.lock is held. */
static void slab_release(struct slab *s)
{
	s->home->bytes[slab_class(s)] -= s->total * class_stride(slab_class(s));
	s->owner = 0;
	span_free(s);
}

/* The class's bin is empty, and gets the list of blocks and its room. */
static struct bin *bin_open(unsigned class, char *list)
{
	unsigned room = BIN_BYTES / class_stride(class);
	struct bin *b = bin_at(class * sizeof(*b));

	b->head = (uintptr_t)list + (room < 2 ? BIN_FULL - 2 : room > BIN_FULL ? 0 : BIN_FULL - room);
	return b;
}

/* All free blocks of the slab go to the bin of their class, which is empty. */
static struct bin *bin_fill(struct slab *s)
{
	struct bin *b = bin_open(slab_class(s), s->free);

	s->free = NULL;
	s->left = 1;
	return b;
}

/* `left` of a slab of the calling thread came to 0: it was full and one block is free again, or all are. */
void slab_event(struct slab *s)
{
	struct bin *b = bin_at(s->bin);

	if (!s->at) {
		struct home *home = s->home;

		list_push(&home->list[slab_class(s)], s);
		s->left = s->total - 1;
		if (++home->freed == FREED) {
			heap_lock();
			cache_flush();
			heap_unlock();
		}
		return;
	}
	list_remove(s);
	if (b->head < BIN_FULL) {
		bin_fill(s);
		return;
	}
	heap_lock();
	slab_release(s);
	heap_unlock();
}

/* `n` blocks of the slab, which is the calling thread's, have become free. heap.lock is held. */
static void slab_freed(struct slab *s, unsigned n)
{
	if (!s->at) {
		list_push(&s->home->list[slab_class(s)], s);
		s->left = s->total;
	}
	s->left -= n;
	if (!s->left) {
		list_remove(s);
		slab_release(s);
	}
}

/* Puts the free block p in the list of its slab. */
static void slab_push(struct slab *s, char *p)
{
	*(volatile word_t *)p = address_key(p, heap.secret) + (uintptr_t)s->free;
	s->free = p;
}

/* Makes the span p a slab of the class, all blocks free, and in no list. heap.lock is held. */
static struct slab *slab_make(struct cache *cache, unsigned class, char *span)
{
	struct slab *s = (struct slab *)span;
	size_t stride = class_stride(class);
	uint64_t word = span_get(span);
	unsigned total = (word_size(word) - SLAB_HEAD) / stride;
	char *p = span + SLAB_HEAD, *last = p + (total - 1) * stride;
	uint64_t raw = address_key(p, heap.secret) + SLAB_HEAD, step = stride * (heap.secret + 1);
	uint64_t more = (uintptr_t)s + stride;

	span_cut(span, SLAB_HEAD + total * stride);
	span_set(span, span_get(span) | SPAN_SLAB);
	*s = (struct slab){ .free = p, .left = total, .bin = class * sizeof(struct bin), .total = total,
			    .owner = thread_self(), .home = cache->home };
	for (; p < last; p += stride) {
		*word_at(p) = raw;
		*(volatile word_t *)p = raw + more;
		raw += step;
	}
	*word_at(p) = raw;
	*(volatile word_t *)p = address_key(p, heap.secret);
	cache->home->bytes[class] += total * stride;
	return s;
}

/* Blocks that other threads freed go to the slab's own list; their number. */
static unsigned remote_take(struct slab *s)
{
	uint32_t offset = __atomic_exchange_n(&s->remote, 0, __ATOMIC_ACQ_REL);
	char *p = offset ? (char *)s + offset : NULL, *next;
	unsigned n = 0;

	for (; p; p = next, n++) {
		next = list_next(p);
		slab_push(s, p);
	}
	return n;
}

/* The slab has something in `remote`: its home is told. */
static void slab_note(struct slab *s)
{
	struct home *home = __atomic_load_n(&s->home, __ATOMIC_RELAXED);
	uint32_t self = ((uintptr_t)s - heap.first) / GRAIN + 1;
	uint32_t next = __atomic_load_n(&home->noted, __ATOMIC_RELAXED);

	do
		s->noted = next;
	while (!__atomic_compare_exchange_n(&home->noted, &next, self, true, __ATOMIC_RELEASE, __ATOMIC_RELAXED));
}

/* Takes back what other threads freed of the calling thread's slabs, or of orphans. heap.lock is held. */
static void noted_take(struct home *home)
{
	uint32_t at = __atomic_exchange_n(&home->noted, 0, __ATOMIC_ACQUIRE);

	while (at) {
		struct slab *s = (struct slab *)(heap.first + (at - 1) * GRAIN);

		at = s->noted;
		if (s->home != home)
			slab_note(s);
		else
			slab_freed(s, remote_take(s));
	}
}

/* A block out of the first listed slab of the class, whose bin is empty: the others go to the bin. */
static __attribute__((noinline)) void *list_take(struct cache *cache, unsigned class)
{
	struct slab *s = cache->home->list[class];

	cache->home->freed = 0;
	list_remove(s);
	return bin_take(bin_fill(s), cache->secret);
}

/* An orphan of the class with a free block becomes the calling thread's; NULL: there is none. heap.lock is held. */
static struct slab *orphan_take(struct cache *cache, unsigned class)
{
	struct slab *s;

	for (s = heap.orphans; s; s = s->next) {
		if (slab_class(s) != class || !s->free)
			continue;
		list_remove(s);
		s->home->bytes[class] -= s->total * class_stride(class);
		cache->home->bytes[class] += s->total * class_stride(class);
		__atomic_store_n(&s->home, cache->home, __ATOMIC_RELAXED);
		__atomic_store_n(&s->owner, thread_self(), __ATOMIC_RELAXED);
		return s;
	}
	return NULL;
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
		if (BIN_BLOCK(cache->bin[c].head))
			return bin_take(&cache->bin[c], cache->secret);
		if (cache->home->list[c])
			return list_take(cache, c);
	}
	return NULL;
}

/* Cuts the listed slab into spans: blocks in use, and free ones merged. heap.lock is held. */
static void slab_dissolve(struct slab *s)
{
	uint64_t word = span_check(s);
	size_t stride = class_stride(slab_class(s));
	char *first = (char *)s + SLAB_HEAD, *p = first + s->total * stride, *end = (char *)s + word_size(word);

	list_remove(s);
	s->home->bytes[slab_class(s)] -= s->total * stride;
	s->owner = 0;
	while (p > first) {
		bool used;

		p -= stride;
		used = (int64_t)word_get(p) < 0;
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
		struct slab *s = home->list[c], *next;

		for (; s; s = next) {
			next = s->next;
			if (s->left * 2u > s->total)
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
	struct slab *s = heap.orphans ? orphan_take(cache, class) : NULL;
	void *p;

	want = want < SLAB_BYTES_MIN ? SLAB_BYTES_MIN : want > SLAB_BYTES_MAX ? SLAB_BYTES_MAX : want;
	want = blocks_size(want, stride);
	if (!s) {
		p = span_find(min, want, align);
		if (!p) {
			void *block = slab_borrow(cache, class, class_most(class, BORROW));

			if (block)
				return block;
			if (slabs_dissolve())
				p = span_find(min, want, align);
		}
		if (!p && class > 1 && (p = span_find(stride, stride, align)))
			return p;
		if (!p && heap_grow(min + 2 * align))
			p = span_find(min, want, align);
		if (!p)
			return span_alloc(stride < SPAN_MIN ? SPAN_MIN : stride, align, SPAN_USED);
		s = slab_make(cache, class, p);
	}
	return bin_take(bin_fill(s), cache->secret);
}

/* First use of the allocator by the calling thread. false: no memory. */
bool cache_start(void)
{
	struct cache *cache = cache_self();
	struct home *home = NULL;

	heap_lock();
	if (heap.secret || heap_start()) {
		home = heap.homes;
		if (home)
			heap.homes = home->next;
		else if ((home = span_alloc((sizeof(*home) + WORD + GRAIN - 1) & -GRAIN, GRAIN, SPAN_USED)))
			*home = (struct home){ .every = heap.every }, heap.every = home;
	}
	if (home) {
		heap.threads++;
		home->taken = true;
		if (heap.threads > 1)
			__atomic_store_n(&heap.shared, true, __ATOMIC_RELAXED);
		cache->secret = heap.secret;
		cache->home = home;
	}
	heap_unlock();
	return home;
}

/* As class_alloc, when it is not at hand. */
static __attribute__((noinline)) void *class_refill(unsigned class)
{
	struct cache *cache = cache_self();
	void *p = NULL;

	if (unlikely(!cache->home) && !cache_start()) {
		errno = ENOMEM;
		return NULL;
	}
	bin_open(class, NULL);
	cache->home->freed = 0;
	heap_lock();
	noted_take(cache->home);
	p = cache->home->list[class] ? list_take(cache, class) : class_grow(cache, class);
	heap_unlock();
	if (!p)
		errno = ENOMEM;
	return p;
}

/* A block of the class, whose bin is empty. NULL with ENOMEM: no memory. */
void *class_alloc(unsigned class)
{
	struct cache *cache = cache_self();

	if (unlikely(!cache->home))
		return class_refill(class);
	if (cache->home->list[class])
		return list_take(cache, class);
	for (unsigned c = class + 1, most = class_most(class, BORROW_FAST); c <= most; c++) {
		if (BIN_BLOCK(cache->bin[c].head))
			return bin_take(&cache->bin[c], cache->secret);
	}
	return class_refill(class);
}

/* The slab of which p is, as its word says, a block; NULL: of none. */
struct slab *block_slab(const char *p)
{
	uint64_t word = word_get(p), offset = (int64_t)word < 0 ? -word : word;
	struct slab *s = (struct slab *)((uintptr_t)p - offset);
	uint64_t head;

	if (offset >> OFFSET_BITS || offset < SLAB_HEAD || (uintptr_t)s % GRAIN ||
	    !heap_holds(s))
		return NULL;
	head = span_get(s);
	if (!word_is_span(head) || !(head & SPAN_SLAB))
		return NULL;
	return (offset - SLAB_HEAD) % class_stride(slab_class(s)) == 0 ? s : NULL;
}

/*
 * Frees p, as its word says a block in use of the slab of another thread. false: it was freed meanwhile. Without the
 * lock, but for orphans.
 */
bool free_remote(struct slab *s, char *p)
{
	uint64_t key = address_key(p, heap.secret), used = key - (p - (char *)s);
	struct home *home = __atomic_load_n(&s->home, __ATOMIC_RELAXED);
	bool orphan = !slab_owner(s);
	uint32_t first;

	if (!__atomic_compare_exchange_n((uint64_t *)(p - WORD), &used, 2 * key - used, false, __ATOMIC_RELAXED,
					 __ATOMIC_RELAXED))
		return false;
	first = __atomic_load_n(&s->remote, __ATOMIC_RELAXED);
	do
		*(volatile word_t *)p = key + (first ? (uintptr_t)s + first : 0);
	while (!__atomic_compare_exchange_n(&s->remote, &first, p - (char *)s, true, __ATOMIC_ACQ_REL,
					    __ATOMIC_RELAXED));
	if (!first)
		slab_note(s);
	if (unlikely(orphan)) {
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

	for (struct home *home = heap.homes; home; home = home->next)
		noted_take(home);
	for (unsigned c = 1; c < CLASSES; c++) {
		struct bin *b = &cache->bin[c];
		char *p = BIN_BLOCK(b->head), *next;

		b->head = BIN_FULL;
		for (; p; p = next) {
			struct slab *s = c < CLASS_SLABS ? block_slab(p) : NULL;

			next = list_next(p);
			if (s) {
				slab_push(s, p);
				slab_freed(s, 1);
			} else if (c < CLASS_SLABS) {
				check_overwritten(p);
			} else {
				span_add(p, -SPAN_QUICK);
				span_free(p);
			}
		}
	}
}

/* The calling thread ends: what is empty goes back, what is not waits for other threads to free it or take it. */
void malloc_thread_end(void)
{
	struct cache *cache = cache_self();

	if (!cache->secret)
		return;
	heap_lock();
	cache_flush();
	if (cache->home) {
		noted_take(cache->home);
		for (char *p = (char *)heap.first, *next; p < heap.top; p = next) {
			uint64_t word = span_check(p);
			struct slab *s = (struct slab *)p;

			next = p + word_size(word);
			if (!(word & SPAN_SLAB) || s->home != cache->home || !s->owner)
				continue;
			if (s->at)
				list_remove(s);
			else
				s->left = s->total;
			list_push(&heap.orphans, s);
			__atomic_store_n(&s->owner, 0, __ATOMIC_RELAXED);
		}
		cache->home->next = heap.homes;
		cache->home->taken = false;
		heap.homes = cache->home;
		heap.threads--;
		cache->home = NULL;
	}
	heap_unlock();
}
