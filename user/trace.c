/*
 * trace.c: `trace on`, `trace off`, `trace dump [EVENTS]`, `trace clear`: the traces of all harts. The shell runs it
 * with a capability to the trace server in SLOT_EXTRA. What dump prints is read by tools/trace (docs/trace.md):
 *
 *   trace: dump 1 harts H timebase T
 *   trace: hart I first N events E time T      the first event's number, how many follow, the first's time
 *   WHAT TIME THREAD VALUE...                  one a line, hexadecimal; ticks since the one before; no zeros at the end
 *   trace: end N                               lines of events in all
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <mem_client.h>
#include <trace_client.h>
#include <tessera/process.h>
#include <tessera/start.h>

#define SERVER SLOT_EXTRA
#define EVENTS (TRACE_RING / sizeof(struct trace_event))

static int fail(const char *what, int error)
{
	fprintf(stderr, "trace: %s: %s\n", what, error_text(error));
	return 1;
}

static uint64_t number_of(const struct trace_event *e)
{
	return e->what >> 16;
}

static char *put_hex(char *at, uint64_t n)
{
	unsigned shift = 0;

	while (shift < 60 && n >> shift > 15)
		shift += 4;
	for (;; shift -= 4) {
		*at++ = "0123456789abcdef"[n >> shift & 15];
		if (!shift)
			return at;
	}
}

static void print_event(const struct trace_event *e, uint64_t before)
{
	uint64_t words[8] = { e->what & 0xffff, e->time - before, e->thread };
	unsigned n = 8;
	char line[8 * 17], *at = line;

	memcpy(&words[3], e->value, sizeof e->value);
	while (n > 2 && !words[n - 1])
		n--;
	for (unsigned i = 0; i < n; i++) {
		at = put_hex(at, words[i]);
		*at++ = i + 1 < n ? ' ' : '\n';
	}
	fwrite(line, 1, (size_t)(at - line), stdout);
}

/*
 * The last event's number: that of the latest time. Behind it in the ring may stand what an earlier trace left, with
 * numbers that are no smaller.
 */
static uint64_t last_number(const struct trace_event *ring)
{
	const struct trace_event *last = &ring[0];

	for (unsigned i = 0; i < EVENTS; i++)
		if (ring[i].time > last->time || (ring[i].time == last->time && number_of(&ring[i]) > number_of(last)))
			last = &ring[i];
	return number_of(last);
}

/* The events of one ring, the oldest first, `most` at most; how many. */
static uint64_t print_ring(uint32_t hart, const struct trace_event *ring, uint64_t most)
{
	uint64_t last = last_number(ring), first, before;

	if (most > EVENTS)
		most = EVENTS;
	first = last > most ? last - most + 1 : 1;
	before = ring[first % EVENTS].time;
	printf("trace: hart %" PRIu32 " first %" PRIu64 " events %" PRIu64 " time %" PRIu64 "\n", hart, first,
	       last - first + 1, before);
	for (uint64_t n = first; n <= last; n++) {
		print_event(&ring[n % EVENTS], before);
		before = ring[n % EVENTS].time;
	}
	return last - first + 1;
}

static int dump(uint64_t most)
{
	uint64_t at[8], printed = 0;
	uint32_t harts = 0;
	int error = trace_off(SERVER);

	while (!error && harts < 8) {
		cap_t ring = 0;

		error = trace_ring(SERVER, harts, &ring);
		if (!error)
			error = mem_map_object(SLOT_SPACE, ring, 0, 0, TRACE_RING, MEM_READ, 0, &at[harts++]);
	}
	if (error && error != E_NOT_FOUND)
		return fail("dump", error);
	if (!harts) {
		fprintf(stderr, "trace: nothing was recorded: trace on\n");
		return 1;
	}
	printf("trace: dump 1 harts %" PRIu32 " timebase %" PRIu64 "\n", harts, process_start_info()->timebase);
	for (uint32_t i = 0; i < harts; i++)
		printed += print_ring(i, (const struct trace_event *)at[i], most);
	printf("trace: end %" PRIu64 "\n", printed);
	return 0;
}

static int usage(void)
{
	fprintf(stderr, "usage: trace on | off | dump [EVENTS] | clear\n");
	return 2;
}

int main(int argc, char **argv)
{
	const char *order = argc > 1 ? argv[1] : "";
	char *end = "";
	uint64_t most = EVENTS;
	uint32_t harts = 0;
	int error = 0;

	if (argc > 3 || (argc == 3 && strcmp(order, "dump")))
		return usage();
	if (argc == 3)
		most = strtoull(argv[2], &end, 10);
	if (*end || !most)
		return usage();
	if (!strcmp(order, "dump"))
		return dump(most);
	if (!strcmp(order, "on"))
		error = trace_on(SERVER, &harts);
	else if (!strcmp(order, "off"))
		error = trace_off(SERVER);
	else if (!strcmp(order, "clear"))
		error = trace_clear(SERVER);
	else
		return usage();
	if (harts)
		printf("trace: %" PRIu32 " harts\n", harts);
	return error ? fail(order, error) : 0;
}
