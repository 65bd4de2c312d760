/*
 * trace.c: a traced hart writes down what happens on it; one that is not traced writes nothing.
 */
#include "harness.h"

#define EVENTS     64                  /* of a ring of 4 KiB */
#define MEGA_EVENTS 32768
#define WHAT(e)    ((e)->what & 0xff)
#define NUMBER(e)  ((e)->what >> 8 & 0xff)
#define COUNT(e)   ((e)->what >> 16)

static const volatile struct trace_event *ring;
static cap_t ring_frame;
static volatile uint64_t served;

/* A ring of 4 KiB for a hart, mapped; tracing is on. */
static void trace_start(unsigned hart)
{
	ring_frame = frame_new();
	ring = (const volatile struct trace_event *)FREE_VA;
	OK(map_here(child_new(GIVE_SHARE, ring_frame, RIGHT_R), FREE_VA, RIGHT_R));
	OK(sys_system(ROOT_SYSTEM, SYSTEM_TRACE, ring_frame, hart));
}

static void trace_stop(unsigned hart)
{
	OK(sys_system(ROOT_SYSTEM, SYSTEM_TRACE, 0, hart));
}

/* The number of the last event there. */
static uint64_t last(void)
{
	uint64_t most = 0;

	for (unsigned i = 0; i < EVENTS; i++)
		if (COUNT(&ring[i]) > most)
			most = COUNT(&ring[i]);
	return most;
}

/* The first event of a kind and number from event n on; NULL: none. */
static const volatile struct trace_event *find(uint64_t n, unsigned what, unsigned number)
{
	for (uint64_t end = last(); n <= end; n++) {
		const volatile struct trace_event *e = &ring[n % EVENTS];

		if (COUNT(e) == n && WHAT(e) == what && (what == TRACE_RUN || NUMBER(e) == number))
			return e;
	}
	return NULL;
}

TEST(a_traced_hart_keeps_calls_with_their_arguments_and_what_ran_next)
{
	uint64_t from;
	const volatile struct trace_event *call, *run;

	trace_start(0);
	from = last();
	REFUSED(BAD_CALL, sys_raw(SYS_TRACE, 11, 12, 13, 14, 15, 0, 0, NULL, NULL));
	trace_stop(0);
	call = find(from + 1, TRACE_CALL, SYS_TRACE);
	CHECK(call);
	for (unsigned i = 0; i < 5; i++)
		EQUAL(call->value[i], 11 + i);
	run = find(COUNT(call), TRACE_RUN, 0);
	CHECK(run);
	EQUAL(run->value[0], -(long)E_BAD_CALL);
	EQUAL(run->thread, call->thread);
	CHECK(run->time >= call->time);
}

static void serve_once(uint64_t endpoint)
{
	struct message m = { 0 };

	OK(sys_reply_recv(endpoint, &m, 0, 0));
	m.info = info_make(0, 1, 0) | INFO_REPLY;
	m.w[0]++;
	served = 1;
	(void)sys_reply_recv(0, &m, 0, 0);
	thread_end();
}

TEST(a_traced_message_shows_who_serves_whom)
{
	cap_t e = endpoint_new();
	const volatile struct trace_event *call, *run;
	uint64_t word = 7;

	served = 0;
	(void)helper_start(serve_once, e, PRIO_TEST + 1);
	trace_start(0);
	OK(call_word(e, &word));
	trace_stop(0);
	EQUAL(word, 8);
	call = find(1, TRACE_CALL, SYS_CALL);
	CHECK(call);
	EQUAL(call->value[2], 7);
	run = find(COUNT(call), TRACE_RUN, 0);
	CHECK(run);
	/* The server runs, owes the caller its answer, and has the word. */
	CHECK(run->thread != call->thread);
	EQUAL(run->value[1], call->thread);
	EQUAL(run->value[3], 7);
	EQUAL(find(COUNT(run), TRACE_CALL, SYS_REPLY_RECV)->thread, run->thread);
}

TEST(a_traced_fault_shows_address_and_pc)
{
	struct puppet *p = puppet_new(PRIO_TEST - 1);
	const volatile struct trace_event *fault;

	trace_start(0);
	CHECK(puppet_faults(p, PUPPET_LOAD, PUPPET_DATA + 0x123));
	trace_stop(0);
	fault = find(1, TRACE_FAULT, 13);
	CHECK(fault);
	EQUAL(fault->value[0], PUPPET_DATA + 0x123);
	CHECK(fault->value[1] >= PUPPET_CODE && fault->value[1] < PUPPET_CODE + PAGE_SIZE);
}

TEST(a_ring_that_is_full_goes_on_at_its_start)
{
	trace_start(0);
	for (unsigned i = 0; i < 3 * EVENTS; i++)
		REFUSED(BAD_CALL, sys_raw(SYS_TRACE, i, 0, 0, 0, 0, 0, 0, NULL, NULL));
	trace_stop(0);
	CHECK(last() >= 6 * EVENTS);
	for (uint64_t n = last() - EVENTS + 1; n <= last(); n++)
		EQUAL(COUNT(&ring[n % EVENTS]), n);
}

TEST(a_ring_of_2_mib_holds_32768_events)
{
	cap_t mega = mega_new();
	const volatile struct trace_event *e = (const volatile struct trace_event *)FREE_MEGA_VA;

	OK(map_here(child_new(GIVE_SHARE, mega, RIGHT_R), FREE_MEGA_VA, RIGHT_R));
	OK(sys_system(ROOT_SYSTEM, SYSTEM_TRACE, mega, 0));
	for (unsigned i = 0; i < MEGA_EVENTS / 2; i++)
		REFUSED(BAD_CALL, sys_raw(SYS_TRACE, i, 0, 0, 0, 0, 0, 0, NULL, NULL));
	trace_stop(0);
	CHECK(COUNT(&e[0]) == MEGA_EVENTS);
	EQUAL(COUNT(&e[MEGA_EVENTS - 1]), MEGA_EVENTS - 1);
}

TEST(a_hart_without_a_ring_writes_nothing)
{
	uint64_t end;

	trace_start(0);
	trace_stop(0);
	end = last();
	REFUSED(BAD_CALL, sys_raw(SYS_TRACE, 1, 0, 0, 0, 0, 0, 0, NULL, NULL));
	EQUAL(last(), end);
}

TEST(a_ring_that_is_revoked_ends_the_trace)
{
	trace_start(0);
	REFUSED(BAD_CALL, sys_raw(SYS_TRACE, 1, 0, 0, 0, 0, 0, 0, NULL, NULL));
	CHECK(last() > 0);
	OK(sys_revoke(ring_frame, 0));
	REFUSED(BAD_CALL, sys_raw(SYS_TRACE, 1, 0, 0, 0, 0, 0, 0, NULL, NULL));
	trace_stop(0);
	EQUAL(INSPECT_CHILDREN(inspect(ring_frame)), KIND_NONE);
}

TEST(a_ring_can_be_replaced_while_it_is_written)
{
	cap_t first = frame_new();

	for (unsigned i = 0; i < 100; i++)
		OK(sys_system(ROOT_SYSTEM, SYSTEM_TRACE, i & 1 ? first : frame_new(), 0));
	trace_stop(0);
	EQUAL(INSPECT_CHILDREN(inspect(first)), KIND_NONE);
}

TEST(another_hart_can_be_traced)
{
	NEED_HARTS(2);
	trace_start(1);
	served = 0;
	struct helper *h = helper_new(serve_once, endpoint_new(), PRIO_TEST);

	thread_to_hart(h->thread, 1);
	OK(sys_thread_set(h->thread, THREAD_RUN, 0));
	for (unsigned i = 0; i < 5000 && !find(1, TRACE_CALL, SYS_REPLY_RECV); i++)
		sleep_ms(1);
	CHECK(find(1, TRACE_CALL, SYS_REPLY_RECV));
	trace_stop(1);
	thread_stop(h->thread);
}

TEST(what_is_no_ring_is_refused)
{
	cap_t frame = frame_new();

	REFUSED(BAD_ARG, sys_system(ROOT_SYSTEM, SYSTEM_TRACE, frame, hart_count));
	REFUSED(BAD_ARG, sys_system(ROOT_SYSTEM, SYSTEM_TRACE, 0, ~0UL));
	REFUSED(BAD_ARG, sys_system(ROOT_SYSTEM, SYSTEM_TRACE, SLOT_GIG, 0));
	REFUSED(BAD_SLOT, sys_system(ROOT_SYSTEM, SYSTEM_TRACE, slots_new(1), 0));
	REFUSED(BAD_TYPE, sys_system(ROOT_SYSTEM, SYSTEM_TRACE, ROOT_CNODE, 0));
	REFUSED(NO_RIGHT, sys_system(ROOT_SYSTEM, SYSTEM_TRACE, child_new(GIVE_SHARE, frame, RIGHT_R), 0));
	trace_stop(0);
}
