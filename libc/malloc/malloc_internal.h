/*
 * malloc_internal.h: what the allocator's files share: the word before each block, spans, slabs, and the heap.
 *
 * The heap is one reserved address range, tiled from `first` to `top` by spans. A span is a piece of any size (a
 * multiple of 16): a large block, a free piece, or a slab, which is cut into blocks of one class. The word
 * before a payload says what stands there, exclusive-or the payload's address times a secret, so that a word
 * that was overwritten, or that never was one, decodes to noise:
 *
 *	high 32 bits	low 32 bits
 *	all ones	~offset		block of a slab, in use; offset from the slab
 *	0		offset		block of a slab, free; offset of the next free one, 0 the end
 *	SPAN_TAG|flags	size / 16	span
 *
 * Who may write: the word of a span in use and the heap under heap.lock; the word of a block its owner thread, or
 * whoever frees it under heap.lock. Words are read without the lock to tell what a pointer is.
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

#define SPAN_TAG 0x53504e40ull  /* in bits 63..36 of a span's word; flags in 35..32 */
#define SPAN_USED 1u            /* allocated, or a slab */
#define SPAN_SLAB 2u
#define SPAN_PREV 4u            /* the span before this one is free and has its size at its end */

#define CLASS_MAX 64u           /* class c < CLASS_MAX + 1: blocks of 16 * c bytes, word included */
#define CLASS_ALIGNED 64u       /* class 64 + k: blocks of 64 * k bytes, payload aligned to 64 */
#define CLASS_MIDDLE 81u        /* on from here: 16 classes an octave, 16 + (16 .. 31) << (6 .. 10) bytes */
#define CLASSES (CLASS_MIDDLE + 80)
#define SMALL_MAX (CLASS_MAX * GRAIN - WORD)
#define ALIGNED_MAX ((CLASS_MIDDLE - 1 - CLASS_ALIGNED) * 64 - WORD)
#define MIDDLE_MAX ((31ul << 10) + 8)

#define OFFSET_BITS 18          /* a slab is smaller than 256 KiB */
#define SLAB_HEAD 64ul          /* bytes from a slab to its first payload */
#define SLAB_FULL 1u            /* in no list; `left` is 1 */
#define SLAB_LISTED 2u          /* in the owner's list of its class, and has a free block */
#define SLAB_KEPT 4u            /* stays when empty: `left` is one too high */

#define OCTAVES 23u             /* bins: 64 exact, then 16 an octave */
#define HEAP_MAX (8ul << 30)    /* what the bins can tell apart */
#define BINS (64 + 16 * OCTAVES)

/* free() of a misaligned pointer reads a misaligned word: rv64gc allows that, and C where it is said here. */
#ifdef __riscv
typedef uint64_t __attribute__((may_alias)) word_t;
#else
typedef uint64_t __attribute__((may_alias, aligned(1))) word_t;
#endif

/*
 * A slab's head. `total` blocks of `stride` bytes follow. Fields change by the owner thread only, except `remote`
 * and `noted` (under heap.lock). Invariant: blocks in use = left - kept, or total when full; what others freed
 * counts as in use until the owner takes it from `remote`.
 */
struct slab {
	uint32_t free;          /* offset of the first free block, or 0 */
	volatile uint32_t left; /* frees until slab_event() has to look */
	uintptr_t owner;        /* thread_self() of the owner; 0: an orphan, under heap.lock */
	uint32_t total;
	uint32_t stride;
	uint8_t class;
	uint8_t current;        /* how many of the owner's classes take from it */
	uint8_t flags;
	uint8_t unused;
	uint32_t remote;        /* list of blocks other threads freed */
	struct slab *next, *prev;       /* ring of its class's list */
	struct slab *noted;     /* next in the owner's inbox */
};

_Static_assert(sizeof(struct slab) + WORD == SLAB_HEAD, "the first block follows the head");

/* A thread's cache: what malloc takes from without a lock. */
struct cache {
	uint64_t secret;
	struct slab *bin[CLASSES];      /* the slab a class takes from; never NULL, maybe exhausted */
	struct slab *list[CLASSES];     /* more of the class with free blocks, the next to take first */
	uint32_t bytes[CLASSES];        /* in slabs of the class */
	uint32_t retired[CLASSES];      /* `made` when the class last lost a slab: a new one soon after is kept */
	uint8_t asked[CLASSES];         /* blocks the class had to ask for since it had a slab */
	uint32_t made;                  /* slabs made */
	uint64_t looked;                /* look for slabs to dissolve when the heap has grown to this */
	struct slab *inbox;             /* own slabs with something in `remote`; under heap.lock */
};

struct links {
	struct links *next, **at;       /* at: what points to this */
};

/* The one heap. `first`, `extent` and `secret` are read without the lock. */
struct heap {
	uintptr_t lock;         /* as pages.h says */
	uintptr_t first;        /* lowest payload */
	volatile uint64_t extent; /* bytes from it to `end` */
	uint64_t secret;        /* odd */
	uint64_t inverse;       /* secret * inverse == 1 */
	char *top;              /* payload address of the span that would follow the last */
	char *end;              /* end of what is committed */
	char *fresh;            /* from here to `end` nobody has written */
	char *limit;            /* end of what is reserved */
	uint64_t used;          /* bytes in spans in use, slabs included */
	uint64_t low, width;    /* heap_shrink() looks when `used` leaves low .. low + width */
	size_t cached;          /* of top: not given back, as a large block that was freed last was there */
	size_t kept_size;       /* 0, or of the large block freed last: not counted in `used` any more, but */
	char *kept;             /* its word and its neighbours are not told yet */
	uint64_t map[(BINS + 63) / 64];
	uint64_t summary;       /* which words of map are not 0 */
	struct links *bin[BINS];
	struct slab *orphans;   /* slabs of threads that ended, with blocks in use */
	bool sweeping;
};

/* Stands for "no slab": malloc finds no free block in it and takes the slow path. */
struct no_slab {
	uint64_t pad;
	uint64_t word;
	struct slab slab;
};

extern struct heap malloc_heap __attribute__((visibility("hidden")));
extern struct no_slab malloc_no_slab __attribute__((visibility("hidden")));
extern __thread struct cache malloc_cache __attribute__((tls_model("local-exec"), visibility("hidden")));

#define likely(x) __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)

static inline bool span_is_kept(const void *p)
{
	return malloc_heap.kept_size && p == malloc_heap.kept;
}

static inline uint64_t address_key(const void *p, uint64_t secret)
{
	return (uintptr_t)p * secret;
}

static inline uint64_t raw_get(const void *p)
{
	return *(const volatile word_t *)((const char *)p - WORD);
}

static inline void raw_set(void *p, uint64_t value)
{
	*(volatile word_t *)((char *)p - WORD) = value;
}

static inline uint64_t word_get(const void *p)
{
	return raw_get(p) - address_key(p, malloc_heap.secret);
}

static inline void word_set(void *p, uint64_t value)
{
	raw_set(p, value + address_key(p, malloc_heap.secret));
}

static inline uint64_t span_get(const void *p)
{
	return word_get(p) * malloc_heap.inverse;
}

static inline void span_set(void *p, uint64_t value)
{
	word_set(p, value * malloc_heap.secret);
}

static inline bool word_is_used(uint64_t word)
{
	return -word >> OFFSET_BITS == 0 && word;
}

static inline bool word_is_free(uint64_t word)
{
	return word >> OFFSET_BITS == 0;
}

static inline bool word_is_span(uint64_t word)
{
	return word >> 36 == SPAN_TAG >> 4;
}

/* A block of its own, or a slab if the flag is given: not free. (heap.kept looks like a block.) */
static inline bool word_is_block(uint64_t word, unsigned slab)
{
	return (word >> 32 & ~(uint64_t)SPAN_PREV) == (SPAN_TAG | SPAN_USED | slab);
}

static inline bool word_has(uint64_t word, unsigned flag)
{
	return (word >> 32) & flag;
}

static inline size_t word_size(uint64_t word)
{
	return (word & 0xffffffff) * GRAIN;
}

static inline uint64_t word_span(size_t size, unsigned flags)
{
	return (SPAN_TAG | flags) << 32 | size / GRAIN;
}

/* What names the calling thread in slab.owner: one instruction on RISC-V. */
static inline uintptr_t thread_self(void)
{
#ifdef __riscv
	return (uintptr_t)__builtin_thread_pointer();
#else
	return (uintptr_t)&malloc_cache;
#endif
}

/* A damaged word leads to no slab. RISC-V may look at it all the same: its `owner` will not be the caller. */
static inline bool slab_misaligned(const struct slab *s)
{
#ifdef __riscv
	(void)s;
	return false;
#else
	return (uintptr_t)s % GRAIN;
#endif
}

static inline struct cache *thread_cache_of(uintptr_t self)
{
	return (struct cache *)((uintptr_t)&malloc_cache + (self - thread_self()));
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

/* Unlocks and gives p: in this form callers need no frame. */
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
void *span_top(size_t min, size_t want, size_t align, bool grow);
void *span_alloc(size_t size, size_t align);
void span_free(void *p);
void span_cut(void *p, size_t size);
void heap_sweep(void);
void heap_trim(size_t keep);
uint64_t span_word(const void *p);
void *large_alloc(size_t size);         /* takes heap.lock; sets errno */
void large_free(void *p);               /* takes heap.lock; ends the process if p is no span in use */
void large_free_held(void *p);          /* the same with heap.lock held, which it lets go */
void *large_realloc(void *p, size_t n); /* takes heap.lock; p is in the heap's bounds */

/* malloc.c: the block at p copied into a new one of n bytes; large_free(p) when heap.lock is to be had. */
void *malloc_move(void *p, size_t n);
void free_waiting(void *p);

/* classes.c: slabs. Callers do not hold heap.lock, except where said. */
void *class_alloc(unsigned class);      /* sets errno */
void slab_event(struct slab *s);
void slab_free_remote(struct slab *s, void *p, uint32_t offset);       /* under heap.lock */
void classes_sweep(void);               /* under heap.lock */
void malloc_thread_end(void);           /* called by whoever ends threads, last of all */

/* check.c: what is wrong with p, then the end of the process. */
__attribute__((noreturn)) void check_bad_pointer(const char *call, const void *p);
__attribute__((noreturn)) void check_failed(const void *p);

void large_free_bad(void *p);

/* check(p), which does not return. On RISC-V a jump, so that the function it stands in needs no frame. */
#ifdef __riscv
#define CHECK_JUMP(check, p) do { \
	register const void *a0_ __asm__("a0") = (p); \
	__asm__ volatile("tail " #check : : "r"(a0_)); \
	__builtin_unreachable(); \
} while (0)
#else
#define CHECK_JUMP(check, p) do { \
	check((void *)(p)); \
	__builtin_unreachable(); \
} while (0)
#endif

/* The word before p, or what a free p holds, is not what the allocator wrote. */
static inline __attribute__((noreturn)) void check_overwritten(const void *p)
{
	CHECK_JUMP(check_failed, p);
}

/* Takes a block of a slab, or NULL: it has none, or its list is not what the allocator wrote. */
static inline void *slab_take(struct slab *s, uint64_t secret)
{
	uint64_t offset = s->free;
	char *p = (char *)s + offset;
	uint64_t key = address_key(p, secret);
	uint64_t next = raw_get(p) - key;

	if (unlikely(next >> OFFSET_BITS))
		return NULL;
	s->free = (uint32_t)next;
	s->left++;
	raw_set(p, key - offset);
	return p;
}
#endif
