/*
 * thread.c: thread_set and thread_regs: every error, and what a thread's registers hold after a call and at its start.
 */
#include "harness.h"

static volatile uint64_t seen[40];
static volatile uint64_t counter;

static void count_forever(uint64_t arg)
{
	(void)arg;
	for (;;)
		counter++;
}

static void count_once(uint64_t arg)
{
	counter += arg;
	thread_end();
}

TEST(thread_set_needs_the_right_to_write)
{
	cap_t t = frame_new(), weak;

	OK(sys_make(t, TYPE_THREAD, 0));
	weak = copy_new(t, RIGHT_ALL & ~RIGHT_WRITE);
	for (unsigned field = 0; field < THREAD_FIELDS; field++)
		REFUSED(NO_RIGHT, sys_thread_set(weak, field, 0));
	REFUSED(NO_RIGHT, sys_thread_regs(weak, REGS_WRITE, REGS_GENERAL));
	OK(sys_thread_regs(weak, REGS_READ, REGS_GENERAL));
	REFUSED(NO_RIGHT, sys_thread_regs(copy_new(t, RIGHT_WRITE), REGS_READ, REGS_GENERAL));
}

TEST(thread_set_refuses_unknown_fields)
{
	static const uint64_t bad[] = {
		THREAD_FIELDS, THREAD_FIELDS + 1, 255, 1UL << 32, 1UL << 32 | THREAD_STOP, ~0UL
	};
	cap_t t = frame_new();

	OK(sys_make(t, TYPE_THREAD, 0));
	for (unsigned i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		REFUSED(BAD_ARG, sys_raw(SYS_THREAD_SET, t, bad[i], 0, 0, 0, 0, 0, 0, 0));
	REFUSED(BAD_ARG, sys_thread_set(t, THREAD_HART_INDEX, hart_count));
	REFUSED(BAD_ARG, sys_thread_set(t, THREAD_HART_INDEX, ~0UL));
}

TEST(thread_set_of_a_capability_checks_its_rights_and_type)
{
	struct helper *h = helper_new(count_once, 1, PRIO_TEST - 1);
	cap_t t = h->thread, f = frame_new(), e = endpoint_new();

	REFUSED(BAD_SLOT, sys_thread_set(t, THREAD_CSPACE, 0));
	REFUSED(BAD_SLOT, sys_thread_set(t, THREAD_VSPACE, slots_new(1)));
	REFUSED(BAD_TYPE, sys_thread_set(t, THREAD_VSPACE, ROOT_CNODE));
	REFUSED(BAD_TYPE, sys_thread_set(t, THREAD_PAGER, ROOT_CNODE));
	REFUSED(BAD_TYPE, sys_thread_set(t, THREAD_BUFFER, ROOT_CNODE));
	REFUSED(NO_RIGHT, sys_thread_set(t, THREAD_CSPACE, copy_new(ROOT_CNODE, RIGHT_READ)));
	REFUSED(NO_RIGHT, sys_thread_set(t, THREAD_CSPACE, copy_new(ROOT_CNODE, RIGHT_WRITE)));
	REFUSED(NO_RIGHT, sys_thread_set(t, THREAD_VSPACE, copy_new(ROOT_VSPACE, RIGHT_ALL & ~RIGHT_WRITE)));
	REFUSED(NO_RIGHT, sys_thread_set(t, THREAD_PAGER, copy_new(e, RIGHT_ALL & ~RIGHT_CALL)));
	REFUSED(NO_RIGHT, sys_thread_set(t, THREAD_BUFFER, child_new(GIVE_SHARE, f, RIGHT_R)));
	REFUSED(BAD_ARG, sys_thread_set(t, THREAD_BUFFER, mega_new()));
	/* A second name on a badged pager. */
	REFUSED(BAD_TYPE, sys_thread_pager(t, mint(e, RIGHT_CALL, 5), 6));
	OK(sys_thread_pager(t, mint(e, RIGHT_CALL, 5), 0));
	OK(sys_thread_set(t, THREAD_BUFFER, 0));
	OK(sys_thread_set(t, THREAD_BUFFER, 0));
}

TEST(a_buffer_must_be_one_that_can_be_shared)
{
	struct helper *h = helper_new(count_once, 1, PRIO_TEST - 1);
	cap_t f = frame_new(), child = child_new(GIVE_LEND, f, RIGHT_ALL), frozen;

	REFUSED(BUSY, sys_thread_set(h->thread, THREAD_BUFFER, f));
	COVERS(THREAD_SET, BUSY);
	OK(sys_thread_set(h->thread, THREAD_BUFFER, child));
	/* While it is shared to a thread it cannot be lent, frozen, split or made. */
	REFUSED(BUSY, sys_give(GIVE_LEND, child, 1, slots_new(1), RIGHT_ALL, 0, 0));
	REFUSED(BUSY, sys_give(GIVE_FREEZE, child, 1, slots_new(1), RIGHT_ALL, 0, 0));
	REFUSED(BUSY, sys_make(child, TYPE_CNODE, 0));
	OK(sys_revoke(f, 0));
	frozen = child_new(GIVE_FREEZE, f, RIGHT_ALL);
	REFUSED(NO_RIGHT, sys_thread_set(h->thread, THREAD_BUFFER, frozen));
	REFUSED(BUSY, sys_thread_set(h->thread, THREAD_BUFFER, f));
	/* The thread lost its buffer: it runs on without one. */
	counter = 0;
	OK(sys_thread_set(h->thread, THREAD_RUN, 0));
	wait_for(&counter, 1);
}

TEST(a_ready_or_running_thread_keeps_what_it_stands_on)
{
	struct helper *h = helper_start(count_forever, 0, PRIO_TEST - 1);

	REFUSED(RUNNING, sys_thread_set(h->thread, THREAD_VSPACE, ROOT_VSPACE));
	REFUSED(RUNNING, sys_thread_set(h->thread, THREAD_BUFFER, 0));
	REFUSED(RUNNING, sys_thread_set(h->thread, THREAD_PAGER, endpoint_new()));
	REFUSED(RUNNING, sys_thread_set(h->thread, THREAD_RUN, 0));
	REFUSED(RUNNING, sys_thread_regs(h->thread, REGS_READ, REGS_GENERAL));
	REFUSED(RUNNING, sys_thread_regs(h->thread, REGS_WRITE, REGS_GENERAL));
	REFUSED(RUNNING, sys_thread_regs(h->thread, REGS_READ, REGS_FLOAT));
	thread_stop(h->thread);
	OK(sys_thread_set(h->thread, THREAD_VSPACE, ROOT_VSPACE));
}

TEST(a_thread_without_cnode_or_space_does_not_run)
{
	cap_t t = frame_new();

	OK(sys_make(t, TYPE_THREAD, 0));
	REFUSED(BUSY, sys_thread_set(t, THREAD_RUN, 0));
	OK(sys_thread_set(t, THREAD_CSPACE, ROOT_CNODE));
	REFUSED(BUSY, sys_thread_set(t, THREAD_RUN, 0));
	OK(sys_thread_set(t, THREAD_VSPACE, ROOT_VSPACE));
	/* It has neither code nor pager at 0: it stops at its first instruction. */
	OK(sys_thread_set(t, THREAD_PRIO, PRIO_TEST + 1));
	OK(sys_thread_set(t, THREAD_RUN, 0));
	OK(sys_thread_regs(t, REGS_WRITE, REGS_GENERAL));
}

TEST(priorities_have_a_limit_that_nobody_passes)
{
	struct helper *h = helper_new(count_once, 1, PRIO_TEST - 1);

	REFUSED(PRIO, sys_thread_set(h->thread, THREAD_PRIO, PRIO_COUNT));
	REFUSED(PRIO, sys_thread_set(h->thread, THREAD_PRIO, ~0UL));
	REFUSED(PRIO, sys_thread_set(h->thread, THREAD_MAX_PRIO, PRIO_COUNT));
	OK(sys_thread_set(h->thread, THREAD_PRIO, PRIO_COUNT - 1));
	OK(sys_thread_set(h->thread, THREAD_PRIO, 0));
}

static void set_prio_too_high(uint64_t arg)
{
	seen[0] = (uint64_t)sys_thread_set(arg, THREAD_PRIO, 31);
	seen[1] = (uint64_t)sys_thread_set(arg, THREAD_PRIO, 30);
	seen[2] = (uint64_t)sys_thread_set(arg, THREAD_MAX_PRIO, 31);
	seen[3] = 1;
	thread_end();
}

TEST(a_thread_gives_no_priority_above_its_own_maximum)
{
	struct helper *other = helper_new(count_once, 1, 1), *h = helper_new(set_prio_too_high, other->thread, 20);

	OK(sys_thread_set(h->thread, THREAD_MAX_PRIO, 30));
	seen[3] = 0;
	OK(sys_thread_set(h->thread, THREAD_RUN, 0));
	wait_for(&seen[3], 1);
	EQUAL(seen[0], -E_PRIO);
	EQUAL(seen[1], 0);
	EQUAL(seen[2], -E_PRIO);
}

TEST(raising_a_ready_threads_priority_runs_it_at_once)
{
	struct helper *h = helper_start(count_once, 5, PRIO_TEST - 1);

	counter = 0;
	EQUAL(counter, 0);
	OK(sys_thread_set(h->thread, THREAD_PRIO, PRIO_TEST + 1));
	EQUAL(counter, 5);
}

TEST(lowering_the_own_priority_yields_to_who_is_ready)
{
	struct helper *h = helper_start(count_once, 7, PRIO_TEST - 5);

	(void)h;
	counter = 0;
	OK(sys_thread_set(THREAD_TEST, THREAD_PRIO, PRIO_TEST - 10));
	EQUAL(counter, 7);
	OK(sys_thread_set(THREAD_TEST, THREAD_PRIO, PRIO_TEST));
}

TEST(regs_refuses_bad_groups_and_callers_without_a_buffer)
{
	cap_t t = frame_new();

	OK(sys_make(t, TYPE_THREAD, 0));
	REFUSED(BAD_ARG, sys_thread_regs(t, 2, REGS_GENERAL));
	REFUSED(BAD_ARG, sys_thread_regs(t, REGS_READ, 2));
	REFUSED(BAD_ARG, sys_thread_regs(t, REGS_READ, ~0U));
	REFUSED(BAD_ARG, sys_raw(SYS_THREAD_REGS, t, 1UL << 32, 0, 0, 0, 0, 0, 0, 0));
}

static void calls_without_a_buffer(uint64_t arg)
{
	struct message m = { .info = info_make(0, 6, 0) };

	seen[0] = (uint64_t)sys_thread_regs(arg, REGS_READ, REGS_GENERAL);
	seen[1] = (uint64_t)sys_unmap(1, arg, 1, 0);
	seen[2] = (uint64_t)sys_scan(ROOT_VSPACE, 0, 1, 0);
	seen[3] = (uint64_t)sys_map(ROOT_VSPACE, FREE_VA, RIGHT_R, 2, arg, 1, 0);
	seen[4] = (uint64_t)sys_system(ROOT_SYSTEM, SYSTEM_STATS, 0, 0);
	seen[5] = (uint64_t)sys_call(SLOT_TEST + 300, &m);
	m.info = info_make(0, 0, 1);
	seen[6] = (uint64_t)sys_call(SLOT_TEST + 300, &m);
	seen[7] = 1;
	thread_end();
}

TEST(c18_calls_that_need_a_buffer_refuse_callers_without_one)
{
	struct helper *h = helper_new(calls_without_a_buffer, ROOT_THREAD, PRIO_TEST + 1);

	OK(sys_give(GIVE_COPY, endpoint_new(), 1, SLOT_TEST + 300, RIGHT_ALL, 0, 0));
	OK(sys_thread_set(h->thread, THREAD_BUFFER, 0));
	seen[7] = 0;
	OK(sys_thread_set(h->thread, THREAD_RUN, 0));
	wait_for(&seen[7], 1);
	for (unsigned i = 0; i < 7; i++)
		EQUAL(seen[i], -E_BAD_ARG);
	COVERS(CALL, BAD_ARG);
	COVERS(UNMAP, BAD_ARG);
	COVERS(SYSTEM, BAD_ARG);
	COVERS(THREAD_REGS, BAD_ARG);
}

TEST(regs_written_are_regs_read)
{
	cap_t t = frame_new();
	uint64_t *w = buffer()->words;

	OK(sys_make(t, TYPE_THREAD, 0));
	for (unsigned i = 0; i < 32; i++)
		w[i] = 0x1000 + i;
	OK(sys_thread_regs(t, REGS_WRITE, REGS_GENERAL));
	for (unsigned i = 0; i < 33; i++)
		w[i] = 0x4000000000000000 + i;
	OK(sys_thread_regs(t, REGS_WRITE, REGS_FLOAT));
	OK(sys_thread_regs(t, REGS_READ, REGS_GENERAL));
	for (unsigned i = 0; i < 32; i++)
		EQUAL(w[i], 0x1000 + i);
	OK(sys_thread_regs(t, REGS_READ, REGS_FLOAT));
	for (unsigned i = 0; i < 32; i++)
		EQUAL(w[i], 0x4000000000000000 + i);
	EQUAL(w[32], 32);
}

/* Stores x1 to x31 as they are at a thread's start into seen[1..31]. */
__attribute__((naked)) static void store_registers(void)
{
	__asm__ volatile(
		"addi sp, sp, -16\n"
		"sd t0, 0(sp)\n"
		"sd t1, 8(sp)\n"
		"lla t0, seen\n"
		"sd x1, 8(t0)\n"
		"addi t1, sp, 16\n"
		"sd t1, 16(t0)\n"
		"sd x3, 24(t0)\n sd x4, 32(t0)\n"
		"ld t1, 0(sp)\n sd t1, 40(t0)\n"
		"ld t1, 8(sp)\n sd t1, 48(t0)\n"
		"sd x7, 56(t0)\n sd x8, 64(t0)\n sd x9, 72(t0)\n sd x10, 80(t0)\n sd x11, 88(t0)\n sd x12, 96(t0)\n"
		"sd x13, 104(t0)\n sd x14, 112(t0)\n sd x15, 120(t0)\n sd x16, 128(t0)\n sd x17, 136(t0)\n"
		"sd x18, 144(t0)\n"
		"sd x19, 152(t0)\n sd x20, 160(t0)\n sd x21, 168(t0)\n sd x22, 176(t0)\n sd x23, 184(t0)\n"
		"sd x24, 192(t0)\n"
		"sd x25, 200(t0)\n sd x26, 208(t0)\n sd x27, 216(t0)\n sd x28, 224(t0)\n sd x29, 232(t0)\n"
		"sd x30, 240(t0)\n"
		"sd x31, 248(t0)\n"
		"li t1, 1\n sd t1, 256(t0)\n"
		"j thread_end\n");
}

TEST(c17_a_new_thread_has_no_register_but_those_it_was_given)
{
	static char stack[256] __attribute__((aligned(16)));
	cap_t t = frame_new();
	uint64_t sp = (uint64_t)stack + sizeof(stack);

	/* What the frame held before shows nowhere. */
	OK(map_here(t, FREE_VA, RIGHT_R | RIGHT_W));
	for (unsigned i = 0; i < PAGE_SIZE / 8; i++)
		((volatile uint64_t *)FREE_VA)[i] = 0xabababababababab;
	OK(unmap_one(t));
	OK(sys_make(t, TYPE_THREAD, 0));
	OK(sys_thread_set(t, THREAD_CSPACE, ROOT_CNODE));
	OK(sys_thread_set(t, THREAD_VSPACE, ROOT_VSPACE));
	OK(sys_thread_set(t, THREAD_PRIO, PRIO_TEST + 1));
	OK(sys_thread_regs(t, REGS_READ, REGS_GENERAL));
	for (unsigned i = 0; i < 32; i++)
		EQUAL(buffer()->words[i], 0);
	buffer()->words[0] = (uint64_t)store_registers;
	buffer()->words[2] = sp;
	OK(sys_thread_regs(t, REGS_WRITE, REGS_GENERAL));
	seen[32] = 0;
	OK(sys_thread_set(t, THREAD_RUN, 0));
	wait_for(&seen[32], 1);
	for (unsigned i = 1; i < 32; i++)
		EQUAL(seen[i], i == 2 ? sp : 0);
}

/*
 * Fills all registers with marks, makes the call in a7 with the arguments given in `in` (a0 ... a7) and stores all
 * registers behind it to seen[]. s1 holds its return address meanwhile: it must survive as all saved registers must.
 */
__attribute__((naked)) static void call_with_marks(const uint64_t *in)
{
	__asm__ volatile(
		"addi sp, sp, -128\n"
		"sd ra, 0(sp)\n sd gp, 8(sp)\n sd tp, 16(sp)\n sd s0, 24(sp)\n sd s1, 32(sp)\n"
		"sd s2, 40(sp)\n sd s3, 48(sp)\n"
		"sd s4, 56(sp)\n sd s5, 64(sp)\n sd s6, 72(sp)\n sd s7, 80(sp)\n sd s8, 88(sp)\n"
		"sd s9, 96(sp)\n sd s10, 104(sp)\n sd s11, 112(sp)\n"
		"mv t0, a0\n"
		"ld a0, 0(t0)\n ld a1, 8(t0)\n ld a2, 16(t0)\n ld a3, 24(t0)\n ld a4, 32(t0)\n"
		"ld a5, 40(t0)\n ld a6, 48(t0)\n ld a7, 56(t0)\n"
		"li ra, 0x701\n li gp, 0x703\n li tp, 0x704\n li t0, 0x705\n li t1, 0x706\n li t2, 0x707\n"
		"li s0, 0x708\n li s1, 0x709\n"
		"li s2, 0x712\n li s3, 0x713\n li s4, 0x714\n li s5, 0x715\n li s6, 0x716\n li s7, 0x717\n"
		"li s8, 0x718\n li s9, 0x719\n"
		"li s10, 0x71a\n li s11, 0x71b\n li t3, 0x71c\n li t4, 0x71d\n li t5, 0x71e\n li t6, 0x71f\n"
		"ecall\n"
		"sd t0, 120(sp)\n"
		"lla t0, seen\n"
		"sd x1, 8(t0)\n sd x2, 16(t0)\n sd x3, 24(t0)\n sd x4, 32(t0)\n"
		"sd x6, 48(t0)\n sd x7, 56(t0)\n sd x8, 64(t0)\n sd x9, 72(t0)\n sd x10, 80(t0)\n"
		"sd x11, 88(t0)\n sd x12, 96(t0)\n"
		"sd x13, 104(t0)\n sd x14, 112(t0)\n sd x15, 120(t0)\n sd x16, 128(t0)\n sd x17, 136(t0)\n"
		"sd x18, 144(t0)\n"
		"sd x19, 152(t0)\n sd x20, 160(t0)\n sd x21, 168(t0)\n sd x22, 176(t0)\n sd x23, 184(t0)\n"
		"sd x24, 192(t0)\n"
		"sd x25, 200(t0)\n sd x26, 208(t0)\n sd x27, 216(t0)\n sd x28, 224(t0)\n sd x29, 232(t0)\n"
		"sd x30, 240(t0)\n sd x31, 248(t0)\n"
		"ld t1, 120(sp)\n sd t1, 40(t0)\n"
		"ld ra, 0(sp)\n ld gp, 8(sp)\n ld tp, 16(sp)\n ld s0, 24(sp)\n ld s1, 32(sp)\n"
		"ld s2, 40(sp)\n ld s3, 48(sp)\n"
		"ld s4, 56(sp)\n ld s5, 64(sp)\n ld s6, 72(sp)\n ld s7, 80(sp)\n ld s8, 88(sp)\n"
		"ld s9, 96(sp)\n ld s10, 104(sp)\n ld s11, 112(sp)\n"
		"addi sp, sp, 128\n"
		"ret\n" : : "r"(in));
}

/* After the call: all preserved registers are, the temporaries are 0; `results`: bit n: an may have changed. */
static void check_registers(const uint64_t *in, unsigned results)
{
	static const uint8_t preserved[] = { 3, 4, 8, 9, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27 },
			     zero[] = { 1, 5, 6, 7, 28, 29, 30, 31 };

	for (unsigned i = 0; i < sizeof(preserved); i++)
		EQUAL(seen[preserved[i]], 0x700 + preserved[i]);
	for (unsigned i = 0; i < sizeof(zero); i++)
		EQUAL(seen[zero[i]], 0);
	for (unsigned i = 0; i < 8; i++)
		if (!(results >> i & 1))
			EQUAL(seen[10 + i], in[i]);
}

TEST(c17_a_call_changes_only_the_registers_it_documents)
{
	cap_t e = endpoint_new();

	OK(sys_signal(e));
	for (unsigned number = 0; number <= SYS_COUNT; number++) {
		uint64_t in[8] = { 0, 0x7000000000000001, 0x7000000000000002, 0x7000000000000003, 0x7000000000000004,
				   0x7000000000000005, 0x7000000000000006, number };

		call_with_marks(in);
		check_registers(in, 1 | (number >= SYS_GIVE ? 2 : 0) |
					    (number == SYS_MAP || number == SYS_INSPECT ? 4 : 0) |
					    (number <= SYS_REPLY_RECV ? 0xfe : 0));
		CHECK((long)seen[10] <= 0 && (long)seen[10] > -64);
	}
	/* The same of calls that succeed. */
	uint64_t recv[8] = { e, INFO_DEADLINE, 0x72, 0x73, 0x74, 0x75, 0x76, SYS_REPLY_RECV };
	call_with_marks(recv);
	check_registers(recv, 0xff);
	EQUAL(seen[10], 0);
	EQUAL(seen[12], 1);
	for (unsigned i = 13; i <= 17; i++)
		EQUAL(seen[i], 0);
	uint64_t look[8] = { e, 0x71, 0x72, 0x73, 0x74, 0x75, 0x76, SYS_INSPECT };
	call_with_marks(look);
	check_registers(look, 7);
}

static void echo_server(uint64_t endpoint)
{
	struct message m = { .info = 0 };

	for (;;) {
		(void)sys_reply_recv(endpoint, &m, 0, 0);
		m.info = INFO_REPLY | (m.info & INFO_WORDS_MASK);
	}
}

TEST(c17_a_message_changes_only_the_registers_it_documents)
{
	cap_t e = endpoint_new(), call = mint(e, RIGHT_CALL, 1);

	(void)helper_start(echo_server, e, PRIO_TEST + 1);
	for (unsigned round = 0; round < 200; round++) {
		uint64_t in[8] = { call, 5, 0x72, 0x73, 0x74, 0x75, 0x76, SYS_CALL };

		call_with_marks(in);
		check_registers(in, 0x83);
		EQUAL(seen[10], 0);
		/* Now and then this thread is preempted before its next call. */
		if (round % 20 == 0)
			for (uint64_t end = sys_time() + 12 * TICKS_MS; sys_time() < end;)
				;
	}
}

static void spin_then_stay(uint64_t arg)
{
	(void)arg;
	for (;;)
		__asm__ volatile("li t0, 0x124\n li t1, 0x125\n li t6, 0x126\n li ra, 0x127\n"
				 : : : "t0", "t1", "t6", "ra");
}

TEST(a_stopped_thread_shows_all_its_registers_and_goes_on_with_them)
{
	struct helper *h = helper_start(spin_then_stay, 0, PRIO_TEST - 1);
	uint64_t *w = buffer()->words;

	sleep_ms(5);
	thread_stop(h->thread);
	OK(sys_thread_regs(h->thread, REGS_READ, REGS_GENERAL));
	CHECK(w[5] == 0x124 && w[6] == 0x125 && w[31] == 0x126);
	CHECK(w[0] >= (uint64_t)spin_then_stay && w[0] < (uint64_t)spin_then_stay + 64);
	w[8] = 0x77;
	OK(sys_thread_regs(h->thread, REGS_WRITE, REGS_GENERAL));
	OK(sys_thread_set(h->thread, THREAD_RUN, 0));
	sleep_ms(5);
	thread_stop(h->thread);
	OK(sys_thread_regs(h->thread, REGS_READ, REGS_GENERAL));
	EQUAL(w[8], 0x77);
	EQUAL(w[5], 0x124);
}

static void wait_on(uint64_t endpoint)
{
	struct message m = { .info = 0 };

	seen[0] = (uint64_t)sys_reply_recv(endpoint, &m, 0, 0);
	seen[1]++;
	thread_end();
}

TEST(abort_ends_a_wait_and_nothing_else)
{
	cap_t e = endpoint_new();
	struct helper *h = helper_start(wait_on, e, PRIO_TEST + 1);

	seen[1] = 0;
	OK(sys_thread_set(h->thread, THREAD_ABORT, 0));
	EQUAL(seen[1], 1);
	EQUAL(seen[0], -E_ABORTED);
	COVERS(REPLY_RECV, ABORTED);
	/* Nothing to abort: no error. */
	thread_stop(h->thread);
	OK(sys_thread_set(h->thread, THREAD_ABORT, 0));
	OK(sys_thread_set(h->thread, THREAD_STOP, 0));
}

static void call_and_note(uint64_t endpoint)
{
	struct message m = { .info = info_make(0, 0, 0) };

	seen[0] = (uint64_t)sys_call(endpoint, &m);
	seen[1]++;
	thread_end();
}

TEST(stop_ends_a_wait_with_aborted_and_run_goes_on)
{
	cap_t e = endpoint_new(), c = mint(e, RIGHT_CALL, 1);
	struct helper *h = helper_start(call_and_note, c, PRIO_TEST + 1);
	struct message m = { .info = 0 };

	seen[1] = 0;
	thread_stop(h->thread);
	EQUAL(seen[1], 0);
	EQUAL(poll(e, &m), -E_TIMEOUT);
	OK(sys_thread_set(h->thread, THREAD_RUN, 0));
	EQUAL(seen[1], 1);
	EQUAL(seen[0], -E_ABORTED);
	COVERS(CALL, ABORTED);
}

TEST(abort_of_a_caller_in_service_drops_the_answer)
{
	cap_t e = endpoint_new(), c = mint(e, RIGHT_CALL, 1);
	struct helper *h = helper_start(call_and_note, c, PRIO_TEST + 1);
	struct message m = { .info = 0 };

	seen[1] = 0;
	OK(receive(e, &m));
	OK(sys_thread_set(h->thread, THREAD_ABORT, 0));
	EQUAL(seen[0], -E_ABORTED);
	/* Answering now is no error, and wakes nobody. */
	answer(5);
	EQUAL(seen[1], 1);
	EQUAL(poll(e, &m), -E_TIMEOUT);
}

static void stop_self(uint64_t arg)
{
	seen[0] = (uint64_t)sys_thread_set(arg, THREAD_STOP, 0);
	seen[1]++;
	thread_end();
}

TEST(a_thread_may_stop_itself)
{
	struct helper *h = helper_new(stop_self, 0, PRIO_TEST + 1);

	thread_stop(h->thread);
	OK(sys_thread_regs(h->thread, REGS_READ, REGS_GENERAL));
	buffer()->words[10] = h->thread;
	OK(sys_thread_regs(h->thread, REGS_WRITE, REGS_GENERAL));
	seen[0] = 9;
	seen[1] = 0;
	OK(sys_thread_set(h->thread, THREAD_RUN, 0));
	EQUAL(seen[1], 0);
	OK(sys_thread_set(h->thread, THREAD_RUN, 0));
	EQUAL(seen[1], 1);
	EQUAL(seen[0], 0);
}

TEST(c12_any_entry_point_faults_in_user_mode_only)
{
	static const uint64_t entries[] = {
		0,	   1,	      3,    0x7ffe, 0xfffffffe,		  (1UL << 38) - 2,
		1UL << 38, 1UL << 63, ~0UL, ~1UL,   0xffffffffc0000000UL, 0xffffffc080200000UL
	};
	cap_t e = endpoint_new(), t = frame_new();
	struct message m = { .info = 0 };

	thread_make(t, 0, 0, 0, PRIO_TEST + 1);
	OK(sys_thread_pager(t, e, 3));
	for (unsigned i = 0; i < sizeof(entries) / sizeof(*entries); i++) {
		thread_start_at(t, entries[i], 0, 0);
		OK(sys_thread_set(t, THREAD_RUN, 0));
		OK(receive(e, &m));
		EQUAL(info_kind(m.info), KIND_FAULT);
		EQUAL(m.badge, 3);
		EQUAL(m.w[2] & ~1UL, entries[i] & ~1UL);
		thread_stop(t);
	}
}

TEST(c12_an_ecall_as_the_last_instruction_of_a_page_faults_behind_it)
{
	cap_t e = endpoint_new(), t = frame_new(), code = frame_new();
	struct message m = { .info = 0 };

	OK(map_here(code, FREE_VA, RIGHT_R | RIGHT_W));
	*(volatile uint32_t *)(FREE_VA + PAGE_SIZE - 4) = 0x00000073;
	OK(map_here(code, FREE_VA, RIGHT_X));
	for (unsigned number = 0; number <= SYS_COUNT; number++) {
		OK(sys_revoke(t, 0));
		thread_make(t, 0, 0, 0, PRIO_TEST + 1);
		OK(sys_thread_pager(t, e, 3));
		thread_start_at(t, FREE_VA + PAGE_SIZE - 4, 0, 0);
		OK(sys_thread_regs(t, REGS_READ, REGS_GENERAL));
		buffer()->words[17] = number;
		OK(sys_thread_regs(t, REGS_WRITE, REGS_GENERAL));
		OK(sys_thread_set(t, THREAD_RUN, 0));
		OK(receive(e, &m));
		EQUAL(info_kind(m.info), KIND_FAULT);
		EQUAL(m.w[2], FREE_VA + PAGE_SIZE);
		EQUAL(m.w[0], FREE_VA + PAGE_SIZE);
		EQUAL(m.w[1], RIGHT_X | 12 << 8);
		thread_stop(t);
	}
}

static void no_stack_calls(uint64_t arg)
{
	(void)arg;
	/* sp, gp, tp hold garbage over a slow call, a fast one and a fault-free stretch. */
	__asm__ volatile(
		"lla s0, seen\n"
		"li s1, 0\n"
		"lla s2, 3f\n"
		"1: slli t0, s1, 3\n add t0, t0, s2\n ld sp, 0(t0)\n mv gp, sp\n mv tp, sp\n"
		"li a0, 1\n li a7, 7\n ecall\n"
		"bnez a0, 2f\n"
		"slli t0, s1, 3\n add t0, t0, s2\n ld t1, 0(t0)\n"
		"bne t1, sp, 2f\n bne t1, gp, 2f\n bne t1, tp, 2f\n"
		"addi s1, s1, 1\n li t0, 8\n bne s1, t0, 1b\n"
		"2: sd s1, 0(s0)\n li t0, 1\n sd t0, 8(s0)\n"
		"4: li a7, 16\n li a0, 0\n ecall\n j 4b\n"
		".balign 8\n"
		"3: .quad 0, 1, 0xffffffffc0000000, 0xffffffc080200000, 0x4000000000, -1, -16, 0x8000000000000000\n");
}

TEST(c13_garbage_in_sp_gp_and_tp_is_not_used_and_survives)
{
	struct helper *h = helper_new(no_stack_calls, 0, PRIO_TEST - 1);

	seen[1] = 0;
	OK(sys_thread_set(h->thread, THREAD_RUN, 0));
	wait_for(&seen[1], 1);
	EQUAL(seen[0], 8);
}

/* ---- FPU ------------------------------------------------------------------------------------------ */

/* Fills f0-f31 and fcsr with values made of mark; reads them back and tells what differs. */
static void fpu_fill(uint64_t mark)
{
	__asm__ volatile(
		".option push\n.option arch, +d\n"
		".irp n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31\n"
		"addi t0, %0, \\n\n fmv.d.x f\\n, t0\n .endr\n andi t0, %0, 0x1f\n fscsr t0\n"
		".option pop\n"
		:
		: "r"(mark)
		: "t0");
}

__attribute__((noinline)) static uint64_t fpu_differs(uint64_t mark)
{
	uint64_t bad = 0;

	__asm__ volatile(
		".option push\n.option arch, +d\n"
		".irp n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31\n"
		"fmv.x.d t0, f\\n\n beqz %1, 1f\n addi t0, t0, -\\n\n 1: xor t0, t0, %1\n"
		"or %0, %0, t0\n .endr\n"
		"frcsr t0\n andi t1, %1, 0x1f\n xor t0, t0, t1\n or %0, %0, t0\n .option pop\n"
		: "+r"(bad)
		: "r"(mark)
		: "t0", "t1");
	return bad;
}

static void fpu_loop(uint64_t mark)
{
	fpu_fill(mark);
	for (unsigned i = 0; i < 50; i++) {
		for (uint64_t end = sys_time() + 4 * TICKS_MS; sys_time() < end;)
			;
		seen[mark >> 12] |= fpu_differs(mark);
	}
	counter++;
	thread_end();
}

TEST(c16_each_thread_keeps_its_own_fpu_state)
{
	counter = 0;
	for (unsigned i = 1; i <= 4; i++) {
		seen[i] = 0;
		(void)helper_start(fpu_loop, (uint64_t)i << 12, PRIO_TEST - 1);
	}
	/* Shorter slices than the loops. */
	OK(sys_system(ROOT_SYSTEM, SYSTEM_SLICE, TICKS_MS, 0));
	for (unsigned i = 0; counter < 4 && i < 2000; i++)
		sleep_ms(5);
	EQUAL(counter, 4);
	for (unsigned i = 1; i <= 4; i++)
		EQUAL(seen[i], 0);
}

static void fpu_look(uint64_t arg)
{
	seen[arg] = fpu_differs(0);
	seen[arg + 1] = 1;
	thread_end();
}

static void fpu_mark_and_stay(uint64_t mark)
{
	fpu_fill(mark);
	counter = 1;
	for (;;)
		;
}

TEST(c16_a_thread_never_sees_the_fpu_values_of_another)
{
	struct helper *a = helper_start(fpu_mark_and_stay, 0x5000, PRIO_TEST - 1);

	counter = 0;
	wait_for(&counter, 1);
	seen[1] = 0;
	(void)helper_start(fpu_look, 0, PRIO_TEST + 1);
	wait_for(&seen[1], 1);
	EQUAL(seen[0], 0);
	/* The same when the owner was killed with its values in the registers. */
	OK(sys_thread_set(a->thread, THREAD_PRIO, PRIO_TEST - 2));
	counter = 2;
	sleep_ms(5);
	OK(sys_revoke(a->thread, 0));
	seen[3] = 0;
	(void)helper_start(fpu_look, 2, PRIO_TEST + 1);
	wait_for(&seen[3], 1);
	EQUAL(seen[2], 0);
}

TEST(fpu_registers_written_from_outside_arrive)
{
	struct helper *h = helper_new(fpu_look, 0, PRIO_TEST + 1);
	uint64_t *w = buffer()->words;

	for (unsigned i = 0; i < 33; i++)
		w[i] = i == 5 ? 0x40 : 0;
	OK(sys_thread_regs(h->thread, REGS_WRITE, REGS_FLOAT));
	seen[1] = 0;
	OK(sys_thread_set(h->thread, THREAD_RUN, 0));
	wait_for(&seen[1], 1);
	EQUAL(seen[0], 0x40);
	thread_stop(h->thread);
	OK(sys_thread_regs(h->thread, REGS_READ, REGS_FLOAT));
	EQUAL(w[5], 0x40);
	EQUAL(w[6], 0);
}

TEST(c26_no_sstatus_bit_comes_from_user_registers)
{
	struct helper *h = helper_new(count_once, 1, PRIO_TEST + 1);
	uint64_t *w = buffer()->words;

	/* fcsr is all of the status there is to write: what is beyond it must not count. */
	for (unsigned i = 0; i < 33; i++)
		w[i] = 0;
	w[32] = ~0UL;
	OK(sys_thread_regs(h->thread, REGS_WRITE, REGS_FLOAT));
	OK(sys_thread_regs(h->thread, REGS_READ, REGS_FLOAT));
	EQUAL(w[32], 0xff);
	counter = 0;
	OK(sys_thread_set(h->thread, THREAD_RUN, 0));
	EQUAL(counter, 1);
}
