/*
 * malloc_internal.h: what the allocator's files share: the word before each block, spans, slabs, bins, the heap.
 *
 * The heap is one reserved address range, tiled from `first` to `top` by spans: pieces of any size, a multiple of
 * 16 bytes. A span is a block of its own, or free, or a slab, which is cut into small blocks of one class. The word
 * before a payload says what stands there, times a secret:
 *
 *	slab                            block of that slab, in use
 *	-slab                           block of that slab, free; the payload holds the next one of its list + this word
 *	address + span_word()           span
 *
 * so that a word that was overwritten, or that never was one, decodes to noise. Spans have the heap's secret; each
 * home's slabs have their own, so that a block of another thread decodes to noise too.
 *
 * Who may write: the words of spans and the heap under heap.lock, but SPAN_QUICK by whoever has the block, with an
 * atomic addition; a slab, and the words of its blocks, its owner alone, but `remote`, and the word of a block in
 * use of another thread, which whoever frees it changes by compare and swap.
 */
#ifndef MALLOC_INTERNAL_H
#define MALLOC_INTERNAL_H

#include "pages.h"

#ifdef MALLOC_PREFIX            /* host tests: leave the host's malloc alone */
#define MALLOC_PASTE2(a, b) a##b
#define MALLOC_PASTE(a, b) MALLOC_PASTE2(a, b)
#define MALLOC_NAME(name) MALLOC_PASTE(MALLOC_PREFIX, name)
#else
#define MALLOC_NAME(name) name
#endif

#define GRAIN 16ul              /* alignment of every block, unit of sizes */
#define WORD 8ul                /* the word before a payload */
#define SPAN_MIN 32ul           /* word, two links, size at the end */

/* A span's word, from bit 0: size / 16, class of a middle block, SPAN_PREV, the other flags, a tag. */
#define SPAN_CLASS 32
#define SPAN_PREV (1ul << 40)   /* the span before this one is free and has its size at its end */
#define SPAN_USED (1ul << 41)   /* a block, or a slab */
#define SPAN_SLAB (2ul << 41)
#define SPAN_QUICK (4ul << 41)  /* a block that is free all the same: in a thread's bin, or kept */
#define SPAN_FLAGS (15ul << 40)
#define SPAN_TAG_AT 44
#define SPAN_TAG 0x53504ul

/* Classes, and bins of each thread. Sizes with the word. */
#define CLASS_SMALL 64u         /* 1 .. 64: blocks of 16 * class bytes */
#define CLASS_ALIGNED 64u       /* 64 + k, k = 1 .. 16: blocks of 64 * k bytes, payload aligned to 64 */
#define CLASS_SLABS 81u         /* classes below have slabs, from here on each block is a span: */
#define CLASS_MIDDLE 81u        /* 8 an octave: 16 + (8 .. 15) << (7 .. 11) bytes */
#define CLASS_PAGE 121u         /* PAGE_BYTES at a multiple of PAGE_BYTES */
#define CLASSES 122u
#define CLASS_ROOM (WORD + GRAIN - 1)    /* n + this, rounded down to a grain: where n's bin is, its block's size */
#define SMALL_MAX (CLASS_SMALL * GRAIN - WORD)
#define ALIGNED_MAX (16 * 64 - WORD)
#define MIDDLE_MAX ((15ul << 11) + GRAIN - WORD)

#define OFFSET_BITS 15          /* a slab is smaller than 32 KiB */
#define SLAB_HEAD 64ul          /* bytes from a slab to its first payload */

#define BIN_ROWS 8u             /* free spans: exact up to 63 grains, then 56 bins each 3 octaves */
#define BINS (64 + 56 * (BIN_ROWS - 1) + 8)
#define HEAP_MAX (8ul << 30)    /* what a span's word can hold */

/* free() of a misaligned pointer reads a misaligned word: rv64gc allows that, and C where it is said here. */
#ifdef __riscv
typedef uint64_t __attribute__((may_alias)) word_t;
#define ADDRESS_BITS 39
#else
typedef uint64_t __attribute__((may_alias, aligned(1))) word_t;
#define ADDRESS_BITS 47
#endif

/*
 * A slab's head; `total` blocks follow. A block that is free is in the bin of its class, in `free` or in `remote`.
 * A free block of the owner goes where `target` points. Invariant, for the owner:
 *
 *	unlisted (at == NULL): `free` is empty and `left` is how many may be freed before it is listed;
 *	listed with its class: target == &free, not empty, and left + bias is the number of blocks not in it.
 *
 * The bias stands for blocks that are most likely in the bin.
 */
struct slab {
	char *free;             /* list of free blocks */
	char **target;          /* &free, or the head of the owner's bin */
	uint32_t left;          /* frees until slab_event() has to look */
	uint16_t total;
	uint8_t class;
	uint8_t bias;
	struct home *home;      /* whose it is */
	struct slab *next, **at;
	uint32_t remote;        /* list of blocks other threads freed: offset of the first, or 0 */
	uint32_t noted;         /* next in home->noted: grains from heap.first, and 1; or 0 */
};

_Static_assert(sizeof(struct slab) + WORD == SLAB_HEAD, "the first block's word follows the head");

/*
 * Free blocks of a class that a thread takes without looking further. In a bin of spans the low 4 bits of `head`, which
 * a block's address leaves free, count the blocks that were pushed, and so do those of the link that a pushed block
 * holds, so that taking it restores the count. With BIN_FULL nothing more is pushed.
 */
struct bin {
	char *head;
	uintptr_t unused;
};

#define BIN_FULL 15ul
#define BIN_BLOCK(head) ((char *)((uintptr_t)(head) & ~BIN_FULL))

/* What each thread has of its own: PAGES_THREAD_BYTES, zero at first. */
struct cache {
	struct bin bin[CLASSES];
	uint64_t inverse;       /* as in its home; 0: not used yet */
	uintptr_t first;        /* as in the heap, maybe older */
	uint64_t extent;
	struct home *home;      /* NULL: this thread has no slabs */
	char *kept;             /* the large block freed last, not merged yet, */
	size_t kept_size;       /* its size; 0: there is none */
};

_Static_assert(sizeof(struct cache) <= PAGES_THREAD_BYTES, "as pages.h promises");

/* Slabs of a class that have something in `free`, the one listed longest first. As large as a bin. */
struct slab_list {
	struct slab *first, **last;
};

_Static_assert(sizeof(struct slab_list) == sizeof(struct bin), "class_alloc() relies on it");

/* Where a thread's slabs are found. In the heap, used again by another thread when this one has ended. */
struct home {
	uint64_t secret, inverse;       /* secret * inverse == 1 */
	struct home *every;     /* in heap.every */
	bool taken;             /* some thread's; under heap.lock */
	uint32_t noted;         /* slabs with something in `remote`; pushed by others, emptied by the owner */
	struct slab_list list[CLASS_SLABS];
	uint32_t bytes[CLASS_SLABS];    /* in slabs of the class */
	unsigned stuck;         /* slabs that got blocks back since a bin was filled */
	uint64_t looked;        /* look for slabs to dissolve when the heap has grown to this */
};

struct links {
	struct links *next, **at;       /* at: what points to this */
};

#define MODE_NORMAL 1
#define MODE_DEBUG 2

/* The one heap. `first`, `extent` and `secret` are read without the lock. */
struct heap {
	uintptr_t lock;         /* as pages.h says */
	uintptr_t first;        /* lowest payload */
	uint64_t extent;        /* bytes from it to `end` */
	uint64_t secret;        /* odd */
	uint64_t inverse;       /* secret * inverse == 1 */
	char *top;              /* payload address of the span that would follow the last */
	char *end;              /* end of what is committed */
	char *fresh;            /* from here to `end` nobody has written */
	char *limit;            /* end of what is reserved */
	uint64_t used;          /* bytes in spans in use: blocks in bins and slabs too */
	uint64_t low, width;    /* heap_shrink() looks when `used` leaves low .. low + width */
	size_t slack;           /* what may be free before it is given back */
	uint64_t map[(BINS + 63) / 64];
	uint64_t summary;       /* which words of map are not 0 */
	struct links *bin[BINS];
	struct home *every;     /* all homes; never shorter */
	unsigned threads;       /* that have a home */
	bool sweeping;
	bool shared;            /* heap_shared() */
	volatile uint8_t mode;  /* 0: not asked yet; else MODE_ */
};

extern struct heap malloc_heap __attribute__((visibility("hidden")));

#define likely(x) __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)

/* The compiler shall not work out again what it has. */
#define KEEP_VALUE(x) __asm__("" : "+r"(x))

/* The cache lies right below what the thread pointer points to; in tests on the host it is a variable. */
#if defined(__riscv) && !defined(MALLOC_PREFIX)
static inline struct cache *cache_self(void)
{
	return (struct cache *)((char *)__builtin_thread_pointer() - PAGES_THREAD_BYTES);
}

/* The bin at so many bytes from the first; the compiler shall add the thread pointer first and the constants last. */
static inline struct bin *bin_at(size_t offset)
{
	char *p = (char *)__builtin_thread_pointer() + offset;

	__asm__("" : "+r"(p));
	return (struct bin *)(p - PAGES_THREAD_BYTES);
}

#else
extern __thread struct cache malloc_cache;

static inline struct cache *cache_self(void)
{
	return &malloc_cache;
}

static inline struct bin *bin_at(size_t offset)
{
	return (struct bin *)((char *)&malloc_cache + offset);
}
#endif

static inline uint64_t address_key(const void *p, uint64_t secret)
{
	return (uintptr_t)p * secret;
}

static inline volatile word_t *word_at(const void *p)
{
	return (volatile word_t *)((const char *)p - WORD);
}

/* The word before p, which another thread may be changing. */
static inline uint64_t word_load(const void *p)
{
	return __atomic_load_n((const uint64_t *)((const char *)p - WORD), __ATOMIC_RELAXED);
}

/* The same without its key. */
static inline uint64_t word_get(const void *p)
{
	return word_load(p) - address_key(p, malloc_heap.secret);
}

static inline uint64_t span_get(const void *p)
{
	return word_get(p) * malloc_heap.inverse;
}

static inline void span_set(void *p, uint64_t word)
{
	*word_at(p) = (word + (uintptr_t)p) * malloc_heap.secret;
}

/* Adds to the word while another thread may do so; gives what it was. */
static inline uint64_t span_add(void *p, uint64_t flags)
{
	uint64_t *at = (uint64_t *)((char *)p - WORD);
	uint64_t before = __atomic_fetch_add(at, flags * malloc_heap.secret, __ATOMIC_RELAXED);

	return (before - address_key(p, malloc_heap.secret)) * malloc_heap.inverse;
}

/* Makes the block p quick, whose word was `raw` a moment ago. false: another thread frees it too. */
static inline bool span_claim(void *p, uint64_t raw)
{
	uint64_t quick = SPAN_QUICK * malloc_heap.secret;
	uint64_t before = __atomic_fetch_add((uint64_t *)((char *)p - WORD), quick, __ATOMIC_RELAXED);

	return before == raw || !((before * malloc_heap.inverse - (uintptr_t)p) & SPAN_QUICK);
}

static inline bool word_is_span(uint64_t word)
{
	return word >> SPAN_TAG_AT == SPAN_TAG;
}

static inline size_t word_size(uint64_t word)
{
	return (word & 0xffffffff) * GRAIN;
}

static inline unsigned word_class(uint64_t word)
{
	return word >> SPAN_CLASS & 0xff;
}

static inline uint64_t span_word(size_t size, uint64_t flags)
{
	return SPAN_TAG << SPAN_TAG_AT | flags | size / GRAIN;
}

/* A block of its own that is in use. */
static inline bool word_is_block(uint64_t word)
{
	return word >> 41 == (SPAN_TAG << SPAN_TAG_AT | SPAN_USED) >> 41;
}

/* The next of the list that p, a free block of a slab, is in. */
static inline char *list_next(const char *p)
{
	return (char *)(*(volatile word_t *)p - *word_at(p));
}

static inline void list_link(char *p, const char *next)
{
	*(volatile word_t *)p = (uintptr_t)next + *word_at(p);
}

/* p lies in what is committed, as far as can be told without the lock. */
static inline bool heap_holds(const void *p)
{
	return (uintptr_t)p - malloc_heap.first < __atomic_load_n(&malloc_heap.extent, __ATOMIC_RELAXED);
}

/* Committed bytes not in use, as far as can be told without the lock. */
static inline uint64_t heap_idle(void)
{
	return __atomic_load_n(&malloc_heap.extent, __ATOMIC_RELAXED) -
	       __atomic_load_n(&malloc_heap.used, __ATOMIC_RELAXED);
}

/* More than one thread has allocated something, ever. */
static inline bool heap_shared(void)
{
	return __atomic_load_n(&malloc_heap.shared, __ATOMIC_RELAXED);
}

static inline size_t class_stride(unsigned class)
{
	return class <= CLASS_SMALL ? class * GRAIN : (class - CLASS_ALIGNED) * 64ul;
}

/* One instruction each on RISC-V; see pages.h for what the word means. */
static inline bool heap_try_lock(void)
{
	return likely(!__atomic_fetch_or(&malloc_heap.lock, 1, __ATOMIC_ACQUIRE));
}

static inline void heap_lock(void)
{
	if (!heap_try_lock())
		pages_lock_wait(&malloc_heap.lock);
}

/* Unlocks and gives p: in this form a function that does it last needs no frame. */
void *heap_hand_over(void *p);

static inline void *heap_unlock_with(void *p)
{
	if (likely(__atomic_fetch_and(&malloc_heap.lock, ~(uintptr_t)1, __ATOMIC_RELEASE) == 1))
		return p;
	return heap_hand_over(p);
}

static inline void heap_unlock(void)
{
	heap_unlock_with(NULL);
}

/* span.c: the heap as spans. Sizes include the word. Callers hold heap.lock, except where said. */
bool heap_start(void);
void *span_find(size_t min, size_t want, size_t align);
void *span_alloc(size_t size, size_t align, uint64_t flags);
void span_free(void *p);
void span_cut(void *p, size_t size);
uint64_t span_check(const void *p);
void kept_release(void);
void heap_sweep(void);
void heap_trim(size_t keep);
bool heap_room(size_t size, size_t align);
size_t heap_left(void);
void *large_alloc(size_t size, size_t align, uint64_t flags);   /* takes heap.lock; sets errno */
void large_free(char *p);               /* takes heap.lock */
bool large_resize(char *p, size_t size);        /* takes heap.lock */
void *large_extend(char *p, size_t n);          /* the same where it is simple, else realloc_other() */
void *realloc_other(char *p, size_t n);         /* malloc.c: as realloc, p not NULL */

/* classes.c: slabs and bins. Callers do not hold heap.lock, except where said. */
uint64_t inverse(uint64_t x);
bool cache_start(void);                 /* takes heap.lock */
void *class_alloc(size_t room); /* of the class whose bin is at room & -GRAIN; sets errno */
void slab_event(struct slab *s);
bool free_remote(struct slab *s, char *p);
struct slab *block_slab(const char *p, bool *used);
bool slabs_dissolve(void);              /* under heap.lock */
void cache_flush(void);                 /* under heap.lock */
void malloc_thread_end(void);           /* called by whoever ends threads, last of all */

/* debug.c: the allocator instead of the rest of it when heap.mode is MODE_DEBUG. Takes heap.lock. */
struct debug_place {
	ptrdiff_t offset;
	size_t size;
	const void *pc;
	bool used;
};

void *debug_alloc(size_t n, size_t align, const void *pc);
void debug_free(const char *call, void *p);
size_t debug_size(const char *call, void *p);
bool debug_explain(const void *address, struct debug_place *place);

/* check.c: what is wrong with p, then the end of the process. */
__attribute__((noreturn, cold)) void check_bad_pointer(const char *call, const void *p);
__attribute__((noreturn, cold)) void check_overwritten(const void *p);

/* Asks, the first time, which mode it is. */
static inline bool debugging(void)
{
	if (unlikely(!malloc_heap.mode))
		malloc_heap.mode = pages_debug() ? MODE_DEBUG : MODE_NORMAL;
	return unlikely(malloc_heap.mode == MODE_DEBUG);
}

/* Pushes the span p, which is free now. false: the bin is full. */
static inline bool bin_push(struct bin *b, char *p, uint64_t key)
{
	uintptr_t head = (uintptr_t)b->head, count = (head + 1) & BIN_FULL;

	if (!count)
		return false;
	*(volatile word_t *)p = key + head;
	b->head = p + count;
	return true;
}

/* Takes the first of the bin's blocks of slabs, if it has one. */
static inline __attribute__((always_inline)) void *bin_take(struct bin *b)
{
	char *p = b->head;
	uint64_t word, next;

	if (unlikely(!p))
		return NULL;
	word = *word_at(p);
	next = *(volatile word_t *)p - word;
	if (unlikely(next >> ADDRESS_BITS))
		check_overwritten(p);
	b->head = (char *)next;
	*word_at(p) = -word;
	return p;
}
#endif
