/*
 * smp.c: several harts: start, pokes, remote unmap, migration, stopping what runs elsewhere, messages between harts.
 * Each test that needs more harts than the machine has skips.
 */
#include "harness.h"

#define SEEN 32
static volatile uint64_t counter, other, go, seen[SEEN];

static void count_forever(uint64_t arg)
{
	(void)arg;
	for (;;)
		counter++;
}

/* A helper on the hart, running. */
static struct helper *start_on(unsigned hart, void (*entry)(uint64_t), uint64_t arg, unsigned prio)
{
	struct helper *h = helper_new(entry, arg, prio);

	thread_to_hart(h->thread, hart);
	OK(sys_thread_set(h->thread, THREAD_RUN, 0));
	return h;
}

/* Spins until the counter moved. */
static void wait_moving(void)
{
	uint64_t from = counter, end = sys_time() + 5000UL * TICKS_MS;

	while (counter == from && sys_time() < end)
		;
	CHECK(counter != from);
}

static void check_still(void)
{
	uint64_t from = counter;

	spin_ms(5);
	EQUAL(counter, from);
}

TEST(a_hart_is_started_once_and_only_if_it_is_there)
{
	REFUSED(BUSY, sys_system(ROOT_SYSTEM, SYSTEM_HART, boot.boot_hart, 0));
	COVERS(SYSTEM, BUSY);
	REFUSED(BAD_ARG, sys_system(ROOT_SYSTEM, SYSTEM_HART, 4095, 0));
	REFUSED(BAD_ARG, sys_system(ROOT_SYSTEM, SYSTEM_HART, ~0UL, 0));
	for (unsigned i = 0; i < hart_count; i++)
		REFUSED(BUSY, sys_system(ROOT_SYSTEM, SYSTEM_HART, i, 0));
	if (debug_kernel) {
		OK(sys_system(ROOT_SYSTEM, SYSTEM_AUDIT, 0, 0));
		EQUAL(((struct kernel_stats *)buffer()->words)->harts, hart_count);
	}
}

TEST(threads_on_every_hart_run_at_the_same_time)
{
	NEED_HARTS(2);
	for (unsigned i = 1; i < hart_count; i++)
		(void)start_on(i, count_forever, 0, PRIO_TEST - 1);
	/* Lower than this thread: only another hart runs them while this one spins. */
	for (unsigned i = 0; i < 100; i++)
		wait_moving();
}

TEST(a_thread_on_another_hart_is_stopped_and_goes_on)
{
	struct helper *h;
	unsigned again = 0;
	long r;

	NEED_HARTS(2);
	COVERS(THREAD_SET, AGAIN);
	h = start_on(1, count_forever, 0, PRIO_TEST);
	for (unsigned i = 0; i < 50; i++) {
		wait_moving();
		while ((r = sys_thread_set(h->thread, THREAD_STOP, 0)) == -E_AGAIN)
			again++;
		OK(r);
		check_still();
		OK(sys_thread_set(h->thread, THREAD_RUN, 0));
	}
	wait_moving();
	CHECK(again > 0);
}

TEST(a_thread_on_another_hart_is_destroyed)
{
	cap_t f = frame_new();
	static char stack[512] __attribute__((aligned(16)));

	NEED_HARTS(2);
	for (unsigned i = 0; i < 200; i++) {
		thread_make(f, (uint64_t)count_forever, (uint64_t)stack + sizeof(stack), 0, PRIO_TEST);
		thread_to_hart(f, 1 + i % (hart_count - 1));
		OK(sys_thread_set(f, THREAD_RUN, 0));
		/* Now and then before it has run at all. */
		if (i % 3)
			wait_moving();
		OK(sys_revoke(f, 0));
		if (i % 20 == 0)
			check_still();
	}
}

static void end_at_once(uint64_t arg)
{
	(void)arg;
	other = 1;
	thread_end();
}

TEST(raising_and_lowering_priorities_on_another_hart_takes_effect)
{
	struct helper *a;

	NEED_HARTS(2);
	other = 0;
	a = start_on(1, count_forever, 0, 20);
	wait_moving();
	(void)start_on(1, end_at_once, 0, 10);
	spin_ms(5);
	EQUAL(other, 0);
	OK(sys_thread_set(a->thread, THREAD_PRIO, 5));
	wait_for(&other, 1);
	wait_moving();
}

static void keep_registers(uint64_t arg)
{
	(void)arg;
	for (;;) {
		uint64_t a = 1, b = 2, c = 3;

		for (unsigned i = 0; i < 100; i++)
			__asm__ volatile("addi %0, %0, 1\n addi %1, %1, 1\n addi %2, %2, 1"
					 : "+r"(a), "+r"(b), "+r"(c));
		if (a != 101 || b != 102 || c != 103)
			other++;
		counter++;
	}
}

TEST(a_thread_migrates_and_keeps_its_registers)
{
	struct helper *h;

	NEED_HARTS(2);
	other = 0;
	h = start_on(1, keep_registers, 0, PRIO_TEST);
	for (unsigned i = 0; i < 200; i++) {
		unsigned to = (unsigned)(random_next() % hart_count);

		thread_to_hart(h->thread, to);
		if (to == 0)
			sleep_ms(1);
		else
			wait_moving();
	}
	EQUAL(other, 0);
}

static void keep_fpu(uint64_t mark)
{
	__asm__ volatile(
	    ".option push\n.option arch, +d\n"
	    ".irp n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31\n"
	    "addi t0, %0, \\n\n fmv.d.x f\\n, t0\n .endr\n .option pop\n"
	    :
	    : "r"(mark)
	    : "t0");
	for (;;) {
		uint64_t bad = 0;

		__asm__ volatile(
		    ".option push\n.option arch, +d\n"
		    ".irp n, "
		    "0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31\n"
		    "fmv.x.d t0, f\\n\n addi t0, t0, -\\n\n xor t0, t0, %1\n or %0, %0, t0\n .endr\n .option "
		    "pop\n"
		    : "+r"(bad)
		    : "r"(mark)
		    : "t0");
		if (bad)
			other++;
		counter++;
	}
}

TEST(c16_fpu_state_migrates_with_its_thread)
{
	struct helper *h[3];

	NEED_HARTS(2);
	other = 0;
	for (unsigned i = 0; i < 3; i++)
		h[i] = start_on(i % hart_count, keep_fpu, 0x1000 * (i + 1), PRIO_TEST - 1);
	for (unsigned i = 0; i < 100; i++) {
		thread_to_hart(h[i % 3]->thread, (unsigned)(random_next() % hart_count));
		sleep_ms(1);
	}
	EQUAL(other, 0);
}

TEST(fpu_state_is_read_from_a_stopped_thread_of_another_hart)
{
	struct helper *h;
	long r;

	NEED_HARTS(2);
	h = start_on(1, keep_fpu, 0x7000, PRIO_TEST);
	wait_moving();
	thread_stop(h->thread);
	do
		r = sys_thread_regs(h->thread, REGS_READ, REGS_FLOAT);
	while (r == -E_AGAIN);
	OK(r);
	for (unsigned i = 0; i < 32; i++)
		EQUAL(buffer()->words[i], 0x7000 + i);
	OK(sys_thread_set(h->thread, THREAD_RUN, 0));
	wait_moving();
	EQUAL(other, 0);
}

/* ---- memory ---------------------------------------------------------------------------------------- */

static void read_page(uint64_t va)
{
	for (;;) {
		uint64_t v = *(volatile uint64_t *)va;

		if (v == 0xdead)
			other++;
		counter++;
	}
}

TEST(c04_a_page_unmapped_while_another_hart_reads_it_is_never_read_again)
{
	cap_t f = frame_new(), e = endpoint_new();
	struct message m = { .info = 0 };

	NEED_HARTS(2);
	for (unsigned how = 0; how < 4; how++) {
		struct helper *h = helper_new(read_page, FREE_VA, PRIO_TEST);
		cap_t share = child_new(GIVE_SHARE, f, RIGHT_R | RIGHT_W);

		other = 0;
		OK(map_here(f, FREE_VA + PAGE_SIZE, RIGHT_R | RIGHT_W));
		*(volatile uint64_t *)(FREE_VA + PAGE_SIZE) = 1;
		OK(map_here(share, FREE_VA, RIGHT_R));
		OK(sys_thread_pager(h->thread, e, 5));
		thread_to_hart(h->thread, 1);
		OK(sys_thread_set(h->thread, THREAD_RUN, 0));
		wait_moving();
		if (how == 0)
			OK(unmap_one(share));
		else if (how == 1)
			OK(sys_delete(share));
		else if (how == 2)
			OK(sys_revoke(share, 0));
		else
			OK(sys_revoke(f, 0));
		/* From here on the frame is somebody else's. */
		(void)unmap_one(f);
		OK(map_here(f, FREE_VA + PAGE_SIZE, RIGHT_R | RIGHT_W));
		*(volatile uint64_t *)(FREE_VA + PAGE_SIZE) = 0xdead;
		spin_ms(5);
		EQUAL(other, 0);
		OK(receive(e, &m));
		EQUAL(info_kind(m.info), KIND_FAULT);
		EQUAL(m.w[0], FREE_VA);
		OK(sys_revoke(h->thread, 0));
		OK(sys_revoke(f, 0));
		answer(0);
	}
}

static void write_page(uint64_t va)
{
	for (;;) {
		*(volatile uint64_t *)va = go;
		counter++;
	}
}

TEST(c04_a_page_frozen_while_another_hart_writes_it_does_not_change_any_more)
{
	NEED_HARTS(2);
	for (unsigned round = 0; round < 3; round++) {
		cap_t f = frame_new(), e = endpoint_new(), frozen;
		struct helper *h = helper_new(write_page, FREE_VA, PRIO_TEST);
		struct message m = { .info = 0 };
		uint64_t value;

		OK(map_here(f, FREE_VA, RIGHT_R | RIGHT_W));
		OK(sys_thread_pager(h->thread, e, 5));
		thread_to_hart(h->thread, 1);
		go = 1;
		OK(sys_thread_set(h->thread, THREAD_RUN, 0));
		wait_moving();
		frozen = child_new(GIVE_FREEZE, f, RIGHT_R);
		OK(map_here(frozen, FREE_VA + PAGE_SIZE, RIGHT_R));
		value = *(volatile uint64_t *)(FREE_VA + PAGE_SIZE);
		go = 2;
		spin_ms(5);
		EQUAL(*(volatile uint64_t *)(FREE_VA + PAGE_SIZE), value);
		OK(receive(e, &m));
		EQUAL(m.w[1], RIGHT_W | 15 << 8);
		OK(sys_revoke(h->thread, 0));
		OK(sys_revoke(f, 0));
		answer(0);
	}
}

TEST(c04_a_page_table_taken_from_under_another_hart)
{
	cap_t t1 = frame_new(), t0 = frame_new(), f = frame_new(), e = endpoint_new();
	struct helper *h;
	struct message m = { .info = 0 };

	NEED_HARTS(2);
	h = helper_new(read_page, NO_TABLE_VA, PRIO_TEST);
	OK(sys_table(t1, ROOT_VSPACE, NO_TABLE_VA));
	OK(sys_table(t0, ROOT_VSPACE, NO_TABLE_VA));
	OK(map_here(f, NO_TABLE_VA, RIGHT_R));
	OK(sys_thread_pager(h->thread, e, 5));
	thread_to_hart(h->thread, 1);
	OK(sys_thread_set(h->thread, THREAD_RUN, 0));
	wait_moving();
	OK(sys_revoke(t1, 0));
	OK(receive(e, &m));
	EQUAL(m.w[0], NO_TABLE_VA);
}

TEST(a_space_destroyed_while_another_hart_runs_in_it)
{
	NEED_HARTS(2);
	for (unsigned i = 0; i < 4; i++) {
		struct puppet *p = puppet_new(PRIO_TEST);
		struct message m = { .info = 0 };
		cap_t f = frame_new();

		OK(sys_map(p->space, PUPPET_DATA, RIGHT_R | RIGHT_W, 1, f, 1, 0));
		thread_to_hart(p->thread, 1);
		OK(sys_thread_set(p->thread, THREAD_RUN, 0));
		OK(receive(p->endpoint, &m));
		m = (struct message){ .info = INFO_REPLY | 3, .w = { PUPPET_SPIN_LOAD, PUPPET_DATA, 0 } };
		OK(sys_reply_recv(0, &m, 0, 0));
		spin_ms(2);
		OK(sys_revoke(p->space, 0));
		REFUSED(BUSY, sys_thread_set(p->thread, THREAD_RUN, 0));
		CHECK(!INSPECT_MAPPED(inspect(f)));
		OK(sys_revoke(p->thread, 0));
	}
}

static void serve_long_messages(uint64_t endpoint)
{
	struct message m = { .info = 0 };

	while (sys_reply_recv(endpoint, &m, 0, 0) == 0)
		m.info = INFO_REPLY | 100;
	thread_end();
}

static void send_long_messages(uint64_t call)
{
	for (;;) {
		struct message m = { .info = info_make(0, 100, 0) };

		(void)sys_call(call, &m);
		counter++;
	}
}

TEST(c14_a_buffer_taken_away_while_its_thread_sends_on_another_hart)
{
	cap_t e = endpoint_new(), c = mint(e, RIGHT_CALL, 1);
	struct helper *h;

	NEED_HARTS(2);
	(void)start_on(1, serve_long_messages, e, PRIO_TEST + 1);
	h = start_on(1, send_long_messages, c, PRIO_TEST);
	for (unsigned i = 0; i < 100; i++) {
		wait_moving();
		OK(sys_revoke(h->frame, 0));
		spin_ms(1);
		OK(map_here(h->frame, (uint64_t)h->buffer, RIGHT_R | RIGHT_W));
		thread_stop(h->thread);
		OK(sys_thread_set(h->thread, THREAD_BUFFER, h->frame));
		OK(sys_thread_set(h->thread, THREAD_RUN, 0));
	}
}

/* ---- messages --------------------------------------------------------------------------------------- */

static void echo(uint64_t endpoint)
{
	struct message m = { .info = 0 };

	while (sys_reply_recv(endpoint, &m, 0, 0) == 0) {
		seen[m.badge % SEEN]++;
		m.info = INFO_REPLY | 1;
		m.w[0]++;
	}
	thread_end();
}

TEST(calls_and_answers_cross_harts)
{
	cap_t e = endpoint_new(), c = mint(e, RIGHT_CALL, 3);

	NEED_HARTS(2);
	(void)start_on(1, echo, e, PRIO_TEST + 1);
	for (uint64_t i = 0; i < 500; i++) {
		uint64_t word = i;

		OK(call_word(c, &word));
		EQUAL(word, i + 1);
	}
}

static void call_many(uint64_t call)
{
	for (uint64_t i = 0; i < (hart_count > 2 ? 40 : 500); i++) {
		uint64_t word = i;

		if (call_word(call, &word) || word != i + 1)
			other++;
	}
	__atomic_fetch_add(&counter, 1, __ATOMIC_RELAXED);
	thread_end();
}

TEST(clients_on_all_harts_call_one_server)
{
	cap_t e = endpoint_new();
	unsigned n = 8;

	NEED_HARTS(2);
	counter = other = 0;
	(void)start_on(hart_count - 1, echo, e, PRIO_TEST + 1);
	for (unsigned i = 0; i < n; i++)
		(void)start_on(i % hart_count, call_many, mint(e, RIGHT_CALL, i + 1), PRIO_TEST - 1);
	wait_for(&counter, n);
	EQUAL(other, 0);
}

static void serve_as(uint64_t hart)
{
	struct message m = { .info = 0 };

	while (sys_reply_recv(SLOT_TEST + 330, &m, 0, 0) == 0)
		m = (struct message){ .info = INFO_REPLY | 1, .w = { hart } };
	thread_end();
}

static void ask_who(uint64_t hart)
{
	for (unsigned i = 0; i < 100; i++) {
		uint64_t word = 0;

		if (call_word(SLOT_TEST + 331, &word))
			other++;
		seen[hart] += word == hart;
	}
	__atomic_fetch_add(&counter, 1, __ATOMIC_RELAXED);
	thread_end();
}

TEST(k5_a_call_goes_to_the_receiver_on_the_callers_hart)
{
	cap_t e = endpoint_new();

	NEED_HARTS(2);
	OK(sys_give(GIVE_MOVE, copy_new(e, RIGHT_ALL), 1, SLOT_TEST + 330, 0, 0, 0));
	OK(sys_give(GIVE_MOVE, copy_new(e, RIGHT_CALL), 1, SLOT_TEST + 331, 0, 0, 0));
	for (unsigned i = 0; i < hart_count; i++)
		(void)start_on(i, serve_as, i, PRIO_TEST + 2);
	sleep_ms(5);
	/* One hart at a time: every receiver waits at each call. */
	for (unsigned i = 0; i < hart_count; i++) {
		counter = other = seen[i] = 0;
		(void)start_on(i, ask_who, i, PRIO_TEST - 1);
		wait_for(&counter, 1);
		EQUAL(other, 0);
		EQUAL(seen[i], 100);
	}
}

static void count_signals(uint64_t endpoint)
{
	struct message m = { .info = 0 };

	for (;;) {
		m.info = 0;
		(void)sys_reply_recv(endpoint, &m, 0, 0);
		other += m.w[0];
	}
}

TEST(a_signal_wakes_a_receiver_on_an_idle_hart)
{
	cap_t e = endpoint_new();

	NEED_HARTS(2);
	other = 0;
	(void)start_on(hart_count - 1, count_signals, e, PRIO_TEST);
	for (unsigned i = 1; i <= 100; i++) {
		/* So that it waits, and its hart with it. */
		spin_ms(1);
		OK(sys_signal(e));
		spin_for(&other, i);
	}
}

/* Takes one call and never answers. */
static void take_and_spin(uint64_t endpoint)
{
	struct message m = { .info = 0 };

	(void)sys_reply_recv(endpoint, &m, 0, 0);
	go = 1;
	for (;;)
		counter++;
}

static void kill_when_told(uint64_t thread)
{
	for (;;) {
		while (!go)
			;
		spin_ms(1);
		OK(sys_revoke(thread, 0));
		go = 0;
	}
}

TEST(killing_a_server_on_another_hart_tells_its_caller_here)
{
	static char stack[512] __attribute__((aligned(16)));
	cap_t e = endpoint_new(), c = mint(e, RIGHT_CALL, 1), f = frame_new();

	NEED_HARTS(3);
	go = 0;
	(void)start_on(2, kill_when_told, f, PRIO_TEST + 1);
	for (unsigned i = 0; i < 10; i++) {
		uint64_t word = 0;

		thread_make(f, (uint64_t)take_and_spin, (uint64_t)stack + sizeof(stack), e, PRIO_TEST - 1);
		thread_to_hart(f, 1);
		OK(sys_thread_set(f, THREAD_RUN, 0));
		REFUSED(SERVER_GONE, call_word(c, &word));
		spin_for(&go, 0);
	}
}

static void stop_and_run(uint64_t thread)
{
	while (!go) {
		long r = sys_thread_set(thread, THREAD_STOP, 0);

		if (r == 0)
			(void)sys_thread_set(thread, THREAD_RUN, 0);
	}
	other++;
	thread_end();
}

TEST(two_harts_that_stop_one_thread_do_not_lose_it)
{
	struct helper *h;

	NEED_HARTS(3);
	go = other = 0;
	h = start_on(1, count_forever, 0, PRIO_TEST);
	(void)start_on(2, stop_and_run, h->thread, PRIO_TEST);
	for (unsigned i = 0; i < 200; i++) {
		(void)sys_thread_set(h->thread, THREAD_STOP, 0);
		(void)sys_thread_set(h->thread, THREAD_RUN, 0);
	}
	go = 1;
	spin_for(&other, 1);
	thread_stop(h->thread);
	OK(sys_thread_set(h->thread, THREAD_RUN, 0));
	wait_moving();
}

TEST(a_stop_abandoned_after_again_can_be_taken_back)
{
	struct helper *h;
	long r;

	NEED_HARTS(2);
	h = start_on(1, count_forever, 0, PRIO_TEST);
	for (unsigned i = 0; i < 20; i++) {
		wait_moving();
		/* Once only: the thread may be held, now or a little later, for a stop that nobody finishes. */
		(void)sys_thread_set(h->thread, THREAD_STOP, 0);
		for (unsigned k = 0; k < 20; k++) {
			spin_ms(1);
			r = sys_thread_set(h->thread, THREAD_RUN, 0);
			CHECK(r == 0 || r == -E_RUNNING);
		}
	}
	wait_moving();
}

TEST(a_thread_that_blocks_while_it_is_wanted_is_not_held_later)
{
	cap_t e = endpoint_new(), c = mint(e, RIGHT_CALL, 1);
	struct helper *h;

	NEED_HARTS(2);
	counter = 0;
	h = start_on(1, send_long_messages, c, PRIO_TEST);
	for (unsigned i = 0; i < 300; i++) {
		struct message m = { .info = 0 };

		OK(receive(e, &m));
		answer(0);
		/* It calls again at once: the poke for this stop comes late or not at all. */
		thread_stop(h->thread);
		OK(sys_thread_set(h->thread, THREAD_RUN, 0));
		spin_ms(1);
	}
	CHECK(counter >= 300);
}
