/*
 * console_server_test.c: the console's two directions, with the kernel and the device played by this file:
 * writers and readers that wait, backpressure both ways, Ctrl-C, modes, callers that die. No byte may be
 * lost, doubled or out of order.
 */
// SOURCES: servers/console/line.c servers/console/client.c
#include <assert.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The kernel's side of what output.c and input.c use, in place of tessera/syscall.h. */
#define TESSERA_SYSCALL_H
#include <tessera/abi.h>

struct message {
	uint64_t info;
	uint64_t w[MESSAGE_REGS];
	uint64_t badge;
};

static inline uint64_t info_make(uint32_t label, unsigned words, unsigned items)
{
	return (uint64_t)label << INFO_LABEL_SHIFT | items << INFO_ITEMS_SHIFT | words;
}

static inline uint32_t info_label(uint64_t info)
{
	return (uint32_t)(info >> INFO_LABEL_SHIFT);
}

static inline unsigned info_items(uint64_t info)
{
	return info >> INFO_ITEMS_SHIFT & INFO_ITEMS_MASK;
}

#define CALLERS 100
#define SLOTS   64

enum waiting { IDLE, WAITING, ANSWERED, DEAD };

/* A thread that called. */
static struct caller {
	enum waiting state;
	int error;
	uint64_t word;
	size_t size;
	char data[800];
} callers[CALLERS];

static struct ipc_buffer buffer;
static unsigned slots[SLOTS];          /* caller + 1 whose reply is in the slot; 0: none */
static bool slots_taken[SLOTS];
static unsigned slots_most = SLOTS;    /* fewer: no place to park */
static unsigned current;               /* caller being served */
static unsigned signals;

static long sys_save_reply(cap_t slot)
{
	assert(slots_taken[slot] && !slots[slot]);
	slots[slot] = current + 1;
	callers[current].state = WAITING;
	return 0;
}

static long sys_inspect(cap_t slot, uint64_t *word, uint64_t *detail)
{
	bool alive = slots[slot] && callers[slots[slot] - 1].state == WAITING;

	*detail = 0;
	*word = alive ? TYPE_REPLY : TYPE_NULL;
	return alive ? 0 : -E_BAD_SLOT;
}

static long sys_reply_recv(cap_t endpoint, struct message *m, cap_t saved, uint64_t deadline)
{
	struct caller *c = &callers[slots[saved] - 1];

	assert(!endpoint && !deadline && (m->info & INFO_SAVED) && slots[saved]);
	slots[saved] = 0;
	if (c->state == DEAD)
		return 0;
	assert(c->state == WAITING);
	c->state = ANSWERED;
	c->error = (int)info_label(m->info);
	c->word = m->w[0];
	if ((m->info & INFO_WORDS_MASK) >= MESSAGE_REGS) {
		c->size = m->w[0];
		memcpy(c->data, buffer.words, c->size);
	}
	return 0;
}

static long sys_delete(cap_t slot)
{
	slots[slot] = 0;
	return 0;
}

static long sys_signal(cap_t endpoint)
{
	(void)endpoint;
	signals++;
	return 0;
}

#include <tessera/ipc.h>

struct ipc_buffer *ipc_buffer(void)
{
	return &buffer;
}

cap_t cap_alloc(void)
{
	for (unsigned i = 1; i < slots_most; i++)
		if (!slots_taken[i]) {
			slots_taken[i] = true;
			return i;
		}
	return 0;
}

void cap_free(cap_t slot)
{
	assert(slots_taken[slot]);
	slots_taken[slot] = false;
	slots[slot] = 0;
}

cap_t cap_take(uint64_t slot)
{
	return slot;
}

/* The device: what it sent, and how many bytes it still takes. */
static char sent[1 << 20];
static size_t sent_size, device_takes;

#include "../../servers/console/uart.h"

bool uart_idle(void)
{
	return device_takes >= UART_FIFO;
}

void uart_put(uint8_t byte)
{
	assert(device_takes > 0 && sent_size < sizeof(sent));
	device_takes--;
	sent[sent_size++] = (char)byte;
}

/* The two directions themselves. */
#include "../../servers/console/output.c"
#include "../../servers/console/input.c"

/* The handlers that the dispatch, not used here, would call. */
int stream_on_read(const struct stream_request *r, uint32_t most, void *d, size_t *n)
{
	(void)d, (void)n;
	return input_read(r->badge, most);
}

int stream_on_write(const struct stream_request *r, const void *data, size_t n, uint32_t *written)
{
	*written = (uint32_t)n;
	return output_write(data, n, client_mode(r->badge) & STREAM_RAW);
}

int stream_on_set_mode(const struct stream_request *r, uint32_t next, uint32_t *old)
{
	(void)old;
	client_get(r->badge)->mode = next;
	return 0;
}

int stream_on_info(const struct stream_request *r, uint32_t *t, uint32_t *c, uint32_t *w)
{
	(void)r, (void)t, (void)c, (void)w;
	return 0;
}

int stream_on_interrupt_to(const struct stream_request *r, struct idl_cap n)
{
	(void)r, (void)n;
	return 0;
}

int stream_on_flush(const struct stream_request *r)
{
	(void)r;
	return 0;
}

int stream_on_drain(const struct stream_request *r)
{
	(void)r;
	return output_drain();
}

/* As main.c does after every event. */
static void settle(void)
{
	input_serve();
	output_pump();
}

static void device_accepts(size_t bytes)
{
	device_takes = bytes;
	settle();
}

static void device_sends_all(void)
{
	do
		device_accepts(1 << 20);
	while (output_waiting());
}

static int calls(unsigned caller, enum waiting expected, int result)
{
	if (result != IDL_PARKED) {
		assert(!result);
		callers[caller].state = ANSWERED;
	}
	settle();
	assert(callers[caller].state == expected);
	return result;
}

static void reads(unsigned caller, uint32_t most)
{
	current = caller;
	callers[caller].state = IDLE;
	assert(input_read(caller, most) == IDL_PARKED);
	settle();
}

static void writes(unsigned caller, const char *bytes, size_t size, enum waiting expected)
{
	current = caller;
	callers[caller].state = IDLE;
	calls(caller, expected, output_write(bytes, size, client_mode(caller) & STREAM_RAW));
}

static void type_bytes(const char *bytes, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		assert(input_room());
		input_byte((uint8_t)bytes[i]);
	}
	settle();
}

static void type(const char *keys)
{
	type_bytes(keys, strlen(keys));
}

static void got(unsigned caller, const char *expected)
{
	const struct caller *c = &callers[caller];

	assert(c->state == ANSWERED && !c->error && c->size == strlen(expected));
	assert(!memcmp(c->data, expected, c->size));
}

static void sent_is(const char *expected)
{
	device_sends_all();
	if (sent_size != strlen(expected) || memcmp(sent, expected, sent_size)) {
		fprintf(stderr, "sent '%.*s', not '%s'\n", (int)sent_size, sent, expected);
		abort();
	}
	sent_size = 0;
}

static void lines_are_read_with_echo_behind_the_prompt(void)
{
	type("ahead\nmore\n");
	sent_is("");
	writes(1, "$ ", 2, ANSWERED);
	reads(1, 800);
	got(1, "ahead\n");
	writes(1, "a\n$ ", 4, ANSWERED);
	reads(1, 800);
	got(1, "more\n");
	sent_is("$ ahead\r\na\r\n$ more\r\n");
	reads(1, 800);
	assert(callers[1].state == WAITING);
	type("x");
	assert(callers[1].state == WAITING);
	type("\n");
	got(1, "x\n");
	sent_is("x\r\n");
}

static void a_long_line_is_read_in_pieces(void)
{
	reads(1, 3);
	type("abcdefg\n");
	got(1, "abc");
	reads(2, 3);
	got(2, "def");
	reads(1, 800);
	got(1, "g\n");
	sent_is("abcdefg\r\n");
	reads(1, 10);
	type("\x04");
	got(1, "");
	reads(1, 10);
	type("ab\x04");
	got(1, "ab");
	sent_is("ab");
}

static void readers_queue_and_dead_ones_are_passed_over(void)
{
	reads(1, 800);
	reads(2, 800);
	reads(3, 800);
	type("one\n");
	got(1, "one\n");
	type("half");
	callers[2].state = DEAD;
	type("two\n");
	got(3, "two\n");
	reads(1, 800);
	type("three\n");
	got(1, "three\n");
	device_sends_all();
	sent_size = 0;
}

static void history_belongs_to_the_reader(void)
{
	reads(1, 800);
	type("command\n");
	reads(2, 800);
	type("data\n");
	reads(1, 800);
	type("\x1b[A\n");
	got(1, "command\n");
	device_sends_all();
	sent_size = 0;
}

static void control_c_discards_and_signals(void)
{
	input_interrupt_to(1);
	type("typed ahead");
	reads(1, 800);
	type(" and more\x03");
	assert(signals == 1 && callers[1].state == ANSWERED && callers[1].error == E_INTERRUPTED);
	sent_is("typed ahead^C\r\n");
	reads(1, 800);
	type("clean\n");
	got(1, "clean\n");
	sent_is("clean\r\n");
}

static void raw_mode_belongs_to_its_process(void)
{
	uint32_t old;

	assert(!stream_on_set_mode(&(struct stream_request){ .badge = 5 }, STREAM_RAW, &old));
	reads(5, 800);
	type("\x03");
	got(5, "\x03");
	assert(signals == 1);
	writes(5, "a\n", 2, ANSWERED);
	sent_is("a\n");
	assert(!stream_on_set_mode(&(struct stream_request){ .badge = 5 }, STREAM_NO_ECHO, &old));
	reads(5, 800);
	type("secret\r");
	got(5, "secret\n");
	writes(1, "a\n", 2, ANSWERED);
	sent_is("a\r\n");
}

static void a_slow_device_holds_writers_back_in_order(void)
{
	static char expected[40 * 900];
	char bytes[900];

	device_takes = 0;
	for (unsigned i = 0; i < 40; i++) {
		memset(bytes, 'A' + (int)i, sizeof(bytes));
		memcpy(expected + i * 900, bytes, sizeof(bytes));
		writes(10 + i, bytes, sizeof(bytes), i < 22 ? ANSWERED : WAITING);
	}
	callers[30].state = DEAD;
	for (unsigned i = 0; i < 40 * 900 / 16; i++)
		device_accepts(16);
	for (unsigned i = 0; i < 40; i++)
		assert(i == 20 || callers[10 + i].state == ANSWERED);
	device_sends_all();
	assert(sent_size == sizeof(expected) && !memcmp(sent, expected, sizeof(expected)));
	sent_size = 0;
}

static void drain_waits_for_the_last_byte(void)
{
	device_takes = 0;
	writes(1, "last words\n", 11, ANSWERED);
	current = 2;
	assert(output_drain() == IDL_PARKED);
	writes(3, "later", 5, WAITING);
	device_accepts(16);
	assert(callers[2].state == WAITING && sent_size == 12);
	device_accepts(16);
	assert(callers[2].state == ANSWERED && callers[3].state == ANSWERED);
	sent_is("last words\r\nlater");
	current = 2;
	assert(output_drain() == IDL_PARKED);
	device_accepts(16);
	assert(callers[2].state == ANSWERED && !output_waiting());
}

static void typing_is_echoed_under_a_flood_of_output(void)
{
	char bytes[900];

	memset(bytes, '.', sizeof(bytes));
	device_takes = 0;
	reads(1, 800);
	for (unsigned i = 0; i < 40; i++)
		writes(10 + i, bytes, sizeof(bytes), i < 22 ? ANSWERED : WAITING);
	type("still here\n");
	got(1, "still here\n");
	device_sends_all();
	assert(sent_size == 40 * 900 + 12);
	assert(!memcmp(sent + 22 * 900, "still here\r\n", 12));
	sent_size = 0;
}

/* As a file piped in: 200 KB, most of it held up outside until somebody reads. */
static void a_flood_of_input_comes_through_whole(void)
{
	static char text[200000], out[sizeof(text)];
	size_t fed = 0, n = 0;

	srand(3);
	for (size_t i = 0; i < sizeof(text); i++)
		text[i] = rand() % 40 ? (char)(' ' + rand() % 95) : '\n';
	text[sizeof(text) - 1] = '\n';
	while (n < sizeof(text)) {
		for (; fed < sizeof(text) && input_room(); fed++)
			input_byte((uint8_t)text[fed]);
		reads(1, 1 + (uint32_t)rand() % 800);
		device_sends_all();
		sent_size = 0;
		assert(callers[1].state == ANSWERED && !callers[1].error);
		memcpy(out + n, callers[1].data, callers[1].size);
		n += callers[1].size;
	}
	assert(n == sizeof(text) && !memcmp(out, text, n));
}

static void without_a_slot_a_read_fails_and_nothing_leaks(void)
{
	slots_most = 1;
	assert(input_read(1, 10) == E_IO && output_drain() == E_IO);
	slots_most = SLOTS;
	for (unsigned i = 0; i < SLOTS; i++)
		assert(!slots_taken[i] && !slots[i]);
}

int main(void)
{
	device_takes = 1 << 20;
	lines_are_read_with_echo_behind_the_prompt();
	a_long_line_is_read_in_pieces();
	readers_queue_and_dead_ones_are_passed_over();
	history_belongs_to_the_reader();
	control_c_discards_and_signals();
	raw_mode_belongs_to_its_process();
	a_slow_device_holds_writers_back_in_order();
	drain_waits_for_the_last_byte();
	typing_is_echoed_under_a_flood_of_output();
	a_flood_of_input_comes_through_whole();
	without_a_slot_a_read_fails_and_nothing_leaks();
	puts("console_server_test: ok");
	return 0;
}
