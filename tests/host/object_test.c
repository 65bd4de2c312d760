/*
 * object_test: servers/mem/object.c and index.c: pages are made once, found again, and all come back; a
 * shortage at any point leaves nothing behind.
 */
// SOURCES: tests/host/mem_host.c servers/mem/object.c servers/mem/index.c servers/mem/frames.c servers/mem/slab.c
#include <string.h>
#include "frames.h"
#include "layout.h"
#include "mem_host.h"
#include "object.h"

#define FIRST_MEGA   512u
#define MEGAS        16u
#define ARCHIVE      (600u * 512)

static uint64_t resident_frames(void)
{
	return frames_count(FRAME_PAGE);
}

static void anonymous(uint32_t pages)
{
	static uint8_t have[1 << 16];
	uint32_t id = object_anon(pages, 0, 0), n = 0;
	bool made;

	memset(have, 0, sizeof have);
	for (unsigned i = 0; i < 3000; i++) {
		/* Clustered, so that drops meet full nodes. */
		uint32_t slot = host_random() % 4096, page = (uint64_t)slot * pages / 4096;
		cap_t before = object_have(id, page), cap;

		CHECK(!before == !have[slot] || pages < 4096);
		cap = object_page(id, page, &made);
		CHECK(cap && made == !before && (!before || before == cap));
		CHECK(host_content[cap & 0xffffffff] == (made ? 0 : HOST_DIRT));
		host_content[cap & 0xffffffff] = HOST_DIRT;
		have[slot] = 1;
		n += made;
		if (host_random() % 16 == 0) {
			uint32_t first = host_random() % pages, end = first + 1 + host_random() % pages, dropped;

			if (end > pages)
				end = pages;
			CHECK(object_resident(id, 0, pages) == n);
			dropped = object_drop(id, first, end, i % 2);
			CHECK(object_resident(id, first, end) == 0);
			n -= dropped;
			for (uint32_t k = 0; k < 4096; k++)
				have[k] = object_have(id, (uint64_t)k * pages / 4096) != 0;
		}
		CHECK(resident_frames() == n && object_at(id)->resident == n && page_slab.used == n);
	}
	CHECK(object_drop(id, 0, pages, true) == n);
	CHECK(index_nodes.used == 0 && page_slab.used == 0);
	object_unref(id);
	CHECK(object_slab.used == 0);
}

static void private_copies(void)
{
	uint32_t range = object_range(ARCHIVE, 10 * 4096 - 5, 5), id;
	bool made;
	cap_t cap;

	for (uint32_t i = 0; i < 10; i++)
		host_content[ARCHIVE + i] = 1000 + i;
	id = object_anon(20, range, 2);
	CHECK(object_at(range)->refs == 2 && object_at(range)->pages == 10);
	cap = object_page(id, 3, &made);
	CHECK(made && host_content[cap & 0xffffffff] == 1005 && (cap & 0xffffffff) != ARCHIVE + 5);
	/* Past the object's end: zero. */
	cap = object_page(id, 8, &made);
	CHECK(made && host_content[cap & 0xffffffff] == 0);
	object_drop(id, 0, 20, false);
	object_unref(range);
	CHECK(object_at(range)->kind == OBJECT_RANGE);
	object_unref(id);
	CHECK(object_slab.used == 0);
}

static void views(void)
{
	uint32_t range = object_range(ARCHIVE, 100 * 4096, 5), a, b;
	uint64_t badge;
	bool made;

	object_at(range)->named = 1;
	badge = object_badge(range);
	CHECK(object_named(badge) == range && !object_named(badge + 1) && !object_named(badge + (1ull << 32)));
	a = object_view(50, range, 10);
	b = object_view(10, range, 95);
	for (uint32_t i = 0; i < 50; i += 3)
		CHECK(object_page(a, i, &made) && made);
	CHECK(host_shares == 17 && object_at(a)->resident == 17);
	CHECK(object_page(b, 4, &made) && made);
	CHECK(!object_page(b, 5, &made) && !made);
	object_unmap(a, 0, 50);
	CHECK(object_drop(a, 0, 9, true) == 3);
	CHECK(object_drop(a, 0, 50, true) == 14 && object_drop(b, 0, 10, true) == 1);
	CHECK(host_shares == 0 && index_nodes.used == 0);
	object_unref(a);
	object_at(range)->named = 0;
	object_unref(range);
	CHECK(!object_named(badge));
	object_unref(b);
	CHECK(object_slab.used == 0 && object_at(range)->kind == OBJECT_NONE);
	CHECK(!object_named(badge) && !object_named(0) && !object_named(badge_make(BADGE_OBJECT, 0, 0xffffffff)));
}

/* The k-th page of tables is refused, for every k until the touches succeed. */
static void shortages(void)
{
	for (uint64_t k = 1; ; k++) {
		uint32_t id = object_anon(1 << 20, 0, 0), failed = 0;
		bool made;

		/* Tables grow only past what earlier rounds reached. */
		host_fail_pages = k;
		host_fail_sticky = true;
		for (uint32_t i = 0; i < 3000; i++)
			failed += !object_page(id, i * 349, &made);
		host_fail_pages = 0;
		CHECK(resident_frames() == object_at(id)->resident && page_slab.used == object_at(id)->resident);
		object_drop(id, 0, 1 << 20, true);
		CHECK(resident_frames() == 0 && index_nodes.used == 0);
		object_unref(id);
		if (!failed)
			return;
	}
}

int main(void)
{
	mem_host_start();
	frames_pool(0);
	mem_host_ram(FIRST_MEGA, MEGAS, 0);
	anonymous(1);
	anonymous(64);
	anonymous(65);
	anonymous(4097);
	anonymous(1 << 21);
	private_copies();
	views();
	shortages();
	puts("objects: ok");
	return 0;
}
