/*
 * security.c: rows of the security checklist that need two parties at odds: racing buffers, forged names, full memory,
 * a hostile client of a server. The name of each test begins with its row.
 */
#include "harness.h"

static volatile uint64_t stop, ended, bad, counter;
static cap_t first_cap, second_cap;

/* ---- C19: the message changes while it is sent ------------------------------------------------------ */

/* Rewrites the items and words of another thread's buffer as fast as it can. */
static void rewrite_buffer(uint64_t address)
{
	volatile struct ipc_buffer *b = (struct ipc_buffer *)address;
	uint64_t x = 1;

	while (!stop) {
		x = x * 6364136223846793005 + 1442695040888963407;
		b->send[0].cap = x >> 33 & 1 ? first_cap : second_cap;
		b->send[0].count = x >> 40 & 3;
		b->send[0].verb = x >> 45 & 7;
		b->send[0].rights = x >> 50 & 31;
		b->send[1].cap = x >> 7;
		b->send[1].count = (uint32_t)x;
		b->words[0] = x;
	}
	ended++;
	thread_end();
}

static void send_for_ever(uint64_t call)
{
	while (!stop) {
		struct message m = { .info = info_make(0, 20, 2) };

		(void)sys_call(call, &m);
		counter++;
	}
	ended++;
	thread_end();
}

TEST(c19_a_message_rewritten_while_it_is_sent_gives_only_what_the_sender_had)
{
	cap_t e = endpoint_new(), w = slots_new(8);
	struct helper *sender, *writer;
	struct message m = { .info = 0 };

	first_cap = copy_new(ROOT_SYSTEM, RIGHT_IRQ);
	second_cap = mint(endpoint_new(), RIGHT_CALL, 0x77);
	stop = ended = counter = 0;
	sender = helper_new(send_for_ever, mint(e, RIGHT_CALL, 1), PRIO_TEST - 1);
	writer = helper_new(rewrite_buffer, (uint64_t)sender->buffer, PRIO_TEST - 1);
	thread_to_hart(writer->thread, hart_count > 1 ? 1 : 0);
	OK(sys_thread_set(THREAD_TEST, THREAD_WINDOW, w | 8UL << 32));
	OK(sys_system(ROOT_SYSTEM, SYSTEM_SLICE, TICKS_MS, 0));
	OK(sys_thread_set(writer->thread, THREAD_RUN, 0));
	OK(sys_thread_set(sender->thread, THREAD_RUN, 0));
	for (unsigned i = 0; i < 300; i++) {
		m.info = INFO_DEADLINE | INFO_REPLY;
		if (sys_reply_recv(e, &m, 0, sys_time() + 2 * TICKS_MS) == 0) {
			for (unsigned k = 0; k < 8; k++) {
				uint64_t word;

				if (slot_empty(w + k))
					continue;
				word = inspect(w + k);
				CHECK(INSPECT_TYPE(word) == TYPE_SYSTEM || INSPECT_TYPE(word) == TYPE_ENDPOINT);
				CHECK(!(INSPECT_RIGHTS(word) &
					~(INSPECT_TYPE(word) == TYPE_SYSTEM ? RIGHT_IRQ : RIGHT_CALL)));
				if (INSPECT_TYPE(word) == TYPE_ENDPOINT)
					EQUAL(inspect_detail(w + k), 0x77);
				OK(sys_delete(w + k));
			}
		}
		/* A donated one is put back. */
		if (slot_empty(first_cap))
			OK(sys_give(GIVE_COPY, ROOT_SYSTEM, 1, first_cap, RIGHT_IRQ, 0, 0));
		if (slot_empty(second_cap))
			second_cap = first_cap;
	}
	CHECK(counter > 0);
}

/* ---- C20, C22 --------------------------------------------------------------------------------------- */

static void call_with_forged_badge(uint64_t call)
{
	/* All registers the receiver sees in a7 and beyond: nothing of it comes from here. */
	__asm__ volatile("mv a0, %0\n li a1, 1\n li a2, 0x666\n li a3, 0x666\n li a4, 0x666\n li a5, 0x666\n li a6, "
			 "0x666\n li a7, 0\n ecall\n"
			 :
			 : "r"(call)
			 : "a0", "a1", "a2", "a3", "a4", "a5", "a6", "a7", "memory", "ra", "t0", "t1", "t2", "t3", "t4",
			   "t5", "t6");
	ended++;
	thread_end();
}

TEST(c20_the_receiver_sees_the_badge_of_the_capability_and_no_other)
{
	cap_t e = endpoint_new();
	struct message m = { .info = 0 };

	(void)helper_start(call_with_forged_badge, mint(e, RIGHT_CALL, 0x42), PRIO_TEST + 1);
	OK(receive(e, &m));
	EQUAL(m.badge, 0x42);
	answer(0);
	(void)helper_start(call_with_forged_badge, copy_new(e, RIGHT_CALL), PRIO_TEST + 1);
	OK(receive(e, &m));
	EQUAL(m.badge, 0);
	answer(0);
}

TEST(c22_a_slot_freed_and_used_again_is_the_new_thing_only)
{
	cap_t e = endpoint_new(), s = slots_new(1);
	struct message m = { .info = 0 };

	OK(sys_give(GIVE_COPY, e, 1, s, RIGHT_CALL, 7, 0));
	OK(sys_delete(s));
	REFUSED(BAD_SLOT, sys_call(s, &m));
	OK(sys_give(GIVE_COPY, ROOT_SYSTEM, 1, s, RIGHT_ALL, 0, 0));
	REFUSED(BAD_TYPE, sys_call(s, &m));
	REFUSED(BAD_TYPE, sys_signal(s));
}

/* ---- C29 -------------------------------------------------------------------------------------------- */

static volatile uint64_t word29;
static volatile uint64_t sc_failed, sc_done;

/* lr, then a long wait in which the timer switches to another thread, then sc. */
static void reserve_and_store(uint64_t rounds)
{
	while (rounds--) {
		uint64_t failed, start = sys_time(), switched = counter;

		__asm__ volatile("lr.d %0, (%1)" : "=r"(failed) : "r"(&word29) : "memory");
		while (counter == switched && sys_time() - start < 1000 * TICKS_MS)
			;
		__asm__ volatile("sc.d %0, zero, (%1)" : "=r"(failed) : "r"(&word29) : "memory");
		sc_failed += failed != 0;
		sc_done++;
	}
	ended++;
	thread_end();
}

static void count_all_the_time(uint64_t arg)
{
	(void)arg;
	for (;;)
		counter++;
}

TEST(c29_a_reservation_does_not_survive_a_switch)
{
	ended = sc_failed = sc_done = 0;
	OK(sys_system(ROOT_SYSTEM, SYSTEM_SLICE, TICKS_MS, 0));
	(void)helper_start(reserve_and_store, 20, PRIO_TEST - 1);
	(void)helper_start(count_all_the_time, 0, PRIO_TEST - 1);
	wait_for(&ended, 1);
	EQUAL(sc_failed, sc_done);
}

/* ---- C8 --------------------------------------------------------------------------------------------- */

TEST(c08_devices_are_reached_only_through_a_frame_carved_for_them)
{
	static const uint64_t devices[] = { 0x100000, 0x2000000, 0xc000000, 0x10000000, 0x80000000 };
	struct puppet *p = puppet_new(PRIO_TEST + 5);

	/* The physical addresses themselves mean nothing in a space. */
	for (unsigned i = 0; i < sizeof(devices) / sizeof(*devices); i++) {
		CHECK(puppet_faults(p, PUPPET_LOAD, devices[i]));
		puppet_skip(p);
		CHECK(puppet_faults(p, PUPPET_STORE, devices[i]));
		puppet_skip(p);
	}
}

TEST(c08_a_device_frame_is_mapped_but_never_made_or_cleared)
{
	struct puppet *p = puppet_new(PRIO_TEST + 5);
	cap_t mega = slots_new(2);
	struct message m = { .info = 0 };

	/* The UART of this machine, read at its line status. */
	OK(sys_split(SLOT_GIG, 128, 1, mega));
	OK(sys_carve(mega, 1, MEM_DEVICE));
	OK(sys_split(mega, 0, 1, mega + 1));
	REFUSED(BAD_ARG, sys_make(mega + 1, TYPE_CNODE, 0));
	REFUSED(BAD_ARG, sys_fill(mega + 1, 0, 0, 64));
	OK(sys_map(p->space, PUPPET_DATA, RIGHT_R, 1, mega + 1, 1, 0));
	puppet_do(p, PUPPET_LOAD, PUPPET_DATA, 0, &m);
	EQUAL(info_kind(m.info), KIND_MESSAGE);
}

/* ---- C10 -------------------------------------------------------------------------------------------- */

TEST(c10_arguments_with_the_top_bit_set_are_large_and_not_negative)
{
	static const uint64_t top[] = { 1UL << 63, (1UL << 63) + 1, ~0UL, ~0UL - 4095, 1UL << 63 | 4096 };
	cap_t f = frame_new(), mega = mega_new(), s = slots_new(1);

	for (unsigned i = 0; i < sizeof(top) / sizeof(*top); i++) {
		CHECK(sys_give(GIVE_COPY, ROOT_SYSTEM, top[i], s, 0, 0, 0) < 0);
		CHECK(sys_give(GIVE_SHARE, mega, 1, s, RIGHT_ALL, 0, top[i] | 1) < 0);
		CHECK(sys_split(mega, top[i], 1, s) < 0);
		CHECK(sys_split(mega, 0, top[i], s) < 0);
		CHECK(sys_split(mega, top[i], top[i], s) < 0);
		CHECK(sys_carve(f, top[i], MEM_RAM) < 0);
		CHECK(sys_fill(f, 0, top[i], 64) < 0);
		CHECK(sys_fill(f, 0, 0, top[i]) < 0);
		CHECK(sys_fill(f, 0, top[i], top[i]) < 0);
		CHECK(sys_map(ROOT_VSPACE, top[i], RIGHT_R, 1, f, 1, 0) < 0);
		CHECK(sys_map(ROOT_VSPACE, FREE_VA, RIGHT_R, top[i], f, 1, 0) < 0);
		CHECK(sys_map(ROOT_VSPACE, FREE_VA, RIGHT_R, 1, f, top[i], 0) < 0);
		CHECK(sys_unmap(top[i], f, 1, 0) < 0);
		CHECK(sys_unmap(1, f, top[i], 0) < 0);
		CHECK(sys_table(f, ROOT_VSPACE, top[i]) < 0);
		CHECK(sys_scan(ROOT_VSPACE, top[i], 1, 0) < 0);
		CHECK(sys_scan(ROOT_VSPACE, FREE_VA, top[i], 0) < 0);
		CHECK(slot_empty(s));
	}
}

/* ---- C21 -------------------------------------------------------------------------------------------- */

static void answer_without_caller(uint64_t arg)
{
	struct message m = { .info = INFO_REPLY | 1, .w = { 0xbad } };

	(void)arg;
	bad = (uint64_t)sys_reply_recv(0, &m, 0, 0);
	ended++;
	thread_end();
}

static void call_once(uint64_t call)
{
	uint64_t word = 0;

	bad = (uint64_t)call_word(call, &word);
	counter = word;
	ended++;
	thread_end();
}

TEST(c21_another_thread_cannot_answer_in_place_of_the_server)
{
	cap_t e = endpoint_new();
	struct message m = { .info = 0 };

	ended = counter = 0;
	(void)helper_start(call_once, mint(e, RIGHT_CALL, 1), PRIO_TEST + 1);
	OK(receive(e, &m));
	(void)helper_start(answer_without_caller, 0, PRIO_TEST + 1);
	EQUAL(ended, 1);
	EQUAL(counter, 0);
	answer(5);
	EQUAL(ended, 2);
	EQUAL(counter, 5);
	/* A second answer goes nowhere. */
	answer(6);
	EQUAL(counter, 5);
}

/* ---- C33 -------------------------------------------------------------------------------------------- */

TEST(c33_every_page_table_entry_passes_the_audit_whatever_was_mapped)
{
	static const unsigned rights[] = { RIGHT_R, RIGHT_R | RIGHT_W, RIGHT_X, RIGHT_R | RIGHT_X };
	cap_t space = space_new(), mega = mega_new(), f = pieces_new(40);

	NEED_DEBUG();
	OK(sys_table(frame_new(), space, 0));
	OK(sys_table(frame_new(), space, 0));
	for (unsigned i = 0; i < 40; i++)
		OK(sys_map(space, i * PAGE_SIZE, rights[i % 4], 1, f + i, 1, 0));
	OK(sys_map(space, MEGAPAGE_SIZE, RIGHT_R | RIGHT_W, 1, mega, 1, 0));
	for (unsigned clear = 0; clear < 8; clear++) {
		OK(sys_scan(space, 0, 512, clear));
		OK(sys_system(ROOT_SYSTEM, SYSTEM_AUDIT, 0, 0));
		EQUAL(((struct kernel_stats *)buffer()->words)->breach, 0);
	}
}

/* ---- C40, C41 --------------------------------------------------------------------------------------- */

/* Calls the kernel as fast as it can with long arguments. */
static volatile uint64_t hammered;
static void hammer(uint64_t arg)
{
	(void)arg;
	for (;; hammered++) {
		(void)sys_unmap(1, SLOT_TEST, 128, 0);
		(void)sys_scan(ROOT_VSPACE, FREE_VA, 512, 0);
	}
}

TEST(c40_a_thread_in_an_endless_loop_of_calls_leaves_others_their_share)
{
	struct helper *equal = helper_start(count_turns, (uint64_t)&hammered, PRIO_TEST - 1);

	(void)helper_start(hammer, 0, PRIO_TEST - 1);
	check_turns(equal);
}

TEST(c41_one_holder_that_uses_up_its_memory_takes_nothing_from_another)
{
	cap_t mine = mega_new(), theirs = mega_new(), big = big_cnode_new(), s = slots_new(1);
	unsigned n = 0;

	OK(sys_split(theirs, 0, 512, CAP(big, 1)));
	for (; n < 512; n++)
		OK(sys_make(CAP(big, 1 + n), TYPE_CNODE, 0));
	CHECK(sys_split(theirs, 0, 1, s) < 0);
	OK(sys_split(mine, 0, 1, s));
	OK(sys_make(s, TYPE_THREAD, 0));
}

/* ---- C1 --------------------------------------------------------------------------------------------- */

TEST(c01_the_kernel_reaches_a_buffer_that_no_space_maps)
{
	/* It never goes through a user mapping: with SUM off and the page unmapped the words still arrive. */
	OK(unmap_one(ROOT_STOCK + 2));
	OK(sys_system(ROOT_SYSTEM, SYSTEM_STATS, 0, 0));
	OK(map_here(ROOT_STOCK + 2, (uint64_t)buffer(), RIGHT_R | RIGHT_W));
	CHECK(((struct kernel_stats *)buffer()->words)->image_bytes > 0);
}
