/*
 * store.c: see store.h. What is taken off the limit: pages that exist and the tables that name them, or the
 * pages of the
 * window.
 */
#include <stdlib.h>
#include <string.h>
#include <tessera/abi.h>
#include "store.h"

#define SIZE_MOST (1ull << 40)         /* of one file */
#define ROOM_STEP 64                   /* a table grows by so many pages at least */

static uint64_t limit, used;

void store_start(uint64_t bytes)
{
	limit = bytes;
	used = 0;
}

bool store_take(uint64_t bytes)
{
	if (bytes > limit - used)
		return false;
	used += bytes;
	return true;
}

void store_give(uint64_t bytes)
{
	used -= bytes;
}

uint64_t store_used(void)
{
	return used;
}

uint64_t store_limit(void)
{
	return limit;
}

static size_t pages_of(uint64_t size)
{
	return (size_t)((size + STORE_PAGE - 1) / STORE_PAGE);
}

static uint64_t bytes_of(size_t pages)
{
	return (uint64_t)pages * STORE_PAGE;
}

/* Memory that counts, cleared; NULL: over the limit. */
static void *take_memory(size_t bytes)
{
	void *memory;

	if (!store_take(bytes))
		return NULL;
	memory = calloc(1, bytes);
	if (!memory)
		store_give(bytes);
	return memory;
}

static void give_memory(void *memory, size_t bytes)
{
	if (!memory)
		return;
	free(memory);
	store_give(bytes);
}

/* A table for at least `pages`; false: no space. */
static bool grow_table(struct store *s, size_t pages)
{
	size_t room = s->room + s->room / 2 + ROOM_STEP;
	unsigned char **table;

	if (pages <= s->room)
		return true;
	if (room < pages)
		room = pages;
	table = take_memory(room * sizeof *table);
	if (!table)
		return false;
	if (s->pages)
		memcpy(table, s->pages, s->room * sizeof *table);
	give_memory(s->pages, s->room * sizeof *table);
	s->pages = table;
	s->room = room;
	return true;
}

size_t store_read(const struct store *s, uint64_t offset, void *data, size_t size)
{
	unsigned char *to = data;
	size_t done = 0;

	if (offset >= s->size)
		return 0;
	if (size > s->size - offset)
		size = (size_t)(s->size - offset);
	if (s->window.bytes) {
		memcpy(data, s->window.bytes + offset, size);
		return size;
	}
	while (done < size) {
		size_t at = (size_t)(offset + done) % STORE_PAGE, number = (size_t)((offset + done) / STORE_PAGE);
		size_t part = STORE_PAGE - at < size - done ? STORE_PAGE - at : size - done;

		if (number < s->room && s->pages[number])
			memcpy(to + done, s->pages[number] + at, part);
		else
			memset(to + done, 0, part);
		done += part;
	}
	return size;
}

/* All pages of first .. end - 1 exist; false: no space for one, those before it are there and zero. */
static bool make_pages(struct store *s, size_t first, size_t end)
{
	for (size_t i = first; i < end; i++) {
		if (s->pages[i])
			continue;
		s->pages[i] = take_memory(STORE_PAGE);
		if (!s->pages[i])
			return false;
	}
	return true;
}

/* Pages behind the end go, and what is behind the end in the last one. */
static void cut(struct store *s)
{
	size_t end = pages_of(s->size), tail = (size_t)s->size % STORE_PAGE;

	for (size_t i = end; i < s->room; i++) {
		give_memory(s->pages[i], STORE_PAGE);
		s->pages[i] = NULL;
	}
	if (tail && end <= s->room && s->pages[end - 1])
		memset(s->pages[end - 1] + tail, 0, STORE_PAGE - tail);
	if (!s->size) {
		give_memory(s->pages, s->room * sizeof *s->pages);
		s->pages = NULL;
		s->room = 0;
	}
}

/* The window for a file of this size: its last page is zero behind the end. */
static int fit_window(struct store *s, uint64_t size)
{
	size_t pages = size ? pages_of(size) : 1, kept = pages < s->window.pages ? pages : s->window.pages;

	if (pages != s->window.pages && !window_resize(&s->window, pages))
		return E_NO_SPACE;
	if (size < s->size && size < bytes_of(kept))
		memset(s->window.bytes + size, 0, bytes_of(kept) - size);
	s->size = size;
	return 0;
}

static int write_window(struct store *s, uint64_t offset, const void *data, size_t size)
{
	int error = offset + size > s->size ? fit_window(s, offset + size) : 0;

	if (!error)
		memcpy(s->window.bytes + offset, data, size);
	return error;
}

int store_write(struct store *s, uint64_t offset, const void *data, size_t size)
{
	const unsigned char *from = data;
	uint64_t end = offset + size;

	if (!size)
		return 0;
	if (end < offset || end > SIZE_MOST)
		return E_NO_SPACE;
	if (s->window.bytes)
		return write_window(s, offset, data, size);
	if (!grow_table(s, pages_of(end)))
		return E_NO_SPACE;
	if (!make_pages(s, (size_t)(offset / STORE_PAGE), pages_of(end))) {
		cut(s);
		return E_NO_SPACE;
	}
	if (end > s->size)
		s->size = end;
	while (size) {
		size_t at = (size_t)offset % STORE_PAGE;
		size_t part = STORE_PAGE - at < size ? STORE_PAGE - at : size;

		memcpy(s->pages[offset / STORE_PAGE] + at, from, part);
		offset += part;
		from += part;
		size -= part;
	}
	return 0;
}

int store_resize(struct store *s, uint64_t size)
{
	bool smaller = size < s->size;

	if (size > SIZE_MOST)
		return E_NO_SPACE;
	if (s->window.bytes)
		return fit_window(s, size);
	s->size = size;
	if (smaller)
		cut(s);
	return 0;
}

void store_end(struct store *s)
{
	window_end(&s->window);
	s->size = 0;
	cut(s);
}

uint64_t store_object(struct store *s, bool write)
{
	size_t pages = s->size ? pages_of(s->size) : 1;
	struct window w = { .bytes = NULL };

	if (!s->window.bytes) {
		if (pages > store_limit() / STORE_PAGE || !window_make(&w, pages))
			return 0;
		(void)store_read(s, 0, w.bytes, (size_t)s->size);
		for (size_t i = 0; i < s->room; i++)
			give_memory(s->pages[i], STORE_PAGE);
		give_memory(s->pages, s->room * sizeof *s->pages);
		s->pages = NULL;
		s->room = 0;
		s->window = w;
	}
	return window_object(&s->window, write);
}
