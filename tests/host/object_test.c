/*
 * object_test: servers/mem/object.c and index.c: pages are made once, found again, and all come back; a
 * shortage at any point leaves nothing behind.
 */
// SOURCES: tests/host/mem_host.c servers/mem/object.c servers/mem/made.c servers/mem/account.c
// SOURCES: servers/mem/index.c servers/mem/frames.c servers/mem/slab.c
#include <string.h>
#include "frames.h"
#include "layout.h"
#include "made.h"
#include "mem_host.h"
#include "object.h"
#include "space.h"
#include "work.h"

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
			work_left = ~0u;
			dropped = object_drop(id, first, end, i % 2);
			CHECK(object_resident(id, first, end) == 0);
			n -= dropped;
			for (uint32_t k = 0; k < 4096; k++)
				have[k] = object_have(id, (uint64_t)k * pages / 4096) != 0;
		}
		CHECK(resident_frames() == n && object_at(id)->resident == n && page_slab.used == n);
	}
	/* In pieces. */
	for (uint32_t left = n; left; left -= left < 128 ? left : 128) {
		work_start();
		CHECK(object_drop(id, 0, pages, true) == (left < 128 ? left : 128));
		CHECK(object_resident(id, 0, pages) == left - (left < 128 ? left : 128));
	}
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
	unsigned denied;
	uint64_t badge;
	bool made;

	work_left = ~0u;
	object_at(range)->named = 1;
	badge = object_badge(range, 0);
	CHECK(object_named(badge, &denied) == range && !denied);
	CHECK(object_named(object_badge(range, 6), &denied) == range && denied == 6);
	CHECK(!object_named(badge + 1, &denied) && !object_named(badge + (1ull << 32), &denied));
	a = object_view(50, range, 10);
	b = object_view(10, range, 95);
	for (uint32_t i = 0; i < 50; i += 3)
		CHECK(object_page(a, i, &made) && made);
	CHECK(host_shares == 17 && object_at(a)->resident == 17);
	CHECK(object_page(b, 4, &made) && made);
	CHECK(!object_page(b, 5, &made) && !made);
	work_left = 10;
	host_unmaps = 0;
	CHECK(object_unmap(a, 0, 50) == 30 && host_unmaps == 10);
	work_left = ~0u;
	CHECK(object_unmap(a, 30, 50) == 50 && host_unmaps == 17);
	CHECK(object_drop(a, 0, 9, true) == 3);
	CHECK(object_drop(a, 0, 50, true) == 14 && object_drop(b, 0, 10, true) == 1);
	CHECK(host_shares == 0 && index_nodes.used == 0);
	object_unref(a);
	object_at(range)->named = 0;
	object_unref(range);
	CHECK(!object_named(badge, &denied));
	object_unref(b);
	CHECK(object_slab.used == 0 && object_at(range)->kind == OBJECT_NONE);
	CHECK(!object_named(badge, &denied) && !object_named(0, &denied)
	      && !object_named(badge_make(BADGE_OBJECT, 0, 0xffffffff), &denied));
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
		work_left = ~0u;
		object_drop(id, 0, 1 << 20, true);
		CHECK(resident_frames() == 0 && index_nodes.used == 0);
		object_unref(id);
		if (!failed)
			return;
	}
}

/* Runs of new pages: as page by page, up to the first that is there. */
static void fills(void)
{
	uint32_t id = object_anon(1000, 0, 0);
	struct slot_run run[MAP_ITEMS];
	unsigned runs, capacity;
	bool made;

	for (unsigned round = 0; round < 200; round++) {
		uint32_t page = host_random() % 1000, most = 1 + host_random() % 200, n, sum = 0, want = 0;

		if (page + most > 1000)
			most = 1000 - page;
		while (want < most && !object_have(id, page + want))
			want++;
		if (round % 3 == 0)
			frames_stock_size(64 * 32);
		for (uint32_t count, first = frames_to_clear(round % 40, &count); round % 3 == 0 && first; first = 0)
			frames_cleared(first, count, ~0ull);
		runs = 1 + host_random() % MAP_ITEMS;
		capacity = runs;
		n = object_fill(id, page, most, run, &runs);
		CHECK(n == want || runs + 1 >= capacity);
		for (unsigned i = 0; i < runs; i++) {
			for (uint64_t k = 0; k < run[i].count; k++)
				CHECK(object_have(id, page + sum++) == run[i].cap + k);
		}
		CHECK(sum == n && object_at(id)->resident == object_resident(id, 0, 1000));
		CHECK(resident_frames() == object_at(id)->resident && page_slab.used == object_at(id)->resident);
		if (round % 5 == 0) {
			work_left = ~0u;
			object_drop(id, host_random() % 500, 500 + host_random() % 500, true);
		}
	}
	work_left = ~0u;
	object_drop(id, 0, 1000, true);
	CHECK(object_page(id, 5, &made) && made && object_drop(id, 0, 6, true) == 1);
	object_unref(id);
	CHECK(object_slab.used == 0 && resident_frames() == 0);
}

/* A space that pays for objects; `pages` is its limit. */
static uint32_t maker(uint64_t pages)
{
	uint32_t id = slab_take(&space_slab);

	*space_at(id) = (struct space){ .live = SPACE_LIVE, .account.limit = pages, .device = 7 };
	return id;
}

static void balanced(uint32_t space)
{
	uint64_t charge, orphans, pages, more;

	made_audit(space, &charge, &pages);
	made_audit(0, &orphans, &more);
	CHECK(charge == space_at(space)->account.committed && orphans == made_orphans.committed);
	CHECK(account_all.committed == charge + orphans && pages + more == resident_frames());
}

static void shared_objects(void)
{
	uint32_t space = maker(400), id, view, other;
	bool made;
	cap_t cap;

	work_left = ~0u;
	CHECK(made_shared(space, 500 * 4096, false, &id) == E_NO_MEMORY);
	CHECK(made_shared(space, 1ull << 40, false, &id) == E_BAD_RANGE);
	balanced(space);
	CHECK(!made_shared(space, 100 * 4096 - 7, false, &id) && object_bytes(object_at(id)) == 100 * 4096 - 7);
	CHECK(space_at(space)->account.committed == 101);
	view = object_view(90, id, 10);
	other = object_view(90, id, 10);
	for (uint32_t i = 0; i < 90; i++)
		CHECK(object_page(view, i, &made) && made);
	cap = object_have(id, 50);
	CHECK(cap && object_page(other, 40, &made) && object_have(id, 50) == cap && resident_frames() == 90);
	balanced(space);
	/* Shorter, in pieces: pages go everywhere; then longer: the views get new ones. */
	work_left = 30;
	CHECK(made_resize(id, 20 * 4096) == E_AGAIN && space_at(space)->account.committed == 101);
	balanced(space);
	work_left = ~0u;
	CHECK(!made_resize(id, 20 * 4096) && host_revokes == 80 && resident_frames() == 10);
	CHECK(object_past_end(view, 10) && !object_past_end(view, 9) && space_at(space)->account.committed == 21);
	CHECK(!object_renew(view, 40) && made_resize(id, 401 * 4096) == E_NO_MEMORY);
	CHECK(!made_resize(id, 300 * 4096) && object_renew(view, 40) && object_have(id, 50));
	CHECK(object_page(id, 299, &made) && made && resident_frames() == 12);
	balanced(space);
	/* Its maker ends: it lives while it is mapped. */
	CHECK(made_space_end(space) && !space_at(space)->made && made_orphans.committed == 300);
	balanced(space);
	CHECK(object_drop(view, 0, 90, true) == 90 && object_drop(other, 0, 90, true) == 1);
	object_unref(other);
	object_unref(view);
	balanced(space);
	work_left = 5;
	CHECK(!made_work());
	balanced(space);
	work_left = ~0u;
	CHECK(made_work() && !made_orphans.committed && !account_all.committed);
	CHECK(!object_slab.used && !resident_frames());
	slab_give(&space_slab, space);
}

static void contiguous_objects(void)
{
	static const uint32_t sizes[] = { 1, 2, 64, 256, 512 };
	uint32_t space = maker(1300), next = maker(0), ids[5], id;
	uint64_t free = frames_free();

	work_left = ~0u;
	CHECK(made_contiguous(space, 3 * 4096, &id) == E_BAD_RANGE);
	CHECK(made_contiguous(space, 1024 * 4096, &id) == E_BAD_RANGE);
	for (unsigned i = 0; i < 5; i++) {
		const struct object *o;

		CHECK(!made_contiguous(space, sizes[i] * 4096, &ids[i]));
		o = object_at(ids[i]);
		CHECK(o->frame && o->frame % sizes[i] == 0);
		for (uint32_t k = 0; k < sizes[i]; k++) {
			CHECK(host_content[o->frame + k] == 0);
			host_content[o->frame + k] = HOST_DIRT;
		}
	}
	CHECK(made_contiguous(space, 512 * 4096, &id) == E_NO_MEMORY);
	CHECK(made_part(space, ids[0], 0, 1, &id) == E_BAD_HANDLE);
	balanced(space);
	/* What is destroyed is free with that very call, not with somebody's next. */
	CHECK(!made_destroy(ids[4]) && !made_orphans.committed);
	/* A device may still write to what the others left. */
	CHECK(made_space_end(space) && made_orphans.committed == 1 + 2 + 64 + 256);
	space_at(next)->device = 8;
	made_quiesced(next);
	CHECK(made_work() && made_orphans.committed == 323);
	space_at(next)->device = 7;
	made_quiesced(next);
	work_left = 2;
	CHECK(!made_work());
	work_left = ~0u;
	CHECK(made_work() && !made_orphans.committed && !object_slab.used && frames_count(FRAME_PINNED) == 0);
	/* Splitting a megapage costs its first pages. */
	CHECK(frames_free() + 2 * PIECE_FIRST >= free);
	slab_give(&space_slab, space);
	slab_give(&space_slab, next);
}

static void parts(void)
{
	uint32_t space = maker(3), range = object_range(ARCHIVE, 10 * 4096 - 5, 7), id, n = 0;

	work_left = ~0u;
	CHECK(made_part(space, range, 1, 1, &id) == E_BAD_RANGE);
	CHECK(made_part(space, range, 10 * 4096, 1, &id) == E_BAD_RANGE);
	CHECK(made_part(space, range, 4096, 9 * 4096, &id) == E_BAD_RANGE);
	CHECK(made_part(space, range, 0, 0, &id) == E_BAD_RANGE);
	while (!made_part(space, range, 4096, 100, &id)) {
		CHECK(object_at(id)->frame == ARCHIVE + 1 && object_bytes(object_at(id)) == 100);
		CHECK(object_at(id)->rights == 5);
		n++;
	}
	CHECK(n == 3 * 32);
	balanced(space);
	CHECK(!made_destroy(id));
	balanced(space);
	work_left = 10;
	CHECK(!made_space_end(space));
	balanced(space);
	work_left = ~0u;
	CHECK(made_space_end(space) && !space_at(space)->account.committed && object_slab.used == 1);
	object_unref(range);
	slab_give(&space_slab, space);
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
	fills();
	account_start(1 << 20);
	shared_objects();
	contiguous_objects();
	parts();
	puts("objects: ok");
	return 0;
}
