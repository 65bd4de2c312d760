/*
 * disktest.c: the disk server's calls, for `grant blk disktest COMMAND`: it finds the capability to blk in
 * SLOT_EXTRA.
 *
 *   info             what there is
 *   check SECTORS    writes so many sectors in pieces of 8, as many at once as the server takes, in mixed
 * order, and reads them back
 *   read S N         reads N sectors from S on, one by one, and says how each went
 *   write S          writes sector S
 *   bounds           requests that must be refused
 *   hold S           leaves reads of sector S on their way for ever: it ends only by being killed
 *   witness S        takes nearly all memory, fills it, waits S seconds and says whether all is as it was
 * (needs no disk)
 */
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <blk_client.h>
#include <mem_client.h>
#include <tessera/ipc.h>
#include <tessera/process.h>
#include <tessera/start.h>
#include <tessera/thread.h>

#define DISK    SLOT_EXTRA
#define WINDOW  0x40000
#define PIECE   8                      /* sectors */
#define BIT     2                      /* signalled when a result waits */

static char *window;

static int fail(const char *what, int error)
{
	printf("disktest: %s: %s\n", what, error_text(error));
	exit(1);
}

static void attach(void)
{
	cap_t notify = cap_alloc(), object = 0;
	uint64_t at = 0;
	int error = (int)-sys_give(GIVE_COPY, thread_endpoint(), 1, notify, RIGHT_SIGNAL, BIT, 0);

	if (!error)
		error = blk_attach(DISK, WINDOW, notify, &object);
	if (!error)
		error = mem_map_object(SLOT_SPACE, object, 0, 0, WINDOW, MEM_READ | MEM_WRITE, 0, &at);
	if (error)
		fail("attach", error);
	window = (char *)at;
}

static int submit(uint32_t operation, uint64_t sector, uint32_t count, uint64_t offset, uint64_t token)
{
	const struct blk_order o = { .sector = sector, .token = token, .operation = operation, .count = count,
				     .offset = offset };

	return blk_submit(DISK, &o);
}

/* The next result; its error, and *token. */
static int result(uint64_t *token)
{
	struct blk_result r;
	int error;

	while ((error = blk_collect(DISK, &r)) == E_NOT_FOUND)
		(void)thread_wait(BIT, 0);
	if (error)
		fail("collect", error);
	*token = r.token;
	return (int)r.error;
}

static int one(uint32_t operation, uint64_t sector, uint32_t count)
{
	uint64_t token = 0;
	int error = submit(operation, sector, count, 0, 7);

	if (!error)
		error = result(&token);
	return error;
}

static uint64_t word(uint64_t sector, unsigned i)
{
	return (sector * 64 + i) * 0x9e3779b97f4a7c15;
}

static void fill(uint64_t piece, char *at)
{
	for (unsigned i = 0; i < PIECE * BLK_SECTOR / 8; i++)
		((uint64_t *)at)[i] = word(piece, i);
}

static bool is_filled(uint64_t piece, const char *at)
{
	for (unsigned i = 0; i < PIECE * BLK_SECTOR / 8; i++)
		if (((const uint64_t *)at)[i] != word(piece, i))
			return false;
	return true;
}

/* All pieces of the disk's first sectors, in mixed order, one a place of the window. */
static void pass(uint32_t operation, uint64_t pieces)
{
	enum { PLACES = WINDOW / (PIECE * BLK_SECTOR) };
	uint64_t owner[PLACES], next = 0, done = 0;
	unsigned free[PLACES], frees = PLACES, most = 0;

	for (unsigned i = 0; i < PLACES; i++)
		free[i] = i;
	while (done < pieces) {
		uint64_t token;
		int error = E_BUSY;

		while (next < pieces && frees) {
			uint64_t piece = (next * 7919) % pieces;
			unsigned place = free[frees - 1];

			if (operation == BLK_WRITE)
				fill(piece, window + place * PIECE * BLK_SECTOR);
			error = submit(operation, piece * PIECE, PIECE, place * PIECE * BLK_SECTOR, place);
			if (error == E_BUSY)
				break;
			if (error)
				fail("submit", error);
			owner[place] = piece;
			frees--;
			next++;
		}
		if (PLACES - frees > most)
			most = PLACES - frees;
		error = result(&token);
		if (error)
			fail("transfer", error);
		if (operation == BLK_READ && !is_filled(owner[token], window + token * PIECE * BLK_SECTOR))
			fail("what was read", E_IO);
		free[frees++] = (unsigned)token;
		done++;
	}
	printf("%s %" PRIu64 " pieces, up to %u at once\n", operation == BLK_READ ? "read" : "wrote", pieces, most);
}

static void info(void)
{
	struct blk_disk disk;
	int error = blk_disk(DISK, &disk);

	if (error)
		fail("disk", error);
	printf("%" PRIu64 " sectors, %s, %u at once\n", disk.sectors,
	       disk.flags & BLK_READ_ONLY ? "read-only" : "writable", disk.depth);
}

static void expect(const char *what, int got, int wanted)
{
	if (got != wanted) {
		printf("disktest: %s: %s, not %s\n", what, error_text(got), error_text(wanted));
		exit(1);
	}
}

static void bounds(void)
{
	struct blk_disk disk;
	cap_t object;

	expect("disk", blk_disk(DISK, &disk), 0);
	expect("behind the end", submit(BLK_READ, disk.sectors, 1, 0, 0), E_BAD_RANGE);
	expect("over the end", submit(BLK_READ, disk.sectors - 1, 2, 0, 0), E_BAD_RANGE);
	expect("far away", submit(BLK_READ, UINT64_MAX, 1, 0, 0), E_BAD_RANGE);
	expect("nothing", submit(BLK_READ, 0, 0, 0, 0), E_BAD_RANGE);
	expect("outside the window", submit(BLK_READ, 0, 1, WINDOW, 0), E_BAD_RANGE);
	expect("over the window", submit(BLK_READ, 0, 2, WINDOW - BLK_SECTOR, 0), E_BAD_RANGE);
	expect("far outside", submit(BLK_READ, 0, 1, UINT64_MAX - 511, 0), E_BAD_RANGE);
	expect("many", submit(BLK_READ, 0, UINT32_MAX, 0, 0), E_BAD_RANGE);
	expect("half a sector", submit(BLK_READ, 0, 1, 100, 0), E_BAD_RANGE);
	expect("no operation", submit(9, 0, 1, 0, 0), E_BAD_ARG);
	expect("the last sector", one(BLK_READ, disk.sectors - 1, 1), 0);
	expect("a flush", one(BLK_FLUSH, 0, 0), 0);
	expect("a window of odd size", blk_attach(DISK, 5000, SLOT_ENDPOINT, &object), E_BAD_RANGE);
	expect("a large window", blk_attach(DISK, 2 * BLK_WINDOW_MOST, SLOT_ENDPOINT, &object), E_BAD_RANGE);
	puts("bounds: ok");
}

static void read_each(uint64_t sector, uint64_t count)
{
	for (; count; count--, sector++)
		printf("sector %" PRIu64 ": %s\n", sector, error_text(one(BLK_READ, sector, 1)));
}

static void hold(uint64_t sector)
{
	uint64_t token;

	for (uint64_t i = 0; i < 8; i++)
		if (submit(BLK_READ, sector, PIECE, i * PIECE * BLK_SECTOR, i))
			fail("submit", E_BUSY);
	puts("held");
	fflush(stdout);
	for (;;) {
		int error = result(&token);

		if (error || submit(BLK_READ, sector, PIECE, token * PIECE * BLK_SECTOR, token))
			printf("a held read: %s\n", error_text(error));
	}
}

/* Whether somebody who should not writes to memory that was given out anew. */
static void witness(uint64_t seconds)
{
	uint64_t start = sys_time(), size = 16 << 20, at = 0, total = 0, bad = 0;
	struct block { struct block *next; uint64_t words, word[]; } *blocks = NULL;

	while (size >= PAGE_SIZE) {
		struct block *b;

		if (mem_map(SLOT_SPACE, 0, size, MEM_READ | MEM_WRITE, 0, &at)) {
			size /= 2;
			continue;
		}
		b = (struct block *)at;
		*b = (struct block){ blocks, size / 8 - 2 };
		for (uint64_t i = 0; i < b->words; i++)
			b->word[i] = 0x5a5a5a5a5a5a5a5a;
		blocks = b;
		total += size;
	}
	while (sys_time() - start < seconds * process_start_info()->timebase)
		(void)thread_wait(0, start + seconds * process_start_info()->timebase);
	for (struct block *b = blocks; b; b = b->next)
		for (uint64_t i = 0; i < b->words; i++)
			bad += b->word[i] != 0x5a5a5a5a5a5a5a5a;
	printf("witness: %" PRIu64 " MiB, %" PRIu64 " words changed\n", total >> 20, bad);
}

int main(int argc, char **argv)
{
	const char *command = argc > 1 ? argv[1] : "";
	uint64_t number = argc > 2 ? strtoull(argv[2], NULL, 10) : 0;

	if (!strcmp(command, "info")) {
		info();
		return 0;
	}
	if (!strcmp(command, "witness")) {
		witness(number);
		return 0;
	}
	attach();
	if (!strcmp(command, "check")) {
		pass(BLK_WRITE, number / PIECE);
		pass(BLK_READ, number / PIECE);
		expect("flush", one(BLK_FLUSH, 0, 0), 0);
		puts("check: ok");
	} else if (!strcmp(command, "bounds")) {
		bounds();
	} else if (!strcmp(command, "read") && argc > 3) {
		read_each(number, strtoull(argv[3], NULL, 10));
	} else if (!strcmp(command, "write")) {
		printf("write: %s\n", error_text(one(BLK_WRITE, number, 1)));
	} else if (!strcmp(command, "hold")) {
		hold(number);
	} else {
		return 2;
	}
	return 0;
}
