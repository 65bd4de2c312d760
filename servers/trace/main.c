/*
 * trace: owns a ring of events for each hart. The kernel writes them, whoever may ask reads them; this server has no
 * access to them itself. So that a reader knows whose threads the events name, the names of all processes and the
 * spaces of all threads are noted in the trace when it begins and when it ends; mem and proc note the others.
 *
 * Started by proc when first opened, with: SLOT_EXTRA its service endpoint.
 */
#include <stdbool.h>
#include <trace_server.h>
#include <mem_client.h>
#include <proc_client.h>
#include <tessera/ipc.h>
#include <tessera/start.h>
#include <tessera/trace.h>

#define SERVICE SLOT_EXTRA
#define HARTS   8                      /* as many as the kernel runs */
#define RUNS_BYTES 800                 /* as the interface says */

static struct {
	cap_t own, limited;            /* the object, and the same to be read only */
} rings[HARTS];
static unsigned hart_count;            /* that have rings */
static bool running;

/* Which thread belongs to whom, as notes. */
static void note_names(void)
{
	uint64_t next = 0, address, space, number;
	struct proc_info info;

	while (!mem_thread(SLOT_SPACE, next, &next, &address, &space, &number))
		trace_note(TRACE_NOTE_THREAD, address, space, number, 0);
	for (uint64_t pid = 0; !proc_next(SLOT_PROCESS, pid, &info); pid = info.pid + 1)
		trace_name(info.space, info.pid, info.name);
}

static void stop(void)
{
	if (running)
		note_names();
	for (unsigned i = 0; i < hart_count; i++)
		(void)!mem_trace_end(SLOT_SPACE, i);
	running = false;
}

static void clear(void)
{
	stop();
	while (hart_count) {
		hart_count--;
		(void)!mem_object_destroy(SLOT_SPACE, rings[hart_count].own);
		cap_free(rings[hart_count].own);
		cap_free(rings[hart_count].limited);
	}
}

/* A ring for one more hart; NOT_FOUND: there is no such hart. */
static int ring_make(void)
{
	uint64_t address;
	cap_t own = 0, limited = 0;
	int error = mem_object_create(SLOT_SPACE, TRACE_RING, MEM_CONTIGUOUS, &own, &address);

	if (error)
		return error;
	error = mem_object_limit(SLOT_SPACE, own, MEM_READ, &limited);
	if (!error)
		error = mem_trace(SLOT_SPACE, hart_count, own);
	if (error) {
		(void)!mem_object_destroy(SLOT_SPACE, own);
		cap_free(own);
		if (limited)
			cap_free(limited);
		return error;
	}
	rings[hart_count].own = own;
	rings[hart_count++].limited = limited;
	return 0;
}

int trace_on_on(const struct trace_request *request, uint32_t *harts)
{
	int error = 0;

	(void)request;
	stop();
	for (unsigned i = 0; i < hart_count && !error; i++)
		error = mem_trace(SLOT_SPACE, i, rings[i].own);
	while (!error && hart_count < HARTS)
		error = ring_make();
	if (error && (error != E_NOT_FOUND || !hart_count)) {
		clear();
		return error;
	}
	running = true;
	note_names();
	*harts = hart_count;
	return 0;
}

int trace_on_off(const struct trace_request *request)
{
	(void)request;
	stop();
	return 0;
}

int trace_on_ring(const struct trace_request *request, uint32_t hart, struct send_item *ring)
{
	(void)request;
	if (hart >= hart_count)
		return E_NOT_FOUND;
	*ring = (struct send_item){ rings[hart].limited, 1, GIVE_COPY, RIGHT_CALL, 0 };
	return 0;
}

int trace_on_clear(const struct trace_request *request)
{
	(void)request;
	clear();
	return 0;
}

int trace_on_frames(const struct trace_request *request, uint64_t from, uint64_t *next, void *runs, size_t *runs_n)
{
	(void)request;
	return mem_frames(SLOT_SPACE, from, next, runs, RUNS_BYTES, runs_n);
}

int trace_on_pages(const struct trace_request *request, uint64_t space, uint64_t from, uint64_t *next, void *runs,
		   size_t *runs_n)
{
	(void)request;
	return mem_pages(SLOT_SPACE, space, from, next, runs, RUNS_BYTES, runs_n);
}

/* Ends only when its endpoint is gone. */
int main(void)
{
	/* What an earlier instance left: no device writes there. */
	(void)!mem_quiesced(SLOT_SPACE);
	(void)!trace_loop(SERVICE, NULL);
	return 1;
}
