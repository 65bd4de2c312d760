/*
 * cow_test: servers/mem/cow.c with object.c: clones read what their origin had, each keeps what it wrote, pages
 * and leaves are counted as often as they are named (cow_audit), and all comes back, also when memory is short at
 * any point.
 */
// SOURCES: tests/host/mem_host.c servers/mem/cow.c servers/mem/cow_audit.c servers/mem/object.c servers/mem/made.c
// SOURCES: servers/mem/account.c servers/mem/index.c servers/mem/frames.c servers/mem/slab.c
#include <string.h>
#include "cow.h"
#include "frames.h"
#include "index.h"
#include "mem_host.h"
#include "object.h"
#include "space.h"
#include "work.h"

#define OBJECTS 12u
#define PAGES   300u                    /* the last leaf is not full */

static struct {
	uint32_t id;                    /* 0: none */
	uint32_t value[PAGES];
	uint32_t first, end;            /* its region: what lies outside was dropped */
} model[OBJECTS];

static uint32_t frame_of(uint32_t id, uint32_t page)
{
	uint32_t entry = index_get(&object_at(id)->index, page);

	return entry ? page_at(entry)->frame : 0;
}

static void check_all(void)
{
	uint64_t pages;

	CHECK(cow_audit(&pages) && pages == frames_count(FRAME_PAGE));
	for (unsigned i = 0; i < OBJECTS; i++) {
		uint32_t n = 0;

		for (uint32_t page = 0; model[i].id && page < PAGES; page++) {
			uint32_t frame = frame_of(model[i].id, page);

			n += frame != 0;
			CHECK((frame ? host_content[frame] : 0) == model[i].value[page]);
		}
		if (model[i].id)
			CHECK(n == object_at(model[i].id)->resident && n == object_resident(model[i].id, 0, PAGES));
	}
}

static void write_one(unsigned i)
{
	uint32_t page = model[i].first + host_random() % (model[i].end - model[i].first);
	uint32_t before = frame_of(model[i].id, page);
	struct cow_page c = cow_page(model[i].id, page, true);

	if (!c.cap)
		return;
	CHECK(!c.lent && c.made == !before);
	host_content[frame_of(model[i].id, page)] = model[i].value[page] = 1 + host_random() % 1000000;
}

static void read_one(unsigned i)
{
	uint32_t page = model[i].first + host_random() % (model[i].end - model[i].first);
	uint32_t before = frame_of(model[i].id, page);
	bool fresh = cow_fresh(model[i].id, page);
	struct cow_page c;

	if (!before)
		return;
	c = cow_page(model[i].id, page, false);
	CHECK(!c.made && frame_of(model[i].id, page) == before && (!fresh || c.lent));
	if (c.cap)
		CHECK(!cow_fresh(model[i].id, page));
}

static void drop(unsigned i, uint32_t first, uint32_t end)
{
	if (!index_prepare(2))
		return;
	object_cut(model[i].id, first);
	object_cut(model[i].id, end);
	do
		work_start();
	while (object_drop(model[i].id, first, end, host_random() % 2), !work_left);
	memset(&model[i].value[first], 0, (end - first) * sizeof *model[i].value);
}

static void finish(unsigned i)
{
	drop(i, 0, PAGES);
	if (object_at(model[i].id)->resident)
		return;
	object_unref(model[i].id);
	model[i].id = 0;
}

/* The clone has what the origin has in a range. */
static void clone(unsigned from, unsigned to)
{
	uint32_t first = host_random() % 3 ? 0 : host_random() % PAGES, end = PAGES;

	if (host_random() % 3 == 0)
		end = first + 1 + host_random() % (PAGES - first);
	if (!cow_prepare(1))
		return;
	model[to].id = cow_object(model[from].id);
	CHECK(model[to].id);
	memset(model[to].value, 0, sizeof model[to].value);
	model[to].first = 0;
	model[to].end = PAGES;
	for (uint32_t page = first, next; page < end; page = next) {
		uint32_t count;

		next = (page | 63) + 1 < end ? (page | 63) + 1 : end;
		if (!cow_leaf(model[to].id, model[from].id, page, next, &count))
			return;
		memcpy(&model[to].value[page], &model[from].value[page], (next - page) * sizeof *model[to].value);
	}
}

static void step(void)
{
	unsigned i = host_random() % OBJECTS, k = host_random() % OBJECTS;

	if (!model[i].id) {
		if (model[k].id) {
			clone(k, i);
		} else {
			model[i].id = object_anon(PAGES, 0, 0);
			model[i].first = 0;
			model[i].end = PAGES;
		}
		return;
	}
	switch (host_random() % 16) {
	case 0:
		finish(i);
		break;
	case 1:
		k = host_random() % PAGES;
		drop(i, k, k + 1 + host_random() % (PAGES - k));
		break;
	case 2:
		work_left = ~0u;
		(void)object_unmap(model[i].id, 0, PAGES);
		break;
	case 3: case 4: case 5: case 6:
		read_one(i);
		break;
	default:
		write_one(i);
	}
}

static void end_all(void)
{
	for (unsigned i = 0; i < OBJECTS; i++) {
		if (model[i].id)
			finish(i);
		CHECK(!model[i].id);
	}
	CHECK(page_slab.used == 0 && index_nodes.used == 0 && object_slab.used == 0 && host_shares == 0);
	CHECK(frames_count(FRAME_PAGE) == 0);
}

int main(void)
{
	mem_host_start();
	mem_host_ram(512, 8, 0);
	for (unsigned i = 0; i < 200000; i++) {
		step();
		if (i % 64 == 0)
			check_all();
	}
	end_all();
	/* Tables do not grow, and every so many shares one cannot be had; frames run out. */
	for (unsigned i = 0; i < 200000; i++) {
		host_fail_pages = 1;
		host_fail_sticky = true;
		host_fail_shares = host_random() % 4;
		step();
		if (i % 64 == 0)
			check_all();
	}
	host_fail_pages = host_fail_shares = 0;
	end_all();
	puts("copy-on-write: ok");
	return 0;
}
