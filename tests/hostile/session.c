/*
 * session.c: stands in the shell's place and leads the attacks on the real servers. `ipc`: hostile
 * processes send messages while a bystander asks for what it knows; when they have ended, what they left in
 * the file server is removed. `deaths`: victims under load are killed at random instants. After each life
 * the servers must be the same processes, and memory, capabilities and the servers' books what they were
 * before.
 *
 * Words of the command: ipc|deaths count=N seed=N. Lines of its own begin with `attack:`.
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <blk_client.h>
#include <file_client.h>
#include <irq_client.h>
#include <mem_client.h>
#include <proc_client.h>
#include <stream_client.h>
#include <trace_client.h>
#include <tessera/ipc.h>
#include <tessera/process.h>
#include <tessera/syscall.h>
#include <tessera/thread.h>
#include "partner.h"
#include "shared.h"

#define ACTORS       4
#define HOSTILES     2
#define BYSTANDER    3      /* number of that actor */
#define LIFE_MOST    4000UL /* messages of all hostile processes of a life ... */
#define LIFE_LEAST   300UL  /* ... or fewer, so that there are LIVES of them */
#define LIVES        30
#define LIFE_TICKS   40000000UL /* after which a life is ended, whatever it does */
#define WARM_LIVES   12         /* until then servers may still grow */
#define REPORT       100000UL
#define KILL_REPORT  500
#define QUIET_TRIES  400 /* looks at the figures until they are as before, a millisecond apart */
#define WINDOW_BYTES 4096
#define SERVERS_MOST 12

struct actor {
	cap_t object; /* of the shared page */
	volatile struct shared *shared;
	uint64_t pid;
};

static struct actor actors[ACTORS];
static cap_t files, irq, blk, trace;
static uint64_t ms; /* ticks */

/* ---- what must stay ------------------------------------------------------------------------------- */

struct kept_server {
	uint64_t pid;
	char name[32];
};

static struct kept_server servers[SERVERS_MOST];
static unsigned server_count;

/*
 * What must be as before after each life, and what servers may come to need more of, once: a page of their
 * heap or text that they touch for the first time. Records of something without memory become rare, 1/n at
 * the nth life; a leak does not.
 */
enum { OTHERS_PAGES, OTHERS_COMMITTED, SPACES, FILE_BYTES, FILES, EXACT };
enum { RESIDENT, COMMITTED, OWN, TABLES, OBJECTS, REGIONS, SLOTS, KERNEL_OBJECTS, GROWING };
static const char *const exact_names[EXACT] = {
	"bytes of memory that no server has",
	"bytes committed by no server",
	"spaces",
	"bytes of files",
	"files",
};
static const char *const growing_names[GROWING] = {
	"resident in servers", "committed by servers", "mem's own", "page tables", "objects", "regions",
	"kernel's slots",      "kernel's objects",
};

struct figures {
	uint64_t exact[EXACT], growing[GROWING];
};

static struct figures before; /* exact: of the last warm life; growing: most so far */
static unsigned growths[GROWING];

static void say(const char *what, uint64_t a, uint64_t b)
{
	printf("\nattack: %s %llu %llu\n", what, (unsigned long long)a, (unsigned long long)b);
	fflush(stdout);
}

_Noreturn static void fail(const char *what, uint64_t a, uint64_t b)
{
	say(what, a, b);
	printf("\nattack: BROKEN\n");
	fflush(stdout);
	(void)!proc_shutdown(SLOT_PROCESS, 0, 1);
	exit(1);
}

static bool next_process(uint64_t *pid, struct proc_info *info)
{
	if (proc_next(SLOT_PROCESS, *pid, info))
		return false;
	*pid = info->pid + 1;
	return true;
}

static bool is_kept(uint64_t pid)
{
	for (unsigned i = 0; i < server_count; i++)
		if (servers[i].pid == pid)
			return true;
	return false;
}

/* Everything that runs now stays to the end. */
static void note_servers(void)
{
	struct proc_info info;

	server_count = 0;
	for (uint64_t pid = 0; next_process(&pid, &info);) {
		if (server_count == SERVERS_MOST)
			fail("too many processes", pid, 0);
		servers[server_count].pid = info.pid;
		memcpy(servers[server_count++].name, info.name, sizeof info.name);
	}
}

static void check_servers(void)
{
	struct proc_info info;
	unsigned found = 0;

	for (uint64_t pid = 0; next_process(&pid, &info);)
		for (unsigned i = 0; i < server_count; i++)
			found += servers[i].pid == info.pid && info.state == PROC_RUNNING;
	if (found != server_count)
		fail("a server died: servers, alive", server_count, found);
}

static void figures_now(struct figures *f)
{
	struct mem_total t = {0};
	struct mem_audit_counts a = {0};
	struct file_space space = {0};
	struct proc_info info;
	uint64_t resident = 0, committed = 0;
	int error = mem_total(SLOT_SPACE, &t);

	if (!error)
		error = mem_audit(SLOT_SPACE, &a);
	if (!error)
		error = file_space(files, &space);
	if (error)
		fail("no figures: error", (uint64_t)error, 0);
	if (a.breach)
		fail("the audit found: breach, at", a.breach, a.breach_at);
	for (uint64_t pid = 0; next_process(&pid, &info);) {
		resident += info.resident;
		committed += info.committed;
	}
	*f = (struct figures){
	    {t.resident - resident, t.committed - committed, t.spaces, space.used, space.files},
	    {resident, committed, t.mem, t.tables, t.objects, a.regions, a.kernel_slots, a.kernel_objects},
	};
}

/* So many records, at most, of each figure that may grow. */
static unsigned growths_allowed(uint64_t life)
{
	unsigned n = 6;

	for (; life > WARM_LIVES; life /= 2)
		n += 4;
	return n;
}

static void check_growth(const struct figures *now, uint64_t life)
{
	for (unsigned i = 0; i < GROWING; i++) {
		if (now->growing[i] <= before.growing[i])
			continue;
		before.growing[i] = now->growing[i];
		if (++growths[i] > growths_allowed(life))
			fail(growing_names[i], now->growing[i], life);
	}
}

/* Servers hear of deaths by signals: how long they take to act is their business, that they do is not. */
static void check_figures(uint64_t life)
{
	struct figures now;

	for (unsigned i = 0;; i++) {
		figures_now(&now);
		if (life < WARM_LIVES)
			memcpy(before.exact, now.exact, sizeof now.exact);
		if (!memcmp(before.exact, now.exact, sizeof now.exact))
			break;
		if (i == QUIET_TRIES) {
			for (unsigned k = 0; k < EXACT; k++)
				say(exact_names[k], before.exact[k], now.exact[k]);
			fail("a life left something behind: number", life, 0);
		}
		(void)thread_wait(2, sys_time() + ms);
	}
	if (life < WARM_LIVES)
		before = now;
	check_growth(&now, life);
}

static void say_growths(void)
{
	for (unsigned i = 0; i < GROWING; i++) {
		printf("\nattack: %s %llu, records %u\n", growing_names[i],
		       (unsigned long long)before.growing[i], growths[i]);
		fflush(stdout);
	}
}

/* ---- actors --------------------------------------------------------------------------------------- */

static void actor_init(struct actor *a)
{
	uint64_t physical, at;

	if (mem_object_create(SLOT_SPACE, PAGE_SIZE, 0, &a->object, &physical) ||
	    mem_map_object(SLOT_SPACE, a->object, 0, 0, PAGE_SIZE, MEM_READ | MEM_WRITE, 0, &at))
		fail("no shared page", 0, 0);
	a->shared = (volatile struct shared *)at;
}

static cap_t copy_of(cap_t cap, unsigned rights)
{
	cap_t copy = cap_alloc();

	if (!copy || sys_give(GIVE_COPY, cap, 1, copy, rights, 0, 0))
		fail("no copy of a capability", cap, 0);
	return copy;
}

/* given: a capability for SLOT_GIVEN, 0: none. */
static void actor_start(struct actor *a, enum role role, uint64_t seed, uint64_t limit, cap_t given,
			uint32_t interface)
{
	static const char name[] = "actor";
	unsigned rights = role == ROLE_PARTNER ? RIGHT_RECV : RIGHT_CALL;
	cap_t page = copy_of(a->object, RIGHT_CALL), extra = given ? copy_of(given, rights) : 0;
	int error;

	memset((void *)a->shared, 0, sizeof *a->shared);
	a->shared->role = role;
	a->shared->seed = seed;
	a->shared->limit = limit;
	a->shared->given = interface;
	error = proc_spawn_streams(SLOT_PROCESS, name, sizeof name, 1, 0, 0, page,
				   extra ? extra : SLOT_PROCESS, SLOT_PROCESS, &a->pid);
	if (error)
		fail("no process: error", (uint64_t)error, seed);
	cap_free(page);
	if (extra)
		cap_free(extra);
}

/* Whatever runs that did not from the beginning ends; how many those were. */
static unsigned end_others(void)
{
	struct proc_info info;
	unsigned ended = 0;

	for (uint64_t pid = 0; next_process(&pid, &info);) {
		if (is_kept(info.pid))
			continue;
		ended++;
		if (info.state != PROC_ZOMBIE)
			(void)!proc_kill(SLOT_PROCESS, info.pid);
	}
	return ended;
}

static void end_all(void)
{
	uint64_t pid, status;

	for (unsigned i = 0; end_others(); i++) {
		while (!proc_wait(SLOT_PROCESS, 0, &pid, &status) && pid != actors[BYSTANDER].pid)
			;
		if (i == QUIET_TRIES)
			fail("processes that do not end", 0, 0);
		(void)thread_wait(2, sys_time() + ms);
	}
}

/* ---- messages ------------------------------------------------------------------------------------- */

/* Removes what can be removed below the path. */
static void remove_below(const char *path)
{
	char after[256] = "", name[256], whole[441];
	struct file_stat what;

	while (!file_list(files, path, after, name, sizeof name, &what)) {
		snprintf(whole, sizeof whole, "%s%s%s", path, strcmp(path, "/") ? "/" : "", name);
		strcpy(after, name);
		if (what.kind != FILE_DIRECTORY) {
			(void)!file_remove(files, whole);
			continue;
		}
		remove_below(whole);
		(void)!file_remove_directory(files, whole);
	}
}

static void check_actor(const struct actor *a)
{
	static const char *const kinds[] = {"nothing",
					    "granted to a stranger",
					    "an answer of another shape",
					    "an error the interface does not name",
					    "another server's message taken",
					    "not the bystander's answer"};
	const volatile struct shared *s = a->shared;

	for (uint32_t i = 0; i < s->wrongs; i++)
		printf("\nattack: wrong: %s: interface %u call %u (server %llu), answer %u words %u items "
		       "%u, status %lld\n",
		       kinds[s->wrong[i].kind], s->wrong[i].label >> 16, s->wrong[i].label & 0xffff,
		       (unsigned long long)s->wrong[i].server, info_label(s->wrong[i].info),
		       info_words(s->wrong[i].info), info_items(s->wrong[i].info),
		       (long long)s->wrong[i].status);
	if (s->wrongs)
		fail("seed of the process, calls", s->seed, s->calls[0] + s->calls[1]);
}

/* What another client of this badge left in blk goes: it has one window, which is replaced once its
 * requests are done. */
static void settle_blk(void)
{
	static cap_t window; /* kept: blk ends a window that nobody holds when it next hears of a death */
	struct blk_result result;
	int error = E_BUSY;

	if (window)
		cap_free(window);

	for (unsigned i = 0; error == E_BUSY && i < QUIET_TRIES; i++) {
		while (!blk_collect(blk, &result))
			;
		error = blk_attach(blk, WINDOW_BYTES, SLOT_ENDPOINT, &window);
		if (error == E_BUSY)
			(void)thread_wait(2, sys_time() + ms);
	}
	if (error)
		fail("blk does not settle: error", (uint64_t)error, 0);
}

/* Until all hostile processes have ended, or stand still. */
static void await_hostiles(void)
{
	uint64_t until = sys_time() + LIFE_TICKS, pid, status;
	unsigned ended = 0;

	while (ended < HOSTILES && sys_time() < until) {
		int error = proc_wait(SLOT_PROCESS, 0, &pid, &status);

		for (unsigned i = 0; !error && i < HOSTILES; i++)
			ended += actors[i].pid == pid;
	}
}

static uint64_t life_calls;

/* The private servers, which a program has only if it is given them; every other life does without. */
static const struct given {
	const cap_t *server;
	uint32_t interface;
} given[] = {
	{ &irq, IRQ_INTERFACE },     { NULL, 0 }, { &blk, BLK_INTERFACE }, { NULL, 0 },
	{ &trace, TRACE_INTERFACE }, { NULL, 0 },
};

static uint64_t interfaces, asked;

static uint64_t one_life(uint64_t seed, uint64_t life, uint64_t *mutated, uint64_t *granted)
{
	uint64_t calls = 0;

	for (unsigned i = 0; i < HOSTILES; i++) {
		const struct given *g = &given[(life + i) % (sizeof given / sizeof *given)];

		actor_start(&actors[i], ROLE_HOSTILE, seed * 1000003 + life * HOSTILES + i, life_calls / HOSTILES,
			    g->server ? *g->server : 0, g->interface);
	}
	await_hostiles();
	end_all();
	remove_below("/");
	settle_blk();
	if (trace_clear(trace))
		fail("the trace server does not settle", 0, 0);
	for (unsigned i = 0; i < HOSTILES; i++) {
		check_actor(&actors[i]);
		interfaces |= actors[i].shared->interfaces;
		asked |= actors[i].shared->asked;
		calls += actors[i].shared->calls[0] + actors[i].shared->calls[1];
		*mutated += actors[i].shared->mutated;
		*granted += actors[i].shared->granted;
	}
	check_actor(&actors[BYSTANDER]);
	check_servers();
	return calls;
}

static void attack_ipc(uint64_t count, uint64_t seed)
{
	uint64_t calls = 0, reported = 0, mutated = 0, granted = 0, life = 0, rounds = 0;

	life_calls = count / LIVES < LIFE_LEAST  ? LIFE_LEAST
		     : count / LIVES > LIFE_MOST ? LIFE_MOST
						 : count / LIVES;
	actor_start(&actors[BYSTANDER], ROLE_BYSTANDER, seed, 0, 0, 0);
	note_servers();
	for (; calls < count; life++) {
		calls += one_life(seed, life, &mutated, &granted);
		if (actors[BYSTANDER].shared->calls[0] == rounds)
			fail("the bystander stands still: rounds", rounds, 0);
		rounds = actors[BYSTANDER].shared->calls[0];
		check_figures(life);
		if (calls - reported >= REPORT) {
			reported = calls;
			say("messages, lives", calls, life + 1);
		}
	}
	if (asked != interfaces)
		fail("a server was never asked: interfaces, asked", interfaces, asked);
	say_growths();
	say("messages, lives", calls, life);
	say("messages that no stub would send, granted", mutated, granted);
	say("rounds of the bystander, seed", rounds, seed);
}

/* ---- kills ---------------------------------------------------------------------------------------- */

static cap_t line; /* to the partner */

/* What victims left with the partner goes. */
static void flush_partner(void)
{
	struct message m = {.info = info_make(PARTNER_FLUSH, 0, 0)};

	if (sys_call(line, &m))
		fail("the partner does not answer", 0, 0);
}

static void one_kill(uint64_t seed, uint64_t kill, uint64_t *steps)
{
	uint64_t state = random_seeded(seed, kill), pid, status;

	actor_start(&actors[0], ROLE_VICTIM, seed * 1000003 + kill, 0, line, 0);
	(void)thread_wait(2, sys_time() + random_next(&state) % (kill % 2 ? 60000 : 8000));
	if (proc_kill(SLOT_PROCESS, actors[0].pid))
		fail("the victim had ended by itself: kill", kill, 0);
	while (!proc_wait(SLOT_PROCESS, actors[0].pid, &pid, &status))
		;
	flush_partner();
	end_all();
	remove_below("/"); /* files stay, whoever made them */
	for (unsigned i = 0; i < THREADS_MOST; i++)
		steps[i] += actors[0].shared->calls[i];
}

static void attack_kill(uint64_t count, uint64_t seed)
{
	uint64_t steps[THREADS_MOST] = {0};

	if (mem_endpoint_create(SLOT_SPACE, &line))
		fail("no endpoint", 0, 0);
	actor_start(&actors[1], ROLE_PARTNER, seed, 0, line, 0);
	note_servers();
	for (uint64_t kill = 0; kill < count + WARM_LIVES; kill++) {
		one_kill(seed, kill, steps);
		check_servers();
		check_figures(kill);
		if (kill % KILL_REPORT == KILL_REPORT - 1)
			say("kills, steps", kill + 1, steps[0] + steps[1] + steps[2] + steps[3]);
	}
	say_growths();
	say("kills, rounds of the partner", count, actors[1].shared->calls[0]);
	say("steps of the victims: mapper, talker", steps[0], steps[1]);
	say("steps of the victims: faulter, lender", steps[2], steps[3]);
	if (count >= 50 && !(steps[0] && steps[1] && steps[2] && steps[3]))
		fail("a thread of the victims never ran", 0, 0);
}

static uint64_t argument(const char *text, const char *name, uint64_t otherwise)
{
	const char *at = strstr(text, name);

	return at ? strtoull(at + strlen(name), NULL, 0) : otherwise;
}

int main(int argc, char **argv)
{
	const char *words = argc == 3 ? argv[2] : "";
	uint64_t count = argument(words, "count=", 1000), seed = argument(words, "seed=", 1);

	ms = process_start_info()->timebase / 1000;
	(void)sys_thread_set(SLOT_THREAD, THREAD_CALL_TIMEOUT, LIFE_TICKS);
	if (server_open("file", FILE_VERSION, &files) || server_open("irq", IRQ_VERSION, &irq) ||
	    server_open("blk", BLK_VERSION, &blk) ||
	    server_open("trace", TRACE_VERSION, &trace))
		fail("a server cannot be opened", 0, 0);
	settle_blk();
	for (unsigned i = 0; i < ACTORS; i++)
		actor_init(&actors[i]);
	if (strncmp(words, "deaths", 6) == 0)
		attack_kill(count, seed);
	else
		attack_ipc(count, seed);
	printf("\nattack: held\n");
	fflush(stdout);
	(void)!proc_shutdown(SLOT_PROCESS, 0, 0);
	return 0;
}
