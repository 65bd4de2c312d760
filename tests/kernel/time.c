/*
 * time.c: sleepers, slices, preemption, round robin, CPU time; the System capability's operations.
 */
#include "harness.h"

static volatile uint64_t counts[16], order[512], ended;

static void count(uint64_t n)
{
	for (;;)
		counts[n]++;
}

static void note_order(uint64_t n)
{
	order[__atomic_fetch_add(&ended, 1, __ATOMIC_RELAXED)] = n;
	thread_end();
}

/* Counts its turns: how often it finds that another ran last. */
static volatile uint64_t last_ran;
static void take_turns(uint64_t n)
{
	for (;;)
		if (last_ran != n) {
			last_ran = n;
			counts[n]++;
		}
}

/* This thread wakes every millisecond, ten times in a slice, and each time interrupts a turn: it goes on afterwards. */
TEST(equal_priorities_take_turns_of_one_slice_whoever_interrupts_them)
{
	struct helper *h[4];

	last_ran = 99;
	for (unsigned i = 0; i < 4; i++) {
		counts[i] = 0;
		h[i] = helper_start(take_turns, i, PRIO_TEST - 1);
	}
	WAIT_UNTIL(counts[3] >= 8);
	for (unsigned i = 0; i < 4; i++) {
		/* One that is interrupted between its look and its note counts a turn too many. */
		CHECK(counts[i] >= 7 && counts[i] <= 12);
		CHECK(inspect_detail(h[i]->thread) >= 6 * SLICE);
	}
}

TEST(a_lower_priority_does_not_run_while_a_higher_is_ready)
{
	counts[0] = counts[1] = 0;
	(void)helper_start(count, 0, PRIO_TEST - 1);
	(void)helper_start(count, 1, PRIO_TEST - 2);
	WAIT_UNTIL(counts[0] > 0);
	sleep_ms(20);
	EQUAL(counts[1], 0);
}

TEST(ready_threads_run_in_order_of_priority)
{
	ended = 0;
	for (unsigned i = 0; i < 8; i++)
		(void)helper_start(note_order, i, PRIO_TEST - 8 + i * 5 % 8);
	wait_for(&ended, 8);
	for (unsigned i = 1; i < 8; i++)
		CHECK(order[i - 1] * 5 % 8 > order[i] * 5 % 8);
}

TEST(a_timer_preempts_who_computes)
{
	/* This thread spins; a sleeper of higher priority must get its turn in time. */
	uint64_t start = sys_time();

	counts[0] = 0;
	(void)helper_start(count, 0, PRIO_TEST - 1);
	for (unsigned i = 0; i < 50; i++)
		sleep_ms(1);
	CHECK(sys_time() - start >= 50 * TICKS_MS);
	WAIT_UNTIL(counts[0] > 0);
}

TEST(the_slice_is_set_and_refuses_nonsense)
{
	REFUSED(BAD_ARG, sys_system(ROOT_SYSTEM, SYSTEM_SLICE, 0, 0));
	OK(sys_system(ROOT_SYSTEM, SYSTEM_SLICE, TICKS_MS, 0));
	counts[0] = counts[1] = 0;
	(void)helper_start(count, 0, PRIO_TEST - 1);
	(void)helper_start(count, 1, PRIO_TEST - 1);
	WAIT_UNTIL(counts[0] && counts[1]);
	OK(sys_system(ROOT_SYSTEM, SYSTEM_SLICE, SLICE, 0));
}

TEST(c37_no_slice_makes_a_storm_of_interrupts)
{
	static const uint64_t slices[] = { 1, 2, 100, 1UL << 40, 1UL << 63, ~0UL };

	(void)helper_start(count, 0, PRIO_TEST - 1);
	(void)helper_start(count, 1, PRIO_TEST - 1);
	for (unsigned i = 0; i < sizeof(slices) / sizeof(*slices); i++) {
		long r = sys_system(ROOT_SYSTEM, SYSTEM_SLICE, slices[i], 0);

		CHECK(r == 0 || r == -E_BAD_ARG);
		counts[0] = counts[1] = 0;
		WAIT_UNTIL(counts[0] + counts[1] > 1000);
		OK(sys_system(ROOT_SYSTEM, SYSTEM_SLICE, 10 * TICKS_MS, 0));
	}
}

/* ---- accounts -------------------------------------------------------------------------------------- */

#define SERVED (20 * TICKS_MS)

/* Serves until the account of its client (the call's word) has grown by SERVED: for ever, if nobody charges it. */
static void serve_slowly(uint64_t endpoint)
{
	struct message m = { .info = 0 };

	while (sys_reply_recv(endpoint, &m, 0, 0) == 0) {
		uint64_t begun = m.w[0] ? inspect_detail(m.w[0]) : 0;

		while (m.w[0] && inspect_detail(m.w[0]) - begun < SERVED)
			;
		m.info = INFO_REPLY;
	}
	thread_end();
}

static cap_t client_thread;

static void call_three_times(uint64_t call)
{
	for (unsigned i = 0; i < 3; i++) {
		uint64_t word = client_thread;

		(void)call_word(call, &word);
	}
	ended++;
	thread_end();
}

/* Sleeps `step` ms at a time until the client is done: each time this thread wakes it preempts the server. */
static void check_accounts(unsigned step)
{
	cap_t e = endpoint_new();
	struct helper *server = helper_start(serve_slowly, e, PRIO_TEST - 1), *client;
	uint64_t own, nothing = 0;

	/* Its answer shows that it waits from now on. */
	OK(call_word(mint(e, RIGHT_CALL, 2), &nothing));
	own = inspect_detail(server->thread);
	ended = 0;
	client = helper_new(call_three_times, mint(e, RIGHT_CALL, 1), PRIO_TEST - 2);
	client_thread = client->thread;
	OK(sys_thread_set(client->thread, THREAD_RUN, 0));
	while (!ended)
		sleep_ms(step);
	CHECK(inspect_detail(client->thread) >= 3 * SERVED);
	EQUAL(inspect_detail(server->thread), own);
	EQUAL(inspect_detail(copy_new(client->thread, RIGHT_WRITE)), 0);
}

TEST(time_in_a_server_counts_as_its_callers)
{
	check_accounts(300);
}

TEST(time_in_a_server_that_was_preempted_counts_as_its_callers)
{
	check_accounts(2);
}

TEST(a_thread_pays_for_what_it_computes)
{
	struct helper *a = helper_start(count, 0, PRIO_TEST - 1), *b = helper_start(count, 1, PRIO_TEST - 1);
	uint64_t before[2], after[2], at_a, at_b, had;

	/* While these two never stop, each tick of the hart is on one of three accounts: no more and no less. */
	before[0] = sys_time();
	had = inspect_detail(a->thread) + inspect_detail(b->thread) + inspect_detail(THREAD_TEST);
	before[1] = sys_time();
	WAIT_UNTIL(inspect_detail(a->thread) >= 3 * SLICE && inspect_detail(b->thread) >= 3 * SLICE);
	after[0] = sys_time();
	had = inspect_detail(a->thread) + inspect_detail(b->thread) + inspect_detail(THREAD_TEST) - had;
	after[1] = sys_time();
	CHECK(had >= after[0] - before[1] && had <= after[1] - before[0]);
	/* Who is stopped pays nothing. */
	thread_stop(a->thread);
	at_a = inspect_detail(a->thread);
	at_b = inspect_detail(b->thread);
	WAIT_UNTIL(inspect_detail(b->thread) >= at_b + SLICE);
	EQUAL(inspect_detail(a->thread), at_a);
}

/* ---- sleepers -------------------------------------------------------------------------------------- */

static volatile uint64_t woken_early, woken;
static uint64_t base_time;
static cap_t nobody;

static void sleeper(uint64_t ticks)
{
	struct message m = { .info = INFO_DEADLINE };
	uint64_t deadline = base_time + ticks;

	if (sys_reply_recv(nobody, &m, 0, deadline) != -E_TIMEOUT || sys_time() < deadline)
		woken_early++;
	order[woken % 512] = ticks;
	woken++;
	thread_end();
}

TEST(c28_hundreds_of_sleepers_wake_in_order_and_none_is_forgotten)
{
	static char stacks[300][320] __attribute__((aligned(16)));
	cap_t frames = CAP(big_cnode_new(), 1);
	unsigned n = 300;

	OK(sys_split(mega_new(), 0, 512, frames));
	nobody = endpoint_new();
	/* All must sleep before the first is due: when this thread, below them, runs again, they do. */
	for (uint64_t lead = 50 * TICKS_MS; ; lead *= 2) {
		woken = woken_early = 0;
		base_time = sys_time() + lead;
		for (unsigned i = 0; i < n; i++) {
			uint64_t ticks = (i * 7919 % n) * (TICKS_MS / 4);

			thread_make(frames + i, (uint64_t)sleeper, (uint64_t)stacks[i] + sizeof(stacks[i]), ticks,
				    PRIO_TEST + 1);
			OK(sys_thread_set(frames + i, THREAD_RUN, 0));
		}
		if (sys_time() < base_time)
			break;
		for (unsigned i = 0; i < n; i++)
			OK(sys_revoke(frames + i, 0));
	}
	WAIT_UNTIL(woken == n);
	EQUAL(woken_early, 0);
	for (unsigned i = 1; i < n; i++)
		CHECK(order[i] >= order[i - 1]);
}

TEST(sleepers_killed_or_woken_in_any_order_leave_a_sound_heap)
{
	static char stacks[200][320] __attribute__((aligned(16)));
	cap_t frames = CAP(big_cnode_new(), 1);
	unsigned n = 200, killed = 0;

	OK(sys_split(mega_new(), 0, 512, frames));
	nobody = endpoint_new();
	/* All that are killed must sleep still. */
	for (uint64_t lead = 100 * TICKS_MS; ; lead *= 2) {
		woken = woken_early = killed = 0;
		base_time = sys_time() + lead;
		for (unsigned i = 0; i < n; i++) {
			thread_make(frames + i, (uint64_t)sleeper, (uint64_t)stacks[i] + sizeof(stacks[i]),
				    random_next() % (50 * TICKS_MS), PRIO_TEST + 1);
			OK(sys_thread_set(frames + i, THREAD_RUN, 0));
		}
		for (unsigned i = 0; i < 120; i++) {
			cap_t f = frames + random_next() % n;

			if (INSPECT_TYPE(inspect(f)) != TYPE_THREAD)
				continue;
			OK(sys_revoke(f, 0));
			killed++;
		}
		if (sys_time() < base_time)
			break;
		for (unsigned i = 0; i < n; i++)
			OK(sys_revoke(frames + i, 0));
	}
	WAIT_UNTIL(woken == n - killed);
	EQUAL(woken_early, 0);
}

TEST(c28_a_thousand_short_sleeps_each_end)
{
	for (unsigned i = 0; i < 1000; i++) {
		struct message m = { .info = INFO_DEADLINE };

		if (i == 0)
			nobody = endpoint_new();
		REFUSED(TIMEOUT, sys_reply_recv(nobody, &m, 0, sys_time() + 1 + i));
	}
}

/* ---- System ---------------------------------------------------------------------------------------- */

TEST(system_operations_need_their_right)
{
	static const uint8_t need[] = {
		[SYSTEM_RESET] = RIGHT_RESET, [SYSTEM_IRQ] = RIGHT_IRQ,	    [SYSTEM_HART] = RIGHT_HART,
		[SYSTEM_PUTC] = RIGHT_DEBUG,  [SYSTEM_AUDIT] = RIGHT_DEBUG, [SYSTEM_STATS] = RIGHT_DEBUG,
		[SYSTEM_SLICE] = RIGHT_HART,  [SYSTEM_WHY] = RIGHT_DEBUG,   [SYSTEM_TRACE] = RIGHT_DEBUG,
	};

	for (unsigned op = 0; op < sizeof(need); op++)
		REFUSED(NO_RIGHT, sys_system(copy_new(ROOT_SYSTEM, RIGHT_ALL & ~need[op]), op, 0, 0));
}

TEST(unknown_system_operations_are_refused)
{
	static const uint64_t bad[] = { 64, 255, 1UL << 32, 1UL << 32 | SYSTEM_PUTC, ~0UL };

	for (unsigned i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		REFUSED(BAD_CALL, sys_raw(SYS_SYSTEM, ROOT_SYSTEM, bad[i], 0, 0, 0, 0, 0, 0, 0));
	COVERS(SYSTEM, BAD_CALL);
}

TEST(the_audit_is_in_debug_kernels_only)
{
	if (debug_kernel) {
		OK(sys_system(ROOT_SYSTEM, SYSTEM_AUDIT, 0, 0));
	} else {
		REFUSED(NOT_BUILT, sys_system(ROOT_SYSTEM, SYSTEM_AUDIT, 0, 0));
		REFUSED(NOT_BUILT, sys_system(ROOT_SYSTEM, SYSTEM_WHY, 0, 0));
	}
	COVERS(SYSTEM, NOT_BUILT);
	OK(sys_system(ROOT_SYSTEM, SYSTEM_STATS, 0, 0));
	EQUAL(((struct kernel_stats *)buffer()->words)->debug, debug_kernel);
}

TEST(an_interrupt_binds_only_to_an_endpoint_with_signal)
{
	cap_t e = endpoint_new();

	REFUSED(BAD_SLOT, sys_system(ROOT_SYSTEM, SYSTEM_IRQ, 0, 0));
	REFUSED(BAD_SLOT, sys_system(ROOT_SYSTEM, SYSTEM_IRQ, slots_new(1), 0));
	REFUSED(BAD_TYPE, sys_system(ROOT_SYSTEM, SYSTEM_IRQ, ROOT_CNODE, 0));
	REFUSED(NO_RIGHT, sys_system(ROOT_SYSTEM, SYSTEM_IRQ, mint(e, RIGHT_CALL, 1), 0));
	OK(sys_system(ROOT_SYSTEM, SYSTEM_IRQ, mint(e, RIGHT_SIGNAL, 1), 0));
	OK(sys_system(ROOT_SYSTEM, SYSTEM_IRQ, e, 0));
	/* Its end unbinds it. */
	OK(sys_revoke(e, 0));
}

TEST(c15_the_kernels_stack_was_never_used_up)
{
	NEED_DEBUG();
	OK(sys_system(ROOT_SYSTEM, SYSTEM_AUDIT, 0, 0));
	test_note("bytes of 4,096", ((struct kernel_stats *)buffer()->words)->stack_used);
	CHECK(((struct kernel_stats *)buffer()->words)->stack_used <= 3072);
}
