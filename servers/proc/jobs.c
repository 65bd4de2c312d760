/*
 * jobs.c: chooses the loader's next job and takes in what came of the last. Owns the queue of spawn orders
 * and the list of what else is to be done. A fault is fetched from mem and reported before anything that
 * could follow from the death, so that what is printed comes in one order always.
 */
#include <stdio.h>
#include <string.h>
#include <mem_client.h>
#include <proc_server.h>
#include <tessera/start.h>
#include <tessera/syscall.h>
#include <tessera/trace.h>
#include "job.h"
#include "jobs.h"
#include "life.h"
#include "lookup.h"
#include "service.h"

#define ORDERS_MAX        16
#define SESSION_PROGRAM   "shell"
#define STATUS_NO_SESSION 127
#define CONSOLE           "console"

static struct order orders[ORDERS_MAX];         /* a ring */
static unsigned order_first, order_count;

static cap_t loader_reply;                      /* slot of the loader's parked call */
static bool loader_parked;

static bool faults_pending;                     /* mem has fault records */
static bool attach_wanted;                      /* the console does not know yet where Ctrl-C goes */
static bool session_wanted;
static bool session_announced;
static struct deaths session_deaths;
static bool finish_wanted, finishing;
static uint32_t finish_how;
static uint64_t finish_status;

bool jobs_start(void)
{
	loader_reply = cap_alloc();
	session_wanted = true;
	return loader_reply != 0;
}

struct order *jobs_order_free(void)
{
	return order_count < ORDERS_MAX ? &orders[(order_first + order_count) % ORDERS_MAX] : NULL;
}

void jobs_order(void)
{
	order_count++;
	jobs_kick();
}

void jobs_fault(void)
{
	faults_pending = true;
}

bool jobs_finishing(void)
{
	return finishing;
}

void jobs_finish(uint32_t how, uint64_t status)
{
	if (finishing)
		return;
	finishing = finish_wanted = true;
	finish_how = how;
	finish_status = status;
}

void jobs_session_ended(uint64_t status)
{
	bool died = status >= PROC_STATUS_FAULT;

	if (boot.exec || (died && !manifest_restart(&session_deaths, sys_time(), boot.timebase)))
		jobs_finish(0, status);
	else
		session_wanted = true;
}

static bool console_up(uint64_t not_pid)
{
	struct service *s = service_find(CONSOLE);
	struct process *p = s ? table_find(s->pid) : NULL;

	return p && p->pid != not_pid && p->state == PROC_RUNNING;
}

static void job_start(struct job *j, enum job_kind kind, uint64_t pid)
{
	j->kind = kind;
	j->pid = pid;
	j->console_up = console_up(kind == JOB_REPORT ? pid : 0);
}

static void job_spawn(struct job *j, const struct process *p)
{
	job_start(j, JOB_SPAWN, p->pid);
	j->announce = false;
	j->tell = p->parent == PID_PROC;
	j->size = j->gift_count = j->argc = j->envc = j->long_size = j->long_env = 0;
	j->prio = p->prio;
	j->privileges = 0;
	memset(j->given, 0, sizeof j->given);
	j->path[0] = 0;
	job_gift(j, SLOT_PROCESS, SLOT_PROCESS, RIGHT_CALL, p->pid);
}

/* A program has the console as those of its three streams that it was not given. */
static void gift_streams(struct job *j, uint64_t pid)
{
	struct service *s = service_find(CONSOLE);

	for (unsigned slot = SLOT_STDIN; s && slot <= SLOT_STDERR; slot++)
		if (!j->given[slot - SLOT_STDIN])
			job_gift(j, s->endpoint, slot, RIGHT_CALL, pid);
}

/* The next fault record whose process is still there. */
static bool job_report(struct job *j)
{
	while (faults_pending) {
		struct process *p;

		if (mem_next_fault(FACTORY, &j->fault)) {
			faults_pending = false;
			return false;
		}
		p = table_find_space(j->fault.space);
		if (!p || p->state != PROC_RUNNING)
			continue;
		job_start(j, JOB_REPORT, p->pid);
		strcpy(j->name, p->name);
		j->who = (struct report_who){
			.name = j->name, .pid = p->pid, .image = p->image, .image_size = p->image_size,
			.image_base = p->image_base,
		};
		return true;
	}
	return false;
}

static bool job_service(struct job *j)
{
	int index;
	struct service *s = service_wanted(&index);
	struct process *p = s ? table_add(PID_PROC) : NULL;

	if (!p) {
		if (s)
			s->wanted = true;
		return false;
	}
	p->service = index;
	p->prio = s->line->prio;
	lookup_printable(p->name, sizeof p->name, s->name);
	s->pid = p->pid;
	job_spawn(j, p);
	service_job(s, p->pid, j);
	return true;
}

static bool job_session(struct job *j)
{
	struct process *p = session_wanted ? table_add(PID_PROC) : NULL;

	if (!p)
		return false;
	session_wanted = false;
	p->session = true;
	p->prio = PROGRAM_PRIO;
	strcpy(p->name, SESSION_PROGRAM);
	job_spawn(j, p);
	j->announce = !session_announced;
	session_announced = true;
	(void)lookup_path(SESSION_PROGRAM, j->path, sizeof j->path);
	(void)argpage_add(j->strings, &j->size, SESSION_PROGRAM);
	j->argc = 1;
	if (boot.exec) {
		(void)argpage_add(j->strings, &j->size, "-c");
		(void)argpage_add(j->strings, &j->size, boot.commands);
		j->argc = 3;
	}
	gift_streams(j, p->pid);
	return true;
}

/* Programs on the disk need its server, which the loader cannot start while it waits for them. */
static bool needs_disk(const struct order *o)
{
	struct service *s = service_find("blk");
	char path[PATH_MAX_BYTES];

	if (!s || !s->endpoint || s->pid || !lookup_path(o->strings, path, sizeof path))
		return false;
	if (strncmp(path, "disk/", strlen("disk/")) != 0)
		return false;
	service_want(s);
	return true;
}

static bool job_order(struct job *j)
{
	struct order *o = &orders[order_first];
	struct process *p;

	if (!order_count)
		return false;
	if (needs_disk(o) && job_service(j))
		return true;
	order_first = (order_first + 1) % ORDERS_MAX;
	order_count--;
	p = table_find(o->pid);         /* always there: it leaves the table only when the loader is done */
	job_spawn(j, p);
	memcpy(j->strings, o->strings, o->size);
	j->size = o->size;
	j->argc = o->argc;
	j->envc = o->envc;
	j->long_size = o->long_size;
	j->long_env = o->long_env;
	memcpy(j->given, o->given, sizeof j->given);
	if (!lookup_path(j->strings, j->path, sizeof j->path))
		j->path[0] = 0;
	gift_streams(j, p->pid);
	return true;
}

static bool job_attach(struct job *j)
{
	if (!attach_wanted)
		return false;
	attach_wanted = false;
	job_start(j, JOB_ATTACH, PID_PROC);
	return true;
}

static bool job_finish(struct job *j)
{
	if (!finish_wanted)
		return false;
	finish_wanted = false;
	job_start(j, JOB_FINISH, PID_PROC);
	j->how = finish_how;
	j->status = finish_status;
	return true;
}

/* Fills in the most urgent job: reports stand before anything that could follow from the death. */
static bool job_next(struct job *j)
{
	j->kind = JOB_NONE;
	return job_report(j) || job_attach(j) || job_service(j) || job_finish(j) || job_session(j) || job_order(j);
}

void jobs_kick(void)
{
	if (!loader_parked || !job_next(&job))
		return;
	loader_parked = false;
	(void)!proc_reply_job(loader_reply, 0);
}

static void answer_spawn(struct process *p, int error)
{
	if (p->spawn_reply)
		(void)!proc_reply_spawn(p->spawn_reply, error, p->pid);
	life_drop(&p->spawn_reply);
}

/* The loader could not make the process. */
static void spawn_failed(struct process *p, const struct job *j)
{
	struct process *parent = table_find(p->parent);

	snprintf(parent->why, sizeof parent->why, "%s", j->why);
	answer_spawn(p, j->error);
	if (p->service != NO_SERVICE)
		service_died(p->service, sys_time());
	if (p->session)
		jobs_finish(0, STATUS_NO_SESSION);
	table_remove(p);
	life_refuse_waits(parent->pid);
	service_tell_death();           /* the streams it was given are gone too */
}

static void run(const struct process *p, const struct job *j)
{
	(void)sys_thread_set(CAP(j->cnode, SLOT_THREAD), THREAD_RUN, 0);
	if (p->service != NO_SERVICE)
		service_runs(p->service);
}

static void spawn_done(struct job *j)
{
	struct process *p = table_find(j->pid);

	for (unsigned i = 0; i < GIVEN; i++)
		life_drop(&j->given[i]);
	if (j->error) {
		spawn_failed(p, j);
		return;
	}
	p->space = j->space;
	trace_name(p->space, p->pid, p->name);
	p->image = j->image;
	p->image_size = j->image_size;
	p->image_base = j->image_base;
	p->started = sys_time();
	p->state = PROC_RUNNING;
	attach_wanted |= p->service != NO_SERVICE && strcmp(p->name, CONSOLE) == 0;
	answer_spawn(p, 0);
	if (p->doomed)
		life_end(p, p->status);
	else
		run(p, j);
	cap_free(j->cnode);
}

static void report_done(struct job *j)
{
	struct process *p = table_find(j->pid);

	if (p)
		life_end(p, PROC_STATUS_FAULT + (j->fault.cause & 0xff));
}

int proc_on_job(const struct proc_request *request)
{
	enum job_kind done = job.kind;

	if (request->badge != PID_PROC)
		return E_DENIED;
	job.kind = JOB_NONE;
	if (done == JOB_SPAWN)
		spawn_done(&job);
	else if (done == JOB_REPORT)
		report_done(&job);
	if (job_next(&job))
		return 0;
	if (sys_save_reply(loader_reply))
		return E_NO_MEMORY;
	loader_parked = true;
	return IDL_PARKED;
}
