/*
 * output.c: see output.h.
 */
#include "output.h"

#include <stream_server.h>
#include <string.h>

#include "line.h"
#include "ring.h"
#include "uart.h"

#define WRITE_MOST 900                 /* bytes of one write: stream.idl */
#define WRITERS    32

struct writer {
	cap_t reply;
	bool drain;                    /* writes nothing, waits for the device to have sent everything */
	bool raw;
	uint16_t size;
	char bytes[WRITE_MOST];
};

RING_STATIC(ring, 32768);
_Static_assert(sizeof(ring_bytes) >= LINE_ECHO_MOST + 2 * WRITE_MOST, "a write fits beside echo");

/* Waiting writers, first come first; all of them wait because the first does not fit. */
static struct writer writers[WRITERS];
static unsigned writers_first, writers_count;

static bool write_fits(const char *bytes, size_t size, bool raw)
{
	size_t need = size;

	for (size_t i = 0; !raw && i < size; i++)
		need += bytes[i] == '\n';
	return ring_room(&ring) >= need + LINE_ECHO_MOST;
}

static bool may_go_on(const struct writer *w)
{
	if (w->drain)
		return !ring_used(&ring) && uart_idle();
	return write_fits(w->bytes, w->size, w->raw);
}

static void put(const char *bytes, size_t size, bool raw)
{
	for (size_t i = 0; i < size; i++) {
		if (bytes[i] == '\n' && !raw)
			ring_put(&ring, '\r');
		ring_put(&ring, (uint8_t)bytes[i]);
	}
}

static void send(void)
{
	while (ring_used(&ring) && uart_idle())
		for (unsigned i = 0; i < UART_FIFO && ring_used(&ring); i++)
			uart_put(ring_get(&ring));
}

/* A writer that died meanwhile does not take its bytes along. */
static void admit_writers(void)
{
	while (writers_count) {
		struct writer *w = &writers[writers_first];

		if (!may_go_on(w))
			return;
		put(w->bytes, w->size, w->raw);
		if (w->drain)
			(void)stream_reply_drain(w->reply, 0);
		else
			(void)stream_reply_write(w->reply, 0, w->size);
		cap_free(w->reply);
		writers_first = (writers_first + 1) % WRITERS;
		writers_count--;
	}
}

void output_pump(void)
{
	unsigned waited;

	do {
		waited = writers_count;
		send();
		admit_writers();
	} while (writers_count != waited);
	send();
}

/* A place in the queue for the current caller, NULL: there is none. */
static struct writer *park(void)
{
	struct writer *w = &writers[(writers_first + writers_count) % WRITERS];

	if (writers_count == WRITERS)
		return NULL;
	w->reply = cap_alloc();
	if (!w->reply)
		return NULL;
	if (sys_save_reply(w->reply)) {
		cap_free(w->reply);
		return NULL;
	}
	w->drain = w->raw = false;
	w->size = 0;
	writers_count++;
	return w;
}

int output_write(const char *bytes, size_t size, bool raw)
{
	while (writers_count || !write_fits(bytes, size, raw)) {
		struct writer *w = park();

		if (w) {
			w->raw = raw;
			w->size = (uint16_t)size;
			memcpy(w->bytes, bytes, size);
			return IDL_PARKED;
		}
		output_pump(); /* no place to wait in: the device is waited for here */
	}
	put(bytes, size, raw);
	return 0;
}

int output_drain(void)
{
	struct writer *w = park();

	if (!w)
		return E_IO;
	w->drain = true;
	return IDL_PARKED;
}

void output_echo(const char *bytes, size_t size)
{
	for (size_t i = 0; i < size && ring_room(&ring); i++)
		ring_put(&ring, (uint8_t)bytes[i]);
}

bool output_echo_room(void)
{
	return ring_room(&ring) >= LINE_ECHO_MOST;
}

bool output_waiting(void)
{
	return ring_used(&ring) || writers_count;
}
