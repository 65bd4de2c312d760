/*
 * conform.c: what every client of every pager may rely on. Knows nothing of what the pages hold: they must be the same
 * each time, whoever reads them, in whatever order, made anew or still there.
 */
#include "test.h"
#include <signal.h>
#include <stdlib.h>
#include <tessera/ipc.h>
#include <tessera/thread.h>

#define PAGES_MOST 512u
#define PRIO       32
#define BIT        2

static uint64_t sums[PAGES_MOST];
static uint64_t pages, bytes;
static cap_t the_object;

static uint64_t sum(uint64_t at, uint64_t i)
{
	const volatile uint64_t *word = page_of(at, i);
	uint64_t value = i;

	for (unsigned k = 0; k < PAGE / 8; k += 8)
		value = (value << 7 | value >> 57) ^ word[k];
	return value;
}

static int map(uint32_t access, uint32_t how, uint64_t *at)
{
	return mem_map_object(SLOT_SPACE, the_object, 0, 0, pages * PAGE, access, how, at);
}

static int in_order(uint64_t at)
{
	for (uint64_t i = 0; i < pages; i++)
		sums[i] = sum(at, i);
	for (uint64_t i = 0; i < pages; i++)
		DEMAND(sum(at, i) == sums[i]);
	puts("conform: pages come in order, and stay as they are");
	return 0;
}

static int out_of_order(void)
{
	uint64_t at, x = 12345;

	DEMAND(!map(MEM_READ, 0, &at));
	for (unsigned n = 0; n < 2 * pages; n++) {
		x = x * 6364136223846793005u + 1442695040888963407u;
		DEMAND(sum(at, (x >> 33) % pages) == sums[(x >> 33) % pages]);
	}
	DEMAND(!mem_unmap(SLOT_SPACE, at, pages * PAGE));
	puts("conform: pages are the same in any order and through another mapping");
	return 0;
}

/* Takes nearly all memory and gives it back: what can be made again is dropped. */
static int press(void)
{
	struct mem_total now;
	uint64_t at, size;

	DEMAND(!mem_total(SLOT_SPACE, &now));
	size = (now.commit_limit - now.committed) / 32 * 31 & ~(PAGE - 1);
	DEMAND(!mem_map(SLOT_SPACE, 0, size, MEM_READ | MEM_WRITE, 0, &at));
	for (uint64_t i = 0; i < size / PAGE; i++)
		*page_of(at, i) = i;
	for (uint64_t i = 0; i < size / PAGE; i++)
		DEMAND(*page_of(at, i) == i);
	DEMAND(!mem_unmap(SLOT_SPACE, at, size));
	return 0;
}

static int under_pressure(uint64_t at)
{
	DEMAND(!press());
	for (uint64_t i = pages; i-- > 0; )
		DEMAND(sum(at, i) == sums[i]);
	puts("conform: pages are the same after memory was short");
	return 0;
}

static volatile uint64_t other_sum;
static uint64_t shared_at;
static cap_t main_signal;

static void touch_too(void *page)
{
	other_sum = sum(shared_at, (uint64_t)page);
	(void)sys_signal(main_signal);
}

static int two_threads(uint64_t at)
{
	DEMAND(!press());
	main_signal = cap_alloc();
	DEMAND(!sys_give(GIVE_COPY, thread_endpoint(), 1, main_signal, RIGHT_SIGNAL, BIT, 0));
	shared_at = at;
	for (uint64_t i = 0; i < 16 && i < pages; i++) {
		DEMAND(!thread_start(touch_too, (void *)i, PRIO, THREAD_STACK));
		DEMAND(sum(at, i) == sums[i]);
		DEMAND(thread_wait(BIT, 0) == BIT && other_sum == sums[i]);
	}
	puts("conform: two threads wait for one page, and both get it");
	return 0;
}

static int copies(void)
{
	uint64_t at;

	DEMAND(!map(MEM_READ | MEM_WRITE, MEM_PRIVATE, &at));
	for (uint64_t i = 0; i < pages; i += 3)
		*page_of(at, i) += 1;
	DEMAND(!press());
	for (uint64_t i = 0; i < pages; i += 3) {
		*page_of(at, i) -= 1;
		DEMAND(sum(at, i) == sums[i]);
	}
	DEMAND(!mem_unmap(SLOT_SPACE, at, pages * PAGE));
	puts("conform: private copies keep what was written");
	return 0;
}

static int limits(uint64_t size)
{
	uint64_t at, end = (size + PAGE - 1) & ~(PAGE - 1);

	DEMAND(mem_map_object(SLOT_SPACE, the_object, 0, 0, end + PAGE, MEM_READ, 0, &at) == E_BAD_RANGE);
	DEMAND(mem_map_object(SLOT_SPACE, the_object, end, 0, PAGE, MEM_READ, 0, &at) == E_BAD_RANGE);
	puts("conform: nothing is mapped behind the end");
	return 0;
}

/* Killed at any moment of its waiting, or after it. */
static int killed(void)
{
	for (unsigned i = 0; i < 4; i++) {
		char page[16];
		const char *const argv[] = { "pagertest", "touch", page, NULL };
		uint64_t pid;

		DEMAND(!press());
		snprintf(page, sizeof page, "%u", i);
		DEMAND(!process_spawn_with(argv, 0, the_object, &pid));
		(void)!kill((pid_t)pid, SIGKILL);
		DEMAND(!process_wait(pid, NULL, NULL));
	}
	puts("conform: clients are killed while they wait, and others go on");
	return 0;
}

int touch(uint64_t page)
{
	uint64_t at, value;

	DEMAND(!mem_map_object(SLOT_SPACE, SLOT_EXTRA, 0, 0, (page + 1) * PAGE, MEM_READ, 0, &at));
	return !probe(page_of(at, page), &value);
}

int conform(cap_t object)
{
	uint64_t at;

	the_object = object;
	DEMAND(!mem_object_size(SLOT_SPACE, object, &bytes) && bytes);
	pages = (bytes + PAGE - 1) / PAGE;
	if (pages > PAGES_MOST)
		pages = PAGES_MOST;
	DEMAND(!map(MEM_READ, 0, &at));
	if (in_order(at) || out_of_order() || under_pressure(at) || two_threads(at) || copies() || limits(bytes)
	    || killed())
		return 1;
	DEMAND(!press());
	for (uint64_t i = 0; i < pages; i++)
		DEMAND(sum(at, i) == sums[i]);
	puts("conform: ok");
	return 0;
}
