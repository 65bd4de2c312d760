/*
 * quota.c: a process limits itself: it is told before memory is refused, then refused; what it keeps counts as taken
 * for all others; and memory it does not need any more is free at once.
 */
#include "demo.h"
#include <tessera/ipc.h>

#define MORE   (16 * MEBIBYTE)
#define KEEP   (8 * MEBIBYTE)
#define BIT    (1ul << 9)

/* Whether the signal has come. */
static bool told(void)
{
	struct message m = { .info = INFO_DEADLINE };

	return !sys_reply_recv(SLOT_ENDPOINT, &m, 0, 0) && info_kind(m.info) == KIND_SIGNALS
	       && m.w[0] & BIT;
}

static struct mem_total all(void)
{
	struct mem_total now = { 0 };

	(void)!mem_total(SLOT_SPACE, &now);
	return now;
}

static int keep(void)
{
	uint64_t limit = demo_usage().limit, before = all().committed, kept;

	DEMAND(mem_limits(SLOT_SPACE, limit, limit + PAGE) == E_NO_MEMORY);
	DEMAND(!mem_limits(SLOT_SPACE, limit, demo_usage().committed + KEEP));
	kept = all().kept;
	DEMAND(kept == KEEP && all().committed == before);
	DEMAND(!mem_limits(SLOT_SPACE, limit, 0) && all().kept == 0);
	printf("quota: %lu KiB kept: nobody else can commit them\n", KEEP / 1024);
	return 0;
}

static int fill(void)
{
	uint64_t before = demo_usage().committed, first = 0, at, pieces = 0, start = 0;
	cap_t notify = cap_alloc();

	DEMAND(notify && !sys_give(GIVE_COPY, SLOT_ENDPOINT, 1, notify, RIGHT_SIGNAL, BIT, 0));
	DEMAND(!mem_limits(SLOT_SPACE, before + MORE, 0) && mem_limits(SLOT_SPACE, before + 2 * MORE, 0) == E_DENIED);
	DEMAND(mem_limits(SLOT_SPACE, PAGE, 0) == E_NO_MEMORY && demo_usage().limit == before + MORE);
	DEMAND(!mem_pressure(SLOT_SPACE, notify));
	DEMAND(!mem_reserve(SLOT_SPACE, 0, 2 * MORE, 0, 0, &start));
	while (!mem_commit(SLOT_SPACE, start + pieces * PAGE * 16, PAGE * 16, RW)) {
		pieces++;
		if (!first && told())
			first = demo_usage().committed;
	}
	at = demo_usage().committed;
	cap_free(notify);
	DEMAND(first && first < at && first >= (before + MORE) / 8 * 7 && at <= before + MORE);
	printf("quota: told at 7/8 of the limit, %lu KiB before the first commit was refused\n", (at - first) / 1024);
	return mem_unmap(SLOT_SPACE, start, 2 * MORE) ? 1 : keep();
}

static int give_up(void)
{
	uint64_t at, resident;

	DEMAND(!mem_map(SLOT_SPACE, 0, 4 * MEBIBYTE, RW, 0, &at));
	resident = demo_usage().resident;
	for (uint64_t i = 0; i < 1024; i++)
		*demo_page(at, i) = i + 1;
	DEMAND(demo_usage().resident == resident + 4 * MEBIBYTE);
	DEMAND(!mem_advise(SLOT_SPACE, at + PAGE, 4 * MEBIBYTE - 2 * PAGE, MEM_ADVISE_DONTNEED));
	DEMAND(demo_usage().resident == resident + 2 * PAGE);
	DEMAND(*demo_page(at, 0) == 1 && *demo_page(at, 1) == 0 && *demo_page(at, 1023) == 1024);
	DEMAND(mem_advise(SLOT_SPACE, at, PAGE, 99) == E_BAD_ARG && mem_advise(SLOT_SPACE, at, 0, 0) == E_BAD_RANGE);
	DEMAND(!mem_unmap(SLOT_SPACE, at, 4 * MEBIBYTE) && mem_advise(SLOT_SPACE, at, PAGE, 0) == E_BAD_RANGE);
	printf("quota: 1022 of 1024 pages given up, they read as zero again\n");
	return 0;
}

/* Faults of a first touch of 64 MiB in sequence. */
static int sequence(uint32_t advice, uint64_t most)
{
	uint64_t at, faults;

	DEMAND(!mem_map(SLOT_SPACE, 0, 64 * MEBIBYTE, RW, 0, &at));
	DEMAND(!mem_advise(SLOT_SPACE, at, 64 * MEBIBYTE, advice));
	faults = demo_usage().faults;
	for (uint64_t i = 0; i < 64 * MEBIBYTE / PAGE; i++)
		*demo_page(at, i) = i;
	faults = demo_usage().faults - faults;
	printf("quota: 64 MiB touched in sequence %s: %lu faults\n",
	       advice == MEM_ADVISE_SEQUENTIAL ? "as advised" : "without advice", faults);
	DEMAND(faults <= most && !mem_unmap(SLOT_SPACE, at, 64 * MEBIBYTE));
	return 0;
}

int demo_quota(void)
{
	return sequence(MEM_ADVISE_NORMAL, 300) || sequence(MEM_ADVISE_SEQUENTIAL, 60) || give_up() || fill();
}
