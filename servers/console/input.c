/*
 * input.c: see input.h. One line at a time: edited in `line`, then handed out from `line.text` until all of
 * it is read, by whoever reads next.
 */
#include "input.h"

#include <stream_server.h>

#include "client.h"
#include "line.h"
#include "output.h"
#include "ring.h"

#define READ_MOST 800                  /* bytes of one answer: stream.idl */
#define READERS   32

struct reader {
	cap_t reply;
	uint64_t pid;
	uint32_t most;
};

RING_STATIC(typed, 65536);
static struct line_editor line;
static bool ready;                     /* line.text is to be read; 0 bytes of it: end of file */
static size_t ready_at;                /* bytes of it that were read */

/* Waiting readers, first come first. */
static struct reader readers[READERS];
static unsigned readers_first, readers_count;
static uint64_t last_pid;              /* that read last: its mode counts while nobody waits */

static cap_t interrupt_notify;

static void drop_reader(void)
{
	cap_free(readers[readers_first].reply);
	readers_first = (readers_first + 1) % READERS;
	readers_count--;
}

static bool is_dead(const struct reader *r)
{
	uint64_t word = 0, detail;

	return sys_inspect(r->reply, &word, &detail) || INSPECT_TYPE(word) != TYPE_REPLY;
}

/* Readers that died while they waited; what they had typed into their line goes with them. */
static void drop_dead_readers(void)
{
	while (readers_count && is_dead(&readers[readers_first])) {
		drop_reader();
		if (!ready)
			line_clear(&line);
	}
}

static void interrupt_readers(void)
{
	for (; readers_count; drop_reader())
		(void)stream_reply_read(readers[readers_first].reply, E_INTERRUPTED, NULL, 0);
}

static void forget_typed(void)
{
	ring_clear(&typed);
	line_clear(&line);
	ready = false;
}

void input_flush(void)
{
	forget_typed();
	interrupt_readers();
}

static uint64_t reading_pid(void)
{
	return readers_count ? readers[readers_first].pid : last_pid;
}

/* The signal goes first: proc ends a program before it is told that its read was interrupted. */
static void interrupt(void)
{
	forget_typed();
	output_echo("^C\r\n", 4);
	if (interrupt_notify)
		(void)sys_signal(interrupt_notify);
	interrupt_readers();
}

bool input_room(void)
{
	return ring_room(&typed) != 0;
}

void input_byte(uint8_t byte)
{
	if (byte == LINE_CONTROL('C') && !(client_mode(reading_pid()) & STREAM_RAW))
		interrupt();
	else
		ring_put(&typed, byte);
}

int input_read(uint64_t pid, uint32_t most)
{
	struct reader *r = &readers[(readers_first + readers_count) % READERS];

	if (readers_count == READERS)
		return E_IO;
	r->reply = cap_alloc();
	if (!r->reply)
		return E_IO;
	if (sys_save_reply(r->reply)) {
		cap_free(r->reply);
		return E_IO;
	}
	r->pid = pid;
	r->most = most;
	readers_count++;
	return IDL_PARKED;
}

/* Raw: what there is, behind what was left of a line. */
static bool take_raw(void)
{
	while (ring_used(&typed) && line.length < LINE_BYTES)
		line.text[line.length++] = (char)ring_get(&typed);
	return line.length != 0;
}

/* Edits until there is something to read; false: more keys, or room for their echo, are needed. */
static bool edit(struct client *c)
{
	bool hidden = c->mode & STREAM_NO_ECHO;
	enum line_event event = LINE_MORE;

	line.echo = hidden ? NULL : output_echo;
	while (event == LINE_MORE) {
		if (!ring_used(&typed) || !output_echo_room())
			return false;
		event = line_key(&line, hidden ? NULL : &c->history, ring_get(&typed));
	}
	if (event == LINE_DONE && !hidden)
		line_history_add(&c->history, line.text, line.length - 1);
	return true;
}

static bool make_ready(uint64_t pid)
{
	struct client *c = client_get(pid);

	ready = c->mode & STREAM_RAW ? take_raw() : edit(c);
	ready_at = 0;
	return ready;
}

/* To the first reader; when it can't be told, the bytes wait for the next. */
static void hand_out(void)
{
	struct reader *r = &readers[readers_first];
	size_t size = line.length - ready_at;

	if (size > r->most)
		size = r->most;
	if (size > READ_MOST)
		size = READ_MOST;
	last_pid = r->pid;
	if (!stream_reply_read(r->reply, 0, line.text + ready_at, size)) {
		ready_at += size;
		if (ready_at == line.length) {
			line_clear(&line);
			ready = false;
		}
	}
	drop_reader();
}

void input_serve(void)
{
	for (;;) {
		drop_dead_readers();
		if (!readers_count || (!ready && !make_ready(readers[readers_first].pid)))
			return;
		hand_out();
	}
}

void input_interrupt_to(cap_t notify)
{
	if (interrupt_notify)
		cap_free(interrupt_notify);
	interrupt_notify = notify;
}
