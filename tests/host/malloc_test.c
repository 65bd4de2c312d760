/*
 * malloc_test.c: the allocator on the host. Random operations against a record of what each block should hold,
 * every invariant of the heap checked on the way; the functions' edges; misuse, each kind stopped at the call
 * that does it; every commit made to fail in turn. Arguments: number of random steps, seed.
 */
// SOURCES: libc/malloc/malloc.c libc/malloc/classes.c libc/malloc/span.c libc/malloc/check.c
// SOURCES: libc/malloc/debug.c libc/malloc/walk.c tests/host/mallocbench/pages_host.c
// CFLAGS: -DMALLOC_PREFIX=t_ -fno-strict-aliasing
// LIBS: -lpthread
// ARGS: 200000
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "pages_host.h"

#define SLOTS 2048

static uint64_t state = 0x9e3779b97f4a7c15;

static uint64_t next_random(void)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state;
}

static void fail(const char *what, uint64_t n)
{
	printf("malloc_test: %s (%lu)\n", what, (unsigned long)n);
	exit(1);
}

#define expect(condition) ((condition) ? (void)0 : fail(#condition, __LINE__))

static void heap_is_sound(void)
{
	uint64_t used;
	const char *wrong = malloc_check(&used);

	if (wrong)
		fail(wrong, used);
}

struct block {
	unsigned char *p;
	size_t size;
	unsigned char fill;
};

static struct block block[SLOTS];

static void block_verify(const struct block *b)
{
	for (size_t i = 0; i < b->size; i++)
		if (b->p[i] != b->fill)
			fail("a block lost its contents", i);
}

static void block_fill(struct block *b, unsigned char *p, size_t size)
{
	expect(p);
	expect((uintptr_t)p % 16 == 0);
	expect(t_malloc_usable_size(p) >= size);
	b->p = p;
	b->size = size;
	b->fill = next_random();
	memset(p, b->fill, size);
}

static size_t random_size(void)
{
	uint64_t r = next_random();

	switch (r & 15) {
	case 0:
		return (r >> 8) % ((r >> 4 & 15) ? 100000 : 1200000);
	case 1:
	case 2:
		return (r >> 8) % 10000;
	case 3:
		return (r >> 8) % 3 * 16;
	default:
		return (r >> 8) % 600;
	}
}

static void step(void)
{
	struct block *b = &block[next_random() % SLOTS];
	size_t size = random_size(), align = 1ul << next_random() % 14, old;
	unsigned op = next_random() % 8;

	if (b->p)
		block_verify(b);
	if (b->p && op < 3) {
		t_free(b->p);
		b->p = NULL;
		b->size = 0;
	} else if (op < 5) {
		unsigned char *p = t_realloc(b->p, size);

		expect(p);
		old = b->size;
		b->p = p;
		b->size = old < size ? old : size;
		block_verify(b);
		block_fill(b, p, size);
	} else {
		t_free(b->p);
		if (op == 5) {
			b->p = t_calloc(size / 8 + 1, 8);
			b->size = (size / 8 + 1) * 8;
			b->fill = 0;
			expect(b->p);
			block_verify(b);
			block_fill(b, b->p, b->size);
		} else if (op == 6) {
			block_fill(b, t_aligned_alloc(align, size), size);
			expect((uintptr_t)b->p % align == 0);
		} else {
			block_fill(b, t_malloc(size), size);
		}
	}
}

static void random_operations(uint64_t steps)
{
	for (uint64_t i = 0; i < steps; i++) {
		step();
		if (i % 1024 == 0 || i < 2000)
			heap_is_sound();
		if (i % 100000 == 77777)
			t_malloc_trim(next_random() % 100000);
	}
	for (unsigned i = 0; i < SLOTS; i++) {
		t_free(block[i].p);
		block[i] = (struct block){ 0 };
	}
	heap_is_sound();
	expect(t_mallinfo2().uordblks == 0);

	expect(pages_count.current <= (64 << 10) + (2 << 20));  /* a large block kept, and as much beside it */
	t_malloc_trim(0);
	expect(pages_count.current <= 16 << 10);
	heap_is_sound();
}

static void edges(void)
{
	void *p = t_malloc(0), *q = t_malloc(0);
	volatile size_t huge = SIZE_MAX;

	expect(p && q && p != q);
	t_free(p);
	t_free(q);
	t_free(NULL);
	for (size_t n = SIZE_MAX; n > SIZE_MAX - 64; n--) {
		errno = 0;
		expect(!t_malloc(n) && errno == ENOMEM);
		expect(!t_aligned_alloc(64, n) && !t_aligned_alloc(4096, n) && !t_pvalloc(n));
	}
	errno = 0;
	expect(!t_malloc(huge / 2 + 1) && errno == ENOMEM);
	expect(!t_calloc(1ul << 33, 1ul << 33));
	expect(!t_reallocarray(NULL, huge / 2, 3));
	expect(!t_aligned_alloc(48, 10) && errno == EINVAL);
	expect(t_posix_memalign(&p, 24, 10) == EINVAL && t_posix_memalign(&p, 4, 10) == EINVAL);
	expect(t_posix_memalign(&p, 4096, huge / 2) == ENOMEM);
	expect(t_posix_memalign(&p, 8192, 10) == 0 && (uintptr_t)p % 8192 == 0);
	t_free(p);
	p = t_valloc(1);
	expect((uintptr_t)p % 4096 == 0);
	p = t_realloc(p, 0);
	expect(p);
	t_free(p);
	p = t_malloc(100);
	memset(p, 7, 100);
	errno = 0;
	expect(!t_realloc(p, huge / 2) && errno == ENOMEM && ((char *)p)[99] == 7);
	t_free(p);
	heap_is_sound();
}

/* Runs the statement, which has to be stopped by a line that contains `text`. */
#define stopped(text, ...) do { \
	jmp_buf here; \
	pages_stop = &here; \
	pages_line[0] = 0; \
	if (!setjmp(here)) { \
		__VA_ARGS__; \
		fail("not stopped: " text, __LINE__); \
	} \
	pages_stop = NULL; \
	if (!strstr(pages_line, text)) \
		fail(pages_line, __LINE__); \
	else if (show) \
		puts(pages_line); \
} while (0)

/* A byte is written behind one of two blocks that adjoin: seen when the second is freed. */
static void overflow(size_t size, int show)
{
	enum { COUNT = 512 };
	static char *p[COUNT];
	char *volatile second = NULL;

	for (unsigned i = 0; i < COUNT; i++)
		p[i] = t_malloc(size);
	for (unsigned i = 0; i < COUNT * COUNT && !second; i++)
		if (p[i / COUNT] + t_malloc_usable_size(p[i / COUNT]) + 8 == p[i % COUNT])
			second = p[i % COUNT];
	expect(second);
	second[-8] ^= 1;
	stopped("overwritten", t_free(second));
}

/* Each leaves the heap as it was, or broken in a place nobody looks at again. */
static void misuse(int show)
{
	static char outside[64] __attribute__((aligned(16)));
	char stack[64] __attribute__((aligned(16))) = { 0 };
	char *p = t_malloc(32), *q = t_malloc(32), *volatile gone, *big = t_malloc(1 << 20), *big2 = t_malloc(100000);
	char *volatile at_stack = stack + 16;

	t_free(p);
	gone = p;
	stopped("free of freed memory", t_free(gone));
	stopped("realloc of freed memory", t_realloc(gone, 100));
	t_free(q);
	stopped("free of freed memory", t_free(gone));
	p = t_malloc(256);
	stopped("16 bytes into a block of", t_free(p + 16));
	stopped("bad pointer", t_free(p + 1));
	stopped("bad pointer", t_free(p + 8));
	stopped("4096 bytes into a block of", t_free(big + 4096));
	stopped("outside the heap", t_free(at_stack));
	stopped("outside the heap", t_free(outside + 16));
	stopped("outside the heap", t_free((void *)0x123456780));
	t_free(big);
	gone = big;
	stopped("free of freed memory", t_free(gone));
	t_free(big2);
	gone = big2;
	stopped("free of", t_free(gone));
	heap_is_sound();
	overflow(40, show);
	overflow(32000, show);
}

/* The block that is kept is the last of the heap, and the block before it grows: top moves while it does. */
static void growth_over_the_kept_block(void)
{
	t_free(t_malloc(1));
	for (size_t size = 40000; size < 200000; size += 10007) {
		unsigned char *first = t_malloc(size), *last = t_malloc(size);

		memset(first, 1, size);
		memset(last, 0x3c, size);
		t_free(last);
		first = t_realloc(first, size + size / 2);
		expect(first && first[0] == 1 && first[size - 1] == 1);
		heap_is_sound();
		t_free(first);
	}
}

static void out_of_memory(void)
{
	for (unsigned k = 1; k < 40; k++) {
		void *p[100] = { 0 };

		t_malloc_trim(0);
		pages_fail = k;
		for (unsigned i = 0; i < 100; i++) {
			p[i] = t_malloc(i * 700);
			if (i % 7 == 3) {
				void *q = t_realloc(p[i - 1], 60000);

				p[i - 1] = q ? q : p[i - 1];
			}
		}
		heap_is_sound();
		pages_fail = 0;
		for (unsigned i = 0; i < 100; i++)
			t_free(p[i]);
		heap_is_sound();
		expect(t_mallinfo2().uordblks == 0);
	}
}

#define SHARED 512
#define THREADS 4

static struct block shared[SHARED];
static pthread_mutex_t shared_lock[SHARED];

/* Blocks go from thread to thread: whoever finds one checks and frees it and leaves another. */
static void *exchange(void *seed)
{
	uint64_t r = (uintptr_t)seed * 0x9e3779b97f4a7c15;

	for (unsigned i = 0; i < 20000; i++) {
		unsigned at = (r = r * 6364136223846793005 + 1442695040888963407) >> 40;
		struct block *b = &shared[at % SHARED];
		size_t size = (r >> 33) % 3 ? (r >> 20) % 300 : (r >> 20) % 20000;
		unsigned char *p = t_malloc(size);

		expect(p);
		memset(p, (unsigned char)r, size);
		pthread_mutex_lock(&shared_lock[at % SHARED]);
		block_verify(b);
		if (i % 64 == 9)
			p = t_realloc(p, size += 100), memset(p, (unsigned char)r, size);
		t_free(b->p);
		*b = (struct block){ .p = p, .size = size, .fill = (unsigned char)r };
		pthread_mutex_unlock(&shared_lock[at % SHARED]);
	}
	malloc_thread_end();
	return NULL;
}

static void threads(void)
{
	pthread_t thread[THREADS];

	for (unsigned i = 0; i < SHARED; i++)
		pthread_mutex_init(&shared_lock[i], NULL);
	for (unsigned round = 0; round < 3; round++) {
		for (uintptr_t i = 0; i < THREADS; i++)
			expect(!pthread_create(&thread[i], NULL, exchange, (void *)(round * THREADS + i + 1)));
		for (unsigned i = 0; i < THREADS; i++)
			pthread_join(thread[i], NULL);
		heap_is_sound();
	}
	for (unsigned i = 0; i < SHARED; i++)
		t_free(shared[i].p);
	heap_is_sound();
	expect(t_mallinfo2().uordblks == 0);
}

/* The debug mode, in a process of its own: what it says of each mistake. */
static void debug_mode(int show)
{
	char *p, *volatile gone;

	pages_debug_mode = true;
	for (unsigned i = 0; i < 3000; i++)
		step();
	for (unsigned i = 0; i < SLOTS; i++)
		t_free(block[i].p);
	p = t_malloc(20);
	p[20] = 1;
	stopped("0 bytes past a 20-byte block", t_free(p));
	p[20] = (char)0xa5;
	p[-1] = 1;
	stopped("1 bytes before a 20-byte block", t_free(p));
	stopped("3 bytes into a 20-byte block allocated at 0x", t_free(p + 3));
	p = gone = t_calloc(1, 5000);
	expect(p[4999] == 0 && t_malloc_usable_size(p) == 5000);
	t_free(p);
	stopped("free of freed memory", t_free(gone));
	stopped("realloc of freed memory", t_realloc(gone, 1));
	stopped("free of a bad pointer", t_free((char *)&p));
	p = t_aligned_alloc(8192, 100);
	expect((uintptr_t)p % 8192 == 0);
	p = t_realloc(p, 9000);
	expect(p);
	t_free(p);
}

int main(int argc, char **argv)
{
	uint64_t steps = argc > 1 ? strtoull(argv[1], NULL, 0) : 300000;
	int status;

	if (!fork()) {
		debug_mode(argc > 3);
		_exit(0);
	}
	wait(&status);
	expect(status == 0);
	if (argc > 2)
		state = strtoull(argv[2], NULL, 0) | 1;
	growth_over_the_kept_block();
	edges();
	random_operations(steps);
	out_of_memory();
	random_operations(steps / 10);
	threads();
	misuse(argc > 3);
	printf("malloc_test: ok, %lu steps, peak %lu KiB, %lu calls\n", (unsigned long)steps,
	       (unsigned long)pages_count.peak >> 10, (unsigned long)pages_count.calls);
	return 0;
}
