/*
 * faults.c: pagers that misbehave, each in a process of its own, and one that works next to it: clients of the
 * first get a fault report within the deadline or the right page, clients of the second notice nothing.
 */
#include "test.h"
#include <signal.h>
#include <string.h>
#include <time.h>
#include <tessera/ipc.h>

struct paged {
	uint64_t pid, at;
	cap_t object;
};

/* Starts a pager and maps its object; false: it ended before it had one. */
static bool start(const char *step, const char *how, struct paged *p)
{
	const char *const argv[] = { "pagertest", "pager", step, how, NULL };
	struct message m = { .info = 0 };
	uint64_t deadline = sys_time() + 2 * process_start_info()->timebase;
	cap_t endpoint;
	bool came;

	*p = (struct paged){ 0 };
	if (mem_endpoint_create(SLOT_SPACE, &endpoint) || process_spawn_with(argv, 0, endpoint, &p->pid))
		return false;
	m.info = INFO_DEADLINE;
	came = !strcmp(step, "attach") && strcmp(how, "oversized")
	       ? false : !sys_reply_recv(endpoint, &m, 0, deadline) && info_kind(m.info) == KIND_MESSAGE;
	if (came) {
		p->object = cap_take(ipc_buffer()->recv[0].value);
		m.info = INFO_REPLY;
		came = !sys_reply_recv(0, &m, 0, 0);
	}
	(void)!mem_endpoint_destroy(SLOT_SPACE, endpoint);
	cap_free(endpoint);
	return came && !mem_map_object(SLOT_SPACE, p->object, 0, 0, FAULTY_PAGES * PAGE, MEM_READ, 0, &p->at);
}

static int stop(struct paged *p)
{
	(void)!kill((pid_t)p->pid, SIGKILL);
	DEMAND(!process_wait(p->pid, NULL, NULL));
	if (p->at)
		DEMAND(!mem_unmap(SLOT_SPACE, p->at, FAULTY_PAGES * PAGE));
	if (p->object)
		cap_free(p->object);
	return 0;
}

/* What the clients of a pager must see at page 0 and page 1. */
struct outcome {
	const char *step, *how;
	bool first, second;             /* could be read */
};

static const struct outcome outcomes[] = {
	{ "take", "kill", false, false }, { "take", "hang", false, false }, { "take", "wrong", true, true },
	{ "take", "oversized", true, true }, { "take", "fail", false, true }, { "take", "touch", false, false },
	{ "supply", "kill", false, false }, { "supply", "hang", false, false },
	{ "supply", "wrong", true, true },
	{ "supply", "double", true, true }, { "supply", "oversized", true, true }, { "supply", "fail", false, true },
	{ "again", "kill", true, false }, { "again", "hang", true, false }, { "again", "wrong", true, true },
	{ "again", "double", true, true }, { "again", "oversized", true, true }, { "again", "fail", true, false },
	{ "attach", "oversized", true, true },
};

static int one(const struct outcome *o, const struct paged *good, uint64_t turn)
{
	struct paged p;
	uint64_t value = 0;
	bool first, second;

	DEMAND(start(o->step, o->how, &p));
	first = probe(page_of(p.at, 0), &value);
	DEMAND(!first || value == 1);
	second = probe(page_of(p.at, 1), &value);
	DEMAND(!second || value == 2);
	DEMAND(probe(page_of(good->at, turn), &value) && value == turn + 1);
	if (first != o->first || second != o->second) {
		fprintf(stderr, "pagertest: %s at %s: page 0 %s, page 1 %s\n", o->how, o->step,
			first ? "read" : "faulted", second ? "read" : "faulted");
		return 1;
	}
	/* What was there stays there without its pager. */
	if (first) {
		(void)!kill((pid_t)p.pid, SIGKILL);
		DEMAND(probe(page_of(p.at, 0), &value) && value == 1);
	}
	printf("faults: %s at %s: as it should be\n", o->how, o->step);
	return stop(&p);
}

/* A pager that dies, or hangs, before it has an object. */
static int before_attach(const char *how)
{
	struct paged p;

	DEMAND(!start("attach", how, &p));
	printf("faults: %s at attach: as it should be\n", how);
	return stop(&p);
}

/* Too late three times in a row: it is a pager no longer, and who touches is told at once. */
static int struck_out(void)
{
	struct timespec from, to;
	struct paged p;
	uint64_t value;

	DEMAND(start("take", "hang", &p));
	for (unsigned i = 0; i < MEM_PAGER_STRIKES; i++)
		DEMAND(!probe(page_of(p.at, i), &value));
	clock_gettime(CLOCK_MONOTONIC, &from);
	for (unsigned i = 0; i < FAULTY_PAGES; i++)
		DEMAND(!probe(page_of(p.at, i), &value));
	clock_gettime(CLOCK_MONOTONIC, &to);
	/* Of 64 touches none waited for a deadline. */
	DEMAND((to.tv_sec - from.tv_sec) * 1000 + (to.tv_nsec - from.tv_nsec) / 1000000 < 8 * FAULTY_MS);
	puts("faults: three times too late and it pages no more");
	return stop(&p);
}

/* Who maps what another pages cannot become a pager, nor can a pager map it. */
static int chain(const struct paged *good)
{
	uint64_t window;

	(void)good;
	DEMAND(mem_pager_start(SLOT_SPACE, MEM_WINDOW, 100, &window) == E_DENIED);
	DEMAND(mem_pager_start(SLOT_SPACE, MEM_LEND, 100, &window) == E_DENIED);
	puts("faults: a chain of pagers is refused");
	return 0;
}

/* The client ends while it waits for a pager that hangs. */
static int client_killed(void)
{
	const char *const argv[] = { "pagertest", "touch", "3", NULL };
	struct timespec nap = { 0, 20000000 };
	struct paged p;
	uint64_t pid, status;

	DEMAND(start("take", "hang", &p));
	DEMAND(!process_spawn_with(argv, 0, p.object, &pid));
	nanosleep(&nap, NULL);
	(void)!kill((pid_t)pid, SIGKILL);
	DEMAND(!process_wait(pid, NULL, &status) && status);
	puts("faults: a client killed while it waits leaves nothing");
	return stop(&p);
}

int faults(void)
{
	struct paged good;

	DEMAND(start("never", "", &good));
	for (unsigned i = 0; i < sizeof outcomes / sizeof *outcomes; i++) {
		if (one(&outcomes[i], &good, 2 + i))
			return 1;
	}
	if (before_attach("kill") || before_attach("hang") || struck_out() || chain(&good) || client_killed()
	    || stop(&good))
		return 1;
	puts("faults: ok");
	return 0;
}
