/*
 * ipc.c: call, reply_recv, signal, save_reply: every error, the order of things, capability items.
 */
#include "harness.h"

/* What helpers leave for the test. */
static volatile uint64_t status[32], got[32];
static volatile uint64_t ended;

/* Calls with `words` words 100, 101, ... in all; leaves the status and the answer's first word. */
struct call_plan {
	cap_t endpoint;
	unsigned words, index;
	uint64_t info;
};
static struct call_plan plans[HELPERS];

static void caller(uint64_t n)
{
	struct call_plan *p = &plans[n];
	struct message m = { .info = p->info | p->words };

	for (unsigned i = 0; i < p->words; i++) {
		if (i < MESSAGE_REGS)
			m.w[i] = 100 + i;
		else if (i < MESSAGE_WORDS && buffer())
			buffer()->words[i - MESSAGE_REGS] = 100 + i;
	}
	status[n] = (uint64_t)sys_call(p->endpoint, &m);
	got[n] = m.w[0];
	ended++;
	thread_end();
}

static struct helper *caller_new(unsigned n, cap_t endpoint, unsigned words, unsigned prio)
{
	plans[n] = (struct call_plan){ endpoint, words, n, 0 };
	status[n] = got[n] = 99;
	return helper_new(caller, n, prio);
}

static struct helper *caller_start(unsigned n, cap_t endpoint, unsigned words, unsigned prio)
{
	struct helper *h = caller_new(n, endpoint, words, prio);

	if (n == 0)
		ended = 0;
	OK(sys_thread_set(h->thread, THREAD_RUN, 0));
	return h;
}

/* Calls with 0, 1, ... words, marks in all of them; expects as many back, each one more. */
static void every_length(uint64_t call)
{
	for (unsigned words = 0; words <= MESSAGE_WORDS; words++) {
		struct message m = { .info = info_make(words, words, 0) };

		for (unsigned i = 0; i < words; i++)
			*(i < MESSAGE_REGS ? &m.w[i] : &buffer()->words[i - MESSAGE_REGS]) = words * 1000 + i;
		OK(sys_call(call, &m));
		EQUAL(info_words(m.info), words);
		EQUAL(info_label(m.info), words + 7);
		for (unsigned i = 0; i < words; i++)
			EQUAL(i < MESSAGE_REGS ? m.w[i] : buffer()->words[i - MESSAGE_REGS], words * 1000 + i + 1);
	}
	ended++;
	thread_end();
}

TEST(a_message_of_every_length_arrives_whole_both_ways)
{
	cap_t e = endpoint_new();
	struct message m = { .info = 0 };

	for (unsigned prio = PRIO_TEST - 1; prio <= PRIO_TEST + 1; prio++) {
		ended = 0;
		(void)helper_start(every_length, mint(e, RIGHT_CALL, 7), prio);
		m.info = 0;
		for (unsigned words = 0; words <= MESSAGE_WORDS; words++) {
			OK(sys_reply_recv(e, &m, 0, 0));
			EQUAL(info_words(m.info), words);
			EQUAL(info_label(m.info), words);
			EQUAL(info_kind(m.info), KIND_MESSAGE);
			EQUAL(m.badge, 7);
			for (unsigned i = 0; i < words; i++) {
				uint64_t *w = i < MESSAGE_REGS ? &m.w[i] : &buffer()->words[i - MESSAGE_REGS];

				EQUAL(*w, words * 1000 + i);
				++*w;
			}
			m.info = info_make(words + 7, words, 0) | INFO_REPLY;
		}
		OK(sys_reply_recv(0, &m, 0, 0));
		wait_for(&ended, 1);
	}
}

TEST(a_message_that_is_too_long_is_refused)
{
	cap_t c = mint(endpoint_new(), RIGHT_CALL, 1);
	struct message m = { .info = 0 };

	for (unsigned words = MESSAGE_WORDS + 1; words <= 255; words++) {
		m.info = info_make(0, words, 0);
		REFUSED(BAD_ARG, sys_call(c, &m));
	}
	for (unsigned items = MESSAGE_ITEMS + 1; items <= INFO_ITEMS_MASK; items++) {
		m.info = info_make(0, 0, items);
		REFUSED(BAD_ARG, sys_call(c, &m));
	}
}

TEST(a_reply_that_is_too_long_is_refused_and_stays_owed)
{
	cap_t e = endpoint_new();
	struct message m = { .info = 0 };

	(void)caller_start(0, mint(e, RIGHT_CALL, 1), 0, PRIO_TEST + 1);
	OK(receive(e, &m));
	m.info = INFO_REPLY | (MESSAGE_WORDS + 1);
	REFUSED(BAD_ARG, sys_reply_recv(0, &m, 0, 0));
	m.info = INFO_REPLY | 5 << INFO_ITEMS_SHIFT;
	REFUSED(BAD_ARG, sys_reply_recv(0, &m, 0, 0));
	m.info = INFO_REPLY | INFO_MAP | 1;
	REFUSED(BAD_ARG, sys_reply_recv(0, &m, 0, 0));
	m.info = INFO_REPLY | INFO_FAIL;
	REFUSED(BAD_ARG, sys_reply_recv(0, &m, 0, 0));
	EQUAL(ended, 0);
	answer(66);
	EQUAL(ended, 1);
	EQUAL(status[0], 0);
	EQUAL(got[0], 66);
}

TEST(c18_registers_above_the_length_hold_what_the_sender_left_and_nothing_else)
{
	cap_t e = endpoint_new();
	struct message m = { .info = 0 };

	(void)caller_start(0, mint(e, RIGHT_CALL, 1), 1, PRIO_TEST + 1);
	OK(receive(e, &m));
	EQUAL(m.w[0], 100);
	for (unsigned i = 1; i < MESSAGE_REGS; i++)
		EQUAL(m.w[i], 0);
}

TEST(receiving_while_an_answer_is_owed_is_refused)
{
	cap_t e = endpoint_new();
	struct message m = { .info = 0 };

	(void)caller_start(0, mint(e, RIGHT_CALL, 1), 0, PRIO_TEST + 1);
	OK(receive(e, &m));
	REFUSED(HELD, poll(e, &m));
	REFUSED(HELD, receive(e, &m));
	answer(1);
	REFUSED(TIMEOUT, poll(e, &m));
	EQUAL(status[0], 0);
}

TEST(a_deadline_ends_a_wait)
{
	cap_t e = endpoint_new();
	struct message m = { .info = INFO_DEADLINE };
	uint64_t start = sys_time();

	REFUSED(TIMEOUT, sys_reply_recv(e, &m, 0, start + 5 * TICKS_MS));
	CHECK(sys_time() - start >= 5 * TICKS_MS);
	CHECK(sys_time() - start < 1000 * TICKS_MS);
}

TEST(c37_deadlines_in_the_past_do_not_wait)
{
	cap_t e = endpoint_new();
	struct message m = { .info = 0 };
	uint64_t past[] = { 0, 1, sys_time() - 1, sys_time() };

	for (unsigned i = 0; i < 4; i++) {
		m.info = INFO_DEADLINE;
		REFUSED(TIMEOUT, sys_reply_recv(e, &m, 0, past[i]));
	}
	/* What is there already is taken all the same. */
	OK(sys_signal(e));
	OK(poll(e, &m));
	EQUAL(info_kind(m.info), KIND_SIGNALS);
}

static void wait_long(uint64_t endpoint)
{
	struct message m = { .info = INFO_DEADLINE };

	status[0] = (uint64_t)sys_reply_recv(endpoint, &m, 0, got[31]);
	ended++;
	thread_end();
}

TEST(c37_deadlines_at_the_end_of_time_wait)
{
	static const uint64_t far[] = { ~0UL, ~0UL - 1, 1UL << 63, (1UL << 63) - 1, 1UL << 62 };
	cap_t e = endpoint_new();

	for (unsigned i = 0; i < sizeof(far) / sizeof(*far); i++) {
		struct helper *h;

		got[31] = far[i];
		ended = 0;
		h = helper_start(wait_long, e, PRIO_TEST + 1);
		sleep_ms(5);
		EQUAL(ended, 0);
		OK(sys_thread_set(h->thread, THREAD_ABORT, 0));
		EQUAL(ended, 1);
		EQUAL(status[0], -E_ABORTED);
	}
}

TEST(signals_collect_and_are_taken_all_at_once)
{
	cap_t e = endpoint_new(), a = mint(e, RIGHT_SIGNAL, 1UL << 5), b = mint(e, RIGHT_SIGNAL, 1UL << 63 | 2);
	struct message m = { .info = 0 };

	OK(sys_signal(a));
	OK(sys_signal(a));
	OK(sys_signal(b));
	OK(sys_signal(e));
	OK(poll(e, &m));
	EQUAL(info_kind(m.info), KIND_SIGNALS);
	EQUAL(m.w[0], 1UL << 63 | 1UL << 5 | 3);
	EQUAL(m.badge, 0);
	for (unsigned i = 1; i < MESSAGE_REGS; i++)
		EQUAL(m.w[i], 0);
	REFUSED(TIMEOUT, poll(e, &m));
}

static long signal_and_wait(cap_t to, cap_t e, struct message *m)
{
	m->info = INFO_SIGNAL | INFO_DEADLINE;
	return sys_reply_recv(e, m, to, 0);
}

TEST(a_signal_before_a_wait_is_a_signal)
{
	cap_t e = endpoint_new(), other = endpoint_new();
	struct message m = { .info = 0 };

	REFUSED(TIMEOUT, signal_and_wait(mint(other, RIGHT_SIGNAL, 6), e, &m));
	OK(poll(other, &m));
	EQUAL(info_kind(m.info), KIND_SIGNALS);
	EQUAL(m.w[0], 6);
	OK(signal_and_wait(e, e, &m));
	EQUAL(m.w[0], 1);
	m.info = INFO_SIGNAL;
	OK(sys_reply_recv(0, &m, other, 0));
	OK(poll(other, &m));
	REFUSED(BAD_SLOT, signal_and_wait(slots_new(1), e, &m));
	REFUSED(BAD_TYPE, signal_and_wait(ROOT_CNODE, e, &m));
	REFUSED(NO_RIGHT, signal_and_wait(mint(other, RIGHT_CALL, 1), e, &m));
	REFUSED(TIMEOUT, poll(e, &m));
	REFUSED(TIMEOUT, poll(other, &m));
}

static void wait_for_signals(uint64_t endpoint)
{
	struct message m = { .info = 0 };

	status[0] = (uint64_t)sys_reply_recv(endpoint, &m, 0, 0);
	got[0] = m.w[0];
	ended++;
	(void)sys_signal(got[30]);
	thread_end();
}

/* The plain case has a fast path: the one who waits runs next, then the one who signalled hears of it. */
TEST(who_signals_and_waits_lets_the_other_run)
{
	cap_t e = endpoint_new(), other = endpoint_new();
	struct message m = { .info = INFO_SIGNAL };

	ended = 0;
	got[30] = e;
	(void)helper_start(wait_for_signals, other, PRIO_TEST - 1);
	sleep_ms(5);
	OK(sys_reply_recv(e, &m, mint(other, RIGHT_SIGNAL, 12), 0));
	EQUAL(info_kind(m.info), KIND_SIGNALS);
	EQUAL(m.w[0], 1);
	EQUAL(status[0], 0);
	EQUAL(got[0], 12);
	EQUAL(ended, 1);
}

TEST(a_signal_owes_no_answer)
{
	cap_t e = endpoint_new();
	struct message m = { .info = 0 };

	OK(sys_signal(e));
	OK(poll(e, &m));
	REFUSED(NO_REPLY, sys_save_reply(slots_new(1)));
	m.info = INFO_REPLY;
	OK(sys_reply_recv(0, &m, 0, 0));
}

TEST(signals_and_messages_alternate)
{
	cap_t e = endpoint_new(), c = mint(e, RIGHT_CALL, 1);
	struct message m = { .info = 0 };
	unsigned kinds = 0;

	ended = 0;
	for (unsigned i = 0; i < 4; i++)
		(void)caller_start(i, c, 0, PRIO_TEST + 1);
	for (unsigned i = 0; i < 8; i++) {
		OK(sys_signal(e));
		m.info = INFO_DEADLINE | INFO_REPLY;
		OK(sys_reply_recv(e, &m, 0, 0));
		kinds = kinds << 1 | (info_kind(m.info) == KIND_SIGNALS);
	}
	CHECK(kinds == 0xaa || kinds == 0x55);
	answer(0);
	EQUAL(ended, 4);
}

TEST(callers_are_served_in_the_order_they_came)
{
	cap_t e = endpoint_new();
	struct message m = { .info = 0 };

	for (unsigned i = 0; i < 8; i++)
		(void)caller_start(i, mint(e, RIGHT_CALL, 10 + i), 0, PRIO_TEST + 1 + (7 - i) % 3);
	for (unsigned i = 0; i < 8; i++) {
		OK(receive(e, &m));
		EQUAL(m.badge, 10 + i);
		answer(i);
		EQUAL(got[i], i);
	}
}

TEST(a_call_timeout_ends_a_call_that_nobody_takes)
{
	cap_t e = endpoint_new();
	struct helper *h = caller_new(0, mint(e, RIGHT_CALL, 1), 0, PRIO_TEST + 1);
	struct message m = { .info = 0 };

	OK(sys_thread_set(h->thread, THREAD_CALL_TIMEOUT, 5 * TICKS_MS));
	ended = 0;
	OK(sys_thread_set(h->thread, THREAD_RUN, 0));
	EQUAL(ended, 0);
	wait_for(&ended, 1);
	EQUAL(status[0], -E_TIMEOUT);
	COVERS(CALL, TIMEOUT);
	REFUSED(TIMEOUT, poll(e, &m));
}

TEST(a_call_timeout_ends_a_call_in_service)
{
	cap_t e = endpoint_new();
	struct helper *h = caller_new(0, mint(e, RIGHT_CALL, 1), 0, PRIO_TEST + 1);
	struct message m = { .info = 0 };

	OK(sys_thread_set(h->thread, THREAD_CALL_TIMEOUT, 5 * TICKS_MS));
	ended = 0;
	OK(sys_thread_set(h->thread, THREAD_RUN, 0));
	OK(receive(e, &m));
	spin_ms(20);
	EQUAL(ended, 1);
	EQUAL(status[0], -E_TIMEOUT);
	answer(3);
	EQUAL(got[0], 0);
	REFUSED(NO_REPLY, sys_save_reply(slots_new(1)));
}

TEST(a_call_timeout_empties_the_slot_of_a_saved_answer)
{
	cap_t e = endpoint_new(), saved = slots_new(1);
	struct helper *h = caller_new(0, mint(e, RIGHT_CALL, 1), 0, PRIO_TEST + 1);
	struct message m = { .info = 0 };

	OK(sys_thread_set(h->thread, THREAD_CALL_TIMEOUT, 5 * TICKS_MS));
	ended = 0;
	OK(sys_thread_set(h->thread, THREAD_RUN, 0));
	OK(receive(e, &m));
	OK(sys_save_reply(saved));
	wait_for(&ended, 1);
	EQUAL(status[0], -E_TIMEOUT);
	CHECK(slot_empty(saved));
	m.info = INFO_REPLY | INFO_SAVED;
	OK(sys_reply_recv(0, &m, saved, 0));
}

TEST(c37_a_call_timeout_of_2_to_64_does_not_wrap)
{
	static const uint64_t far[] = { ~0UL, ~0UL - 1000, 1UL << 63 };
	cap_t e = endpoint_new();
	struct message m = { .info = 0 };

	for (unsigned i = 0; i < 3; i++) {
		struct helper *h = caller_new(i, mint(e, RIGHT_CALL, 1), 0, PRIO_TEST + 1);

		OK(sys_thread_set(h->thread, THREAD_CALL_TIMEOUT, far[i]));
		OK(sys_thread_set(h->thread, THREAD_RUN, 0));
		sleep_ms(5);
		EQUAL(status[i], 99);
		OK(receive(e, &m));
		answer(1);
		EQUAL(status[i], 0);
	}
}

/* ---- saved answers -------------------------------------------------------------------------------- */

TEST(save_reply_without_a_caller_is_refused)
{
	REFUSED(NO_REPLY, sys_save_reply(slots_new(1)));
}

TEST(save_reply_needs_an_empty_slot)
{
	cap_t e = endpoint_new(), saved = slots_new(1);
	struct message m = { .info = 0 };

	(void)caller_start(0, mint(e, RIGHT_CALL, 1), 0, PRIO_TEST + 1);
	OK(receive(e, &m));
	REFUSED(NOT_EMPTY, sys_save_reply(e));
	REFUSED(BAD_SLOT, sys_save_reply(0));
	REFUSED(BAD_SLOT, sys_save_reply(ROOT_SLOTS));
	REFUSED(BAD_SLOT, sys_save_reply(CAP(copy_new(cnode_new(), RIGHT_READ), 1)));
	OK(sys_save_reply(saved));
	EQUAL(INSPECT_TYPE(inspect(saved)), TYPE_REPLY);
	REFUSED(NO_REPLY, sys_save_reply(slots_new(1)));
	m.info = INFO_REPLY | INFO_SAVED | 1;
	m.w[0] = 44;
	OK(sys_reply_recv(0, &m, saved, 0));
	EQUAL(got[0], 44);
	CHECK(slot_empty(saved));
}

TEST(c21_a_saved_answer_serves_once)
{
	cap_t e = endpoint_new(), saved = slots_new(1);
	struct message m = { .info = 0 };

	(void)caller_start(0, mint(e, RIGHT_CALL, 1), 0, PRIO_TEST + 1);
	OK(receive(e, &m));
	OK(sys_save_reply(saved));
	m.info = INFO_REPLY | INFO_SAVED | 1;
	OK(sys_reply_recv(0, &m, saved, 0));
	EQUAL(ended, 1);
	m.info = INFO_REPLY | INFO_SAVED | 1;
	OK(sys_reply_recv(0, &m, saved, 0));
	EQUAL(ended, 1);
	REFUSED(BAD_SLOT, sys_inspect(saved, 0, 0));
}

TEST(c21_an_answer_does_not_reach_a_new_thread_in_the_same_frame)
{
	static char stack[512] __attribute__((aligned(16)));
	cap_t e = endpoint_new(), c = mint(e, RIGHT_CALL, 1), saved = slots_new(1);
	struct helper *h = caller_start(0, c, 0, PRIO_TEST + 1);
	struct message m = { .info = 0 };

	OK(receive(e, &m));
	OK(sys_save_reply(saved));
	OK(sys_revoke(h->thread, 0));
	CHECK(slot_empty(saved));
	/* Another thread in the same memory, waiting in a call of its own. */
	thread_make(h->thread, (uint64_t)thread_end, (uint64_t)stack + sizeof(stack), 0, PRIO_TEST + 1);
	OK(sys_thread_set(h->thread, THREAD_RUN, 0));
	m.info = INFO_REPLY | INFO_SAVED | 1;
	OK(sys_reply_recv(0, &m, saved, 0));
	EQUAL(ended, 0);
}

TEST(a_saved_answer_can_be_moved_but_not_copied)
{
	cap_t e = endpoint_new(), saved = slots_new(2);
	struct message m = { .info = 0 };

	(void)caller_start(0, mint(e, RIGHT_CALL, 1), 0, PRIO_TEST + 1);
	OK(receive(e, &m));
	OK(sys_save_reply(saved));
	REFUSED(BAD_TYPE, sys_give(GIVE_COPY, saved, 1, saved + 1, RIGHT_ALL, 0, 0));
	OK(sys_give(GIVE_MOVE, saved, 1, saved + 1, 0, 0, 0));
	m.info = INFO_REPLY | INFO_SAVED | 1;
	m.w[0] = 12;
	OK(sys_reply_recv(0, &m, saved + 1, 0));
	EQUAL(got[0], 12);
}

TEST(deleting_a_saved_answer_tells_the_caller)
{
	cap_t e = endpoint_new(), saved = slots_new(1), cnode = cnode_new();
	struct message m = { .info = 0 };

	(void)caller_start(0, mint(e, RIGHT_CALL, 1), 0, PRIO_TEST + 1);
	OK(receive(e, &m));
	OK(sys_save_reply(saved));
	OK(sys_delete(saved));
	EQUAL(status[0], -E_SERVER_GONE);
	COVERS(CALL, SERVER_GONE);
	/* The same by the end of the CNode it lies in. */
	(void)caller_start(1, mint(e, RIGHT_CALL, 1), 0, PRIO_TEST + 1);
	OK(receive(e, &m));
	OK(sys_save_reply(CAP(cnode, 5)));
	OK(sys_revoke(cnode, 0));
	EQUAL(status[1], -E_SERVER_GONE);
}

TEST(answering_through_a_slot_that_is_no_answer_is_refused)
{
	struct message m = { .info = INFO_REPLY | INFO_SAVED };

	REFUSED(BAD_TYPE, sys_reply_recv(0, &m, ROOT_SYSTEM, 0));
	REFUSED(BAD_SLOT, sys_reply_recv(0, &m, 0, 0));
	REFUSED(BAD_SLOT, sys_reply_recv(0, &m, ROOT_SLOTS, 0));
}

TEST(many_saved_answers_are_answered_in_any_order)
{
	cap_t e = endpoint_new(), saved = slots_new(16);
	struct message m = { .info = 0 };

	for (unsigned i = 0; i < 16; i++) {
		(void)caller_start(i, mint(e, RIGHT_CALL, 1), 0, PRIO_TEST + 1);
		OK(receive(e, &m));
		OK(sys_save_reply(saved + i));
	}
	for (unsigned i = 0; i < 16; i++) {
		unsigned k = i * 7 % 16;

		m = (struct message){ .info = INFO_REPLY | INFO_SAVED | 1, .w = { 1000 + k } };
		OK(sys_reply_recv(0, &m, saved + k, 0));
		EQUAL(got[k], 1000 + k);
	}
	EQUAL(ended, 16);
}

/* ---- ends ----------------------------------------------------------------------------------------- */

static void receive_and_die(uint64_t endpoint)
{
	struct message m = { .info = 0 };

	(void)receive(endpoint, &m);
	thread_end();
}

TEST(a_dying_server_tells_the_caller_in_service)
{
	cap_t e = endpoint_new();
	struct helper *s = helper_start(receive_and_die, e, PRIO_TEST + 2);

	(void)caller_start(0, mint(e, RIGHT_CALL, 1), 0, PRIO_TEST + 1);
	EQUAL(ended, 0);
	OK(sys_revoke(s->thread, 0));
	EQUAL(ended, 1);
	EQUAL(status[0], -E_SERVER_GONE);
}

TEST(a_destroyed_endpoint_tells_all_who_wait)
{
	cap_t e = endpoint_new();

	for (unsigned i = 0; i < 4; i++)
		(void)caller_start(i, mint(e, RIGHT_CALL, 1), 0, PRIO_TEST + 1);
	ended = 0;
	OK(sys_revoke(e, 0));
	EQUAL(ended, 4);
	for (unsigned i = 0; i < 4; i++)
		EQUAL(status[i], -E_SERVER_GONE);
	EQUAL(INSPECT_TYPE(inspect(e)), TYPE_CHIP);
}

static void wait_plain(uint64_t endpoint)
{
	struct message m = { .info = 0 };

	status[0] = (uint64_t)sys_reply_recv(endpoint, &m, 0, 0);
	ended++;
	thread_end();
}

TEST(a_destroyed_endpoint_tells_its_receivers)
{
	cap_t e = endpoint_new();

	ended = 0;
	(void)helper_start(wait_plain, e, PRIO_TEST + 1);
	OK(sys_revoke(e, 0));
	EQUAL(ended, 1);
	EQUAL(status[0], -E_SERVER_GONE);
	COVERS(REPLY_RECV, SERVER_GONE);
}

TEST(c42_a_call_to_oneself_waits_and_can_be_killed)
{
	cap_t e = endpoint_new();
	struct helper *h = caller_start(0, mint(e, RIGHT_CALL, 1), 0, PRIO_TEST + 1);

	sleep_ms(2);
	EQUAL(ended, 0);
	OK(sys_revoke(h->thread, 0));
	EQUAL(ended, 0);
}

/* One of a ring: receives on its endpoint, then calls the next one. */
static cap_t ring[20];
static void ring_member(uint64_t n)
{
	struct message m = { .info = 0 };

	if (n)
		(void)sys_reply_recv(ring[n], &m, 0, 0);
	m.info = 0;
	(void)sys_call(ring[(n + 1) % 20], &m);
	ended++;
	thread_end();
}

TEST(c42_a_ring_of_calls_waits_and_can_be_killed)
{
	struct helper *h[20];

	ended = 0;
	for (unsigned i = 0; i < 20; i++)
		ring[i] = endpoint_new();
	for (unsigned i = 20; i-- > 0;)
		h[i] = helper_start(ring_member, i, PRIO_TEST + 1);
	sleep_ms(2);
	EQUAL(ended, 0);
	OK(sys_revoke(h[7]->thread, 0));
	/* The one before it gets SERVER_GONE, ends, and so its own caller, round to the first. */
	for (unsigned i = 0; i < 20; i++)
		OK(sys_revoke(h[i]->thread, 0));
}

TEST(a_sender_that_is_killed_leaves_the_queue)
{
	cap_t e = endpoint_new();
	struct helper *h[3];
	struct message m = { .info = 0 };

	for (unsigned i = 0; i < 3; i++)
		h[i] = caller_start(i, mint(e, RIGHT_CALL, i + 1), 0, PRIO_TEST + 1);
	OK(sys_revoke(h[1]->thread, 0));
	OK(receive(e, &m));
	EQUAL(m.badge, 1);
	answer(0);
	OK(receive(e, &m));
	EQUAL(m.badge, 3);
	answer(0);
}

/* ---- items ---------------------------------------------------------------------------------------- */

/* A receiving thread with a window of n slots: receives once, keeps the message and waits; answers when told. */
static struct message arrived;
static void window_server(uint64_t endpoint)
{
	status[20] = (uint64_t)sys_reply_recv(endpoint, (arrived.info = 0, &arrived), 0, 0);
	for (unsigned i = 0; i < MESSAGE_ITEMS; i++) {
		got[20 + i * 2] = buffer()->recv[i].value;
		got[21 + i * 2] = buffer()->recv[i].count | (uint64_t)buffer()->recv[i].type << 32;
	}
	ended = 77;
	thread_end();
}

static cap_t window_server_new(cap_t endpoint, unsigned slots)
{
	struct helper *h = helper_new(window_server, endpoint, PRIO_TEST + 2);
	cap_t window = slots ? slots_new(slots) : 0;

	status[20] = 99;
	ended = 0;
	OK(sys_thread_set(h->thread, THREAD_WINDOW, window | (uint64_t)slots << 32));
	OK(sys_thread_set(h->thread, THREAD_RUN, 0));
	return window;
}

static void item(unsigned n, cap_t cap, uint32_t count, uint8_t verb, uint8_t rights)
{
	buffer()->send[n] = (struct send_item){ cap, count, verb, rights, 0 };
}

/* Sends items from this thread, with a timeout so that a server that keeps them does not block the test. */
static long send_items(cap_t call, unsigned items)
{
	struct message m = { .info = info_make(1, 0, items) };
	long r;

	OK(sys_thread_set(THREAD_TEST, THREAD_CALL_TIMEOUT, TICKS_MS));
	r = sys_call(call, &m);
	OK(sys_thread_set(THREAD_TEST, THREAD_CALL_TIMEOUT, 0));
	return r;
}

TEST(items_of_every_verb_arrive_in_the_window)
{
	cap_t e = endpoint_new(), call = mint(e, RIGHT_CALL, 1), w = window_server_new(e, 8), f = pieces_new(4);

	item(0, ROOT_SYSTEM, 1, GIVE_COPY, RIGHT_IRQ);
	item(1, f, 1, GIVE_SHARE, RIGHT_R);
	item(2, f + 1, 1, GIVE_LEND, RIGHT_ALL);
	item(3, f + 2, 2, GIVE_MOVE, 0);
	REFUSED(TIMEOUT, send_items(call, 4));
	EQUAL(ended, 77);
	EQUAL(info_items(arrived.info), 4);
	for (unsigned i = 0; i < 4; i++) {
		EQUAL(got[20 + 2 * i], w + i);
		EQUAL(got[21 + 2 * i], (i == 3 ? 2UL : 1UL) | (uint64_t)(i ? TYPE_FRAME : TYPE_SYSTEM) << 32);
	}
	EQUAL(INSPECT_RIGHTS(inspect(w)), RIGHT_IRQ);
	EQUAL(INSPECT_KIND(inspect(w + 1)), KIND_SHARE);
	EQUAL(INSPECT_RIGHTS(inspect(w + 1)), RIGHT_R);
	EQUAL(INSPECT_KIND(inspect(w + 2)), KIND_LOAN);
	CHECK(slot_empty(f + 2) && slot_empty(f + 3));
	EQUAL(INSPECT_KIND(inspect(w + 4)), KIND_SPLIT);
	EQUAL(INSPECT_CHILDREN(inspect(f)), KIND_SHARE);
	EQUAL(INSPECT_CHILDREN(inspect(f + 1)), KIND_LOAN);
}

TEST(a_frozen_share_arrives_by_message)
{
	cap_t e = endpoint_new(), call = mint(e, RIGHT_CALL, 1), w = window_server_new(e, 1), f = frame_new();

	OK(map_here(f, FREE_VA, RIGHT_R | RIGHT_W));
	item(0, f, 1, GIVE_FREEZE, RIGHT_ALL);
	REFUSED(TIMEOUT, send_items(call, 1));
	EQUAL(INSPECT_KIND(inspect(w)), KIND_FROZEN);
	CHECK(!(INSPECT_RIGHTS(inspect(w)) & RIGHT_W));
	REFUSED(FROZEN, map_here(f, FREE_VA, RIGHT_R | RIGHT_W));
}

TEST(items_that_find_no_room_are_refused_and_undone)
{
	static const unsigned rooms[] = { 0, 1, 2, 3 };
	cap_t e = endpoint_new(), call = mint(e, RIGHT_CALL, 1), f = pieces_new(4);

	for (unsigned i = 0; i < 4; i++) {
		cap_t w = window_server_new(e, rooms[i]);

		item(0, f, 1, GIVE_MOVE, 0);
		item(1, f + 1, 1, GIVE_SHARE, RIGHT_ALL);
		item(2, f + 2, 2, GIVE_MOVE, 0);
		REFUSED(RECEIVER_FULL, send_items(call, 3));
		COVERS(CALL, RECEIVER_FULL);
		EQUAL(ended, 0);
		for (unsigned k = 0; k < 4; k++) {
			EQUAL(INSPECT_KIND(inspect(f + k)), KIND_SPLIT);
			EQUAL(INSPECT_CHILDREN(inspect(f + k)), KIND_NONE);
		}
		for (unsigned k = 0; k < rooms[i]; k++)
			CHECK(slot_empty(w + k));
		/* The server waits on: end it. */
		OK(sys_signal(e));
		EQUAL(ended, 77);
	}
}

TEST(a_window_slot_in_use_makes_the_receiver_full)
{
	cap_t e = endpoint_new(), call = mint(e, RIGHT_CALL, 1), w = window_server_new(e, 2), f = pieces_new(2);

	OK(sys_give(GIVE_COPY, ROOT_SYSTEM, 1, w + 1, 0, 0, 0));
	item(0, f, 2, GIVE_MOVE, 0);
	REFUSED(RECEIVER_FULL, send_items(call, 1));
	CHECK(!slot_empty(f) && !slot_empty(f + 1) && slot_empty(w));
}

TEST(items_that_cannot_be_given_refuse_the_call_and_undo_the_others)
{
	cap_t e = endpoint_new(), call = mint(e, RIGHT_CALL, 1), w = window_server_new(e, 8), f = pieces_new(2),
	      g = frame_new();
	cap_t empty = slots_new(1), share;

	item(0, f, 2, GIVE_MOVE, 0);
	item(1, empty, 1, GIVE_COPY, 0);
	REFUSED(BAD_SLOT, send_items(call, 2));
	item(1, ~0UL, 1, GIVE_COPY, 0);
	REFUSED(BAD_SLOT, send_items(call, 2));
	item(1, g, 1, GIVE_COPY, 0);
	REFUSED(BAD_TYPE, send_items(call, 2));
	item(1, ROOT_SYSTEM, 1, GIVE_MOVE + 1, 0);
	REFUSED(BAD_ARG, send_items(call, 2));
	item(1, g, 0, GIVE_SHARE, 0);
	REFUSED(BAD_ARG, send_items(call, 2));
	item(1, f, MESSAGE_SLOTS - 1, GIVE_SHARE, 0);
	REFUSED(BAD_ARG, send_items(call, 2));
	item(1, f, ~0U, GIVE_SHARE, 0);
	REFUSED(BAD_ARG, send_items(call, 2));
	share = child_new(GIVE_SHARE, g, RIGHT_ALL);
	item(1, g, 1, GIVE_LEND, 0);
	REFUSED(BUSY, send_items(call, 2));
	item(1, share, 1, GIVE_LEND, 0);
	REFUSED(NO_RIGHT, send_items(call, 2));
	/* The same slot twice: the second time it is empty. */
	item(1, f, 1, GIVE_MOVE, 0);
	REFUSED(BAD_SLOT, send_items(call, 2));
	EQUAL(ended, 0);
	CHECK(!slot_empty(f) && !slot_empty(f + 1));
	for (unsigned i = 0; i < 8; i++)
		CHECK(slot_empty(w + i));
}

TEST(k1_the_receivers_own_endpoint_arrives_as_its_badge)
{
	cap_t e = endpoint_new(), call = mint(e, RIGHT_CALL, 1), named = mint(e, RIGHT_CALL, 0x1234567812345678);
	cap_t w = window_server_new(e, 2), other = mint(endpoint_new(), RIGHT_CALL, 9);

	item(0, named, 1, GIVE_COPY, RIGHT_ALL);
	item(1, other, 1, GIVE_COPY, RIGHT_ALL);
	REFUSED(TIMEOUT, send_items(call, 2));
	EQUAL(got[20], 0x1234567812345678);
	EQUAL((uint32_t)got[21], 0);
	EQUAL(got[22], w);
	EQUAL((uint32_t)got[23], 1);
	CHECK(slot_empty(w + 1));
	EQUAL(inspect_detail(w), 9);
	CHECK(!slot_empty(named));
}

TEST(a_queued_message_is_checked_again_when_it_is_delivered)
{
	cap_t e = endpoint_new(), f = pieces_new(1);
	struct helper *h = caller_new(0, mint(e, RIGHT_CALL, 1), 0, PRIO_TEST + 1);
	struct message m = { .info = 0 };

	OK(sys_thread_set(THREAD_TEST, THREAD_WINDOW, slots_new(1) | 1UL << 32));
	plans[0].info = info_make(0, 0, 1);
	h->buffer->send[0] = (struct send_item){ f, 1, GIVE_MOVE, 0, 0 };
	ended = 0;
	OK(sys_thread_set(h->thread, THREAD_RUN, 0));
	/* What it was to send goes away while it waits. */
	OK(sys_delete(f));
	REFUSED(TIMEOUT, poll(e, &m));
	EQUAL(ended, 1);
	EQUAL(status[0], -E_BAD_SLOT);
}

TEST(a_queued_sender_that_lost_its_buffer_is_refused)
{
	cap_t e = endpoint_new();
	struct helper *h = caller_start(0, mint(e, RIGHT_CALL, 1), 20, PRIO_TEST + 1);
	struct message m = { .info = 0 };

	OK(sys_thread_set(h->thread, THREAD_BUFFER, 0));
	REFUSED(TIMEOUT, poll(e, &m));
	EQUAL(status[0], -E_BAD_ARG);
}

TEST(sixteen_senders_that_cannot_deliver_are_refused_in_one_turn)
{
	cap_t e = endpoint_new(), c = mint(e, RIGHT_CALL, 1);
	struct helper *server = helper_new(window_server, e, PRIO_TEST - 1);
	unsigned n = 18;

	/* A server without a window and senders with an item each. */
	ended = 0;
	for (unsigned i = 0; i < n; i++) {
		struct helper *h = caller_new(i, c, 0, PRIO_TEST + 1);

		plans[i].info = info_make(0, 0, 1);
		h->buffer->send[0] = (struct send_item){ ROOT_SYSTEM, 1, GIVE_COPY, 0, 0 };
		OK(sys_thread_set(h->thread, THREAD_RUN, 0));
	}
	status[20] = 99;
	OK(sys_thread_set(server->thread, THREAD_RUN, 0));
	WAIT_UNTIL(status[20] != 99);
	EQUAL(status[20], -E_AGAIN);
	COVERS(REPLY_RECV, AGAIN);
	for (unsigned i = 0; i < 16; i++)
		EQUAL(status[i], -E_RECEIVER_FULL);
	EQUAL(status[16], 99);
}

TEST(an_answers_items_arrive_or_the_caller_is_told)
{
	cap_t e = endpoint_new(), c = mint(e, RIGHT_CALL, 1), f = pieces_new(2), w = slots_new(1);
	struct helper *h;
	struct message m = { .info = 0 };

	for (unsigned room = 0; room < 2; room++) {
		h = caller_new(room, c, 0, PRIO_TEST + 1);
		OK(sys_thread_set(h->thread, THREAD_WINDOW, w | (uint64_t)room << 32));
		OK(sys_thread_set(h->thread, THREAD_RUN, 0));
		OK(receive(e, &m));
		item(0, f, 1, GIVE_MOVE, 0);
		m.info = INFO_REPLY | 1 << INFO_ITEMS_SHIFT;
		OK(sys_reply_recv(0, &m, 0, 0));
		EQUAL(status[room], room ? 0 : -E_RECEIVER_FULL);
		EQUAL(slot_empty(f), room);
	}
	EQUAL(INSPECT_KIND(inspect(w)), KIND_SPLIT);
	/* Words that do not fit: a caller without a buffer. */
	h = caller_new(2, c, 0, PRIO_TEST + 1);
	OK(sys_thread_set(h->thread, THREAD_BUFFER, 0));
	OK(sys_thread_set(h->thread, THREAD_RUN, 0));
	OK(receive(e, &m));
	m.info = INFO_REPLY | 6;
	OK(sys_reply_recv(0, &m, 0, 0));
	EQUAL(status[2], -E_RECEIVER_FULL);
}

TEST(a_window_may_be_in_a_further_cnode)
{
	cap_t e = endpoint_new(), cnode = cnode_new(), reading = copy_new(cnode, RIGHT_READ), gift = frame_new();
	struct helper *h = caller_new(0, mint(e, RIGHT_CALL, 1), 0, PRIO_TEST + 1);
	struct message m = { .info = 0 };

	OK(sys_thread_set(h->thread, THREAD_WINDOW, 5 | 2UL << 32 | reading << 48));
	OK(sys_thread_set(h->thread, THREAD_RUN, 0));
	OK(receive(e, &m));
	item(0, gift, 1, GIVE_SHARE, RIGHT_R);
	m.info = INFO_REPLY | INFO_DEADLINE | 1 << INFO_ITEMS_SHIFT;
	REFUSED(TIMEOUT, sys_reply_recv(e, &m, 0, sys_time() + TICKS_MS));
	EQUAL(status[0], -E_RECEIVER_FULL);
	CHECK(slot_empty(CAP(cnode, 5)));

	h = caller_new(1, mint(e, RIGHT_CALL, 1), 0, PRIO_TEST + 1);
	OK(sys_thread_set(h->thread, THREAD_WINDOW, 5 | 2UL << 32 | cnode << 48));
	OK(sys_thread_set(h->thread, THREAD_RUN, 0));
	OK(receive(e, &m));
	item(0, gift, 1, GIVE_SHARE, RIGHT_R);
	m.info = INFO_REPLY | INFO_DEADLINE | 1 << INFO_ITEMS_SHIFT;
	REFUSED(TIMEOUT, sys_reply_recv(e, &m, 0, sys_time() + TICKS_MS));
	EQUAL(status[1], 0);
	EQUAL(h->buffer->recv[0].value, CAP(cnode, 5));
	EQUAL(INSPECT_TYPE(inspect(CAP(cnode, 5))), TYPE_FRAME);
}

TEST(an_answer_that_gives_the_endpoint_away_still_waits_on_it)
{
	cap_t e = endpoint_new(), receiver = copy_new(e, RIGHT_ALL), w = slots_new(1);
	struct helper *h = caller_new(0, mint(e, RIGHT_CALL, 1), 0, PRIO_TEST + 1);
	struct message m = { .info = 0 };

	OK(sys_thread_set(h->thread, THREAD_WINDOW, w | 1UL << 32));
	OK(sys_thread_set(h->thread, THREAD_RUN, 0));
	OK(receive(receiver, &m));
	item(0, receiver, 1, GIVE_MOVE, 0);
	m.info = INFO_REPLY | INFO_DEADLINE | 1 << INFO_ITEMS_SHIFT;
	REFUSED(TIMEOUT, sys_reply_recv(receiver, &m, 0, sys_time() + TICKS_MS));
	EQUAL(INSPECT_TYPE(inspect(w)), TYPE_ENDPOINT);
}

/* ---- scheduling of messages ----------------------------------------------------------------------- */

static void ping(uint64_t call)
{
	uint64_t word = 1;

	while (call_word(call, &word) == 0)
		;
	thread_end();
}

/* Counts the turns of each badge: calls in a row. */
static void pong(uint64_t endpoint)
{
	struct message m = { .info = 0 };
	uint64_t last = ~0UL;

	while (sys_reply_recv(endpoint, &m, 0, 0) == 0) {
		got[m.badge % 32] += m.badge != last;
		last = m.badge;
		m.info = INFO_REPLY | 1;
	}
	thread_end();
}

TEST(clients_of_one_server_share_it_fairly)
{
	cap_t e = endpoint_new();
	struct helper *client[3];

	(void)helper_start(pong, e, PRIO_TEST - 1);
	for (unsigned i = 0; i < 3; i++) {
		got[i] = 0;
		client[i] = helper_start(ping, mint(e, RIGHT_CALL, i), PRIO_TEST - 2);
	}
	WAIT_UNTIL(got[2] >= 6);
	/* Turn by turn, each a whole slice of the client's own and the server's time. */
	for (unsigned i = 0; i < 3; i++) {
		CHECK(got[i] >= 5 && got[i] <= 7);
		CHECK(inspect_detail(client[i]->thread) >= 4 * SLICE);
	}
}

TEST(a_call_to_a_lower_receiver_waits_for_its_turn)
{
	cap_t e = endpoint_new();
	uint64_t word = 5;

	(void)helper_start(pong, e, PRIO_TEST - 3);
	OK(call_word(mint(e, RIGHT_CALL, 1), &word));
	EQUAL(word, 5);
}
