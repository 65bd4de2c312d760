/*
 * region_test: servers/mem/region.c against an array of pages: exhaustively for small trees, then at random.
 */
// SOURCES: tests/host/mem_host.c servers/mem/region.c servers/mem/slab.c
#include <string.h>
#include "mem_host.h"
#include "region.h"

#define PAGES 4096u

static uint32_t root, owner[PAGES];     /* region id of each page */
static uint8_t guarded[PAGES];          /* in somebody's extent, guards included: how often */
static uint32_t list[PAGES], count;

static void check(void)
{
	uint64_t n = 0;
	unsigned wrong = region_check(root, &n);

	if (wrong)
		fprintf(stderr, "region_check %u\n", wrong);
	CHECK(!wrong && n == count);
}

static void mark(uint32_t id, int by)
{
	const struct region *r = region_at(id);

	for (uint32_t p = r->first; p < region_end(r); p++)
		owner[p] = by > 0 ? id : 0;
	for (uint32_t p = r->first - r->guard; p < region_end(r) + r->guard; p++)
		if (p < PAGES)
			guarded[p] += by;
}

static void insert(uint32_t first, uint32_t pages, uint32_t guard)
{
	uint32_t id = slab_take(&region_slab);

	*region_at(id) = (struct region){ .first = first, .pages = pages, .guard = guard };
	root = region_insert(root, id);
	mark(id, 1);
	list[count++] = id;
}

static void remove_at(uint32_t i)
{
	uint32_t id = list[i];

	mark(id, -1);
	root = region_remove(root, id);
	list[i] = list[--count];
	slab_give(&region_slab, id);
}

static void look(uint32_t page)
{
	uint32_t above = page, below = page;

	CHECK(region_find(root, page) == owner[page]);
	while (above < PAGES && !owner[above])
		above++;
	CHECK(region_above(root, page) == (above < PAGES ? owner[above] : 0));
	while (below > 0 && !owner[below - 1])
		below--;
	CHECK(region_below(root, page) == (below ? owner[below - 1] : 0));
}

/* The lowest place by trying each. */
static uint32_t place_plain(uint32_t low, uint32_t high, uint32_t pages, uint32_t guard, uint32_t align)
{
	for (uint32_t p = low + guard; p + pages + guard <= high; p++) {
		uint32_t n = 0;

		if (p % align)
			continue;
		while (n < pages + 2 * guard && !guarded[p - guard + n])
			n++;
		if (n == pages + 2 * guard)
			return p;
	}
	return 0;
}

static void at_random(unsigned steps)
{
	for (unsigned i = 0; i < steps; i++) {
		uint32_t guard = host_random() % 4 ? 0 : 3, pages = 1 + host_random() % 12;
		uint32_t align = 1u << host_random() % 4, low = 16 + host_random() % (PAGES / 2);

		if (host_random() % 100 < (i / 2000 % 2 ? 40 : 60)) {
			uint32_t at = region_place(root, low, PAGES - 16, pages, guard, align);

			CHECK(at == place_plain(low, PAGES - 16, pages, guard, align));
			if (at)
				insert(at, pages, guard);
		} else if (count) {
			remove_at(host_random() % count);
		}
		look(host_random() % PAGES);
		if (i % 64 == 0)
			check();
	}
	while (count)
		remove_at(host_random() % count);
	CHECK(root == 0);
}

/* Every order of putting seven regions in and of taking them out again. */
static void permute(uint32_t *order, unsigned n, unsigned k, void (*run)(const uint32_t *order, unsigned n))
{
	if (k == n) {
		run(order, n);
		return;
	}
	for (unsigned i = k; i < n; i++) {
		uint32_t t = order[k];

		order[k] = order[i];
		order[i] = t;
		permute(order, n, k + 1, run);
		order[i] = order[k];
		order[k] = t;
	}
}

static void in_and_out(const uint32_t *order, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		insert(20 + 10 * order[i], 1 + order[i], 0);
	check();
	for (unsigned i = 0; i < n; i++) {
		for (unsigned k = 0; k < count; k++)
			if (region_at(list[k])->first == 20 + 10 * ((order[i] * 3 + 1) % n)) {
				remove_at(k);
				break;
			}
		check();
	}
	while (count)
		remove_at(0);
}

int main(void)
{
	uint32_t order[7] = { 0, 1, 2, 3, 4, 5, 6 };

	mem_host_start();
	for (unsigned n = 1; n <= 7; n++)
		permute(order, n, 0, in_and_out);
	at_random(60000);
	puts("regions: ok");
	return 0;
}
