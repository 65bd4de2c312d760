/*
 * malloc.c: the functions programs call, all in this one file so that a static link takes every one of them from
 * here. malloc and free of a small block touch only what is the calling thread's; the rest goes to classes.c (small)
 * and span.c (large). Every pointer given to free or realloc is checked; a wrong one ends the process with a line
 * that says what it is.
 */
#include <errno.h>
#include <string.h>

#include "malloc_internal.h"
#include <malloc.h>

#define heap malloc_heap
#define COLD __attribute__((noinline))
#define MIDDLE_ROOM 4           /* free blocks a thread keeps of a middle class */
#define PAGE_ROOM 8
#define KEPT_MIN (32 * 1024ul) /* sizes of the block a thread keeps for its next request */
#define KEPT_MAX (1024 * 1024 + PAGE_BYTES)
#define KEPT_SLACK (128 * 1024ul)       /* and so much besides as it is large may be free */

void MALLOC_NAME(free)(void *p);

static COLD void *no_memory(void)
{
	errno = ENOMEM;
	return NULL;
}

/* Size of the span for n <= HEAP_MAX bytes. */
static inline size_t span_size(size_t n)
{
	size_t size = (n + WORD + GRAIN - 1) & -GRAIN;

	return size < SPAN_MIN ? SPAN_MIN : size;
}

/* A block of the middle class, of `size` bytes at `align`. */
static void *middle_take(uint64_t class, size_t size, size_t align)
{
	struct bin *b = bin_at(class * sizeof(*b));
	char *p = BIN_BLOCK(b->head);
	uint64_t next;

	if (!p) {
		b->head = (char *)(class == CLASS_PAGE ? BIN_FULL - PAGE_ROOM : BIN_FULL - MIDDLE_ROOM);
		return large_alloc(size, align, SPAN_USED | class << SPAN_CLASS);
	}
	next = *(volatile word_t *)p - address_key(p, heap.secret);
	if (unlikely(next >> ADDRESS_BITS))
		check_overwritten(p);
	span_add(p, -SPAN_QUICK);
	b->head = (char *)next;
	return p;
}

/* A block of more than SMALL_MAX, at most MIDDLE_MAX bytes. */
static void *middle_alloc(size_t n)
{
	size_t unit = (n - WORD + 127) / 128, class = CLASS_MIDDLE - 8, shift = 7;

	while (unit >= 16) {
		unit = (unit + 1) / 2;
		class += 8;
		shift++;
	}
	return middle_take(class + unit, GRAIN + (unit << shift), GRAIN);
}

/* A block of more than SMALL_MAX bytes. */
static COLD void *malloc_large(size_t n)
{
	struct cache *cache = cache_self();
	size_t size = span_size(n);
	char *p = cache->kept;

	if (cache->kept_size - size <= cache->kept_size / 16 && size >= KEPT_MIN) {
		cache->kept_size = 0;
		span_add(p, -SPAN_QUICK);
		return p;
	}
	if (unlikely(!cache->home) && debugging())
		return debug_alloc(n, GRAIN, __builtin_return_address(0));
	if (n <= MIDDLE_MAX)
		return middle_alloc(n);
	return n <= HEAP_MAX ? large_alloc(size, GRAIN, SPAN_USED) : no_memory();
}

static inline __attribute__((always_inline)) void *allocate(size_t n)
{
	if (likely(n <= SMALL_MAX)) {
		size_t room = n + CLASS_ROOM;
		void *p;

		KEEP_VALUE(room);
		p = bin_take(bin_at(room & -GRAIN));
		return likely(p) ? p : class_alloc(room);
	}
	return malloc_large(n);
}

/* A block of n bytes or more at a multiple of 16; n may be 0. NULL with ENOMEM: no memory. */
void *MALLOC_NAME(malloc)(size_t n)
{
	return allocate(n);
}

/*
 * The slab of the block in use at p, or NULL: it is a span. Its size, word included, in *size. Ends the process if
 * p is not a block in use.
 */
static struct slab *block_find(const char *call, const char *p, size_t *size)
{
	struct slab *s = NULL;
	uint64_t word;
	bool used;

	*size = 0;
	if (!heap_holds(p) || (uintptr_t)p % GRAIN)
		check_bad_pointer(call, p);
	heap_lock();    /* dissolving its slab changes the word */
	word = span_get(p);
	if (word_is_block(word)) {
		*size = word_size(word);
	} else {
		s = block_slab(p, &used);
		*size = s && used ? class_stride(s->class) : 0;
	}
	heap_unlock();
	if (!*size)
		check_bad_pointer(call, p);
	return s;
}

static COLD void free_bad(char *p)
{
	check_bad_pointer("free", p);
}

/* Frees p, which is of the slab of another thread, or no block. */
static COLD void free_foreign(char *p)
{
	struct slab *s;
	bool used;

	s = (uintptr_t)p % GRAIN ? NULL : block_slab(p, &used);
	if (!s || !used || !free_remote(s, p))
		free_bad(p);
}

/* Frees p, which is not of a slab of the calling thread. */
static COLD void free_other(char *p)
{
	struct cache *cache = cache_self();
	uint64_t raw = word_load(p), word = raw * heap.inverse - (uintptr_t)p, size = word_size(word);
	unsigned class = word_class(word);
	char *old = p;

	if (unlikely(!word_is_block(word))) {
		free_foreign(p);
		return;
	}
	if (unlikely(!span_claim(p, raw))) {
		free_bad(p);
		return;
	}
	if (class) {
		if (bin_push(bin_at(class * sizeof(struct bin)), p, address_key(p, heap.secret)))
			return;
	} else if (size - KEPT_MIN <= KEPT_MAX - KEPT_MIN && heap_idle() <= size + KEPT_SLACK) {
		bool other = cache->kept_size;

		old = cache->kept;
		cache->kept = p;
		cache->kept_size = size;
		if (!other)
			return;
	}
	large_free(old);
}

/* p is not in the heap as the calling thread knows it. */
static COLD void free_outside(void *p)
{
	struct cache *cache = cache_self();

	if (!p)
		return;
	if (debugging()) {
		debug_free("free", p);
		return;
	}
	cache->first = heap.first;
	cache->extent = __atomic_load_n(&heap.extent, __ATOMIC_RELAXED);
	if ((uintptr_t)p - cache->first >= cache->extent)
		check_bad_pointer("free", p);
	if (!cache->inverse && !cache_start())
		free_other(p);
	else
		MALLOC_NAME(free)(p);
}

static inline __attribute__((always_inline)) void release(char *p)
{
	struct cache *cache = cache_self();
	struct slab *s;
	char **target;
	uint64_t word;

	if (unlikely((uintptr_t)p - cache->first >= cache->extent)) {
		free_outside(p);
		return;
	}
	word = word_load(p);
	s = (struct slab *)(word * cache->inverse);
	if (unlikely(((uintptr_t)p - (uintptr_t)s) >> OFFSET_BITS)) {
		free_other(p);
		return;
	}
	word = -word;
	*word_at(p) = word;
	target = s->target;
	*(volatile word_t *)p = word + (uintptr_t)*target;
	*target = p;
	if (unlikely(!--s->left))
		slab_event(s);
}

/* Frees a block; NULL is none. */
void MALLOC_NAME(free)(void *p)
{
	release(p);
}

/* A block of count * each bytes that are zero. */
void *MALLOC_NAME(calloc)(size_t count, size_t each)
{
	size_t n, dirty;
	char *p, *fresh;

	if (__builtin_mul_overflow(count, each, &n))
		return no_memory();
	fresh = __atomic_load_n(&heap.fresh, __ATOMIC_RELAXED);
	if (debugging()) {
		p = debug_alloc(n, GRAIN, __builtin_return_address(0));
		return p ? memset(p, 0, n) : NULL;
	}
	p = allocate(n);
	if (!p)
		return NULL;
	/* Another thread could have used what was fresh a moment ago. */
	if (n <= MIDDLE_MAX || heap_shared())
		return memset(p, 0, n);
	dirty = fresh < p + n ? (size_t)(fresh - p) : n;
	return p < fresh ? memset(p, 0, dirty) : p;
}

/* As aligned(), when no free block is at hand. */
static COLD void *aligned_other(size_t align, size_t n)
{
	if (unlikely(!cache_self()->home) && debugging())
		return debug_alloc(n, align < GRAIN ? GRAIN : align, __builtin_return_address(0));
	if (align <= GRAIN)
		return allocate(n);
	if (align <= 64 && n <= ALIGNED_MAX)
		return class_alloc((CLASS_ALIGNED + (n + WORD + 63) / 64) * sizeof(struct bin));
	if (align == PAGE_BYTES && n <= PAGE_BYTES)
		return middle_take(CLASS_PAGE, PAGE_BYTES + GRAIN, align);
	return n <= HEAP_MAX && align <= HEAP_MAX ? large_alloc(span_size(n), align, SPAN_USED) : no_memory();
}

/* n bytes at a multiple of `align`, a power of two. */
static inline __attribute__((always_inline)) void *aligned(size_t align, size_t n)
{
	if (align - GRAIN - 1 < 64 - GRAIN && n <= ALIGNED_MAX) {
		void *p = bin_take(bin_at((n + WORD + 63) / 64 * GRAIN + CLASS_ALIGNED * GRAIN));

		if (likely(p))
			return p;
	}
	return aligned_other(align, n);
}

/* n bytes at a multiple of `align`; EINVAL if that is not a power of two. */
void *MALLOC_NAME(aligned_alloc)(size_t align, size_t n)
{
	if (likely(align && !(align & (align - 1))))
		return aligned(align, n);
	errno = EINVAL;
	return NULL;
}

void *MALLOC_NAME(memalign)(size_t align, size_t n)
{
	return MALLOC_NAME(aligned_alloc)(align, n);
}

/* 0, or EINVAL or ENOMEM and *out as it was; errno stays. */
int MALLOC_NAME(posix_memalign)(void **out, size_t align, size_t n)
{
	int before = errno;
	void *p;

	if (align < sizeof(void *) || align & (align - 1))
		return EINVAL;
	p = aligned_other(align, n);
	errno = before;
	if (!p)
		return ENOMEM;
	*out = p;
	return 0;
}

void *MALLOC_NAME(valloc)(size_t n)
{
	return aligned_other(PAGE_BYTES, n);
}

void *MALLOC_NAME(pvalloc)(size_t n)
{
	return n > HEAP_MAX ? no_memory() : aligned_other(PAGE_BYTES, (n + PAGE_BYTES - 1) & -PAGE_BYTES);
}

/* As realloc, when large_extend() cannot do it. */
COLD void *realloc_other(char *p, size_t n)
{
	struct slab *s;
	size_t room;
	void *q;

	if (large_resize(p, span_size(n)))
		return p;
	s = block_find("realloc", p, &room);
	room -= WORD;
	if (s && n <= room && n >= room / 2)
		return p;
	/* What grows goes on growing: better a span, which can where it stands, than a block of a class. */
	q = n > SMALL_MAX && n <= MIDDLE_MAX ? large_alloc(span_size(n), GRAIN, SPAN_USED) : allocate(n);
	if (!q)
		return n <= room ? p : NULL;
	memcpy(q, p, n < room ? n : room);
	release(p);
	return q;
}

static COLD void *realloc_debug(void *p, size_t n, const void *pc)
{
	size_t room = debug_size("realloc", p);
	void *q = debug_alloc(n, GRAIN, pc);

	if (q) {
		memcpy(q, p, n < room ? n : room);
		debug_free("realloc", p);
	}
	return q;
}

/* The block p with room for n bytes, moved if need be. NULL with ENOMEM: p stays as it is. n == 0: as malloc(0). */
void *MALLOC_NAME(realloc)(void *p, size_t n)
{
	if (unlikely(!heap_holds(p) || (uintptr_t)p % GRAIN)) {
		if (p && debugging())
			return realloc_debug(p, n, __builtin_return_address(0));
		if (p)
			check_bad_pointer("realloc", p);
		return MALLOC_NAME(malloc)(n);
	}
	return n <= HEAP_MAX ? large_extend(p, n) : no_memory();
}

void *MALLOC_NAME(reallocarray)(void *p, size_t count, size_t each)
{
	size_t n;

	if (__builtin_mul_overflow(count, each, &n))
		return no_memory();
	return MALLOC_NAME(realloc)(p, n);
}

size_t MALLOC_NAME(malloc_usable_size)(void *p)
{
	size_t size = WORD;

	if (p && debugging())
		return debug_size("malloc_usable_size", p);
	if (p)
		block_find("malloc_usable_size", p, &size);
	return size - WORD;
}

/* Gives back to the system what is free at the end of the heap, but for `keep` bytes. 1: something was. */
int MALLOC_NAME(malloc_trim)(size_t keep)
{
	uint64_t before;
	bool given;

	heap_lock();
	before = heap.extent;
	if (heap.secret) {
		heap_sweep();
		heap_trim(keep < HEAP_MAX ? keep : HEAP_MAX);
	}
	given = heap.extent < before;
	heap_unlock();
	return given;
}
