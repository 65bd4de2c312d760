/*
 * kill.c: victims of four threads each (one maps and unmaps, one lends frames by messages to a server, one
 * faults on pages that its pager gives or leaves pending, one makes objects and waits) are killed at random instants.
 * After each kill the kernel holds what it held before and the server's window is empty.
 */
#include "process.h"

#define PRIO_VICTIM   20
#define PRIO_SERVER   22
#define SERVER        1         /* process numbers: the victim is 0 */
#define REPORT        1000
#define AUDIT_KILLS   10

#define SLOT_SERVER   OWN_FREE
#define SLOT_SYSTEM   (OWN_FREE + 1)
#define SLOT_OWN_EP   (OWN_FREE + 2)
#define SLOT_FRAMES   (OWN_FREE + 3)
#define FRAMES        24
#define WINDOW        100
#define WINDOW_SLOTS  8
#define FAULT_VA      (SCRATCH_VA + 256 * PAGE_SIZE)

/* ---- the victim's threads ------------------------------------------------------------------------- */

static void pause_ticks(uint64_t ticks)
{
	for (uint64_t end = sys_time() + ticks; sys_time() < end;)
		;
}

static void mapper(uint64_t number)
{
	for (;;) {
		unsigned first = (unsigned)random_below(8), n = 1 + (unsigned)random_below(4);
		uint64_t va = SCRATCH_VA + random_below(16) * PAGE_SIZE;

		(void)sys_map(OWN_SPACE, va, RIGHT_R | RIGHT_W, 1, SLOT_FRAMES + first, n, 0);
		if (random_below(2))
			(void)sys_scan(OWN_SPACE, SCRATCH_VA, 64, (unsigned)random_below(8));
		(void)sys_unmap(1, SLOT_FRAMES + first, n, 0);
		if (random_below(8) == 0)
			(void)sys_give(GIVE_SHARE, SLOT_FRAMES + first, n, 60, RIGHT_ALL, 0, 0);
		if (random_below(8) == 0)
			(void)sys_revoke(SLOT_FRAMES + first, 0);
		own_shared->calls[number]++;
	}
}

/* Lends, shares and donates frames to the server, which keeps them for a while. */
static void lender(uint64_t number)
{
	for (;;) {
		volatile struct ipc_buffer *b = (volatile struct ipc_buffer *)BUFFER_VA(number);
		unsigned items = 1 + (unsigned)random_below(3);
		struct message m = { .info = info_make(7, (unsigned)random_below(20), items) };

		for (unsigned i = 0; i < items; i++) {
			b->send[i].cap = SLOT_FRAMES + 8 + random_below(8);
			b->send[i].count = 1 + (uint32_t)random_below(2);
			b->send[i].verb = (uint8_t)(GIVE_SHARE + random_below(4));
			b->send[i].rights = RIGHT_ALL;
		}
		(void)sys_call(SLOT_SERVER, &m);
		if (random_below(4) == 0)
			(void)sys_revoke(SLOT_FRAMES + 8 + random_below(8), 0);
		own_shared->calls[number]++;
	}
}

static void faulter(uint64_t number)
{
	for (;;) {
		*(volatile uint64_t *)(FAULT_VA + random_below(64) * PAGE_SIZE) = 1;
		own_shared->calls[number]++;
	}
}

/* Makes and ends objects, waits on its own endpoint, calls itself. */
static void maker(uint64_t number)
{
	static const uint8_t types[] = { TYPE_CNODE, TYPE_VSPACE, TYPE_THREAD };

	for (;;) {
		cap_t s = SLOT_FRAMES + 16 + random_below(8);
		struct message m = { .info = INFO_DEADLINE };

		switch (random_below(6)) {
		case 0:
			(void)sys_make(s, types[random_below(3)], SLOT_SYSTEM);
			break;
		case 1:
			(void)sys_revoke(s, 0);
			break;
		case 2:
			if (sys_split(s, 0, 4, 70) == 0)
				(void)sys_make(70, TYPE_ENDPOINT, 0);
			break;
		case 3:
			(void)sys_reply_recv(SLOT_OWN_EP, &m, 0, sys_time() + random_below(500));
			break;
		case 4:
			m.info = 3;
			(void)sys_call(SLOT_SERVER, &m);
			break;
		default:
			(void)sys_table(s, OWN_SPACE, SCRATCH_VA + MEGAPAGE_SIZE * random_below(4));
		}
		own_shared->calls[number]++;
	}
}

static void victim(uint64_t number)
{
	static void (*const loads[PROCESS_THREADS])(uint64_t) = { mapper, lender, faulter, maker };

	random_start(number);
	pause_ticks(random_below(100));
	loads[number](number);
}

/* ---- the server and pager, a process of its own ---------------------------------------------------- */

#define SLOT_RECEIVE  OWN_FREE
#define SLOT_SAVED    (OWN_FREE + 1)
#define SLOT_PAGES    (OWN_FREE + 2)
#define PAGES         32

static void empty_window(void)
{
	for (unsigned i = 0; i < WINDOW_SLOTS; i++)
		(void)sys_delete(WINDOW + i);
}

/* Takes everything that comes; answers now, later or never. */
static void server(uint64_t number)
{
	struct message m = { .info = 0 };

	random_start(number);
	(void)sys_thread_set(OWN_THREAD + number, THREAD_WINDOW, WINDOW | (uint64_t)WINDOW_SLOTS << 32);
	m.info = INFO_DEADLINE;
	for (;;) {
		long r = sys_reply_recv(SLOT_RECEIVE, &m, 0, sys_time() + 1000 + random_below(1000));
		unsigned page = (unsigned)random_below(PAGES);

		own_shared->calls[number]++;
		if (random_below(4) == 0)
			empty_window();
		if (r == 0 && info_kind(m.info) == KIND_FAULT && random_below(4)) {
			(void)sys_revoke(SLOT_PAGES + page, 0);
			m = (struct message){ .info = INFO_REPLY | INFO_MAP | INFO_DEADLINE | 1, .w = {
				SLOT_PAGES + page, 1, m.w[0] & ~(PAGE_SIZE - 1UL), RIGHT_R | RIGHT_W } };
			continue;
		}
		if (r == 0 && random_below(2)) {
			/* Kept for a while: the answer before that is dropped. */
			(void)sys_delete(SLOT_SAVED);
			(void)sys_save_reply(SLOT_SAVED);
		}
		m.info = INFO_DEADLINE | (r == -E_TIMEOUT && random_below(2) ? 0 : INFO_REPLY);
	}
}

/* ---- the test -------------------------------------------------------------------------------------- */

static struct process *start_server(cap_t endpoint)
{
	struct process *p = process_new(SERVER, hart_count - 1, test_seed, 0);

	process_thread(p, server, hart_count - 1, PRIO_SERVER, endpoint, 1);
	process_give(p, GIVE_COPY, endpoint, SLOT_RECEIVE, RIGHT_RECV, 0);
	for (unsigned i = 0; i < PAGES; i++)
		process_give(p, GIVE_LEND, process_frame(p), SLOT_PAGES + i, RIGHT_ALL, 0);
	process_run(p);
	return p;
}

static struct process *start_victim(cap_t endpoint, cap_t own, uint64_t kill)
{
	struct process *p = process_new(0, 0, test_seed * 1000003 + kill, 0);

	for (unsigned i = 0; i < PROCESS_THREADS; i++)
		process_thread(p, victim, i % hart_count, PRIO_VICTIM, endpoint, 0x100 + i);
	OK(sys_table(process_frame(p), p->space, SCRATCH_VA));
	process_give(p, GIVE_COPY, endpoint, SLOT_SERVER, RIGHT_CALL, 0x200);
	process_give(p, GIVE_COPY, own, SLOT_OWN_EP, RIGHT_ALL, 0);
	process_give(p, GIVE_COPY, ROOT_SYSTEM, SLOT_SYSTEM, RIGHT_SPACE_ID, 0);
	for (unsigned i = 0; i < FRAMES; i++)
		process_give(p, GIVE_LEND, process_frame(p), SLOT_FRAMES + i, RIGHT_ALL, 0);
	process_run(p);
	return p;
}

/* The server empties what the dead left: saved answers and frames are gone with it, whatever it does. */
static void check_server(const struct process *s)
{
	for (unsigned i = 0; i < WINDOW_SLOTS; i++)
		CHECK(slot_empty(CAP(s->cnode, WINDOW + i)));
	CHECK(slot_empty(CAP(s->cnode, SLOT_SAVED)));
}

static void sleep_ticks(cap_t endpoint, uint64_t ticks)
{
	struct message m = { .info = INFO_DEADLINE };

	(void)sys_reply_recv(endpoint, &m, 0, sys_time() + ticks);
}

/* Revokes the pages that the pager mapped for the dead: no mapping of a space that is gone counts. */
static void check_pages(const struct process *s)
{
	for (unsigned i = 0; i < PAGES; i++)
		EQUAL(INSPECT_MAPPED(inspect(CAP(s->cnode, SLOT_PAGES + i))), 0);
}

TEST(kill_at_any_instant_leaves_nothing_behind)
{
	cap_t endpoint, own, sleeper;
	struct kernel_stats before[2], now;
	uint64_t loads[PROCESS_THREADS] = { 0 };
	struct process *s, *v;

	process_init(2);
	(void)slots_new(8);
	endpoint = endpoint_new();
	own = endpoint_new();
	sleeper = endpoint_new();
	OK(sys_system(ROOT_SYSTEM, SYSTEM_SLICE, 1000, 0));
	s = start_server(endpoint);
	before[0] = stats_now(false);
	before[1] = stats_now(true);
	for (uint64_t kill = 0; kill < test_count; kill++) {
		bool audit = kill % AUDIT_KILLS == 0;

		v = start_victim(endpoint, own, kill);
		sleep_ticks(sleeper, random_next() % (kill % 2 ? 8000 : 1000));
		for (unsigned i = 0; i < PROCESS_THREADS; i++)
			loads[i] += v->shared->calls[i];
		process_end(v);
		check_server(s);
		check_pages(s);
		now = stats_now(audit);
		stats_same(&before[audit], &now, audit);
		if (kill % REPORT == REPORT - 1)
			test_note("kills", kill + 1);
	}
	test_note("kills", test_count);
	test_note("seed", test_seed);
	for (unsigned i = 0; i < PROCESS_THREADS; i++)
		test_note("steps of the victims' threads", loads[i]);
	test_note("messages and faults the server took", s->shared->calls[0]);
	CHECK(test_count < 100 || (loads[0] && loads[1] && loads[2] && loads[3]));
}
