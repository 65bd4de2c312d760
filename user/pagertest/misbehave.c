/*
 * misbehave.c: a pager that does one thing wrong at one step, and is right before and after, if it lives.
 *
 * Steps: attach (before it attaches), take (it has a request), supply (in place of the first answer), again (of the
 * second).
 */
#include "test.h"
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <tessera/ipc.h>

static const char *at_step, *way;
static bool over;                       /* it has misbehaved */

static bool is(const char *step)
{
	return !over && !strcmp(at_step, step);
}

static void hang(void)
{
	struct timespec long_time = { 3600, 0 };

	for (;;)
		nanosleep(&long_time, NULL);
}

/* More results than a turn may carry, or half a one, past the stub. */
static void oversized(void)
{
	static const unsigned words[] = { 5 + 60, 5 + 33, 6, 120 };

	for (unsigned i = 0; i < sizeof words / sizeof *words; i++) {
		struct message m = { .info = info_make(MEM_INTERFACE << 16 | MEM_CALL_PAGER_TURN, words[i], 0) };

		m.w[0] = (words[i] - 5) * 8;
		if (sys_call(SLOT_SPACE, &m) || !info_label(m.info))
			exit(9);
	}
}

/* One wrong thing; after it the request in *r is still to be answered. */
static void misbehave_now(const struct mem_pager_request *r)
{
	struct mem_pager_result bad[4];
	size_t n = 0, got;
	struct mem_pager_request more[MEM_PAGER_MOST];

	over = true;
	if (!strcmp(way, "kill"))
		exit(0);
	if (!strcmp(way, "hang"))
		hang();
	if (!strcmp(way, "oversized"))
		oversized();
	if (!strcmp(way, "wrong") && r) {
		bad[n++] = (struct mem_pager_result){ r->token + 1, MEM_SUPPLY, 0 };
		bad[n++] = (struct mem_pager_result){ r->token ^ 1ul << 32, MEM_SUPPLY, 0 };
		bad[n++] = (struct mem_pager_result){ ~0ul, MEM_SUPPLY, 0 };
		bad[n++] = (struct mem_pager_result){ r->token, 77, 0 };
	}
	if (!strcmp(way, "fail") && r)
		bad[n++] = (struct mem_pager_result){ r->token, MEM_FAIL, E_IO };
	if (!strcmp(way, "touch")) {
		/* It holds the page no longer than it is asked for. */
		*(volatile uint64_t *)r->at = 1;
		bad[n++] = (struct mem_pager_result){ r->token, MEM_FAIL, E_IO };
	}
	if (n && mem_pager_turn(SLOT_SPACE, bad, n * sizeof *bad, 0, more, sizeof more, &got))
		exit(8);
	if (!strcmp(way, "touch"))
		*(volatile uint64_t *)r->at = 2;
}

static _Noreturn void serve(void)
{
	struct mem_pager_request todo[MEM_PAGER_MOST];
	struct mem_pager_result done[2 * MEM_PAGER_MOST];
	size_t n = 0, bytes;
	unsigned answered = 0;

	for (;;) {
		if (mem_pager_turn(SLOT_SPACE, done, n * sizeof *done, 1, todo, sizeof todo, &bytes))
			exit(7);
		if (is("take")) {
			misbehave_now(&todo[0]);
			/* The first request is answered. */
			if (!strcmp(way, "fail")) {
				n = 0;
				continue;
			}
		}
		n = 0;
		for (size_t i = 0; i < bytes / sizeof *todo; i++, answered++) {
			for (unsigned k = 0; k < todo[i].count; k++)
				*page_of(todo[i].at, k) = todo[i].page + k + 1;
			done[n++] = (struct mem_pager_result){ todo[i].token, MEM_SUPPLY, 0 };
			if (is(answered ? "again" : "supply")) {
				misbehave_now(&todo[i]);
				if (!strcmp(way, "double")) {
					done[n] = done[n - 1];
					n++;
				}
			}
		}
	}
}

int misbehave(const char *step, const char *how)
{
	struct message m = { .info = info_make(1, 0, 1) };
	uint64_t address, window, none;
	cap_t object;

	at_step = step;
	way = how;
	DEMAND(!mem_object_create(SLOT_SPACE, FAULTY_PAGES * PAGE, MEM_DROPPABLE, &object, &address));
	DEMAND(mem_map_object(SLOT_SPACE, object, 0, 0, PAGE, MEM_READ, 0, &none) == E_DENIED);
	DEMAND(!mem_pager_start(SLOT_SPACE, MEM_WINDOW, FAULTY_MS, &window));
	DEMAND(mem_pager_start(SLOT_SPACE, MEM_WINDOW, FAULTY_MS, &window) == E_EXISTS);
	if (is("attach"))
		misbehave_now(NULL);
	DEMAND(!mem_pager_attach(SLOT_SPACE, object, 5, 1));
	DEMAND(mem_pager_attach(SLOT_SPACE, object, 5, 1) == E_EXISTS);
	/* A pager that pages itself. */
	DEMAND(mem_map_object(SLOT_SPACE, object, 0, 0, PAGE, MEM_READ, 0, &none) == E_DENIED);
	DEMAND(mem_map_object(SLOT_SPACE, object, 0, 0, PAGE, MEM_READ | MEM_WRITE, MEM_PRIVATE, &none) == E_DENIED);
	ipc_buffer()->send[0] = (struct send_item){ object, 1, GIVE_COPY, RIGHT_ALL, 0 };
	DEMAND(!sys_call(SLOT_EXTRA, &m));
	serve();
}
