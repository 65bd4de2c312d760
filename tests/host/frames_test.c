/*
 * frames_test: servers/mem/frames.c against a plain list of who has what, by random takes and gives.
 */
// SOURCES: tests/host/mem_host.c servers/mem/frames.c servers/mem/slab.c
#include <string.h>
#include "frames.h"
#include "mem_host.h"

#define FIRST_MEGA 512u
#define MEGAS      6u
#define FIRST      (FIRST_MEGA * 512)
#define COUNT      (MEGAS * 512)

static uint8_t taken[COUNT];            /* 1: a frame, 2: part of a megapage */
static uint32_t held[COUNT], holds;

static void check(void)
{
	uint64_t at, seen = 0;
	unsigned wrong = frames_check(&at, &seen);

	if (wrong)
		fprintf(stderr, "frames_check %u at %lu\n", wrong, (unsigned long)at);
	CHECK(!wrong);
}

static bool take(bool clear)
{
	uint32_t f = clear ? frames_take_clear(FRAME_PAGE, 7) : frames_take(FRAME_PAGE, 7);

	if (!f)
		return false;
	CHECK(f >= FIRST && f < FIRST + COUNT && !taken[f - FIRST]);
	CHECK(frames_table[f].state == FRAME_PAGE && frames_table[f].owner == 7);
	CHECK(!clear || host_content[f] == 0);
	host_content[f] = HOST_DIRT;
	taken[f - FIRST] = 1;
	held[holds++] = f;
	return true;
}

static void give(uint32_t i)
{
	uint32_t f = held[i];

	held[i] = held[--holds];
	taken[f - FIRST] = 0;
	if (host_random() % 4 == 0) {
		host_content[f] = 0;
		frames_give_clear(f);
	} else {
		frames_give(f);
	}
}

/* Every frame but those that hold slots can be had, and all come back. */
static void all_of_them(void)
{
	uint32_t n = 0, usable = MEGAS * PIECES_USABLE + (host_wide ? (MEGAS - 1) * (PIECE_FIRST - WIDE_FIRST) : 0);

	while (take(n % 2))
		n++;
	CHECK(n == usable);
	CHECK(frames_free() == 0 && !frames_take_mega(MEGA_USED));
	check();
	while (holds)
		give(host_random() % holds);
	check();
	CHECK(frames_free() == usable);
}

static void megapages(void)
{
	uint32_t mega[MEGAS];

	/* All pieces are free: every megapage merges, the stock's frames too. */
	for (uint32_t i = 0; i < MEGAS; i++) {
		mega[i] = frames_take_mega(MEGA_USED);
		CHECK(mega[i] >= FIRST_MEGA && mega[i] < FIRST_MEGA + MEGAS);
		for (uint32_t k = 0; k < i; k++)
			CHECK(mega[k] != mega[i]);
	}
	CHECK(!frames_take_mega(MEGA_USED) && !frames_take(FRAME_PAGE, 0));
	CHECK(frames_free() == 0);
	check();
	for (uint32_t i = 0; i < MEGAS; i++) {
		frames_pools[0].frames -= 512;
		frames_add_mega(mega[i], 0);
	}
	check();
}

/* One frame held keeps its megapage from merging, and only that one. */
static void one_held(void)
{
	uint32_t n = 0, f;

	while (take(false))
		;
	f = held[0];
	while (holds > 1)
		give(holds - 1);
	while (frames_take_mega(MEGA_USED))
		n++;
	CHECK(n == MEGAS - 1);
	give(0);
	CHECK(frames_take_mega(MEGA_USED) == f / 512);
	for (uint32_t i = 0; i < MEGAS; i++) {
		frames_pools[0].frames -= 512;
		frames_add_mega(FIRST_MEGA + i, 0);
	}
}

static void clear_some(void)
{
	uint32_t n, first = frames_to_clear(1 + host_random() % 32, &n);
	uint64_t mask = ~0ull;

	if (!first)
		return;
	for (uint32_t i = 0; i < n; i++) {
		CHECK(frames_table[first + i].state == FRAME_CLEARING && !taken[first + i - FIRST]);
		host_content[first + i] = 0;
	}
	frames_cleared(first, n, mask);
}

static void at_random(void)
{
	for (unsigned i = 0; i < 200000; i++) {
		unsigned what = host_random() % 100, bias = i / 5000 % 2 ? 60 : 35;

		if (what < bias)
			take(what % 2);
		else if (what < 98 && holds)
			give(host_random() % holds);
		else
			clear_some();
		CHECK(frames_count(FRAME_PAGE) == holds);
		if (i % 1000 == 0)
			check();
	}
	while (holds)
		give(0);
	check();
}

/* A frame that did not answer when cleared is never seen again. */
static void bad_memory(void)
{
	uint32_t n, first;

	while (frames_take_clear(FRAME_MEM, 0))
		;
	CHECK(!frames_to_clear(32, &n));
	for (uint32_t f = FIRST + COUNT; f-- > FIRST; )
		if (frames_table[f].state == FRAME_MEM)
			frames_give(f);
	first = frames_to_clear(4, &n);
	CHECK(first && n == 4);
	frames_cleared(first, n, 0xb);
	CHECK(frames_count(FRAME_BAD) == 1 && frames_table[first + 2].state == FRAME_BAD);
	check();
	while ((n = frames_take(FRAME_PAGE, 0)))
		CHECK(n != first + 2);
}

/* A megapage with holes, taken in runs: every frame of the runs can be had, once, the lowest of one first. */
static void mixed_runs(void)
{
	static const struct { uint32_t first, count; } runs[] = { { 0, 1 }, { 3, 2 }, { 100, 127 }, { 300, 212 } };
	uint32_t mega = FIRST_MEGA + MEGAS, base = mega * 512, f, n = 0, wanted = 0;
	uint8_t seen[512] = { 0 };

	frames_megas[mega].state = MEGA_MIXED;
	frames_megas[mega].head = PIECE_NONE;
	for (unsigned i = 0; i < sizeof runs / sizeof *runs; i++) {
		frames_add(base + runs[i].first, runs[i].count, FRAME_FREE);
		wanted += runs[i].count;
		check();
	}
	frames_add(base + 50, 7, FRAME_ARCHIVE);
	check();
	CHECK(frames_free() == wanted && frames_count(FRAME_ARCHIVE) == 7);
	while ((f = frames_take(FRAME_PAGE, 0))) {
		CHECK(n || f == base + 300);
		CHECK(f >= base && f < base + 512 && !seen[f - base]++);
		n++;
	}
	CHECK(n == wanted);
	check();
}

int main(void)
{
	mem_host_start();
	CHECK(frames_pool(0) == 0 && frames_pool(5) == 1 && frames_pool(0) == 0);
	mem_host_ram(FIRST_MEGA, MEGAS, 0);
	frames_stock_size(64 * 32);
	CHECK(frames_free() == COUNT);
	/* All but the first of a group are wide. */
	host_wide = true;
	all_of_them();
	megapages();
	one_held();
	host_wide = false;
	all_of_them();
	megapages();
	one_held();
	at_random();
	CHECK(host_splits && host_merges);
	bad_memory();
	mixed_runs();
	puts("frames: ok");
	return 0;
}
