/*
 * classes.c: small blocks. A slab is a span cut into equal blocks with a list of its free ones; each thread takes
 * from its own slabs without a lock. Slabs are small while a class is and grow with it; an empty one goes back to
 * the heap at once, for any use. Before the heap grows, a class may take from the next larger ones, and slabs that
 * are nearly empty are dissolved: their blocks become spans of their own and the gaps between them free spans.
 *
 * Invariants (malloc_check() verifies them): a slab is current for at least one class, or in its class's list, or
 * full, or an orphan; a listed slab has a free block; `left` is as malloc_internal.h says.
 */
#include <errno.h>

#include "malloc_internal.h"

#define SLAB_BYTES_MIN 1024u
#define SLAB_BYTES_MAX (32u * 1024)
#define SLAB_BLOCKS_MIN 4u
#define GROWTH 4                /* a new slab has this part of what its class has */
#define KEPT_MAX (20 * 1024)    /* largest slab that stays when empty */
#define ASKED 4                 /* single blocks of a class of over a KiB before it gets a slab */
#define SOON 128                /* a slab is missed soon: within so many new ones of all classes */

struct no_slab malloc_no_slab = { .word = ~0ull };

__thread struct cache malloc_cache = {
	.bin = { [0 ... CLASSES - 1] = &malloc_no_slab.slab },
};

#define heap malloc_heap
#define cache malloc_cache

static size_t class_stride(unsigned class)
{
	if (class <= CLASS_MAX)
		return class * GRAIN;
	if (class < CLASS_MIDDLE)
		return (class - CLASS_ALIGNED) * 64;
	class -= CLASS_MIDDLE;
	return GRAIN + ((16 + class % 16ul) << (6 + class / 16));
}

static size_t class_align(unsigned class)
{
	return class > CLASS_MAX && class < CLASS_MIDDLE ? 64 : GRAIN;
}

/* Classes 1 and 2 are one: a block has room for 24 bytes. */
static void bin_set(unsigned class, struct slab *s)
{
	cache.bin[class] = s;
	if (class == 2)
		cache.bin[1] = s;
}

static void list_push(struct slab *s)
{
	struct slab *head = cache.list[s->class];

	s->flags |= SLAB_LISTED;
	if (!head) {
		s->next = s->prev = s;
		cache.list[s->class] = s;
		return;
	}
	s->next = head;
	s->prev = head->prev;
	head->prev->next = s;
	head->prev = s;
}

static void list_remove(struct slab *s)
{
	s->flags &= ~SLAB_LISTED;
	if (s->next == s) {
		cache.list[s->class] = NULL;
		return;
	}
	s->next->prev = s->prev;
	s->prev->next = s->next;
	if (cache.list[s->class] == s)
		cache.list[s->class] = s->next;
}

/* Blocks of the slab that its users have. */
static unsigned slab_used(const struct slab *s)
{
	return s->flags & SLAB_FULL ? s->total : s->left - !!(s->flags & SLAB_KEPT);
}

/* No class takes from the slab any more. */
static void slab_leave(struct slab *s)
{
	for (unsigned c = s->class; s->current; c--) {
		if (cache.bin[c] == s) {
			bin_set(c, &malloc_no_slab.slab);
			s->current--;
		}
	}
}

/* The calling thread's empty slab goes back to the heap. heap.lock is held. */
static void slab_release(struct slab *s)
{
	unsigned class = s->class;

	slab_leave(s);
	if (s->flags & SLAB_LISTED)
		list_remove(s);
	cache.bytes[class] -= s->total * s->stride;
	cache.retired[class] = cache.made;
	s->owner = 0;
	span_free(s);
}

static __attribute__((noinline)) void slab_empty(struct slab *s)
{
	heap_lock();
	slab_release(s);
	heap_unlock();
}

/* `left` of a slab came to 0: it was full and one block is free again, or all are. */
void slab_event(struct slab *s)
{
	if (!(s->flags & SLAB_FULL)) {
		slab_empty(s);
		return;
	}
	s->flags = 0;
	s->left = s->total - 1;
	list_push(s);
}

/* Empty slabs kept for their class are released. heap.lock is held. */
void classes_sweep(void)
{
	for (unsigned c = 2; c < CLASSES; c++) {
		struct slab *s = cache.bin[c];

		if (!(s->flags & SLAB_KEPT) || s->class != c)
			continue;
		s->flags &= ~SLAB_KEPT;
		if (--s->left == 0)
			slab_release(s);
	}
}

/* Makes the span p a slab of the class, all blocks free. heap.lock is held. */
static struct slab *slab_make(unsigned class, void *p)
{
	struct slab *s = p;
	size_t stride = class_stride(class);
	unsigned total = (word_size(span_word(p)) - SLAB_HEAD) / stride;
	size_t end = SLAB_HEAD + total * stride;
	uint64_t raw, step = stride * (heap.secret + 1);
	char *at, *last;

	span_cut(p, end);
	span_set(p, span_get(p) | (uint64_t)SPAN_SLAB << 32);
	*s = (struct slab){ .free = SLAB_HEAD, .owner = thread_self(), .total = total, .stride = stride,
			    .class = class };
	raw = address_key((char *)s + SLAB_HEAD, heap.secret) + SLAB_HEAD + stride;
	at = (char *)s + SLAB_HEAD;
	last = (char *)s + end - stride;
	while (at < last - stride) {    /* two a turn: this loop is a tenth of a malloc */
		char *next = at + stride;

		raw_set(at, raw);
		raw_set(next, raw + step);
		raw += 2 * step;
		at = next + stride;
	}
	if (at < last)
		raw_set(at, raw);
	word_set(last, 0);
	if (cache.made - cache.retired[class] < SOON && end <= KEPT_MAX) {
		s->flags = SLAB_KEPT;
		s->left = 1;
	}
	cache.bytes[class] += total * stride;
	cache.asked[class] = 0;
	cache.made++;
	return s;
}

/* Cuts a slab that no class takes from into spans: blocks in use, and free ones merged. heap.lock is held. */
static void slab_dissolve(struct slab *s)
{
	uint64_t word = span_word(s);
	uint64_t flags = SPAN_USED | (word >> 32 & SPAN_PREV);
	char *end = (char *)s + word_size(word), *p = (char *)s + SLAB_HEAD + (uint64_t)s->total * s->stride;

	list_remove(s);
	cache.bytes[s->class] -= s->total * s->stride;
	s->owner = 0;
	while (p > (char *)s + SLAB_HEAD) {
		bool used;

		p -= s->stride;
		used = word_is_used(word_get(p));
		span_set(p, word_span(end - p, SPAN_USED));
		if (!used)
			span_free(p);
		end = p;
	}
	span_set(s, word_span(SLAB_HEAD, flags));
	span_free(s);
}

/* Dissolves what is mostly empty, if it pays. true: there is more in the bins now. heap.lock is held. */
static bool slabs_dissolve(void)
{
	uint64_t gain = 0;

	if (heap.extent < cache.looked)
		return false;
	for (unsigned c = 2; c < CLASSES; c++) {
		struct slab *s = cache.list[c];

		for (unsigned i = 0; s && (i == 0 || s != cache.list[c]); i++, s = s->next)
			if (slab_used(s) * 2 <= s->total)
				gain += (s->total - slab_used(s)) * s->stride;
	}
	cache.looked = heap.extent + heap.extent / 32;
	if (gain < heap.extent / 32 || gain < SLAB_BYTES_MAX)
		return false;
	cache.looked = 0;
	for (unsigned c = 2; c < CLASSES; c++) {
		struct slab *last = cache.list[c] ? cache.list[c]->prev : NULL, *s, *next = cache.list[c];

		do {
			s = next;
			if (!s)
				break;
			next = s->next;
			if (slab_used(s) * 2 <= s->total)
				slab_dissolve(s);
		} while (s != last);
	}
	return true;
}

/* Takes back what other threads freed. heap.lock is held. */
static void inbox_take(void)
{
	struct slab *s;

	while ((s = cache.inbox)) {
		uint32_t at = s->remote, n = 0, next;

		cache.inbox = s->noted;
		s->remote = 0;
		for (; at; at = next, n++) {
			char *p = (char *)s + at;

			next = (uint32_t)word_get(p);
			word_set(p, s->free);
			s->free = at;
		}
		if (s->flags & SLAB_FULL) {
			s->flags &= ~SLAB_FULL;
			s->left = s->total;
			list_push(s);
		}
		s->left -= n;
		if (!s->left)
			slab_release(s);
	}
}

/* An orphan becomes the calling thread's. heap.lock is held. */
static struct slab *orphan_take(unsigned class)
{
	for (struct slab **at = &heap.orphans; *at; at = &(*at)->next) {
		struct slab *s = *at;

		if (s->class != class || !s->free)
			continue;
		*at = s->next;
		s->owner = thread_self();
		cache.bytes[class] += s->total * s->stride;
		return s;
	}
	return NULL;
}

/* The next larger class with a free block at hand, as far as an eighth is wasted; NULL: none. */
static struct slab *slab_borrow(unsigned class)
{
	for (unsigned c = class + 1; class > 2 && c <= CLASS_MAX && c - class <= 1 + class / 8; c++) {
		struct slab *s = cache.list[c];

		if (cache.bin[c]->free)
			return cache.bin[c];
		if (s) {
			list_remove(s);
			return s;
		}
	}
	return NULL;
}

/* The list of free blocks of s is not one. */
static __attribute__((noreturn)) void *class_broken(struct slab *s)
{
	check_overwritten((char *)s + s->free);
}

/* The class's current slab is exhausted: it is left until a block of it is freed. */
static void class_leave(unsigned class)
{
	struct slab *s = cache.bin[class];

	if (unlikely(s->free))
		class_broken(s);
	if (s == &malloc_no_slab.slab || --s->current)
		return;
	s->flags = SLAB_FULL;
	s->left = 1;
}

/* The class takes from s, which is in no list and has a free block: one of them. */
static void *class_use(unsigned class, struct slab *s)
{
	void *p;

	s->current++;
	bin_set(class, s);
	p = slab_take(s, cache.secret);
	return likely(p) ? p : class_broken(s);
}

/* Size of a slab with about `bytes` in blocks. */
static size_t blocks_size(size_t bytes, size_t stride)
{
	size_t n = bytes / stride;

	return SLAB_HEAD + (n < SLAB_BLOCKS_MIN ? SLAB_BLOCKS_MIN : n) * stride;
}

/* A block of the class when none of its slabs has one. NULL: no memory. heap.lock is held. */
static void *class_grow(unsigned class)
{
	size_t stride = class_stride(class), align = class_align(class);
	size_t want = cache.bytes[class] / GROWTH, min;
	struct slab *s = heap.orphans ? orphan_take(class) : NULL;
	void *p;

	if (s)
		return class_use(class, s);
	if (class >= CLASS_MIDDLE && !cache.bytes[class] && cache.asked[class]++ < ASKED)
		return span_alloc(stride, GRAIN);
	want = want < SLAB_BYTES_MIN ? SLAB_BYTES_MIN : want > SLAB_BYTES_MAX ? SLAB_BYTES_MAX : want;
	min = blocks_size(SLAB_BYTES_MIN / 2, stride);
	want = blocks_size(want, stride);
	p = span_find(min, want, align);
	if (!p)
		p = span_top(min, want, align, false);
	if (p)
		return class_use(class, slab_make(class, p));
	s = slab_borrow(class);
	if (s)
		return class_use(class, s);
	if (slabs_dissolve()) {
		p = span_find(min, want, align);
		if (p)
			return class_use(class, slab_make(class, p));
	}
	p = span_find(stride, stride, align);
	if (p)
		return p;
	p = span_top(min, want, align, true);
	return p ? class_use(class, slab_make(class, p)) : span_alloc(stride, align);
}

/* First use of the allocator by the calling thread. false: no memory. heap.lock is held. */
static bool cache_start(void)
{
	if (!heap.secret && !heap_start())
		return false;
	cache.secret = heap.secret;
	return true;
}

/* As class_alloc, whatever there is. */
static __attribute__((noinline)) void *class_refill(unsigned class)
{
	void *p = NULL;

	class_leave(class);
	heap_lock();
	if (cache.secret || cache_start()) {
		bin_set(class, &malloc_no_slab.slab);
		inbox_take();
		if (cache.list[class]) {
			struct slab *s = cache.list[class];

			list_remove(s);
			p = class_use(class, s);
		} else {
			p = class_grow(class);
		}
	}
	heap_unlock();
	if (!p)
		errno = ENOMEM;
	return p;
}

/* A block of the class, whose current slab had none. NULL with ENOMEM: no memory. */
void *class_alloc(unsigned class)
{
	struct slab *s, *next;

	class += class < 2;
	s = cache.bin[class];
	next = cache.list[class];
	if (unlikely(!next || s == &malloc_no_slab.slab || s->free))
		return class_refill(class);
	if (next->next == next) {
		cache.list[class] = NULL;
	} else {
		cache.list[class] = next->next;
		next->next->prev = next->prev;
		next->prev->next = next->next;
	}
	if (!--s->current) {
		s->flags = SLAB_FULL;
		s->left = 1;
	}
	next->flags = 0;
	next->current = 1;
	bin_set(class, next);
	s = slab_take(next, cache.secret);
	return likely(s) ? s : class_broken(next);
}

/* A block of an orphan is free again; the last one ends the slab. heap.lock is held. */
static void orphan_freed(struct slab *s)
{
	struct slab **at = &heap.orphans;

	if (--s->left)
		return;
	while (*at != s)
		at = &(*at)->next;
	*at = s->next;
	span_free(s);
}

/*
 * Frees p, the block in use of another thread's slab at s + offset. heap.lock is held: s is a slab, and nobody
 * dissolves it meanwhile.
 */
void slab_free_remote(struct slab *s, void *p, uint32_t offset)
{
	__typeof__(cache) *owner;

	if (!s->owner) {
		word_set(p, s->free);
		s->free = offset;
		orphan_freed(s);
		return;
	}
	word_set(p, s->remote);
	if (!s->remote) {
		owner = thread_cache_of(s->owner);
		s->noted = owner->inbox;
		owner->inbox = s;
	}
	s->remote = offset;
}

/* The calling thread ends: what is empty goes back, what is not waits for other threads to free it or take it. */
void malloc_thread_end(void)
{
	uintptr_t self = thread_self();

	heap_lock();
	if (cache.secret) {
		inbox_take();
		classes_sweep();
		for (char *p = (char *)heap.first, *next; p < heap.top; p = next) {
			uint64_t word = span_word(p);
			struct slab *s = (struct slab *)p;

			next = p + word_size(word);
			if (!word_is_block(word, SPAN_SLAB) || s->owner != self)
				continue;
			if (s->flags & SLAB_FULL)
				s->left = s->total;
			s->flags = 0;
			s->current = 0;
			s->owner = 0;
			s->next = heap.orphans;
			heap.orphans = s;
		}
		cache.secret = 0;
	}
	heap_unlock();
}
