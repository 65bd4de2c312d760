/*
 * malloc-stress.c: takes, resizes and frees blocks of random sizes up to 1 MiB at random, and checks every
 * byte of each before it lets go of it.
 * usage: malloc-stress [ops=N] [seconds=N] [seed=N]; a bare number is ops.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tessera/process.h>
#include <tessera/syscall.h>

#define BLOCKS    256
#define LARGEST   (1ul << 20)
#define LIVE_MOST (8ul << 20)          /* bytes held at most: runs on the smallest machine */

struct block {
	unsigned char *data;
	size_t size;
	uint64_t seed;                 /* what it is filled with */
};

static struct block blocks[BLOCKS];
static uint64_t state, live, failures;

static uint64_t random_next(void)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state;
}

/* All orders of magnitude alike. */
static size_t random_size(void)
{
	size_t limit = (size_t)16 << random_next() % 17;

	return random_next() % limit + 1;
}

static uint64_t word_at(uint64_t seed, size_t i)
{
	return (seed + i) * 0x9e3779b97f4a7c15ull;
}

static void fill(struct block *b)
{
	size_t words = b->size / 8;

	b->seed = random_next();
	for (size_t i = 0; i < words; i++)
		((uint64_t *)b->data)[i] = word_at(b->seed, i);
	for (size_t i = words * 8; i < b->size; i++)
		b->data[i] = (unsigned char)(b->seed + i);
}

/* The first `size` bytes of what was a block of b->size bytes are as filled. */
static void check(const struct block *b, const unsigned char *data, size_t size)
{
	size_t words = b->size / 8;

	for (size_t i = 0; i < size; i++) {
		uint64_t word = word_at(b->seed, i / 8);
		unsigned char want = i < words * 8 ? ((unsigned char *)&word)[i % 8] : (unsigned char)(b->seed + i);

		if (i % 8 == 0 && i + 8 <= size && i < words * 8 && *(const uint64_t *)(data + i) == word) {
			i += 7;
			continue;
		}
		if (data[i] != want) {
			printf("malloc-stress: byte %zu of %zu at %p is %02x, not %02x\n", i, b->size,
			       (const void *)data, data[i], want);
			exit(1);
		}
	}
}

static void release(struct block *b)
{
	check(b, b->data, b->size);
	free(b->data);
	live -= b->size;
	b->data = NULL;
}

static void take(struct block *b)
{
	static const unsigned char zeros[64];
	size_t size = random_size();
	int zeroed = random_next() % 8 == 0;

	b->data = zeroed ? calloc(1, size) : malloc(size);
	if (!b->data) {
		failures++;
		return;
	}
	if ((uintptr_t)b->data % 16 || (zeroed && memcmp(b->data, zeros, size < 64 ? size : 64))) {
		printf("malloc-stress: bad block at %p\n", (void *)b->data);
		exit(1);
	}
	b->size = size;
	live += size;
	fill(b);
}

static void resize(struct block *b)
{
	size_t size = random_size();
	unsigned char *data = realloc(b->data, size);

	if (!data) {
		failures++;
		return;
	}
	check(b, data, size < b->size ? size : b->size);
	live += size - b->size;
	b->data = data;
	b->size = size;
	fill(b);
}

static void step(void)
{
	struct block *b = &blocks[random_next() % BLOCKS];

	if (!b->data && live < LIVE_MOST)
		take(b);
	else if (b->data && live < LIVE_MOST && random_next() % 4 == 0)
		resize(b);
	else if (b->data)
		release(b);
}

int main(int argc, char **argv)
{
	uint64_t ops = 0, seconds = 0, seed = 1, done = 0, end;

	for (int i = 1; i < argc; i++) {
		if (!strncmp(argv[i], "ops=", 4))
			ops = strtoull(argv[i] + 4, NULL, 0);
		else if (!strncmp(argv[i], "seconds=", 8))
			seconds = strtoull(argv[i] + 8, NULL, 0);
		else if (!strncmp(argv[i], "seed=", 5))
			seed = strtoull(argv[i] + 5, NULL, 0);
		else
			ops = strtoull(argv[i], NULL, 0);
	}
	if (!ops && !seconds)
		ops = 20000;
	state = seed * 0x9e3779b97f4a7c15ull | 1;
	end = sys_time() + seconds * process_start_info()->timebase;
	while (ops ? done < ops : sys_time() < end) {
		step();
		done++;
	}
	for (int i = 0; i < BLOCKS; i++) {
		if (blocks[i].data)
			release(&blocks[i]);
	}
	printf("malloc-stress: ok, %llu operations, %llu refused\n", (unsigned long long)done,
	       (unsigned long long)failures);
	return 0;
}
