/*
 * cache.c: see cache.h. The window is the cache: the device writes where clients' answers are copied from. A
 * token is the
 * place of a line and, for one block alone, its number + 1.
 */
#include <string.h>
#include <blk_client.h>
#include <mem_client.h>
#include <tessera/ipc.h>
#include <tessera/process.h>
#include <tessera/start.h>
#include <tessera/syscall.h>
#include "cache.h"
#include "main.h"

#define WINDOW     0x100000u
#define BLOCK      4096u
#define BLOCKS     8u                  /* of a line */
#define LINE       (BLOCK * BLOCKS)
#define LINES      (WINDOW / LINE)
#define ALL        0xffu               /* a bit for each block of a line */
#define TOKEN_LINE 8                   /* bits of a token below the line's place */

struct line {
	uint64_t number;               /* of the disk's lines */
	uint64_t used;                 /* when last asked for */
	uint8_t here, coming, failed;  /* blocks */
};

static struct line lines[LINES];
static uint64_t now;                   /* counts requests */
static uint64_t disk_size;
static cap_t disk, notify;
static const unsigned char *window;    /* NULL: not attached */

/* A capability to blk, and what it signals when a result waits. */
static int connect(void)
{
	int error;

	if (!disk) {
		error = server_open("blk", BLK_VERSION, &disk);
		if (error)
			return error;
	}
	if (!notify) {
		notify = cap_alloc();
		if (!notify || sys_give(GIVE_COPY, SERVICE, 1, notify, RIGHT_SIGNAL, SIGNAL_DISK, 0))
			return E_NO_MEMORY;
	}
	return 0;
}

static int attach(void)
{
	static cap_t object;
	uint64_t at = 0;
	int error = connect();

	if (error)
		return error;
	if (window)
		(void)!mem_unmap(SLOT_SPACE, (uint64_t)window, WINDOW);
	window = NULL;
	if (object)
		cap_free(object);
	object = 0;
	error = blk_attach(disk, WINDOW, notify, &object);
	if (!error)
		error = mem_map_object(SLOT_SPACE, object, 0, 0, WINDOW, MEM_READ, 0, &at);
	if (error)
		return error;
	memset(lines, 0, sizeof lines);
	window = (const unsigned char *)at;
	return 0;
}

int cache_open(uint64_t *size)
{
	struct blk_disk what = { 0 };
	int error = window ? 0 : attach();

	if (!error)
		error = blk_disk(disk, &what);
	if (error)
		return error == E_NOT_FOUND ? E_NOT_FOUND : E_IO;
	*size = disk_size = what.sectors * BLK_SECTOR;
	return 0;
}

/* Asks for blocks first .. end - 1 of a line; false: the disk server takes nothing more now, or is not there. */
static bool fetch(unsigned place, unsigned first, unsigned end, uint64_t token)
{
	struct line *l = &lines[place];
	uint64_t from = l->number * LINE + first * BLOCK, to = l->number * LINE + end * BLOCK;
	struct blk_order order;

	if (to > disk_size)
		to = disk_size;
	order = (struct blk_order){ .operation = BLK_READ, .sector = from / BLK_SECTOR, .token = token,
				    .count = (uint32_t)((to - from) / BLK_SECTOR),
				    .offset = place * LINE + first * BLOCK };
	if (blk_submit(disk, &order))
		return false;
	for (unsigned b = first; b < end; b++)
		l->coming |= (uint8_t)(1u << b);
	return true;
}

/* The line's place, or that of the one to give up for it; LINES: all are on their way. */
static unsigned place_of(uint64_t number)
{
	unsigned best = LINES;

	for (unsigned i = 0; i < LINES; i++) {
		if ((lines[i].here | lines[i].coming | lines[i].failed) && lines[i].number == number)
			return i;
		if (!lines[i].coming && (best == LINES || lines[i].used < lines[best].used))
			best = i;
	}
	return best;
}

/* The line with these bytes at *place: 0, E_AGAIN or E_IO. */
static int line_get(uint64_t offset, unsigned *place)
{
	uint64_t number = offset / LINE;
	uint8_t block = (uint8_t)(1u << offset % LINE / BLOCK);
	struct line *l;

	*place = place_of(number);
	if (*place == LINES)
		return E_AGAIN;
	l = &lines[*place];
	if (l->number != number || !(l->here | l->coming | l->failed))
		*l = (struct line){ .number = number };
	l->used = ++now;
	if (l->here & block)
		return 0;
	if (l->failed & block) {
		l->failed &= (uint8_t)~block;   /* whoever asks next tries anew */
		return E_IO;
	}
	if (l->coming & block)
		return E_AGAIN;
	if (l->here | l->failed | l->coming) {
		unsigned b = (unsigned)(offset % LINE / BLOCK);

		return fetch(*place, b, b + 1, (uint64_t)*place << TOKEN_LINE | (b + 1)) ? E_AGAIN : E_IO;
	}
	return fetch(*place, 0, BLOCKS, (uint64_t)*place << TOKEN_LINE) ? E_AGAIN : E_IO;
}

int cache_read(uint64_t offset, void *data, size_t size)
{
	unsigned char *to = data;

	if (offset > disk_size || size > disk_size - offset)
		return E_IO;
	if (!window) {
		uint64_t same;
		int error = cache_open(&same);

		if (error)
			return E_IO;
	}
	while (size) {
		size_t part = BLOCK - offset % BLOCK < size ? BLOCK - offset % BLOCK : size;
		unsigned place;
		int error = line_get(offset, &place);

		if (error)
			return error;
		memcpy(to, window + place * LINE + offset % LINE, part);
		to += part;
		offset += part;
		size -= part;
	}
	return 0;
}

/* What came of a request. A line that failed as a whole is asked for block by block. */
static void take(const struct blk_result *r)
{
	unsigned place = (unsigned)(r->token >> TOKEN_LINE), block = r->token & ((1u << TOKEN_LINE) - 1);
	struct line *l = &lines[place % LINES];
	uint8_t bits = block ? (uint8_t)(1u << (block - 1)) : ALL;

	l->coming &= (uint8_t)~bits;
	if (!r->error) {
		l->here |= bits;
		return;
	}
	if (block) {
		l->failed |= bits;
		return;
	}
	for (unsigned b = 0; b < BLOCKS; b++)
		if (l->number * LINE + b * BLOCK < disk_size &&
		    !fetch(place, b, b + 1, (uint64_t)place << TOKEN_LINE | (b + 1)))
			l->failed |= (uint8_t)(1u << b);
}

bool cache_news(void)
{
	struct blk_result r;
	bool any = false;

	while (disk && !blk_collect(disk, &r)) {
		take(&r);
		any = true;
	}
	return any;
}

void cache_restarted(void)
{
	if (window)
		(void)!mem_unmap(SLOT_SPACE, (uint64_t)window, WINDOW);
	window = NULL;
	memset(lines, 0, sizeof lines);
}
