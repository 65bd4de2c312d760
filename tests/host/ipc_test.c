/*
 * ipc_test.c: threads, messages, signals, replies and faults of the real kernel, call by call. Each name is a claim;
 * everything is checked after each call. An argument runs the claims whose names hold it.
 */
// SOURCES: kernel/*.c tests/host/kernel/host.c
// CFLAGS: -include tests/host/kernel/machine.h -DDEBUG=1 -fno-pie -fno-strict-aliasing
// LIBS: -no-pie
#include "kernel/host.h"

#define OK(...) EXPECT(sys(root, __VA_ARGS__), 0)

/* In the root's CNode. */
#define A_THREAD (PAGE + 4)
#define A_CNODE  (PAGE + 5)
#define A_BUFFER (PAGE + 6)
#define B_THREAD (PAGE + 8)
#define B_CNODE  (PAGE + 9)
#define B_BUFFER (PAGE + 10)
#define C_THREAD (PAGE + 12)
#define C_CNODE  (PAGE + 13)
#define ENDPOINTS FREE
/* In each thread's own CNode. */
#define EP       1       /* A, C: CALL, badge 7, 8; B: RECV */
#define NOTE     2       /* SIGNAL, bit 4 */
#define ALL      3       /* the endpoint unbadged with all rights */
#define ROOT     4       /* the root's CNode */

#define INFO(label, items, words) ((uint64_t)(label) << INFO_LABEL_SHIFT | (items) << INFO_ITEMS_SHIFT | (words))

static struct thread *a, *b, *c;
static struct endpoint *e;

static void give_all(unsigned cnode, unsigned rights, uint64_t badge)
{
	OK(SYS_GIVE, GIVE_COPY, ENDPOINTS, 1, CAP(cnode, EP), rights, badge);
	OK(SYS_GIVE, GIVE_COPY, ENDPOINTS, 1, CAP(cnode, NOTE), RIGHT_SIGNAL, 16);
	OK(SYS_GIVE, GIVE_COPY, ENDPOINTS, 1, CAP(cnode, ALL), RIGHT_ALL, 0);
	OK(SYS_GIVE, GIVE_COPY, ROOT_CNODE, 1, CAP(cnode, ROOT), RIGHT_ALL, 0);
}

/* Clients A and C, server B, one endpoint. */
static void set_up(void)
{
	host_kit();
	host_endpoints(PAGE + 20, ENDPOINTS, 4);
	e = slot_object(root_slot(ENDPOINTS));
	a = host_thread(A_THREAD);
	b = host_thread(B_THREAD);
	c = host_thread(C_THREAD);
	give_all(A_CNODE, RIGHT_CALL, 7);
	give_all(B_CNODE, RIGHT_RECV, 0);
	give_all(C_CNODE, RIGHT_CALL, 8);
}

static void receive(void)
{
	(void)sys(b, SYS_REPLY_RECV, EP, 0);
}

static void answer(uint64_t info)
{
	(void)sys(b, SYS_REPLY_RECV, EP, INFO_REPLY | info);
}

static bool waits(const struct thread *t, enum thread_state state)
{
	return t->state == state && host_hart->current != t;
}

/* Item i of the next message. */
static void item(struct thread *t, unsigned i, cap_t cap, uint32_t count, uint8_t verb)
{
	t->buffer->send[i] = (struct send_item){ cap, count, verb, RIGHT_ALL, 0 };
}

/* ---- messages ------------------------------------------------------------------------------------ */

static void a_message_arrives_with_its_words_label_and_badge(void)
{
	set_up();
	receive();
	CHECK(waits(b, STATE_RECEIVE));
	(void)sys(a, SYS_CALL, EP, INFO(0x1234, 0, 5) | 3 << INFO_KIND_SHIFT | INFO_REPLY, 11, 12, 13, 14, 15);
	CHECK(waits(a, STATE_REPLY));
	CHECK(host_hart->current == b);
	EXPECT(b->regs[REG_A0], 0);
	EXPECT(b->regs[REG_A1], INFO(0x1234, 0, 5));
	EXPECT(b->regs[REG_A7], 7);
	for (unsigned i = 0; i < 5; i++)
		EXPECT(b->regs[REG_A2 + i], 11 + i);
	(void)sys(b, SYS_REPLY_RECV, EP, INFO_REPLY | INFO(9, 0, 1), 77);
	EXPECT(a->state, STATE_READY);
	EXPECT(a->regs[REG_A0], 0);
	EXPECT(a->regs[REG_A1], INFO(9, 0, 1));
	EXPECT(a->regs[REG_A2], 77);
	EXPECT(a->regs[REG_A7], 0);
}

static void words_beyond_five_go_through_the_buffers(void)
{
	set_up();
	for (unsigned i = 0; i < MESSAGE_BUFFER; i++)
		a->buffer->words[i] = 1000 + i;
	memset(b->buffer->words, 0x55, sizeof(b->buffer->words));
	receive();
	(void)sys(a, SYS_CALL, EP, INFO(1, 0, 105));
	EXPECT(b->buffer->words[99], 1099);
	EXPECT(b->buffer->words[100], 0x5555555555555555);
	answer(INFO(1, 0, MESSAGE_WORDS));
	EXPECT(a->buffer->words[99], 1099);
	EXPECT(a->buffer->words[119], 0x5555555555555555);
	EXPECT(sys(a, SYS_CALL, EP, INFO(1, 0, MESSAGE_WORDS + 1)), -E_BAD_ARG);
	EXPECT(sys(a, SYS_CALL, EP, INFO(1, 5, 0)), -E_BAD_ARG);
	OK(SYS_THREAD_SET, A_THREAD, THREAD_STOP);
	OK(SYS_THREAD_SET, A_THREAD, THREAD_BUFFER, 0);
	OK(SYS_THREAD_SET, A_THREAD, THREAD_RUN);
	EXPECT(sys(a, SYS_CALL, EP, INFO(1, 0, 6)), -E_BAD_ARG);
	EXPECT(sys(a, SYS_CALL, EP, INFO(1, 1, 0)), -E_BAD_ARG);
	(void)sys(a, SYS_CALL, EP, INFO(1, 0, 5));
	CHECK(b->caller == a);
}

static void callers_are_served_in_order(void)
{
	set_up();
	(void)sys(a, SYS_CALL, EP, INFO(1, 0, 0));
	(void)sys(c, SYS_CALL, EP, INFO(2, 0, 0));
	CHECK(waits(a, STATE_SEND) && waits(c, STATE_SEND));
	receive();
	EXPECT(b->regs[REG_A7], 7);
	answer(0);
	EXPECT(b->regs[REG_A7], 8);
	EXPECT(b->regs[REG_A1] >> 32, 2);
	answer(0);
	CHECK(waits(b, STATE_RECEIVE));
}

static void each_right_is_needed(void)
{
	set_up();
	EXPECT(sys(a, SYS_CALL, NOTE, 0), -E_NO_RIGHT);
	EXPECT(sys(b, SYS_CALL, EP, 0), -E_NO_RIGHT);
	EXPECT(sys(a, SYS_REPLY_RECV, EP, 0), -E_NO_RIGHT);
	EXPECT(sys(a, SYS_SIGNAL, EP), -E_NO_RIGHT);
	EXPECT(sys(b, SYS_SIGNAL, EP), -E_NO_RIGHT);
	EXPECT(sys(a, SYS_CALL, ROOT, 0), -E_BAD_TYPE);
	EXPECT(sys(a, SYS_REPLY_RECV, ROOT, 0), -E_BAD_TYPE);
	EXPECT(sys(a, SYS_REPLY_RECV, 99, 0), -E_BAD_SLOT);
	EXPECT(sys(a, SYS_REPLY_RECV, 0, 0), 0);
	EXPECT(sys(a, SYS_REPLY_RECV, 0, INFO_REPLY), 0);
	EXPECT(sys(a, SYS_COUNT), -E_BAD_CALL);
	EXPECT(sys(a, (unsigned)-1), -E_BAD_CALL);
}

static void a_server_that_owes_an_answer_is_held(void)
{
	set_up();
	receive();
	(void)sys(a, SYS_CALL, EP, 0);
	EXPECT(sys(b, SYS_REPLY_RECV, EP, 0), -E_HELD);
	EXPECT(sys(b, SYS_REPLY_RECV, 0, 0), 0);
	CHECK(waits(a, STATE_REPLY));
	EXPECT(sys(b, SYS_REPLY_RECV, 0, INFO_REPLY), 0);
	EXPECT(a->state, STATE_READY);
	EXPECT(sys(b, SYS_REPLY_RECV, 0, INFO_REPLY), 0);
}

/* ---- signals and deadlines ----------------------------------------------------------------------- */

static void signals_gather_and_one_receiver_takes_all(void)
{
	set_up();
	EXPECT(sys(a, SYS_SIGNAL, NOTE), 0);
	EXPECT(sys(a, SYS_SIGNAL, ALL), 0);
	receive();
	EXPECT(b->regs[REG_A1], KIND_SIGNALS << INFO_KIND_SHIFT | 1);
	EXPECT(b->regs[REG_A2], 17);
	EXPECT(e->bits, 0);
	receive();
	(void)sys(c, SYS_REPLY_RECV, ALL, 0);
	CHECK(waits(b, STATE_RECEIVE) && waits(c, STATE_RECEIVE));
	EXPECT(sys(a, SYS_SIGNAL, NOTE), 0);
	EXPECT(b->state, STATE_READY);
	EXPECT(b->regs[REG_A2], 16);
	CHECK(waits(c, STATE_RECEIVE));
}

static void signals_and_messages_alternate(void)
{
	set_up();
	(void)sys(a, SYS_CALL, EP, 0);
	(void)sys(c, SYS_CALL, EP, 0);
	OK(SYS_SIGNAL, ENDPOINTS);
	receive();
	EXPECT(b->regs[REG_A1] >> INFO_KIND_SHIFT & INFO_KIND_MASK, KIND_SIGNALS);
	OK(SYS_SIGNAL, ENDPOINTS);
	receive();
	EXPECT(b->regs[REG_A7], 7);
	answer(0);
	EXPECT(b->regs[REG_A1] >> INFO_KIND_SHIFT & INFO_KIND_MASK, KIND_SIGNALS);
	receive();
	EXPECT(b->regs[REG_A7], 8);
}

static void signals_are_taken_when_no_message_could_be_delivered(void)
{
	set_up();
	OK(SYS_SIGNAL, ENDPOINTS);
	receive();
	/* Now it is a message's turn, and the only one there is has more words than B has room for. */
	OK(SYS_THREAD_SET, B_THREAD, THREAD_STOP);
	OK(SYS_THREAD_SET, B_THREAD, THREAD_BUFFER, 0);
	OK(SYS_THREAD_SET, B_THREAD, THREAD_RUN);
	(void)sys(a, SYS_CALL, EP, INFO(0, 0, 10));
	OK(SYS_SIGNAL, ENDPOINTS);
	receive();
	EXPECT(a->regs[REG_A0], -E_RECEIVER_FULL);
	EXPECT(b->state, STATE_READY);
	EXPECT(b->regs[REG_A1] >> INFO_KIND_SHIFT & INFO_KIND_MASK, KIND_SIGNALS);
	EXPECT(e->bits, 0);
}

static void a_deadline_ends_a_wait(void)
{
	set_up();
	b->regs[REG_T1] = host_csr.time + 500;
	(void)sys(b, SYS_REPLY_RECV, EP, INFO_DEADLINE);
	CHECK(waits(b, STATE_RECEIVE));
	host_time_to(host_csr.time + 499);
	CHECK(waits(b, STATE_RECEIVE));
	host_time_to(host_csr.time + 1);
	EXPECT(b->state, STATE_READY);
	EXPECT(b->regs[REG_A0], -E_TIMEOUT);
	EXPECT((e->senders.head || e->receivers.head), 0);
	b->regs[REG_T1] = 0;
	EXPECT(sys(b, SYS_REPLY_RECV, EP, INFO_DEADLINE), -E_TIMEOUT);
	(void)sys(a, SYS_CALL, EP, 0);
	b->regs[REG_T1] = 0;
	EXPECT(sys(b, SYS_REPLY_RECV, EP, INFO_DEADLINE), 0);
	EXPECT(b->regs[REG_A7], 7);
}

static void a_call_timeout_ends_a_call_queued_or_taken(void)
{
	set_up();
	OK(SYS_THREAD_SET, A_THREAD, THREAD_CALL_TIMEOUT, 100);
	(void)sys(a, SYS_CALL, EP, 0);
	host_time_to(host_csr.time + 100);
	EXPECT(a->regs[REG_A0], -E_TIMEOUT);
	EXPECT((e->senders.head || e->receivers.head), 0);
	receive();
	(void)sys(a, SYS_CALL, EP, 0);
	host_time_to(host_csr.time + 100);
	EXPECT(a->regs[REG_A0], -E_TIMEOUT);
	EXPECT(b->caller, 0);
	answer(0);
	EXPECT(a->regs[REG_A0], -E_TIMEOUT);
	(void)sys(a, SYS_CALL, EP, 0);
	answer(0);
	EXPECT(a->regs[REG_A0], 0);
	host_time_to(host_csr.time + 1000);
	EXPECT(a->regs[REG_A0], 0);
}

/* ---- saved answers ------------------------------------------------------------------------------- */

static void caller_into_slot(unsigned slot)
{
	receive();
	(void)sys(a, SYS_CALL, EP, 0);
	EXPECT(sys(b, SYS_SAVE_REPLY, slot), 0);
	EXPECT(host_slot(B_CNODE, slot)->type, TYPE_REPLY);
	CHECK(a->reply == host_slot(B_CNODE, slot) && !a->server && !b->caller);
}

static void a_saved_answer_can_be_given_later(void)
{
	set_up();
	EXPECT(sys(b, SYS_SAVE_REPLY, 20), -E_NO_REPLY);
	caller_into_slot(20);
	EXPECT(sys(b, SYS_SAVE_REPLY, 21), -E_NO_REPLY);
	receive();
	(void)sys(c, SYS_CALL, EP, 0);
	EXPECT(sys(b, SYS_SAVE_REPLY, 20), -E_NOT_EMPTY);
	EXPECT(sys(b, SYS_SAVE_REPLY, 0), -E_BAD_SLOT);
	EXPECT(sys(b, SYS_SAVE_REPLY, 128), -E_BAD_SLOT);
	b->regs[REG_T0] = 20;
	EXPECT(sys(b, SYS_REPLY_RECV, 0, INFO_REPLY | INFO_SAVED | INFO(3, 0, 0)), 0);
	EXPECT(a->regs[REG_A1], INFO(3, 0, 0));
	EXPECT(host_slot(B_CNODE, 20)->type, TYPE_NULL);
	CHECK(b->caller == c);
	b->regs[REG_T0] = 20;
	EXPECT(sys(b, SYS_REPLY_RECV, 0, INFO_REPLY | INFO_SAVED), 0);
	b->regs[REG_T0] = NOTE;
	EXPECT(sys(b, SYS_REPLY_RECV, 0, INFO_REPLY | INFO_SAVED), -E_BAD_TYPE);
	b->regs[REG_T0] = 128;
	EXPECT(sys(b, SYS_REPLY_RECV, 0, INFO_REPLY | INFO_SAVED), -E_BAD_SLOT);
	b->regs[REG_T0] = 20;
	EXPECT(sys(b, SYS_REPLY_RECV, EP, INFO_REPLY | INFO_SAVED), -E_HELD);
}

static void a_saved_answer_moves_and_is_still_the_one(void)
{
	set_up();
	caller_into_slot(20);
	EXPECT(sys(b, SYS_GIVE, GIVE_MOVE, 20, 1, 21), 0);
	EXPECT(sys(b, SYS_GIVE, GIVE_COPY, 21, 1, 22, RIGHT_ALL), -E_BAD_TYPE);
	EXPECT(sys(b, SYS_GIVE, GIVE_SHARE, 21, 1, 22, RIGHT_ALL), -E_BAD_TYPE);
	EXPECT(sys(b, SYS_GIVE, GIVE_MOVE, 21, 1, CAP(ROOT, FREE + 50)), 0);
	CHECK(a->reply == root_slot(FREE + 50));
	root->regs[REG_T0] = FREE + 50;
	EXPECT(sys(root, SYS_REPLY_RECV, 0, INFO_REPLY | INFO_SAVED | INFO(5, 0, 0)), 0);
	EXPECT(a->regs[REG_A1], INFO(5, 0, 0));
}

static void a_saved_answer_travels_in_a_message(void)
{
	set_up();
	caller_into_slot(20);
	OK(SYS_GIVE, GIVE_COPY, ENDPOINTS + 1, 1, CAP(B_CNODE, 21), RIGHT_CALL);
	OK(SYS_GIVE, GIVE_COPY, ENDPOINTS + 1, 1, CAP(C_CNODE, 21), RIGHT_RECV);
	(void)sys(c, SYS_REPLY_RECV, 21, 0);
	item(b, 0, 20, 1, GIVE_MOVE);
	(void)sys(b, SYS_CALL, 21, INFO(1, 1, 0));
	EXPECT(c->buffer->recv[0].type, TYPE_REPLY);
	CHECK(a->reply == host_slot(C_CNODE, WINDOW));
	c->regs[REG_T0] = WINDOW;
	EXPECT(sys(c, SYS_REPLY_RECV, 0, INFO_REPLY | INFO_SAVED | INFO(6, 0, 0)), 0);
	EXPECT(a->regs[REG_A1], INFO(6, 0, 0));
	CHECK(c->caller == b);
}

static void a_dropped_answer_says_server_gone(void)
{
	set_up();
	caller_into_slot(20);
	EXPECT(sys(b, SYS_REVOKE, 20), 0);
	CHECK(waits(a, STATE_REPLY));
	EXPECT(sys(b, SYS_DELETE, 20), 0);
	EXPECT(a->regs[REG_A0], -E_SERVER_GONE);
	caller_into_slot(20);
	OK(SYS_DELETE, B_CNODE);
	EXPECT(a->regs[REG_A0], -E_SERVER_GONE);
	EXPECT(b->state, STATE_STOPPED);
}

static void a_caller_that_ends_empties_the_slot(void)
{
	set_up();
	caller_into_slot(20);
	OK(SYS_THREAD_SET, A_THREAD, THREAD_ABORT);
	EXPECT(a->regs[REG_A0], -E_ABORTED);
	EXPECT(host_slot(B_CNODE, 20)->type, TYPE_NULL);
	caller_into_slot(20);
	OK(SYS_DELETE, A_THREAD);
	EXPECT(host_slot(B_CNODE, 20)->type, TYPE_NULL);
	b->regs[REG_T0] = 20;
	EXPECT(sys(b, SYS_REPLY_RECV, 0, INFO_REPLY | INFO_SAVED), 0);
}

/* ---- capabilities in messages -------------------------------------------------------------------- */

/* A fresh run of four shares in A's slots 40 to 43. */
static void shares(void)
{
	OK(SYS_GIVE, GIVE_SHARE, PAGE + 24, 4, CAP(A_CNODE, 40), RIGHT_ALL);
}

static void capabilities_arrive_in_the_window(void)
{
	set_up();
	shares();
	item(a, 0, 40, 2, GIVE_MOVE);
	item(a, 1, 42, 1, GIVE_SHARE);
	a->buffer->send[1].rights = RIGHT_R;
	item(a, 2, ALL, 1, GIVE_COPY);
	receive();
	(void)sys(a, SYS_CALL, EP, INFO(1, 3, 0));
	EXPECT(b->regs[REG_A1], INFO(1, 3, 0));
	EXPECT(b->buffer->recv[0].value, WINDOW);
	EXPECT(b->buffer->recv[0].count, 2);
	EXPECT(b->buffer->recv[1].value, WINDOW + 2);
	EXPECT(b->buffer->recv[1].type, TYPE_FRAME);
	EXPECT(host_slot(B_CNODE, WINDOW + 2)->rights, RIGHT_R);
	EXPECT(host_slot(B_CNODE, WINDOW + 3)->type, TYPE_ENDPOINT);
	EXPECT(host_slot(A_CNODE, 40)->type, TYPE_NULL);
	EXPECT(host_slot(A_CNODE, 42)->type, TYPE_FRAME);
	EXPECT(host_slot(B_CNODE, WINDOW)->kind, KIND_SHARE);
}

static void a_capability_to_call_the_endpoint_arrives_as_its_badge(void)
{
	set_up();
	item(a, 0, EP, 1, GIVE_COPY);
	item(a, 1, ALL, 1, GIVE_COPY);
	item(a, 2, NOTE, 1, GIVE_MOVE);
	receive();
	(void)sys(a, SYS_CALL, EP, INFO(1, 3, 0));
	EXPECT(b->buffer->recv[0].count, 0);
	EXPECT(b->buffer->recv[0].value, 7);
	EXPECT(b->buffer->recv[1].count, 1);
	EXPECT(b->buffer->recv[2].count, 1);
	EXPECT(host_slot(A_CNODE, NOTE)->type, TYPE_NULL);
}

/* Sends items that must be refused; afterwards every slot is as before. */
static void refused(unsigned n, int error)
{
	uint64_t before = host_digest();

	receive();
	EXPECT(sys(a, SYS_CALL, EP, INFO(1, n, 0)), -error);
	EXPECT(a->state, STATE_READY);
	CHECK(waits(b, STATE_RECEIVE));
	CHECK(before == host_digest());
	OK(SYS_THREAD_SET, B_THREAD, THREAD_ABORT);
	/* The same from the queue. */
	(void)sys(a, SYS_CALL, EP, INFO(1, n, 0));
	receive();
	EXPECT(a->regs[REG_A0], -error);
	CHECK(before == host_digest());
	OK(SYS_THREAD_SET, B_THREAD, THREAD_ABORT);
}

static void a_refused_item_undoes_those_before_it(void)
{
	set_up();
	shares();
	item(a, 0, 40, 4, GIVE_MOVE);
	item(a, 1, 50, 1, GIVE_COPY);
	refused(2, E_BAD_SLOT);
	item(a, 1, 41, 1, GIVE_SHARE);
	refused(2, E_BAD_SLOT);
	item(a, 1, ALL, 1, GIVE_SHARE);
	refused(2, E_BAD_TYPE);
	item(a, 1, ALL, 1, GIVE_MOVE + 1);
	refused(2, E_BAD_ARG);
	item(a, 1, 126, 3, GIVE_MOVE);
	refused(2, E_BAD_SLOT);
	item(a, 1, ALL, 0, GIVE_COPY);
	refused(2, E_BAD_ARG);
	item(a, 1, 50, 61, GIVE_COPY);
	refused(2, E_BAD_ARG);
	item(a, 1, 50, 0xffffffff, GIVE_COPY);
	refused(2, E_BAD_ARG);
	item(a, 0, 40, 4, GIVE_SHARE);
	item(a, 1, 40, 4, GIVE_SHARE);
	item(a, 2, ALL, 1, GIVE_COPY);
	refused(3, E_RECEIVER_FULL);
	OK(SYS_GIVE, GIVE_SHARE, PAGE + 30, 1, CAP(B_CNODE, WINDOW + 2), RIGHT_ALL);
	item(a, 0, 40, 4, GIVE_MOVE);
	refused(1, E_RECEIVER_FULL);
	OK(SYS_THREAD_SET, B_THREAD, THREAD_WINDOW, 120 | 9UL << 32);
	refused(1, E_RECEIVER_FULL);
	OK(SYS_THREAD_SET, B_THREAD, THREAD_WINDOW, 0 | 8UL << 32);
	refused(1, E_RECEIVER_FULL);
	OK(SYS_THREAD_SET, B_THREAD, THREAD_WINDOW, ~0UL);
	refused(1, E_RECEIVER_FULL);
	OK(SYS_THREAD_SET, B_THREAD, THREAD_STOP);
	OK(SYS_THREAD_SET, B_THREAD, THREAD_BUFFER, 0);
	OK(SYS_THREAD_SET, B_THREAD, THREAD_RUN);
	OK(SYS_THREAD_SET, B_THREAD, THREAD_WINDOW, WINDOW | 8UL << 32);
	refused(1, E_RECEIVER_FULL);
}

/* Sender and receiver in one CNode: what an item moved, the next can name; on a refusal all goes back. */
static void overlapping_items_in_one_cnode_are_undone(void)
{
	set_up();
	OK(SYS_THREAD_SET, B_THREAD, THREAD_STOP);
	OK(SYS_THREAD_SET, B_THREAD, THREAD_CSPACE, A_CNODE);
	OK(SYS_THREAD_SET, B_THREAD, THREAD_RUN);
	OK(SYS_DELETE, CAP(A_CNODE, NOTE));
	OK(SYS_GIVE, GIVE_COPY, ENDPOINTS, 1, CAP(A_CNODE, NOTE), RIGHT_RECV);
	OK(SYS_GIVE, GIVE_SHARE, PAGE + 24, 1, CAP(A_CNODE, WINDOW - 1), RIGHT_ALL);
	for (unsigned verb = GIVE_SHARE; verb <= GIVE_MOVE; verb += GIVE_MOVE - GIVE_SHARE) {
		uint64_t before = host_digest();

		item(a, 0, WINDOW - 1, 3, (uint8_t)verb);
		item(a, 1, 50, 1, GIVE_COPY);
		(void)sys(b, SYS_REPLY_RECV, NOTE, 0);
		EXPECT(sys(a, SYS_CALL, EP, INFO(1, 2, 0)), -E_BAD_SLOT);
		CHECK(before == host_digest());
		OK(SYS_THREAD_SET, B_THREAD, THREAD_ABORT);
	}
}

/* The CNode through which the first item was named goes with the second. */
static void a_donated_cnode_comes_back_before_what_came_out_of_it(void)
{
	set_up();
	OK(SYS_MAKE, PAGE + 30, TYPE_CNODE);
	OK(SYS_GIVE, GIVE_COPY, PAGE + 30, 1, CAP(A_CNODE, 30), RIGHT_ALL);
	OK(SYS_GIVE, GIVE_LEND, PAGE + 31, 1, CAP(PAGE + 30, 5), RIGHT_ALL);
	item(a, 0, CAP(30, 5), 1, GIVE_MOVE);
	item(a, 1, 30, 1, GIVE_MOVE);
	item(a, 2, 50, 1, GIVE_MOVE);
	refused(3, E_BAD_SLOT);
	receive();
	(void)sys(a, SYS_CALL, EP, INFO(1, 2, 0));
	EXPECT(host_slot(B_CNODE, WINDOW)->type, TYPE_FRAME);
	EXPECT(host_slot(B_CNODE, WINDOW + 1)->type, TYPE_CNODE);
}

/* An answer that gives away the very capability the server waits with. */
static void a_server_may_donate_the_endpoint_it_waits_on(void)
{
	set_up();
	for (unsigned n = 1; n <= 2; n++) {
		struct slot *ep = host_slot(B_CNODE, EP);

		receive();
		(void)sys(a, SYS_CALL, EP, 0);
		item(b, 0, EP, 1, GIVE_MOVE);
		answer(INFO(1, 1, 0));
		EXPECT(a->regs[REG_A0], 0);
		EXPECT(ep->type, TYPE_NULL);
		CHECK(waits(b, STATE_RECEIVE) && e->receivers.head == b);
		OK(SYS_DELETE, CAP(A_CNODE, WINDOW));
		OK(SYS_THREAD_SET, B_THREAD, THREAD_ABORT);
		OK(SYS_GIVE, GIVE_COPY, ENDPOINTS, 1, CAP(B_CNODE, EP), RIGHT_RECV);
	}
}

static void a_sender_that_loses_its_buffer_while_it_waits_is_refused(void)
{
	set_up();
	(void)sys(a, SYS_CALL, EP, INFO(1, 0, 20));
	OK(SYS_REVOKE, A_BUFFER);
	EXPECT(a->buffer, 0);
	CHECK(waits(a, STATE_SEND));
	receive();
	EXPECT(a->regs[REG_A0], -E_BAD_ARG);
	CHECK(waits(b, STATE_RECEIVE));
}

static void a_caller_without_a_buffer_gets_no_long_answer(void)
{
	set_up();
	receive();
	(void)sys(a, SYS_CALL, EP, INFO(1, 0, 20));
	OK(SYS_REVOKE, A_BUFFER);
	answer(INFO(1, 0, 20));
	EXPECT(a->regs[REG_A0], -E_RECEIVER_FULL);
	CHECK(waits(b, STATE_RECEIVE));
}

static void sixteen_senders_that_cannot_deliver_make_one_piece(void)
{
	set_up();
	for (unsigned i = 0; i < 18; i++) {
		struct thread *t;

		OK(SYS_SPLIT, MEGA + 2, i * 4, 4, FREE + 20 + i * 4);
		t = host_thread(FREE + 20 + i * 4);
		OK(SYS_GIVE, GIVE_COPY, ENDPOINTS, 1, CAP(FREE + 21 + i * 4, EP), RIGHT_CALL, 100 + i);
		item(t, 0, 99, 1, GIVE_COPY);
		(void)sys(t, SYS_CALL, EP, INFO(1, i < 17, 0));
		CHECK(waits(t, STATE_SEND));
	}
	EXPECT(sys(b, SYS_REPLY_RECV, EP, 0), -E_AGAIN);
	EXPECT(sys(b, SYS_REPLY_RECV, EP, 0), 0);
	EXPECT(b->regs[REG_A7], 117);
}

/* ---- ends ---------------------------------------------------------------------------------------- */

static void an_endpoint_that_ends_wakes_all(void)
{
	set_up();
	(void)sys(a, SYS_CALL, EP, 0);
	(void)sys(c, SYS_CALL, EP, 0);
	OK(SYS_REVOKE, ENDPOINTS);
	EXPECT(a->regs[REG_A0], -E_SERVER_GONE);
	EXPECT(c->regs[REG_A0], -E_SERVER_GONE);
	EXPECT(host_slot(A_CNODE, EP)->type, TYPE_NULL);
	OK(SYS_MAKE, ENDPOINTS, TYPE_ENDPOINT);
	OK(SYS_GIVE, GIVE_COPY, ENDPOINTS, 1, CAP(C_CNODE, ALL), RIGHT_ALL, 0);
	(void)sys(c, SYS_REPLY_RECV, ALL, 0);
	OK(SYS_DELETE, ENDPOINTS);
	EXPECT(c->regs[REG_A0], -E_SERVER_GONE);
}

/* Brings A into each state in turn; the deadline heap has it too where it can. */
enum wait { RUNS, QUEUED, SERVED, SAVED, RECEIVES, STOPPED, FAULT_QUEUED, FAULT_SERVED, WAITS };

static void a_waits(enum wait wait)
{
	OK(SYS_THREAD_SET, A_THREAD, THREAD_CALL_TIMEOUT, 1000);
	OK(SYS_THREAD_SET, A_THREAD, THREAD_FAULT_TIMEOUT, 1000);
	if (wait == FAULT_QUEUED || wait == FAULT_SERVED) {
		OK(SYS_THREAD_SET, A_THREAD, THREAD_STOP);
		OK(SYS_THREAD_SET, A_THREAD, THREAD_PAGER, ENDPOINTS, 33);
		OK(SYS_THREAD_SET, A_THREAD, THREAD_RUN);
	}
	if (wait == SERVED || wait == SAVED || wait == FAULT_SERVED)
		receive();
	switch (wait) {
	case QUEUED:
	case SERVED:
	case SAVED:
		(void)sys(a, SYS_CALL, EP, 0);
		break;
	case RECEIVES:
		a->regs[REG_T1] = host_csr.time + 1000;
		(void)sys(a, SYS_REPLY_RECV, ALL, INFO_DEADLINE);
		break;
	case STOPPED:
		OK(SYS_THREAD_SET, A_THREAD, THREAD_STOP);
		break;
	case FAULT_QUEUED:
	case FAULT_SERVED:
		host_fault(a, CAUSE_STORE_PAGE, VA + 5 * PAGE_SIZE);
		break;
	default:
		break;
	}
	if (wait == SAVED)
		EXPECT(sys(b, SYS_SAVE_REPLY, 20), 0);
}

/* Also the one that is left alone goes on. */
static void a_thread_can_be_destroyed_in_any_state(void)
{
	set_up();
	for (unsigned wait = 0; wait < WAITS; wait++) {
		unsigned pieces;

		a_waits(wait);
		EXPECT(host_sys_all(root, SYS_REVOKE, (uint64_t[7]){ A_THREAD }, &pieces), 0);
		EXPECT(root_slot(A_THREAD)->type, TYPE_FRAME);
		CHECK(!b->caller && !(e->senders.head || e->receivers.head) && !host_hart->heap);
		OK(SYS_REVOKE, A_CNODE);
		OK(SYS_REVOKE, A_BUFFER);
		CHECK(host_thread(A_THREAD) == a);
		give_all(A_CNODE, RIGHT_CALL, 7);
	}
}

static void a_thread_can_be_stopped_aborted_or_lose_its_cnode_in_any_state(void)
{
	set_up();
	for (unsigned how = 0; how < 4; how++)
		for (unsigned wait = 0; wait < WAITS; wait++) {
			a_waits(wait);
			if (how == 0)
				OK(SYS_THREAD_SET, A_THREAD, THREAD_STOP);
			else if (how == 1)
				OK(SYS_THREAD_SET, A_THREAD, THREAD_ABORT);
			else
				EXPECT(host_sys_all(root, SYS_REVOKE, (uint64_t[7]){ how == 2 ? A_CNODE : A_BUFFER },
						    &(unsigned){ 0 }), 0);
			CHECK(how == 3 || (!b->caller && !(e->senders.head || e->receivers.head) && !host_hart->heap));
			if (how == 1)
				EXPECT(a->state, wait == STOPPED ? STATE_STOPPED : STATE_READY);
			if (how == 2)
				EXPECT(a->state, STATE_STOPPED);
			if (how < 2 && wait != RUNS && wait != STOPPED && wait != FAULT_QUEUED && wait != FAULT_SERVED)
				EXPECT(a->regs[REG_A0], -E_ABORTED);
			EXPECT(host_sys_all(root, SYS_REVOKE, (uint64_t[7]){ A_THREAD }, &(unsigned){ 0 }), 0);
			OK(SYS_REVOKE, A_CNODE);
			OK(SYS_REVOKE, A_BUFFER);
			CHECK(host_thread(A_THREAD) == a);
			give_all(A_CNODE, RIGHT_CALL, 7);
		}
}

static void a_server_that_ends_lets_its_caller_go(void)
{
	set_up();
	receive();
	(void)sys(a, SYS_CALL, EP, 0);
	OK(SYS_DELETE, B_THREAD);
	EXPECT(a->state, STATE_READY);
	EXPECT(a->regs[REG_A0], -E_SERVER_GONE);
}

static void regs_of_a_running_thread_are_its_own(void)
{
	set_up();
	EXPECT(sys(root, SYS_THREAD_REGS, A_THREAD, REGS_READ, REGS_GENERAL), -E_RUNNING);
	OK(SYS_THREAD_SET, A_THREAD, THREAD_STOP);
	root->buffer->words[REG_A0] = 99;
	OK(SYS_THREAD_REGS, A_THREAD, REGS_WRITE, REGS_GENERAL);
	EXPECT(a->regs[REG_A0], 99);
	OK(SYS_THREAD_REGS, A_THREAD, REGS_READ, REGS_FLOAT);
	EXPECT(sys(root, SYS_THREAD_REGS, A_THREAD, 2, REGS_GENERAL), -E_BAD_ARG);
	EXPECT(sys(root, SYS_THREAD_REGS, A_THREAD, REGS_READ, 2), -E_BAD_ARG);
	OK(SYS_GIVE, GIVE_COPY, A_THREAD, 1, FREE + 50, RIGHT_READ);
	EXPECT(sys(root, SYS_THREAD_REGS, FREE + 50, REGS_WRITE, REGS_GENERAL), -E_NO_RIGHT);
	EXPECT(sys(root, SYS_THREAD_SET, FREE + 50, THREAD_STOP), -E_NO_RIGHT);
	OK(SYS_THREAD_SET, A_THREAD, THREAD_RUN);
	(void)sys(a, SYS_CALL, EP, 0);
	OK(SYS_THREAD_REGS, A_THREAD, REGS_READ, REGS_GENERAL);
	EXPECT(root->buffer->words[REG_RA], 0);
	EXPECT(sys(root, SYS_THREAD_REGS, A_THREAD, REGS_WRITE, REGS_GENERAL), -E_RUNNING);
}

static void a_thread_runs_only_whole(void)
{
	set_up();
	EXPECT(sys(root, SYS_THREAD_SET, A_THREAD, THREAD_RUN), -E_RUNNING);
	OK(SYS_MAKE, PAGE + 30, TYPE_THREAD);
	EXPECT(sys(root, SYS_THREAD_SET, PAGE + 30, THREAD_RUN), -E_BUSY);
	OK(SYS_THREAD_SET, PAGE + 30, THREAD_CSPACE, A_CNODE);
	EXPECT(sys(root, SYS_THREAD_SET, PAGE + 30, THREAD_RUN), -E_BUSY);
	OK(SYS_THREAD_SET, PAGE + 30, THREAD_VSPACE, SPACE);
	EXPECT(sys(root, SYS_THREAD_SET, PAGE + 30, THREAD_FIELDS), -E_BAD_ARG);
	EXPECT(sys(root, SYS_THREAD_SET, PAGE + 30, THREAD_PRIO, 64), -E_PRIO);
	OK(SYS_GIVE, GIVE_COPY, PAGE + 30, 1, CAP(A_CNODE, 60), RIGHT_ALL);
	OK(SYS_THREAD_SET, A_THREAD, THREAD_MAX_PRIO, 10);
	EXPECT(sys(a, SYS_THREAD_SET, 60, THREAD_PRIO, 11), -E_PRIO);
	EXPECT(sys(a, SYS_THREAD_SET, 60, THREAD_MAX_PRIO, 11), -E_PRIO);
	EXPECT(sys(a, SYS_THREAD_SET, 60, THREAD_PRIO, 10), 0);
	OK(SYS_THREAD_SET, PAGE + 30, THREAD_RUN);
	EXPECT(((struct thread *)slot_object(root_slot(PAGE + 30)))->state, STATE_READY);
}

/* ---- faults -------------------------------------------------------------------------------------- */

#define HERE (VA + 5 * PAGE_SIZE)

static void fault_set_up(void)
{
	set_up();
	OK(SYS_THREAD_SET, A_THREAD, THREAD_STOP);
	OK(SYS_THREAD_SET, A_THREAD, THREAD_PAGER, ENDPOINTS, 33);
	OK(SYS_THREAD_SET, A_THREAD, THREAD_RUN);
	a->regs[REG_PC] = 0x1000;
	a->regs[REG_SP] = 0x2000;
	for (unsigned i = 0; i < 8; i++)
		OK(SYS_GIVE, GIVE_LEND, PAGE + 24 + i, 1, CAP(B_CNODE, 40 + i), RIGHT_ALL);
	receive();
}

static long map_answer(cap_t cap, uint64_t count, uint64_t va, uint64_t rights)
{
	return sys(b, SYS_REPLY_RECV, EP, INFO_REPLY | INFO_MAP | 1, cap, count, va, rights);
}

static void a_fault_is_a_message_to_the_pager(void)
{
	fault_set_up();
	host_fault(a, CAUSE_STORE_PAGE, HERE + 123);
	CHECK(waits(a, STATE_REPLY) && b->caller == a);
	EXPECT(b->regs[REG_A1], KIND_FAULT << INFO_KIND_SHIFT | 4);
	EXPECT(b->regs[REG_A2], HERE + 123);
	EXPECT(b->regs[REG_A2 + 1], RIGHT_W | CAUSE_STORE_PAGE << 8);
	EXPECT(b->regs[REG_A2 + 2], 0x1000);
	EXPECT(b->regs[REG_A2 + 3], 0x2000);
	EXPECT(b->regs[REG_A7], 33);
}

static void an_answer_with_a_page_maps_it_and_lets_the_thread_go(void)
{
	pte_t *pte;

	fault_set_up();
	host_fault(a, CAUSE_STORE_PAGE, HERE);
	(void)map_answer(40, 1, HERE, RIGHT_R | RIGHT_W);
	EXPECT(a->state, STATE_READY);
	EXPECT(a->faulted, 0);
	EXPECT(b->buffer->replied, 1);
	pte = space_mapping(host_slot(B_CNODE, 40));
	CHECK(pte && (*pte & (PTE_A | PTE_D)) == (PTE_A | PTE_D));
	host_fault(a, CAUSE_LOAD_PAGE, HERE);
	EXPECT(a->state, STATE_READY);
	CHECK(waits(b, STATE_RECEIVE));
}

static void neighbours_only_fill_what_is_empty(void)
{
	fault_set_up();
	OK(SYS_MAP, SPACE, HERE + PAGE_SIZE, RIGHT_R, 1, PAGE + 40, 1);
	OK(SYS_MAP, SPACE, HERE + 2 * PAGE_SIZE, RIGHT_R, 1, PAGE + 41, 1);
	host_fault(a, CAUSE_STORE_PAGE, HERE + 2 * PAGE_SIZE);
	(void)map_answer(40, 4, HERE, RIGHT_R | RIGHT_W);
	EXPECT(a->state, STATE_READY);
	CHECK(space_mapping(host_slot(B_CNODE, 40)) && !(*space_mapping(host_slot(B_CNODE, 40)) & PTE_A));
	CHECK(!space_mapping(host_slot(B_CNODE, 41)) && space_mapping(root_slot(PAGE + 40)));
	CHECK(space_mapping(host_slot(B_CNODE, 42)) && !space_mapping(root_slot(PAGE + 41)));
	CHECK(space_mapping(host_slot(B_CNODE, 43)));
}

static void an_item_that_cannot_be_used_leaves_the_answer_owed(void)
{
	fault_set_up();
	host_fault(a, CAUSE_LOAD_PAGE, VA + MEGAPAGE_SIZE + 8);
	EXPECT(map_answer(40, 1, VA + MEGAPAGE_SIZE, RIGHT_R), -E_NEED_TABLE);
	CHECK(b->caller == a && waits(a, STATE_REPLY));
	EXPECT(map_answer(40, 1, VA, RIGHT_R), -E_BAD_ARG);
	EXPECT(map_answer(40, 1, VA + 2 * MEGAPAGE_SIZE, RIGHT_R), -E_BAD_ARG);
	EXPECT(map_answer(40, 0, VA + MEGAPAGE_SIZE, RIGHT_R), -E_BAD_ARG);
	EXPECT(map_answer(40, 1UL << 40, VA + MEGAPAGE_SIZE, RIGHT_R), -E_BAD_ARG);
	EXPECT(map_answer(40, 60, VA + MEGAPAGE_SIZE, RIGHT_R), -E_NEED_TABLE);
	EXPECT(map_answer(0, 1, VA + MEGAPAGE_SIZE, RIGHT_R), -E_BAD_SLOT);
	EXPECT(map_answer(ROOT, 1, VA + MEGAPAGE_SIZE, RIGHT_R), -E_BAD_TYPE);
	EXPECT(map_answer(40, 2, VA + MEGAPAGE_SIZE, MAP_TABLE), -E_BAD_ARG);
	EXPECT(sys(b, SYS_REPLY_RECV, EP, INFO_REPLY | INFO_MAP), -E_BAD_ARG);
	EXPECT(sys(b, SYS_REPLY_RECV, EP, INFO_REPLY | INFO_MAP | (MAP_ITEMS + 1)), -E_BAD_ARG);
	b->buffer->maps[0] = (struct map_item){ 41, 1, VA + MEGAPAGE_SIZE, RIGHT_R | RIGHT_X };
	(void)sys(b, SYS_REPLY_RECV, EP, INFO_REPLY | INFO_MAP | 2, 40, 1, 0, MAP_TABLE);
	EXPECT(a->state, STATE_READY);
	EXPECT(host_slot(B_CNODE, 40)->type, TYPE_TABLE);
	CHECK(space_mapping(host_slot(B_CNODE, 41)));
}

static void a_fault_outside_the_user_half_maps_nothing(void)
{
	static const uint64_t at[] = { USER_END, USER_END - 1, ~0UL, 0xffffffc000000000, 1UL << 63 };

	fault_set_up();
	for (unsigned i = 0; i < sizeof(at) / sizeof(*at); i++) {
		host_fault(a, CAUSE_LOAD_PAGE, at[i]);
		EXPECT(map_answer(40, 1, at[i] & ~4095UL, RIGHT_R) == -E_BAD_ARG ||
			   b->regs[REG_A0] == (uint64_t)-E_NEED_TABLE,
		       1);
		if (at[i] >= USER_END)
			EXPECT(map_answer(40, 1, at[i] & ~4095UL, MAP_TABLE), -E_BAD_ARG);
		(void)sys(b, SYS_REPLY_RECV, EP, INFO_REPLY);
		EXPECT(a->state, STATE_READY);
	}
}

static void an_unresolved_fault_goes_to_fault_pc_once(void)
{
	fault_set_up();
	OK(SYS_THREAD_SET, A_THREAD, THREAD_FAULT_PC, 0x5001);
	a->regs[REG_A0] = 5;
	host_fault(a, CAUSE_STORE_PAGE, HERE);
	(void)sys(b, SYS_REPLY_RECV, EP, INFO_REPLY | INFO_FAIL);
	EXPECT(a->state, STATE_READY);
	EXPECT(a->regs[REG_PC], 0x5000);
	EXPECT(a->buffer->fault.pc, 0x1000);
	EXPECT(a->buffer->fault.cause, CAUSE_STORE_PAGE + 1);
	EXPECT(a->buffer->fault.va, HERE);
	EXPECT(a->buffer->fault.a0, 5);
	host_fault(a, CAUSE_STORE_PAGE, HERE);
	(void)sys(b, SYS_REPLY_RECV, EP, INFO_REPLY | INFO_FAIL);
	EXPECT(a->state, STATE_STOPPED);
	EXPECT(sys(root, SYS_THREAD_SET, A_THREAD, THREAD_RUN), 0);
	a->buffer->fault.cause = 0;
	OK(SYS_THREAD_SET, A_THREAD, THREAD_FAULT_TIMEOUT, 100);
	host_fault(a, CAUSE_STORE_PAGE, HERE);
	host_time_to(host_csr.time + 100);
	EXPECT(a->state, STATE_READY);
	EXPECT(a->regs[REG_PC], 0x5000);
	EXPECT(b->caller, 0);
	host_fault(a, CAUSE_STORE_PAGE, HERE);
	host_time_to(host_csr.time + 100);
	EXPECT(a->state, STATE_STOPPED);
}

static void fail_and_map_answer_faults_only(void)
{
	set_up();
	receive();
	(void)sys(a, SYS_CALL, EP, 0);
	EXPECT(sys(b, SYS_REPLY_RECV, EP, INFO_REPLY | INFO_FAIL), -E_BAD_ARG);
	EXPECT(sys(b, SYS_REPLY_RECV, EP, INFO_REPLY | INFO_MAP | 1), -E_BAD_ARG);
	CHECK(b->caller == a);
}

static void a_thread_without_a_pager_stops_at_its_fault(void)
{
	set_up();
	host_fault(a, CAUSE_LOAD_PAGE, HERE);
	EXPECT(a->state, STATE_STOPPED);
}

static void a_pager_that_ends_lets_the_thread_fault_again(void)
{
	fault_set_up();
	host_fault(a, CAUSE_LOAD_PAGE, HERE);
	OK(SYS_DELETE, B_THREAD);
	EXPECT(a->state, STATE_READY);
	host_fault(a, CAUSE_LOAD_PAGE, HERE);
	CHECK(waits(a, STATE_SEND));
	OK(SYS_REVOKE, ENDPOINTS);
	EXPECT(a->state, STATE_READY);
	host_fault(a, CAUSE_LOAD_PAGE, HERE);
	EXPECT(a->state, STATE_STOPPED);
}

/* ---- scheduling ---------------------------------------------------------------------------------- */

static void the_highest_ready_thread_runs(void)
{
	set_up();
	OK(SYS_THREAD_SET, B_THREAD, THREAD_PRIO, 63);
	CHECK(host_hart->current == b);
	receive();
	CHECK(host_hart->current != b);
	if (!host_hart->current)
		sched_pick();
	OK(SYS_THREAD_SET, A_THREAD, THREAD_PRIO, 10);
	OK(SYS_THREAD_SET, C_THREAD, THREAD_PRIO, 10);
	OK(SYS_SIGNAL, ENDPOINTS);
	CHECK(host_hart->current == b);
	EXPECT(root->state, STATE_READY);
	receive();
	OK(SYS_THREAD_SET, ROOT_THREAD, THREAD_PRIO, 5);
	if (!host_hart->current)
		sched_pick();
	CHECK(host_hart->current == a || host_hart->current == c);
}

static const struct claim claims[] = {
	CLAIM(a_message_arrives_with_its_words_label_and_badge),
	CLAIM(words_beyond_five_go_through_the_buffers),
	CLAIM(callers_are_served_in_order),
	CLAIM(each_right_is_needed),
	CLAIM(a_server_that_owes_an_answer_is_held),
	CLAIM(signals_gather_and_one_receiver_takes_all),
	CLAIM(signals_and_messages_alternate),
	CLAIM(signals_are_taken_when_no_message_could_be_delivered),
	CLAIM(a_deadline_ends_a_wait),
	CLAIM(a_call_timeout_ends_a_call_queued_or_taken),
	CLAIM(a_saved_answer_can_be_given_later),
	CLAIM(a_saved_answer_moves_and_is_still_the_one),
	CLAIM(a_saved_answer_travels_in_a_message),
	CLAIM(a_dropped_answer_says_server_gone),
	CLAIM(a_caller_that_ends_empties_the_slot),
	CLAIM(capabilities_arrive_in_the_window),
	CLAIM(a_capability_to_call_the_endpoint_arrives_as_its_badge),
	CLAIM(a_refused_item_undoes_those_before_it),
	CLAIM(overlapping_items_in_one_cnode_are_undone),
	CLAIM(a_donated_cnode_comes_back_before_what_came_out_of_it),
	CLAIM(a_server_may_donate_the_endpoint_it_waits_on),
	CLAIM(a_sender_that_loses_its_buffer_while_it_waits_is_refused),
	CLAIM(a_caller_without_a_buffer_gets_no_long_answer),
	CLAIM(sixteen_senders_that_cannot_deliver_make_one_piece),
	CLAIM(an_endpoint_that_ends_wakes_all),
	CLAIM(a_thread_can_be_destroyed_in_any_state),
	CLAIM(a_thread_can_be_stopped_aborted_or_lose_its_cnode_in_any_state),
	CLAIM(a_server_that_ends_lets_its_caller_go),
	CLAIM(regs_of_a_running_thread_are_its_own),
	CLAIM(a_thread_runs_only_whole),
	CLAIM(a_fault_is_a_message_to_the_pager),
	CLAIM(an_answer_with_a_page_maps_it_and_lets_the_thread_go),
	CLAIM(neighbours_only_fill_what_is_empty),
	CLAIM(an_item_that_cannot_be_used_leaves_the_answer_owed),
	CLAIM(a_fault_outside_the_user_half_maps_nothing),
	CLAIM(an_unresolved_fault_goes_to_fault_pc_once),
	CLAIM(fail_and_map_answer_faults_only),
	CLAIM(a_thread_without_a_pager_stops_at_its_fault),
	CLAIM(a_pager_that_ends_lets_the_thread_fault_again),
	CLAIM(the_highest_ready_thread_runs),
};

int main(int argc, char **argv)
{
	return host_claims(claims, sizeof(claims) / sizeof(*claims), argc, argv);
}
