/*
 * malloc.c: the functions programs call, all in this one file so that a static link takes every one of them from
 * here. malloc and free of a small block touch only the calling thread's slabs; the rest goes to classes.c (small)
 * and span.c (large). Every pointer given to free or realloc is checked; a wrong one ends the process with a line
 * that says what it is.
 */
#include <errno.h>
#include <string.h>

#include "malloc_internal.h"
#include <malloc.h>

#define heap malloc_heap
#define cache malloc_cache

static void *no_memory(void)
{
	errno = ENOMEM;
	return NULL;
}

/* Size of the span for n bytes. */
static size_t span_size(size_t n)
{
	size_t size = (n + WORD + GRAIN - 1) & -GRAIN;

	return size < SPAN_MIN ? SPAN_MIN : size;
}

/* A span with room for n bytes at `align`, of which the bytes from *fresh on are known to be zero. */
static void *large_aligned(size_t n, size_t align, char **fresh)
{
	void *p = NULL;

	if (n > HEAP_MAX || align > HEAP_MAX)
		return no_memory();
	heap_lock();
	*fresh = heap.fresh;
	if (likely(heap.secret) || heap_start())
		p = span_alloc(span_size(n), align);
	heap_unlock();
	return p ? p : no_memory();
}

/* The class of more than SMALL_MAX, at most MIDDLE_MAX bytes. */
static inline unsigned class_middle(size_t n)
{
	size_t unit = (n - WORD + 63) / 64;
	unsigned class = CLASS_MIDDLE - 16;

	while (unit >= 32) {
		unit = (unit + 1) / 2;
		class += 16;
	}
	return class + unit;
}

static __attribute__((noinline)) void *malloc_slow(size_t n)
{
	if (n <= SMALL_MAX)
		return class_alloc((n + WORD + GRAIN - 1) / GRAIN);
	if (n <= MIDDLE_MAX) {
		unsigned class = class_middle(n);
		void *p = slab_take(cache.bin[class], cache.secret);

		return likely(p) ? p : class_alloc(class);
	}
	if (unlikely(n > PTRDIFF_MAX))
		return no_memory();
	return large_alloc((n + WORD + GRAIN - 1) & -GRAIN);
}

static inline __attribute__((always_inline)) void *allocate(size_t n)
{
	if (likely(n <= SMALL_MAX)) {
		void *p = slab_take(cache.bin[(n + WORD + GRAIN - 1) / GRAIN], cache.secret);

		if (likely(p))
			return p;
	}
	return malloc_slow(n);
}

/* A block of n bytes or more at a multiple of 16; n may be 0. NULL with ENOMEM: no memory. */
void *MALLOC_NAME(malloc)(size_t n)
{
	return allocate(n);
}

/* The slab of which p, with this word, is a block in use; NULL: of none. */
static struct slab *block_slab(const void *p, uint64_t word)
{
	uint64_t offset = -word;
	struct slab *s = (struct slab *)((uintptr_t)p - offset);
	uint64_t head;

	if (offset >> OFFSET_BITS || (uintptr_t)s % GRAIN || (uintptr_t)s - heap.first >= heap.extent)
		return NULL;
	head = span_get(s);
	if (!word_is_block(head, SPAN_SLAB))
		return NULL;
	return offset >= SLAB_HEAD && (offset - SLAB_HEAD) % s->stride == 0 ? s : NULL;
}

/*
 * The slab of the block in use at p, or NULL: it is a span. Its size, word included, in *size. Ends the process if
 * p is not a block in use.
 */
static struct slab *block_find(const char *call, const void *p, size_t *size)
{
	struct slab *s = NULL;
	uint64_t word;

	if ((uintptr_t)p - heap.first >= heap.extent || (uintptr_t)p % GRAIN)
		check_bad_pointer(call, p);
	heap_lock();    /* the owner of its slab may be dissolving it */
	word = span_get(p);
	if (word_is_block(word, 0) && !span_is_kept(p)) {
		*size = word_size(word);
	} else {
		s = block_slab(p, word_get(p));
		*size = s ? s->stride : 0;
	}
	heap_unlock();
	if (!*size)
		check_bad_pointer(call, p);
	return s;
}

/* p is NULL, or wrong. */
static __attribute__((noinline)) void free_outside(void *p)
{
	if (p)
		check_bad_pointer("free", p);
}

/*
 * large_free() found heap.lock taken. The lock that it waited for is the one it frees under: letting it go and trying again
 * could fail for ever, as it is handed from one waiter to the next. (Here, as a call out of its file leaves large_free the
 * compact code it has.)
 */
void free_waiting(void *p)
{
	heap_lock();
	large_free_held(p);
}

/* p is in the heap, but not of a slab of the calling thread. Under the lock its owner cannot change what it is. */
static __attribute__((noinline)) void free_other(void *p)
{
	struct slab *s = NULL;

	heap_lock();
	if ((uintptr_t)p % GRAIN == 0)
		s = block_slab(p, word_get(p));
	if (s)
		slab_free_remote(s, p, (char *)p - (char *)s);
	heap_unlock();
	if (!s)
		large_free(p);
}

static inline __attribute__((always_inline)) void release(void *p)
{
	uint64_t key, offset;
	struct slab *s;

	if (unlikely((uintptr_t)p - heap.first >= heap.extent)) {
		free_outside(p);
		return;
	}
	key = address_key(p, heap.secret);
	offset = key - raw_get(p);
	if (unlikely(offset >> OFFSET_BITS)) {
		large_free(p);
		return;
	}
	s = (struct slab *)((uintptr_t)p - offset);
	if (unlikely(slab_misaligned(s) || s->owner != thread_self())) {
		free_other(p);
		return;
	}
	raw_set(p, key + s->free);
	s->free = offset;
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
	size_t n;
	char *p, *fresh;

	if (__builtin_mul_overflow(count, each, &n))
		return no_memory();
	if (n <= MIDDLE_MAX) {
		p = allocate(n);
		return p ? memset(p, 0, n) : NULL;
	}
	p = large_aligned(n, GRAIN, &fresh);
	if (p && p < fresh)
		memset(p, 0, (size_t)(fresh - p) < n ? (size_t)(fresh - p) : n);
	return p;
}

/* The rest of aligned(). */
static __attribute__((noinline)) void *aligned_slow(size_t align, size_t n)
{
	char *fresh;

	if (align <= GRAIN)
		return allocate(n);
	if (align <= 64 && n <= ALIGNED_MAX)
		return class_alloc(CLASS_ALIGNED + (n + WORD + 63) / 64);
	return large_aligned(n, align, &fresh);
}

/* n bytes at a multiple of `align`, a power of two. */
static inline void *aligned(size_t align, size_t n)
{
	if (align - GRAIN - 1 < 64 - GRAIN && n <= ALIGNED_MAX) {
		void *p = slab_take(cache.bin[CLASS_ALIGNED + (n + WORD + 63) / 64], cache.secret);

		if (likely(p))
			return p;
	}
	return aligned_slow(align, n);
}

/* n bytes at a multiple of `align`; EINVAL if that is not a power of two. */
void *MALLOC_NAME(aligned_alloc)(size_t align, size_t n)
{
	if (unlikely(!align || align & (align - 1))) {
		errno = EINVAL;
		return NULL;
	}
	return aligned(align, n);
}

void *MALLOC_NAME(memalign)(size_t align, size_t n)
{
	return MALLOC_NAME(aligned_alloc)(align, n);
}

/* 0, EINVAL or ENOMEM, leaving errno alone. */
int MALLOC_NAME(posix_memalign)(void **out, size_t align, size_t n)
{
	int before = errno;
	void *p;

	if (align < sizeof(void *) || align & (align - 1))
		return EINVAL;
	p = aligned(align, n);
	errno = before;
	if (!p)
		return ENOMEM;
	*out = p;
	return 0;
}

void *MALLOC_NAME(valloc)(size_t n)
{
	return aligned(PAGE_BYTES, n);
}

void *MALLOC_NAME(pvalloc)(size_t n)
{
	if (n > HEAP_MAX)
		return no_memory();
	return aligned(PAGE_BYTES, (n + PAGE_BYTES - 1) & -PAGE_BYTES);
}

/* As realloc, of the block of a slab, or of a span that cannot be resized where it is. */
void *malloc_move(void *p, size_t n)
{
	size_t room;
	void *q;
	struct slab *s = block_find("realloc", p, &room);

	room -= WORD;
	if (s && n <= room && n >= room / 2)
		return p;
	/* What grows goes on growing: better a span, which can where it stands, than a block of a slab. */
	q = n > SMALL_MAX && n <= MIDDLE_MAX ? large_alloc(span_size(n)) : allocate(n);
	if (!q)
		return n <= room ? p : NULL;
	memcpy(q, p, n < room ? n : room);
	release(p);
	return q;
}

/* The block p with room for n bytes, moved if need be. NULL with ENOMEM: p stays as it is. n == 0: as malloc(0). */
void *MALLOC_NAME(realloc)(void *p, size_t n)
{
	if (likely((uintptr_t)p - heap.first < heap.extent && !((uintptr_t)p % GRAIN)))
		return large_realloc(p, n);
	if (p)
		check_bad_pointer("realloc", p);
	return MALLOC_NAME(malloc)(n);
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
	size_t size;

	if (!p)
		return 0;
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
