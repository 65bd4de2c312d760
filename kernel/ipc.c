/*
 * ipc.c: endpoints: call, reply, receive, signal. Owns every endpoint's queue and the link between a
 * caller and the one thread (or slot) that owes it an answer: a blocked caller is in exactly one queue, or exactly
 * one reply is outstanding for it. Bytes of buffers are read once: their owner may be rewriting them.
 */
#include "cap.h"
#include "kernel.h"
#include "riscv.h"
#include "thread.h"
#include "trap.h"

_Static_assert(MESSAGE_WORDS == MESSAGE_REGS + MESSAGE_BUFFER, "abi.h");

/* Senders whose message can't be delivered that one receive refuses before it answers AGAIN. */
#define REFUSE_BATCH 16
/* Receivers looked at for one on the caller's hart. */
#define RECEIVER_SEARCH 8

#define message_words(info) ((unsigned)((info) & INFO_WORDS_MASK))
#define message_items(info) ((unsigned)((info) >> INFO_ITEMS_SHIFT & INFO_ITEMS_MASK))

/* What a sender may send at all. */
static int message_check(const struct thread *t, uint64_t info)
{
	bool buffer = message_words(info) > MESSAGE_REGS || message_items(info);

	return message_words(info) > MESSAGE_WORDS || message_items(info) > MESSAGE_ITEMS || (buffer && !t->buffer) ?
	       -E_BAD_ARG : 0;
}

/* Where each slot of the message in hand came from. */
static struct slot *sources[MESSAGE_SLOTS];

/* One capability item: into the receiver's empty window slots from *at on. Undone by the caller on error. */
static int item_give(struct thread *from, const struct send_item *item, struct slot *window, uint64_t end, uint64_t *at)
{
	unsigned right = item->verb == GIVE_MOVE ? RIGHT_READ | RIGHT_WRITE : RIGHT_READ;
	struct slot *src;
	int error;

	src = cap_run(from, item->cap, item->count, right, &error);
	if (!src)
		return error;
	for (uint32_t i = 0; i < item->count; i++) {
		if (*at >= end)
			return -E_RECEIVER_FULL;
		if (src[i].type == TYPE_NULL)
			return -E_BAD_SLOT;
		error = cap_give(item->verb, &src[i], &window[*at], item->rights, 0, 0);
		if (error)
			return error == -E_NOT_EMPTY ? -E_RECEIVER_FULL : error;
		sources[(*at)++] = &src[i];
	}
	return 0;
}

/*
 * Takes back what the first `end` window slots got, the last first: a sender may have named slots that items before
 * it filled. Donated ones, whose source is empty, return to where they came from.
 */
static void items_undo(struct slot *window, uint64_t end)
{
	while (end--)
		if (sources[end]->type == TYPE_NULL)
			(void)cap_give(GIVE_MOVE, &window[end], sources[end], 0, 0, 0);
		else
			cap_remove(&window[end]);
}

/* K1: a capability to call the receiving endpoint arrives as its badge. */
static bool item_is_badge(struct thread *from, const struct send_item *item, const struct endpoint *e, uint64_t *badge)
{
	struct slot *s;
	int error;

	if (!e || item->count != 1)
		return false;
	s = cap_lookup(from, item->cap, &error);
	if (!s || s->type != TYPE_ENDPOINT || !s->badged || !(s->rights & RIGHT_CALL) || slot_object(s) != e)
		return false;
	*badge = s->badge;
	return true;
}

static int items_transfer(struct thread *from, struct thread *to, const struct endpoint *e, unsigned n)
{
	struct send_item items[MESSAGE_ITEMS];
	uint64_t used = 0, total = 0, badge;
	struct slot *window;
	int error = 0, ignored;

	if (!to->buffer)
		return -E_RECEIVER_FULL;
	window = cap_run(to, to->window_first, to->window_count, RIGHT_WRITE, &ignored);
	for (unsigned i = 0; i < n; i++) {
		items[i] = *(volatile struct send_item *)&from->buffer->send[i];
		total += items[i].count;
		if (items[i].count == 0 || total > MESSAGE_SLOTS)
			return -E_BAD_ARG;
	}
	for (unsigned i = 0; i < n && !error; i++) {
		uint64_t first = used;

		if (item_is_badge(from, &items[i], e, &badge)) {
			items[i].count = 0;
			to->buffer->recv[i] = (struct recv_item){ badge, 0, TYPE_ENDPOINT };
			continue;
		}
		error = item_give(from, &items[i], window, window ? to->window_count : 0, &used);
		if (!error)
			to->buffer->recv[i] =
				(struct recv_item){ to->window_first + first, items[i].count, window[first].type };
	}
	if (error)
		items_undo(window, used);
	return error;
}

/* Copies from's message (in its registers and buffer) to `to`. The registers of `to` change only on success. */
static int message_transfer(struct thread *from, struct thread *to, const struct endpoint *e)
{
	uint64_t info = from->regs[REG_A1];
	unsigned words = message_words(info), items = message_items(info);
	int error;

	/* A sender that waited may have lost its buffer. */
	if ((words > MESSAGE_REGS || items) && !from->buffer)
		return -E_BAD_ARG;
	if (words > MESSAGE_REGS && !to->buffer)
		return -E_RECEIVER_FULL;
	if (items) {
		error = items_transfer(from, to, e, items);
		if (error)
			return error;
	}
	for (unsigned i = 0; i < MESSAGE_REGS; i++)
		to->regs[REG_A2 + i] = from->regs[REG_A2 + i];
	for (unsigned i = MESSAGE_REGS; i < words; i++)
		to->buffer->words[i - MESSAGE_REGS] = from->buffer->words[i - MESSAGE_REGS];
	to->regs[REG_A0] = 0;
	to->regs[REG_A1] = (info & (~0UL << INFO_LABEL_SHIFT)) | items << INFO_ITEMS_SHIFT | words;
	to->regs[REG_A7] = 0;
	return 0;
}

/* Gives what a sender waits with to a receiver, who owes it an answer then. */
static int ipc_deliver(struct thread *from, struct thread *to, const struct endpoint *e, uint64_t badge)
{
	int error;

	if (from->faulted) {
		fault_message(to, from);
	} else {
		error = message_transfer(from, to, e);
		if (error)
			return error;
	}
	to->regs[REG_A7] = badge;
	to->caller = from;
	from->server = to;
	from->endpoint = NULL;
	from->state = STATE_REPLY;
	return 0;
}

static void endpoint_push(struct endpoint *e, struct thread *t, enum thread_state state)
{
	queue_insert(state == STATE_RECEIVE ? &e->receivers : &e->senders, t, false);
	t->endpoint = e;
	t->state = state;
}

static void endpoint_take(struct endpoint *e, struct thread *t)
{
	queue_remove(t->state == STATE_RECEIVE ? &e->receivers : &e->senders, t);
	t->endpoint = NULL;
}

/* K5: a receiver on the caller's hart among the first few, else the first. */
static struct thread *endpoint_receiver(const struct endpoint *e, const struct hart *h)
{
	struct thread *r = e->receivers.head;

	for (unsigned i = 0; r && i < RECEIVER_SEARCH; i++, r = r->next)
		if (r->hart == h)
			return r;
	return e->receivers.head;
}

void ipc_send(struct thread *t, struct endpoint *e, uint64_t badge)
{
	struct thread *r = endpoint_receiver(e, t->hart);
	uint64_t timeout = t->faulted ? t->fault_timeout : t->call_timeout;
	int error;

	if (r) {
		error = ipc_deliver(t, r, e, badge);
		if (error) {
			thread_result(t, error);
			return;
		}
		endpoint_take(e, r);
		timer_cancel(r);
	} else {
		t->badge = badge;
		endpoint_push(e, t, STATE_SEND);
	}
	if (timeout)
		timer_add_after(t, timeout);
	kernel_stats.switches++;
	t->hart->current = NULL;
	sched_switch(r);
}

void ipc_call(struct thread *t)
{
	int error = 0;
	struct slot *s = cap_lookup_type(t, t->regs[REG_A0], TYPE_ENDPOINT, &error);

	if (s)
		error = s->rights & RIGHT_CALL ? message_check(t, t->regs[REG_A1]) : -E_NO_RIGHT;
	if (error) {
		thread_result(t, error);
		return;
	}
	ipc_send(t, slot_object(s), s->badged ? s->badge : 0);
}

static void deliver_signals(struct thread *to, struct endpoint *e)
{
	to->regs[REG_A0] = 0;
	to->regs[REG_A1] = KIND_SIGNALS << INFO_KIND_SHIFT | 1;
	to->regs[REG_A2] = e->bits;
	for (unsigned i = 1; i < MESSAGE_REGS; i++)
		to->regs[REG_A2 + i] = 0;
	to->regs[REG_A7] = 0;
	e->bits = 0;
	e->message_turn = 1;
}

void ipc_signal(struct endpoint *e, uint64_t bits)
{
	struct thread *r = e->receivers.head;

	e->bits |= bits;
	if (!r)
		return;
	endpoint_take(e, r);
	timer_cancel(r);
	deliver_signals(r, e);
	sched_ready(r);
}

/* The link between a caller and its answer ends. */
static void ipc_detach(struct thread *caller)
{
	if (caller->reply)
		cap_remove(caller->reply);
	if (caller->server)
		caller->server->caller = NULL;
	caller->reply = NULL;
	caller->server = NULL;
	timer_cancel(caller);
}

/* Whom reply_recv answers: the implicit caller, or the one saved. *caller NULL: it is gone, which is no error. */
static int reply_target(struct thread *t, uint64_t info, struct thread **caller)
{
	struct slot *s;
	int error;

	*caller = info & INFO_SAVED ? NULL : t->caller;
	if (!(info & INFO_SAVED))
		return 0;
	s = cap_run(t, t->regs[REG_T0], 1, RIGHT_WRITE, &error);
	if (!s)
		return error;
	if (s->type == TYPE_REPLY)
		*caller = slot_object(s);
	return s->type == TYPE_REPLY || s->type == TYPE_NULL ? 0 : -E_BAD_TYPE;
}

/* Answers a caller. 0 with *next = the thread that runs on (or NULL); an error leaves the answer owed. */
static long ipc_reply(struct thread *t, uint64_t info, struct thread **next)
{
	struct thread *caller;
	long error = reply_target(t, info, &caller);

	*next = NULL;
	/* Mappings that nobody waits for any more are done, too: who watches `replied` goes on. */
	if (!error && !caller && info & INFO_MAP && t->buffer)
		t->buffer->replied++;
	if (error || !caller)
		return error;
	if (caller->faulted) {
		if (info & INFO_FAIL) {
			ipc_detach(caller);
			*next = fault_fail(caller) ? caller : NULL;
			return 0;
		}
		error = info & INFO_MAP ? fault_reply_map(t, caller, info) : 0;
		if (error)
			return error;
		thread_unfault(caller);
	} else {
		error = info & (INFO_MAP | INFO_FAIL) ? -E_BAD_ARG : message_check(t, info);
		if (error)
			return error;
		error = message_transfer(t, caller, NULL);
		if (error)
			thread_result(caller, error);
	}
	ipc_detach(caller);
	caller->state = STATE_READY;
	*next = caller;
	return 0;
}

/* Takes the first sender whose message can be delivered. False with t's result set if there was none. */
static bool receive_message(struct thread *t, struct endpoint *e)
{
	for (unsigned i = 0; i < REFUSE_BATCH; i++) {
		struct thread *sender = e->senders.head;
		int error;

		if (!sender)
			return false;
		error = ipc_deliver(sender, t, e, sender->badge);
		queue_remove(&e->senders, sender);
		if (!error) {
			e->message_turn = 0;
			sched_account(t->hart, t);
			return true;
		}
		sender->endpoint = NULL;
		timer_cancel(sender);
		thread_result(sender, error);
		sched_ready(sender);
	}
	thread_result(t, -E_AGAIN);
	return true;
}

/* Waits on e; `next` is a thread just answered, which runs if t blocks. */
static void ipc_receive(struct thread *t, struct endpoint *e, uint64_t info, struct thread *next)
{
	bool message = e->senders.head && (!e->bits || e->message_turn);
	uint64_t deadline = t->regs[REG_T1];

	if (message && receive_message(t, e)) {
		/* It is delivered, or AGAIN. */
	} else if (e->bits) {
		deliver_signals(t, e);
	} else if (info & INFO_DEADLINE && deadline <= riscv_time()) {
		thread_result(t, -E_TIMEOUT);
	} else {
		sched_remove(t);
		endpoint_push(e, t, STATE_RECEIVE);
		if (info & INFO_DEADLINE)
			timer_add(t, deadline);
		kernel_stats.switches++;
		sched_switch(next);
		return;
	}
	if (next)
		sched_ready(next);
}

/* INFO_SIGNAL: sets bits before the wait. */
static long signal_first(struct thread *t)
{
	int error = 0;
	struct slot *s = cap_lookup_type(t, t->regs[REG_T0], TYPE_ENDPOINT, &error);

	if (!s || !(s->rights & RIGHT_SIGNAL))
		return s ? -E_NO_RIGHT : error;
	ipc_signal(slot_object(s), s->badged ? s->badge : 1);
	return 0;
}

void ipc_reply_recv(struct thread *t)
{
	uint64_t info = t->regs[REG_A1], ep = t->regs[REG_A0];
	struct thread *next = NULL;
	struct endpoint *e = NULL;
	int lookup = 0;
	long error = 0;

	/* The answer may give the capability away: from here on only the endpoint counts. */
	if (ep) {
		struct slot *s = cap_lookup_type(t, ep, TYPE_ENDPOINT, &lookup);

		error = !s ? lookup : s->rights & RIGHT_RECV ? 0 : -E_NO_RIGHT;
		e = error ? NULL : slot_object(s);
	}
	if (!error && info & INFO_REPLY)
		error = ipc_reply(t, info, &next);
	if (!error && e && t->caller)
		error = -E_HELD;
	if (!error && info & INFO_SIGNAL)
		error = signal_first(t);
	if (error || !e) {
		thread_result(t, error);
		if (next)
			sched_ready(next);
		return;
	}
	if (!(info & INFO_REPLY))
		trap_waits(e);
	ipc_receive(t, e, info, next);
}

long ipc_save_reply(struct thread *t, struct slot *s)
{
	struct thread *caller = t->caller;
	int error;

	if (!caller)
		return -E_NO_REPLY;
	s = cap_run(t, t->regs[REG_A0], 1, RIGHT_WRITE, &error);
	if (!s)
		return error;
	if (s->type != TYPE_NULL)
		return -E_NOT_EMPTY;
	s->type = TYPE_REPLY;
	s->rights = RIGHT_ALL;
	s->object = (uint64_t)caller;
	cap_insert(&cap_origin, s, KIND_ORIGIN);
	t->caller = NULL;
	caller->server = NULL;
	caller->reply = s;
	return 0;
}

void thread_unblock(struct thread *t, long error)
{
	switch (t->state) {
	case STATE_SEND:
	case STATE_RECEIVE:
		endpoint_take(t->endpoint, t);
		timer_cancel(t);
		break;
	case STATE_REPLY:
		ipc_detach(t);
		break;
	default:
		return;
	}
	if (!t->faulted)
		thread_result(t, error);
	thread_unfault(t);
	t->state = STATE_READY;
}

void thread_wake(struct thread *t, long error)
{
	thread_unblock(t, error);
	sched_ready(t);
}

bool ipc_destroy_endpoint(struct endpoint *e, struct budget *b)
{
	struct thread *t;

	while ((t = e->senders.head ? e->senders.head : e->receivers.head)) {
		if (b->left < 0)
			return false;
		thread_wake(t, -E_SERVER_GONE);
		b->left -= COST_WAKE;
	}
	return true;
}
