/*
 * window.c: see window.h. An object whose file is gone but that is still mapped lingers in a list.
 */
#include <stdlib.h>
#include <mem_client.h>
#include <tessera/ipc.h>
#include <tessera/start.h>
#include <tessera/syscall.h>
#include "slots.h"
#include "store.h"
#include "window.h"

struct linger {
	struct linger *next;
	cap_t object;
	size_t pages;
};

static struct linger *lingering;

static uint64_t bytes_of(size_t pages)
{
	return (uint64_t)pages * STORE_PAGE;
}

static bool map(cap_t object, size_t pages, unsigned char **bytes)
{
	uint64_t at = 0;

	if (mem_map_object(SLOT_SPACE, object, 0, 0, bytes_of(pages), MEM_READ | MEM_WRITE, 0, &at))
		return false;
	*bytes = (unsigned char *)at;
	return true;
}

static void unmap(struct window *w)
{
	if (w->bytes)
		(void)!mem_unmap(SLOT_SPACE, (uint64_t)w->bytes, bytes_of(w->pages));
	w->bytes = NULL;
}

static void destroy(cap_t object, size_t pages)
{
	(void)!mem_object_destroy(SLOT_SPACE, object);
	slots_give(object);
	store_give(bytes_of(pages));
}

bool window_make(struct window *w, size_t pages)
{
	cap_t object = 0;
	uint64_t address;

	if (!store_take(bytes_of(pages)))
		return false;
	if (mem_object_create(SLOT_SPACE, bytes_of(pages), 0, &object, &address)) {
		store_give(bytes_of(pages));
		return false;
	}
	object = slots_keep(object);
	if (!object || !map(object, pages, &w->bytes)) {
		destroy(object, pages);
		return false;
	}
	w->pages = pages;
	w->object = object;
	w->limited = 0;
	return true;
}

bool window_resize(struct window *w, size_t pages)
{
	unsigned char *bytes = NULL;

	if (pages < w->pages) {
		if (mem_object_resize(SLOT_SPACE, w->object, bytes_of(pages)))
			return false;
		(void)!mem_unmap(SLOT_SPACE, (uint64_t)w->bytes + bytes_of(pages), bytes_of(w->pages - pages));
		store_give(bytes_of(w->pages - pages));
		w->pages = pages;
		return true;
	}
	if (!store_take(bytes_of(pages - w->pages)))
		return false;
	if (mem_object_resize(SLOT_SPACE, w->object, bytes_of(pages))) {
		store_give(bytes_of(pages - w->pages));
		return false;
	}
	if (!map(w->object, pages, &bytes)) {
		(void)!mem_object_resize(SLOT_SPACE, w->object, bytes_of(w->pages));
		store_give(bytes_of(pages - w->pages));
		return false;
	}
	unmap(w);
	w->bytes = bytes;
	w->pages = pages;
	return true;
}

/* Whether somebody maps the object besides the server, which does not any more. */
static bool is_mapped(cap_t object)
{
	uint32_t regions = 0;

	return !mem_object_mapped(SLOT_SPACE, object, &regions) && regions;
}

void window_end(struct window *w)
{
	struct linger *l;

	if (!w->object)
		return;
	unmap(w);
	slots_give(w->limited);
	l = is_mapped(w->object) ? malloc(sizeof *l) : NULL;
	if (l) {
		*l = (struct linger){ lingering, w->object, w->pages };
		lingering = l;
	} else {
		destroy(w->object, w->pages);
	}
	*w = (struct window){ .bytes = NULL };
}

void window_sweep(void)
{
	for (struct linger **at = &lingering; *at; ) {
		struct linger *l = *at;

		if (is_mapped(l->object)) {
			at = &l->next;
			continue;
		}
		*at = l->next;
		destroy(l->object, l->pages);
		free(l);
	}
}

uint64_t window_object(struct window *w, bool write)
{
	if (write)
		return w->object;
	if (!w->limited && !mem_object_limit(SLOT_SPACE, w->object, MEM_READ | MEM_EXEC, &w->limited))
		w->limited = slots_keep(w->limited);
	return w->limited;
}
