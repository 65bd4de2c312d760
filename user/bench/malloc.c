/*
 * malloc.c: the allocator workloads of tests/host/mallocbench, the same sizes, numbers and order, in a process. Each
 * row runs in a process of its own, twice: with an allocator that gives the same block every time, and with the
 * real one. The figure is the difference per operation, without what the page source took; its calls and what it
 * had committed are figures too.
 */
#include "bench.h"

#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tessera/process.h>

#include "../../libc/malloc/pages.h"

#define SLOTS 300000

struct allocator {
	void *(*get)(size_t n);
	void (*give)(void *p);
	void *(*resize)(void *p, size_t n);
	void *(*zeroed)(size_t count, size_t each);
	void *(*aligned)(size_t align, size_t n);
};

struct row {
	const char *name;
	void (*run)(const struct allocator *a);
	uint64_t live;                  /* bytes at most; 0: the peak is no figure */
	unsigned speed, end, calls;     /* which of these are figures */
};

static void *slot[SLOTS];
static uint32_t size_of[SLOTS], order[10000];
static uint64_t state, start, spent, cost, operations;

static uint64_t draw(void)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state;
}

static size_t draw_small(void)
{
	return 16 + draw() % 497;
}

/* Log-uniform, 16 .. 262143. */
static size_t draw_tail(void)
{
	uint64_t r = draw();
	size_t base = 1ul << (4 + (r & 0xffff) % 14);

	return base + (r >> 16 & (base - 1));
}

static void *touch(void *p, size_t n)
{
	if (!p) {
		fprintf(stderr, "bench: malloc: no memory\n");
		exit(1);
	}
	((volatile char *)p)[0] = 1;
	((volatile char *)p)[n - 1] = 1;
	return p;
}

static void begin(void)
{
	spent = pages_count.instructions;
	start = sys_instret();
}

static void end(uint64_t ops)
{
	cost += sys_instret() - start - (pages_count.instructions - spent);
	operations += ops;
}

static void pairs(const struct allocator *a, size_t n, long count)
{
	for (int i = 0; i < 4; i++)
		a->give(touch(a->get(n), n));
	begin();
	for (long i = 0; i < count; i++)
		a->give(touch(a->get(n), n));
	end(count);
}

static void pair16(const struct allocator *a)
{
	pairs(a, 16, 1000000);
}

static void pair64k(const struct allocator *a)
{
	pairs(a, 65536, 20000);
}

static void pair1m(const struct allocator *a)
{
	pairs(a, 1048576, 2000);
}

static void pair16h(const struct allocator *a)
{
	for (int i = 0; i < 100; i++)
		slot[i] = touch(a->get(16), 16);
	for (int i = 0; i < 100; i += 2)
		a->give(slot[i]);
	begin();
	for (long i = 0; i < 1000000; i++)
		a->give(touch(a->get(16), 16));
	end(1000000);
	for (int i = 1; i < 100; i += 2)
		a->give(slot[i]);
}

/* 10,000 blocks of 32 bytes, freed in the order given, ten times; the first round is not counted. */
static void ordered(const struct allocator *a)
{
	for (int round = 0; round < 10; round++) {
		if (round == 1)
			cost = operations = 0;
		begin();
		for (int i = 0; i < 10000; i++)
			slot[i] = touch(a->get(32), 32);
		end(0);
		begin();
		for (int i = 0; i < 10000; i++)
			a->give(slot[order[i]]);
		end(10000);
	}
}

static void fifo32(const struct allocator *a)
{
	for (int i = 0; i < 10000; i++)
		order[i] = i;
	ordered(a);
}

static void lifo32(const struct allocator *a)
{
	for (int i = 0; i < 10000; i++)
		order[i] = 9999 - i;
	ordered(a);
}

static void rand32(const struct allocator *a)
{
	for (int i = 0; i < 10000; i++)
		order[i] = i;
	for (int i = 9999; i > 0; i--) {
		int j = draw() % (i + 1);
		uint32_t t = order[i];

		order[i] = order[j];
		order[j] = t;
	}
	ordered(a);
}

static void replace(const struct allocator *a, unsigned slots, long count, size_t (*size)(void))
{
	memset(slot, 0, sizeof(slot[0]) * slots);
	begin();
	for (long i = 0; i < count; i++) {
		unsigned s = draw() % slots;
		size_t n;

		if (slot[s])
			a->give(slot[s]);
		n = size();
		slot[s] = touch(a->get(n), n);
	}
	end(count);
	for (unsigned i = 0; i < slots; i++) {
		if (slot[i])
			a->give(slot[i]);
	}
}

static void larson(const struct allocator *a)
{
	replace(a, 4096, 1000000, draw_small);
}

static void tail(const struct allocator *a)
{
	replace(a, 1024, 500000, draw_tail);
}

static void aligned(const struct allocator *a, size_t align, size_t n, unsigned slots, long count)
{
	memset(slot, 0, sizeof(slot[0]) * slots);
	begin();
	for (long i = 0; i < count; i++) {
		unsigned s = draw() % slots;

		if (slot[s])
			a->give(slot[s]);
		slot[s] = touch(a->aligned(align, n), n);
	}
	end(count);
	for (unsigned i = 0; i < slots; i++) {
		if (slot[i])
			a->give(slot[i]);
	}
}

static void align64(const struct allocator *a)
{
	aligned(a, 64, 100, 256, 100000);
}

static void align4096(const struct allocator *a)
{
	aligned(a, 4096, 4096, 64, 20000);
}

static void realloc_double(const struct allocator *a)
{
	begin();
	for (int k = 0; k < 100; k++) {
		void *p = NULL;

		for (size_t n = 16; n <= 1048576; n *= 2)
			p = touch(a->resize(p, n), n);
		a->give(p);
	}
	end(1700);
}

static void realloc_64(const struct allocator *a)
{
	uint64_t ops = 0;
	void *p = NULL;

	begin();
	for (size_t n = 16; n <= 1048576; n += 64, ops++)
		p = touch(a->resize(p, n), n);
	a->give(p);
	end(ops);
}

static void calloc64k(const struct allocator *a)
{
	for (int i = 0; i < 2001; i++)
		a->give(touch(a->zeroed(1, 65536), 65536));
	begin();
	for (int i = 0; i < 64; i++)
		slot[i] = touch(a->zeroed(1, 65536), 65536);
	end(64);
	for (int i = 0; i < 64; i++)
		a->give(slot[i]);
}

static void frag(const struct allocator *a)
{
	static void *big[40000];
	uint64_t live = 0;
	long n = 0, b = 0;

	begin();
	for (; live < 64ul << 20; n++) {
		size_of[n] = draw_small();
		slot[n] = touch(a->get(size_of[n]), size_of[n]);
		live += size_of[n];
	}
	for (long i = 0; i < n; i += 2) {
		a->give(slot[i]);
		live -= size_of[i];
	}
	for (; live < 64ul << 20; live += 1024)
		big[b++] = touch(a->get(1024), 1024);
	end(n + b);
	for (long i = 1; i < n; i += 2)
		a->give(slot[i]);
	for (long i = 0; i < b; i++)
		a->give(big[i]);
}

static void phases(const struct allocator *a)
{
	uint64_t ops = 0;
	long n = 0;

	begin();
	for (int g = 0; g < 24; g++) {
		size_t k = 16 + g * 40;
		long count = (2 << 20) / k, kept = n;

		ops += count;
		for (long i = 0; i < count; i++)
			slot[n + i] = touch(a->get(k), k);
		for (long i = 0; i < count; i++) {
			if (draw() % 64 == 0)
				slot[kept++] = slot[n + i];
			else
				a->give(slot[n + i]);
		}
		n = kept;
	}
	end(ops);
	for (long i = 0; i < n; i++)
		a->give(slot[i]);
}

static char same[1 << 21] __attribute__((aligned(4096)));

static __attribute__((noinline)) void *same_get(size_t n)
{
	(void)n;
	return same;
}

static __attribute__((noinline)) void same_give(void *p)
{
	__asm__ volatile("" : : "r"(p));
}

static __attribute__((noinline)) void *same_resize(void *p, size_t n)
{
	(void)p;
	(void)n;
	return same;
}

static __attribute__((noinline)) void *same_pair(size_t x, size_t y)
{
	(void)x;
	(void)y;
	return same;
}

static const struct allocator null_allocator = { same_get, same_give, same_resize, same_pair, same_pair };
static const struct allocator real_allocator = { malloc, free, realloc, calloc, aligned_alloc };

static const struct row rows[] = {
	{ "pair16", pair16, .speed = 1 },
	{ "pair16h", pair16h, .speed = 1 },
	{ "fifo32", fifo32, .speed = 1, .end = 1 },
	{ "lifo32", lifo32, .speed = 1, .end = 1 },
	{ "rand32", rand32, .speed = 1, .end = 1 },
	{ "larson", larson, .speed = 1, .end = 1, .live = 1112952 },
	{ "tail", tail, .speed = 1, .end = 1, .calls = 1, .live = 35358752 },
	{ "align64", align64, .speed = 1, .live = 25600 },
	{ "align4096", align4096, .speed = 1 },
	{ "pair64k", pair64k, .speed = 1, .calls = 1 },
	{ "pair1m", pair1m, .speed = 1, .calls = 1 },
	{ "realloc_double", realloc_double, .speed = 1 },
	{ "realloc_64", realloc_64, .speed = 1 },
	{ "calloc64k", calloc64k, .speed = 1 },
	{ "phases", phases, .end = 1, .live = 2834392 },
	{ "frag", frag, .end = 1, .calls = 1, .live = 67109302 },
};

static void print(const char *kind, const char *name, uint64_t value)
{
	char key[40];

	snprintf(key, sizeof(key), "malloc.%s%s", kind, name);
	bench_print(key, value);
}

static void measure(const struct row *r)
{
	uint64_t idle;

	pages_count.touch = true;
	for (int i = 0; i < 2; i++) {
		cost = operations = 0;
		state = 0x9e3779b97f4a7c15;
		if (i) {
			pages_count.peak = pages_count.current;
			pages_count.calls = 0;
		}
		r->run(i ? &real_allocator : &null_allocator);
		if (!i)
			idle = cost;
	}
	if (r->speed)
		print("", r->name, (cost - idle + operations / 2) / operations);
	if (r->live)
		print("peak.", r->name, (pages_count.peak * 100 + r->live - 1) / r->live);
	if (r->calls)
		print("calls.", r->name, pages_count.calls);
	if (r->end)
		print("end.", r->name, pages_count.current >> 10);
}

/* One row, in a process that has used malloc for nothing else. */
int bench_malloc_row(const char *name)
{
	if (!strcmp(name, "first")) {
		void *volatile p = malloc(16);
		uint64_t bytes = pages_count.current, calls = pages_count.calls;

		free(p);
		print("", "first_bytes", bytes);
		print("calls.", "first", calls);
		return 0;
	}
	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (!strcmp(rows[i].name, name)) {
			measure(&rows[i]);
			return 0;
		}
	}
	return bench_failed(name, E_NOT_FOUND);
}

static int row(const char *name)
{
	const char *const argv[] = { "bench", "malloc", name, NULL };
	uint64_t pid = 0;
	int error = process_spawn(argv, 0, &pid);

	if (!error)
		error = process_wait(pid, NULL, NULL);
	return error ? bench_failed(name, error) : 0;
}

int bench_malloc(void)
{
	int failed = row("first");

	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		failed |= row(rows[i].name);
	return failed;
}
