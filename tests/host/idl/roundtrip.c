/*
 * Client stubs and dispatch generated from every.idl, joined by a pretended kernel: what a client sends
 * arrives, what a handler answers comes back, and what does not follow the interface reaches no handler.
 *
 * The pretended kernel moves exactly the words and items that info tells and fills all else with junk, so
 * that code which reads further gives itself away. Argument: how many random messages to try.
 */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <every_client.h>
#include <every_server.h>

#define SERVER      77
#define SAVED       78
#define OWN_BADGE   0xbad6e          /* what OWN_ENDPOINT arrives as (K1) */
#define OWN_ENDPOINT 500
#define WINDOW      16
#define TAKEN       1000             /* cap_take puts slot n to TAKEN + n */

static struct ipc_buffer client_buffer, server_buffer;
static int server_runs;

/* What the last handler saw and what it is to answer. */
static int handled, answer_error;
static int deleted, taken, freed;    /* capabilities */
static int take_fails;               /* which cap_take finds no slot, from 1 */
static int caps_with_answer = 1;
static uint32_t send_type[MESSAGE_ITEMS], send_count[MESSAGE_ITEMS] = { 1, 1, 1, 1 };
static int corrupt_answer;           /* 1 words, 2 an item, 3 a length, 4 no error's number */

struct ipc_buffer *ipc_buffer(void)
{
	return server_runs ? &server_buffer : &client_buffer;
}

cap_t cap_take(uint64_t window_slot)
{
	assert(window_slot >= WINDOW && window_slot < WINDOW + MESSAGE_ITEMS);
	taken++;
	return take_fails == taken ? 0 : TAKEN + window_slot;
}

void cap_free(cap_t slot)
{
	assert(slot >= TAKEN);
	freed++;
}

long sys_delete(cap_t slot)
{
	assert(slot >= WINDOW && slot < WINDOW + 8);
	deleted++;
	return 0;
}

static void junk(void *p, size_t n)
{
	memset(p, 0xa5, n);
}

/* Delivers words and items of the message to the buffer of the other side, as the kernel does. */
static void deliver(uint64_t info, uint64_t *w, const struct ipc_buffer *from, struct ipc_buffer *to)
{
	unsigned words = info_words(info), in_buffer = words > MESSAGE_REGS ? words - MESSAGE_REGS : 0;

	assert(words <= MESSAGE_WORDS);
	junk(to, sizeof *to);
	for (unsigned i = words; i < MESSAGE_REGS; i++)
		w[i] = 0;
	memcpy(to->words, from->words, in_buffer * 8);
	for (unsigned i = 0; i < info_items(info) && i < MESSAGE_ITEMS; i++) {
		const struct send_item *item = &from->send[i];

		assert(item->zero == 0 && item->count == 1);
		to->recv[i] = (struct recv_item){ WINDOW + i, send_count[i], send_type[i] };
		if (item->cap == OWN_ENDPOINT)
			to->recv[i] = (struct recv_item){ OWN_BADGE, 0, TYPE_ENDPOINT };
	}
}

static void corrupt(struct message *m)
{
	if (corrupt_answer == 1)
		m->info++;
	if (corrupt_answer == 2) {
		m->info |= 1 << INFO_ITEMS_SHIFT;
		client_buffer.recv[0] = (struct recv_item){ WINDOW, 1, TYPE_CNODE };
	}
	if (corrupt_answer == 3)
		m->w[0] = 1000000;
	if (corrupt_answer == 4)
		m->info |= 0xdeadbeefull << INFO_LABEL_SHIFT;
}

static struct message parked_answer;

/* A call: request to the server, dispatch, answer to the client. */
long sys_call(cap_t endpoint, struct message *m)
{
	struct every_request r = { .badge = 3, .info = m->info, .buffer = &server_buffer };
	uint64_t info;

	if (endpoint != SERVER)
		return -E_BAD_SLOT;
	memcpy(r.w, m->w, sizeof r.w);
	deliver(r.info, r.w, &client_buffer, &server_buffer);
	server_runs = 1;
	info = every_dispatch(&r);
	server_runs = 0;
	if (!info) {
		*m = parked_answer;
		info = m->info & ~(uint64_t)INFO_SAVED;
	} else {
		memcpy(m->w, r.w, sizeof m->w);
	}
	assert(info & INFO_REPLY);
	m->info = info & ~(uint64_t)INFO_REPLY;
	if (!caps_with_answer)
		m->info &= ~(uint64_t)(INFO_ITEMS_MASK << INFO_ITEMS_SHIFT);
	deliver(m->info, m->w, &server_buffer, &client_buffer);
	corrupt(m);
	return 0;
}

long sys_reply_recv(cap_t endpoint, struct message *m, cap_t saved, uint64_t deadline)
{
	assert(endpoint == 0 && saved == SAVED && deadline == 0 && server_runs);
	assert(m->info & INFO_REPLY && m->info & INFO_SAVED);
	parked_answer = *m;
	return 0;
}

/* As a nested call of a handler would leave it. */
static int handler_starts(const struct every_request *request)
{
	assert(request->badge == 3 && request->buffer == &server_buffer);
	junk(&server_buffer, sizeof server_buffer);
	handled++;
	return answer_error;
}

int every_on_nothing(const struct every_request *request)
{
	return handler_starts(request);
}

int every_on_scalars(const struct every_request *request, uint8_t a, uint16_t b, uint32_t c, uint64_t d, int32_t e,
		     int64_t f, uint8_t g, uint64_t h, uint64_t i, uint32_t j, uint8_t *a_out, uint16_t *b_out,
		     uint32_t *c_out, uint64_t *d_out, int32_t *e_out, int64_t *f_out, uint8_t *g_out,
		     uint64_t *h_out, uint64_t *i_out, uint32_t *j_out)
{
	int error = handler_starts(request);

	assert(g >= EVERY_RED && g <= EVERY_BLUE);
	assert(h == EVERY_NONE || h == EVERY_FEW || h == EVERY_MANY);
	assert(i == EVERY_LOW || i == EVERY_HIGH);
	assert(!(j & ~(EVERY_FIRST | EVERY_THIRD | EVERY_LAST)));
	*a_out = a, *b_out = b, *c_out = c, *d_out = d, *e_out = e, *f_out = f;
	*g_out = g, *h_out = h, *i_out = i, *j_out = j;
	return error;
}

int every_on_structs(const struct every_request *request, const struct every_small *s, uint32_t n,
		     const struct every_large *l, const struct every_small *t, struct every_large *l_out,
		     int32_t *n_out, struct every_small *s_out)
{
	int error = handler_starts(request);

	assert(every_color_valid(l->shade[0]) && every_color_valid(l->shade[2]) && every_sparse_valid(l->how));
	*l_out = *l;
	*n_out = -(int32_t)n;
	s_out->a = s->a + t->a;
	s_out->b = s->b + t->b;
	return error;
}

int every_on_text(const struct every_request *request, const char *s, uint32_t n, const char *t, char *s_out,
		  uint32_t *n_out)
{
	int error = handler_starts(request);

	assert(strlen(s) <= EVERY_TEXT && strlen(t) <= 40);
	strcpy(s_out, s);
	strcat(s_out, t);
	*n_out = n + 1;
	return error;
}

int every_on_blob(const struct every_request *request, const void *data, size_t data_n, void *data_out,
		  size_t *data_n_out)
{
	int error = handler_starts(request);

	assert(data_n <= 960 && (uintptr_t)data % 8 == 0);
	memcpy(data_out, data, data_n);
	*data_n_out = data_n;
	return error;
}

static uint64_t seen_cap[4];

int every_on_items(const struct every_request *request, struct idl_cap a, struct idl_cap b, struct idl_cap c,
		   struct idl_cap d, struct send_item *a_out, struct send_item *b_out, struct send_item *c_out,
		   struct send_item *d_out)
{
	int error = handler_starts(request);

	assert(b.count == 1 && b.type == TYPE_FRAME && a.count <= 1 && d.type == TYPE_ENDPOINT);
	seen_cap[0] = a.value, seen_cap[1] = b.value, seen_cap[2] = c.value, seen_cap[3] = d.value;
	a_out->cap = 1, b_out->cap = 2, c_out->cap = 3, d_out->cap = 4;
	assert(a_out->verb == GIVE_COPY && b_out->verb == GIVE_LEND && c_out->verb == GIVE_MOVE);
	assert(a_out->rights == RIGHT_ALL && a_out->count == 1);
	send_type[3] = TYPE_THREAD;
	return error;
}

int every_on_mixed(const struct every_request *request, const char *s, struct idl_cap f, const void *d, size_t d_n,
		   const struct every_large *l, int32_t n, void *d_out, size_t *d_n_out, uint64_t *n_out,
		   char *s_out, struct every_small *t_out, struct send_item *c_out)
{
	int error = handler_starts(request);

	assert(f.count == 1 && f.value == WINDOW && d_n <= 50);
	*d_n_out = d_n < 9 ? d_n : 9;
	memcpy(d_out, d, *d_n_out);
	*n_out = l->number + (uint64_t)n;
	strncpy(s_out, s, 9);
	s_out[9] = 'x';                  /* the dispatch ends it */
	t_out->a = 1, t_out->b = -1;
	c_out->cap = 9;
	send_type[0] = TYPE_CNODE;
	return error;
}

static const struct every_large example = {
	.number = 0x0123456789abcdef, .negative = -5, .shade = { EVERY_RED, EVERY_GREEN, EVERY_BLUE }, .byte = 255,
	.set = EVERY_FIRST | EVERY_LAST, .how = EVERY_MANY, .name = "name",
};

/* Answers as a server does later, when it has gone on to other callers. */
int every_on_parked(const struct every_request *request, uint64_t n, uint64_t *n_out, char *s_out,
		    struct every_large *l_out, struct send_item *c_out)
{
	struct send_item item = { 9, 1, GIVE_MOVE, RIGHT_ALL, 0 };
	int error = handler_starts(request);

	(void)n_out, (void)s_out, (void)l_out, (void)c_out;
	send_type[0] = TYPE_ENDPOINT;
	assert(every_reply_parked(SAVED, 0, n, "123456789", &example, &item) == E_TOO_BIG);
	assert(every_reply_parked(SAVED, error, n + 1, "12345678", &example, &item) == 0);
	return IDL_PARKED;
}

int every_on_parked_plain(const struct every_request *request)
{
	assert(every_reply_parked_plain(SAVED, handler_starts(request)) == 0);
	return IDL_PARKED;
}

/* Checks */

/* The version travels as method 0, which reaches no handler. */
static void test_version(void)
{
	assert(every_check(SERVER) == 0 && handled == 0);
	assert(idl_check(SERVER, EVERY_INTERFACE, EVERY_VERSION + 1) == E_BAD_VERSION);
	assert(idl_check(SERVER, EVERY_INTERFACE + 1, EVERY_VERSION) == E_BAD_MESSAGE);
	assert(every_check(SERVER + 1) == E_BAD_SLOT && handled == 0);
	corrupt_answer = 1;
	assert(every_check(SERVER) == E_BAD_MESSAGE);
	corrupt_answer = 0;
}

/* sys_give as every_give_ calls it. */
static uint64_t given_badge;

long sys_give(unsigned verb, cap_t src, uint64_t count, cap_t dst, unsigned rights, uint64_t badge, uint64_t part)
{
	assert(verb == GIVE_COPY && src == OWN_ENDPOINT && count == 1 && rights == RIGHT_SIGNAL && part == 0);
	given_badge = badge;
	return dst == TAKEN ? 0 : -E_NOT_EMPTY;
}

static void test_signals(void)
{
	assert(every_give_ready(OWN_ENDPOINT, TAKEN) == 0 && given_badge == 1 << 5);
	assert(every_give_gone(OWN_ENDPOINT, TAKEN + 1) == E_NOT_EMPTY && given_badge == EVERY_SIGNAL_GONE);
}

static void test_nothing(void)
{
	assert(every_nothing(SERVER) == 0 && handled == 1);
	assert(every_nothing(SERVER + 1) == E_BAD_SLOT && handled == 1);
	answer_error = E_DENIED;
	assert(every_nothing(SERVER) == E_DENIED);
	assert(every_parked_plain(SERVER) == E_DENIED);
	answer_error = 0;
	assert(every_parked_plain(SERVER) == 0);
}

static void scalars(uint8_t a, uint16_t b, uint32_t c, uint64_t d, int32_t e, int64_t f, uint8_t g, uint64_t h,
		    uint64_t i, uint32_t j, int expected)
{
	uint8_t a2, g2;
	uint16_t b2;
	uint32_t c2, j2;
	uint64_t d2, h2, i2;
	int32_t e2;
	int64_t f2;
	int before = handled;

	assert(every_scalars(SERVER, a, b, c, d, e, f, g, h, i, j, &a2, &b2, &c2, &d2, &e2, &f2, &g2, &h2, &i2,
			     &j2) == expected);
	assert(handled == before + !expected);
	if (expected)
		return;
	assert(a == a2 && b == b2 && c == c2 && d == d2 && e == e2 && f == f2);
	assert(g == g2 && h == h2 && i == i2 && j == j2);
}

static void test_scalars(void)
{
	scalars(0, 0, 0, 0, 0, 0, EVERY_RED, EVERY_NONE, EVERY_LOW, 0, 0);
	scalars(255, 65535, UINT32_MAX, UINT64_MAX, INT32_MIN, INT64_MIN, EVERY_BLUE, EVERY_MANY, EVERY_HIGH,
		EVERY_FIRST | EVERY_THIRD | EVERY_LAST, 0);
	scalars(1, 2, 3, EVERY_BIG, INT32_MAX, INT64_MAX, EVERY_GREEN, EVERY_FEW, EVERY_LOW, EVERY_LAST, 0);
	scalars(0, 0, 0, 0, 0, 0, 0, EVERY_NONE, EVERY_LOW, 0, E_BAD_MESSAGE);
	scalars(0, 0, 0, 0, 0, 0, 4, EVERY_NONE, EVERY_LOW, 0, E_BAD_MESSAGE);
	scalars(0, 0, 0, 0, 0, 0, EVERY_RED, 1, EVERY_LOW, 0, E_BAD_MESSAGE);
	scalars(0, 0, 0, 0, 0, 0, EVERY_RED, 64, EVERY_LOW, 0, E_BAD_MESSAGE);
	scalars(0, 0, 0, 0, 0, 0, EVERY_RED, 69, EVERY_LOW, 0, E_BAD_MESSAGE);
	scalars(0, 0, 0, 0, 0, 0, EVERY_RED, EVERY_FEW, 4, 0, E_BAD_MESSAGE);
	scalars(0, 0, 0, 0, 0, 0, EVERY_RED, EVERY_FEW, EVERY_LOW, 2, E_BAD_MESSAGE);
}

static void test_structs(void)
{
	struct every_small s = { 7, -8 }, t = { 1, INT32_MIN + 8 }, s2;
	struct every_large l = example, l2;
	int32_t n;

	memset(l.name, 'n', sizeof l.name);
	assert(every_structs(SERVER, &s, 6, &l, &t, &l2, &n, &s2) == 0);
	assert(!memcmp(&l, &l2, sizeof l) && n == -6 && s2.a == 8 && s2.b == INT32_MIN);
	l.shade[2] = 9;
	assert(every_structs(SERVER, &s, 6, &l, &t, &l2, &n, &s2) == E_BAD_MESSAGE);
	l.shade[2] = EVERY_RED, l.set = 2;
	assert(every_structs(SERVER, &s, 6, &l, &t, &l2, &n, &s2) == E_BAD_MESSAGE);
	l.set = 0, l.how = 64;
	assert(every_structs(SERVER, &s, 6, &l, &t, &l2, &n, &s2) == E_BAD_MESSAGE);
}

static void test_text(void)
{
	char all[] = "0123456789012345678901234567890123456789", out[54];
	uint32_t n;

	for (unsigned i = 0; i <= 14; i++) {
		for (unsigned k = 0; k <= 40; k++) {
			char s[15] = "", t[41] = "", both[56];
			int error;

			memcpy(s, all, i);
			memcpy(t, all, k);
			error = every_text(SERVER, s, i, t, out, i + k + 1 < 54 ? i + k + 1 : 54, &n);
			assert(error == (i > 13 ? E_TOO_BIG : 0));
			snprintf(both, sizeof both, "%s%s", s, t);
			assert(error || (!strcmp(out, both) && n == i + 1));
			if (!error)
				assert(every_text(SERVER, s, i, t, out, i + k, &n) == E_TOO_BIG);
		}
	}
}

static void test_blob(void)
{
	unsigned char in[961], out[960];
	size_t n;

	for (unsigned i = 0; i < sizeof in; i++)
		in[i] = (unsigned char)(i * 7 + 1);
	for (size_t i = 0; i <= 960; i++) {
		memset(out, 0, sizeof out);
		assert(every_blob(SERVER, in, i, out, i, &n) == 0 && n == i && !memcmp(in, out, i));
		if (i)
			assert(every_blob(SERVER, in, i, out, i - 1, &n) == E_TOO_BIG);
	}
	assert(every_blob(SERVER, in, 961, out, 960, &n) == E_TOO_BIG);
	assert(every_blob(SERVER, NULL, 0, NULL, 0, &n) == 0 && n == 0);
}

static void arriving(uint32_t a, uint32_t b, uint32_t c, uint32_t d)
{
	send_type[0] = a, send_type[1] = b, send_type[2] = c, send_type[3] = d;
	deleted = taken = freed = 0;
}

/* One every_items; a is the first capability, the counts are what is to become of the others. */
static void items(cap_t a, int expected, int deletions, int takes, int frees)
{
	cap_t out[4] = { 0 };

	assert(every_items(SERVER, a, 2, 3, 4, &out[0], &out[1], &out[2], &out[3]) == expected);
	assert(deleted == deletions && taken == takes && freed == frees);
	if (expected)
		return;
	for (int i = 0; i < 4; i++)
		assert(out[i] == TAKEN + WINDOW + (cap_t)i);
}

static void test_items(void)
{
	arriving(TYPE_CNODE, TYPE_FRAME, TYPE_FRAME, TYPE_ENDPOINT);
	items(1, 0, 0, 4, 0);
	assert(seen_cap[0] == WINDOW && seen_cap[3] == WINDOW + 3);
	arriving(TYPE_FRAME, TYPE_FRAME, TYPE_FRAME, TYPE_ENDPOINT);
	items(1, E_BAD_MESSAGE, 4, 0, 0);
	arriving(TYPE_CNODE, TYPE_CNODE, TYPE_FRAME, TYPE_ENDPOINT);
	items(1, E_BAD_MESSAGE, 4, 0, 0);
	arriving(TYPE_CNODE, TYPE_FRAME, TYPE_REPLY, TYPE_ENDPOINT);
	items(1, E_BAD_MESSAGE, 4, 0, 0);
	arriving(TYPE_CNODE, TYPE_FRAME, TYPE_THREAD, TYPE_THREAD);
	items(1, E_BAD_MESSAGE, 4, 0, 0);
	arriving(TYPE_CNODE, TYPE_FRAME, TYPE_THREAD, TYPE_ENDPOINT);
	send_count[1] = 3;
	items(1, E_BAD_MESSAGE, 6, 0, 0);
	send_count[1] = 1;
	arriving(TYPE_CNODE, TYPE_FRAME, TYPE_THREAD, TYPE_ENDPOINT);
	answer_error = E_NO_MEMORY;
	items(1, E_NO_MEMORY, 4, 0, 0);
	arriving(TYPE_CNODE, TYPE_FRAME, TYPE_THREAD, TYPE_ENDPOINT);
	items(OWN_ENDPOINT, E_NO_MEMORY, 3, 0, 0);
	assert(seen_cap[0] == OWN_BADGE);
	answer_error = 0;
	arriving(TYPE_CNODE, TYPE_FRAME, TYPE_THREAD, TYPE_ENDPOINT);
	caps_with_answer = 0;
	items(1, E_BAD_MESSAGE, 0, 0, 0);
	caps_with_answer = 1;
	for (take_fails = 1; take_fails <= 4; take_fails++) {
		arriving(TYPE_CNODE, TYPE_FRAME, TYPE_THREAD, TYPE_ENDPOINT);
		items(1, E_RECEIVER_FULL, 0, 4, 3);
	}
	take_fails = 0;
}

static void test_mixed(void)
{
	struct every_large l = example;
	struct every_small t;
	char d[9], s[10];
	uint64_t n;
	size_t d_n;
	cap_t c;

	arriving(TYPE_FRAME, 0, 0, 0);
	assert(every_mixed(SERVER, "a longer string", 1, "bytes", 5, &l, -1, d, 9, &d_n, &n, s, 10, &t, &c) == 0);
	assert(d_n == 5 && !memcmp(d, "bytes", 5) && !strcmp(s, "a longer ") && t.a == 1 && t.b == -1);
	assert(n == example.number - 1 && c == TAKEN + WINDOW);
	arriving(TYPE_FRAME, 0, 0, 0);
	assert(every_mixed(SERVER, "12345", 1, "bytes", 5, &l, 0, d, 4, &d_n, &n, s, 10, &t, &c) == E_TOO_BIG);
	assert(deleted == 1 && taken == 0);
}

static void test_parked(void)
{
	struct every_large l;
	uint64_t n;
	char s[9];
	cap_t c;

	assert(every_parked(SERVER, 41, &n, s, sizeof s, &l, &c) == 0);
	assert(n == 42 && !strcmp(s, "12345678") && !memcmp(&l, &example, sizeof l) && c == TAKEN + WINDOW);
	answer_error = E_INTERRUPTED;
	assert(every_parked(SERVER, 41, &n, s, sizeof s, &l, &c) == E_INTERRUPTED);
	answer_error = 0;
}

/* A server that does not follow the interface. */
static void test_bad_answers(void)
{
	unsigned char out[960];
	size_t n;

	for (corrupt_answer = 1; corrupt_answer <= 4; corrupt_answer++) {
		assert(every_blob(SERVER, "12345678", 8, out, sizeof out, &n) == E_BAD_MESSAGE);
		if (corrupt_answer != 3)
			assert(every_nothing(SERVER) == E_BAD_MESSAGE);
	}
	corrupt_answer = 0;
}

/* The info the dispatch answers to a request made by hand; its words are in server_buffer from word 5 on. */
static uint64_t request(unsigned method, unsigned words, unsigned n_items, const uint64_t *w)
{
	struct every_request r = { .badge = 3, .buffer = &server_buffer };
	uint64_t info;

	r.info = info_make(IDL_LABEL(EVERY_INTERFACE, method), words, n_items);
	memcpy(r.w, w, sizeof r.w);
	server_runs = 1;
	info = every_dispatch(&r);
	server_runs = 0;
	return info;
}

static void refused(unsigned method, unsigned words, uint64_t w0, uint64_t w1, uint64_t w2, uint64_t w4)
{
	uint64_t w[5] = { w0, w1, w2, 0, w4 };
	int before = handled;

	assert(info_label(request(method, words, 0, w)) == E_BAD_MESSAGE && handled == before);
}

static void test_bad_requests(void)
{
	uint64_t none[5] = { 0 };

	refused(0, 1, 0, 0, 0, 0);
	refused(10, 0, 0, 0, 0, 0);
	refused(EVERY_CALL_NOTHING + 0x80000, 0, 0, 0, 0, 0);
	refused(EVERY_CALL_NOTHING, 1, 0, 0, 0, 0);
	assert(info_label(request(EVERY_CALL_NOTHING, 0, 0, none)) == 0);
	/* text: w0 n, w1 and w2 lengths; words 3 and 4 zero */
	memset(&server_buffer, 0, sizeof server_buffer);
	memcpy(server_buffer.words, "ab\0\0\0\0\0\0cd", 10);
	refused(EVERY_CALL_TEXT, 6, 0, 2, 2, 0);
	refused(EVERY_CALL_TEXT, 8, 0, 2, 2, 0);
	refused(EVERY_CALL_TEXT, 7, 1ull << 32, 2, 2, 0);
	refused(EVERY_CALL_TEXT, 7, 0, 2, 2, 1);
	refused(EVERY_CALL_TEXT, 7, 0, 1, 2, 0);                /* padding */
	refused(EVERY_CALL_TEXT, 7, 0, 3, 2, 0);                /* a NUL inside */
	refused(EVERY_CALL_TEXT, 7, 0, 14, 2, 0);
	refused(EVERY_CALL_TEXT, 7, 0, UINT64_MAX, 2, 0);
	refused(EVERY_CALL_TEXT, 7, 0, UINT64_MAX - 6, 2, 0);
	assert(info_label(request(EVERY_CALL_TEXT, 7, 0, (uint64_t[]){ 5, 2, 2, 0, 0 })) == 0);
}

static uint64_t random_word(void)
{
	static uint64_t state = 88172645463325252ull;

	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	switch (state >> 60) {
	case 0:
		return state;
	case 1:
		return state & 0xffff;
	case 2:
		return 0x8000000000000000;
	default:
		return state & 7;
	}
}

static void test_random(long rounds)
{
	while (rounds-- > 0) {
		uint64_t w[5], info;
		unsigned method = (unsigned)random_word() % 11, words = (unsigned)random_word() % 126;
		unsigned n_items = random_word() & 1 ? (unsigned)random_word() % 5 : 0, slots = 0;
		int before = handled;

		junk(&server_buffer, sizeof server_buffer);
		for (unsigned i = 0; i < 5; i++)
			w[i] = random_word();
		for (unsigned i = 0; i < MESSAGE_BUFFER; i++)
			server_buffer.words[i] = random_word();
		for (unsigned i = 0; i < MESSAGE_ITEMS; i++) {
			server_buffer.recv[i] = (struct recv_item){ WINDOW, (uint32_t)random_word() % 3,
								    (uint32_t)random_word() % 11 };
			if (!server_buffer.recv[i].count)
				server_buffer.recv[i].type = TYPE_ENDPOINT;
		}
		for (unsigned i = 0; i < n_items; i++)
			slots += server_buffer.recv[i].count;
		deleted = 0;
		info = request(method, words, n_items, w);
		if (!method && !words && !n_items)
			assert(info_label(info) == 0 && handled == before);     /* asks for the version */
		else if (handled == before)
			assert(info_label(info) == E_BAD_MESSAGE && deleted == (int)slots);
	}
}

static void test_names(void)
{
	assert(!strcmp(every_call_name(EVERY_CALL_MIXED), "mixed") && !strcmp(every_call_name(99), "?"));
	assert(EVERY_VERSION == 3 && EVERY_RANK == 40 && sizeof(struct every_large) == 72);
}

int main(int argc, char **argv)
{
	test_version();
	test_signals();
	test_nothing();
	test_scalars();
	test_structs();
	test_text();
	test_blob();
	test_items();
	test_mixed();
	test_parked();
	test_bad_answers();
	test_bad_requests();
	test_names();
	test_random(argc > 1 ? atol(argv[1]) : 0);
	printf("%d requests reached a handler\n", handled);
	return 0;
}
