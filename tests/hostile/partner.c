/*
 * partner.c: a server of the attack's own. It maps the objects that victims send, touches them, and answers
 * now, later or never. A page that its maker took away faults: the partner then goes on behind the touch.
 */
#include <setjmp.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <mem_client.h>
#include <tessera/idl.h>
#include <tessera/server.h>
#include "partner.h"
#include "shared.h"

#define PLACES 3
#define SAVED  2

static struct {
	uint64_t at, size;
	cap_t object;
} places[PLACES];
static cap_t saved[SAVED];
static volatile struct shared *shared;
static uint64_t state;
static sigjmp_buf behind;

static void fault(int number)
{
	(void)number;
	siglongjmp(behind, 1);
}

__attribute__((noinline)) static void touch_pages(uint64_t at, uint64_t size, bool write)
{
	for (uint64_t page = at; page < at + size; page += PAGE_SIZE) {
		volatile uint64_t *word = (volatile uint64_t *)page;

		if (write)
			*word = page;
		else
			(void)*word;
	}
}

static void touch(uint64_t at, uint64_t size, bool write)
{
	if (sigsetjmp(behind, 1) == 0)
		touch_pages(at, size, write);
}

static void place_empty(unsigned i)
{
	if (places[i].size)
		(void)!mem_unmap(SLOT_SPACE, places[i].at, places[i].size);
	if (places[i].object)
		cap_free(places[i].object);
	memset(&places[i], 0, sizeof places[i]);
}

static void place_fill(unsigned i, cap_t object, uint64_t size)
{
	bool write = true;

	place_empty(i);
	places[i].object = object;
	if (mem_map_object(SLOT_SPACE, object, 0, 0, size, MEM_READ | MEM_WRITE, 0, &places[i].at)) {
		write = false;
		if (mem_map_object(SLOT_SPACE, object, 0, 0, size, MEM_READ, 0, &places[i].at))
			return;
	}
	places[i].size = size;
	touch(places[i].at, size, write);
}

static void saved_drop(unsigned i)
{
	if (saved[i])
		cap_free(saved[i]);
	saved[i] = 0;
}

static void flush(void)
{
	for (unsigned i = 0; i < PLACES; i++)
		place_empty(i);
	for (unsigned i = 0; i < SAVED; i++)
		saved_drop(i);
}

/* Puts the caller aside; false: it is to be answered now. */
static bool put_aside(void)
{
	unsigned i = (unsigned)(random_next(&state) % SAVED);

	saved_drop(i);
	saved[i] = cap_alloc();
	if (saved[i] && sys_save_reply(saved[i]) == 0)
		return true;
	saved_drop(i);
	return false;
}

static uint64_t answer(const struct message *m)
{
	const struct recv_item *item = &ipc_buffer()->recv[0];
	uint64_t size = m->w[0];
	cap_t object;

	if (info_kind(m->info) != KIND_MESSAGE)
		return 0;
	if (info_label(m->info) == PARTNER_FLUSH) {
		flush();
		return INFO_REPLY;
	}
	if (info_items(m->info) != 1 || item->count != 1)
		return INFO_REPLY;
	object = cap_take(item->value);
	if (object)
		place_fill((unsigned)(random_next(&state) % PLACES), object, size);
	return random_next(&state) % 3 == 0 && put_aside() ? 0 : INFO_REPLY;
}

_Noreturn void partner_run(volatile struct shared *s)
{
	struct message m = {.info = 0};

	shared = s;
	state = random_seeded(s->seed, 9);
	(void)signal(SIGSEGV, fault);
	(void)signal(SIGBUS, fault);
	while (!server_next(SLOT_GIVEN, &m)) {
		shared->calls[0]++;
		m.info = answer(&m);
	}
	__builtin_trap();
}
