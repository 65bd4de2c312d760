/*
 * top.c: `top [SECONDS [TIMES]]`: who uses processor and memory, a table every so many seconds, until ^C or until
 * TIMES tables have been shown. The shell runs it with a capability to the trace server in SLOT_EXTRA: calls are
 * counted in a trace of the last tenth of each interval, all else from what mem and proc count anyway. A trace of the
 * user's own ends.
 */
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <mem_client.h>
#include <proc_client.h>
#include <trace_client.h>
#include <tessera/process.h>
#include <tessera/start.h>
#include <tessera/syscall.h>

#define SERVER    SLOT_EXTRA
#define EVENTS    (TRACE_RING / sizeof(struct trace_event))
#define HARTS     8
#define PROCESSES 512
#define THREADS   1024
#define SAMPLE    10                   /* an interval's part that is traced */

struct row {
	uint64_t pid, space;
	char name[32];
	struct proc_figures now, before;
	uint64_t millicalls;           /* a second */
	bool known;                    /* before counts */
	bool alive;
};

static struct row rows[PROCESSES];
static unsigned row_count;
static struct {
	uint64_t address, space;
} threads[THREADS];
static unsigned thread_count;
static const struct trace_event *rings[HARTS];
static unsigned hart_count;

static int fail(const char *what, int error)
{
	fprintf(stderr, "top: %s: %s\n", what, error_text(error));
	return 1;
}

static struct row *row_find(uint64_t pid)
{
	for (unsigned i = 0; i < row_count; i++)
		if (rows[i].pid == pid)
			return &rows[i];
	return NULL;
}

/* Reads the figures of all processes; those that ended leave. */
static void look(void)
{
	struct proc_info info;
	unsigned kept = 0;

	for (unsigned i = 0; i < row_count; i++)
		rows[i].alive = false;
	for (uint64_t pid = 0; !proc_next(SLOT_PROCESS, pid, &info); pid = info.pid + 1) {
		struct row *r = row_find(info.pid);

		if (!r && row_count == PROCESSES)
			continue;
		if (!r) {
			r = &rows[row_count++];
			*r = (struct row){ .pid = info.pid };
		}
		r->space = info.space;
		memcpy(r->name, info.name, sizeof r->name);
		r->before = r->now;
		r->alive = !proc_figures(SLOT_PROCESS, r->pid, &r->now);
	}
	for (unsigned i = 0; i < row_count; i++)
		if (rows[i].alive)
			rows[kept++] = rows[i];
	row_count = kept;
}

static void look_threads(void)
{
	uint64_t next = 0, number;

	for (thread_count = 0; thread_count < THREADS; thread_count++)
		if (mem_thread(SLOT_SPACE, next, &next, &threads[thread_count].address,
			       &threads[thread_count].space, &number))
			break;
}

/* The process whose thread an event names; NULL: mem's, or one that is gone. */
static struct row *whose(uint64_t address)
{
	for (unsigned i = 0; i < thread_count; i++) {
		if (threads[i].address != address)
			continue;
		for (unsigned k = 0; k < row_count; k++)
			if (rows[k].space == threads[i].space)
				return &rows[k];
		/* proc knows no space of its own. */
		return row_find(1);
	}
	return NULL;
}

/* Adds the calls of one hart from `since` to `until` to the rates of their processes. */
static void count_hart(const struct trace_event *ring, uint64_t since, uint64_t until, uint64_t second)
{
	uint64_t first = until;
	bool overwritten = false;

	for (unsigned i = 0; i < EVENTS; i++) {
		if (!ring[i].what || ring[i].time < since || ring[i].time > until)
			continue;
		overwritten |= ring[i].what >> 16 > EVENTS;
		first = ring[i].time < first ? ring[i].time : first;
	}
	/* A ring that was overwritten tells of its last events only. */
	if (!overwritten)
		first = since;
	for (unsigned i = 0; i < EVENTS && first < until; i++) {
		struct row *r;

		if (ring[i].time < since || ring[i].time > until ||
		    (ring[i].what & 0xffff) != (TRACE_CALL | SYS_CALL << 8))
			continue;
		r = whose(ring[i].thread);
		if (r)
			r->millicalls += 1000 * second / (until - first);
	}
}

static void count_calls(uint64_t since, uint64_t until, uint64_t second)
{
	for (unsigned i = 0; i < row_count; i++)
		rows[i].millicalls = 0;
	for (unsigned h = 0; h < hart_count; h++)
		count_hart(rings[h], since, until, second);
}

static int map_rings(void)
{
	uint32_t harts = 0;
	int error = trace_on(SERVER, &harts);

	if (!error)
		error = trace_off(SERVER);
	for (; !error && hart_count < harts; hart_count++) {
		cap_t ring = 0;
		uint64_t at = 0;

		error = trace_ring(SERVER, hart_count, &ring);
		if (!error)
			error = mem_map_object(SLOT_SPACE, ring, 0, 0, TRACE_RING, MEM_READ, 0, &at);
		if (error)
			return error;
		rings[hart_count] = (const struct trace_event *)at;
	}
	return error;
}

static int busiest_first(const void *a, const void *b)
{
	const struct row *x = a, *y = b;
	uint64_t used_x = x->now.cpu - x->before.cpu, used_y = y->now.cpu - y->before.cpu;

	if (used_x != used_y)
		return used_x < used_y ? 1 : -1;
	return x->pid > y->pid ? 1 : -1;
}

static void print_rows(uint64_t ticks, uint64_t second)
{
	struct mem_total t = { 0 };

	(void)!mem_total(SLOT_SPACE, &t);
	printf("up %" PRIu64 " s, %u processes, %u harts; RAM %" PRIu64 " KiB, free %" PRIu64 " KiB\n",
	       sys_time() / second, row_count, hart_count, t.ram / 1024, (t.free + t.cleared) / 1024);
	puts("  PID   CPU %   FAULTS/s    CALLS/s  RESIDENT K  COMMITTED K  THREADS  NAME");
	for (unsigned i = 0; i < row_count; i++) {
		const struct row *r = &rows[i];
		uint64_t cpu = r->known ? (r->now.cpu - r->before.cpu) * 1000 / ticks : 0;
		uint64_t faults = r->known ? (r->now.faults - r->before.faults) * second / ticks : 0;

		printf("%5" PRIu64 " %5" PRIu64 ".%" PRIu64 " %10" PRIu64 " %10" PRIu64 " %11" PRIu64 " %12" PRIu64
		       " %8" PRIu64 "  %.32s\n",
		       r->pid, cpu / 10, cpu % 10, faults, r->millicalls / 1000, r->now.resident / 1024,
		       r->now.committed / 1024, r->now.threads, r->name);
	}
	fflush(stdout);
}

/* One interval and its table. 0 or an error. */
static int interval(double seconds, bool clear)
{
	uint64_t second = process_start_info()->timebase, begin = sys_time(), since, until, ticks;
	uint32_t harts;
	int error;

	look();
	usleep((useconds_t)(seconds * 1e6 * (SAMPLE - 1) / SAMPLE));
	error = trace_on(SERVER, &harts);
	if (error)
		return error;
	since = sys_time();
	usleep((useconds_t)(seconds * 1e6 / SAMPLE));
	until = sys_time();
	error = trace_off(SERVER);
	look_threads();
	for (unsigned i = 0; i < row_count; i++)
		rows[i].known = true;
	look();
	ticks = sys_time() - begin;
	count_calls(since, until, second);
	qsort(rows, row_count, sizeof rows[0], busiest_first);
	if (clear)
		fputs("\033[H\033[J", stdout);
	print_rows(ticks, second);
	return error;
}

int main(int argc, char **argv)
{
	char *end = "";
	double seconds = argc > 1 ? strtod(argv[1], &end) : 1;
	unsigned long times = 0;
	int error;

	if (argc > 2 && !*end)
		times = strtoul(argv[2], &end, 10);
	if (argc > 3 || *end || !(seconds >= 0.1 && seconds <= 1000) || (argc > 2 && !times)) {
		fputs("usage: top [SECONDS [TIMES]]: 0.1 to 1000 seconds\n", stderr);
		return 2;
	}
	error = map_rings();
	for (unsigned long i = 0; !error && (!times || i < times); i++)
		error = interval(seconds, !times);
	return error ? fail("trace", error) : 0;
}
