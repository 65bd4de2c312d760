/*
 * supervisor.c: proc's endpoint: every call and every signal. This thread alone touches the process table,
 * the service table and the queue of jobs. It calls mem and nobody else (rank 56); what needs the console
 * or takes long goes to the loader as a job (job.h).
 */
#include <string.h>
#include <mem_client.h>
#include <proc_server.h>
#include <tessera/start.h>
#include <tessera/syscall.h>
#include "job.h"
#include "jobs.h"
#include "life.h"
#include "lookup.h"
#include "service.h"
#include "supervisor.h"
#include "table.h"

#define SIGNALS_MOST 31                /* the largest number of a signal */

static cap_t mint_slot;                         /* a capability on its way to a client */

/* Moves the right to answer the caller into a slot of its own; 0: no slot is free. */
static cap_t park(void)
{
	cap_t slot = cap_alloc();

	if (slot && sys_save_reply(slot)) {
		cap_free(slot);
		return 0;
	}
	return slot;
}

/* A slot with a copy of what came with a spawn; 0: there is none to be had. */
static cap_t take_extra(const struct idl_cap *extra)
{
	cap_t slot;

	if (extra->count)
		return cap_take(extra->value);
	slot = cap_alloc();             /* the caller's capability to proc itself */
	if (slot && sys_give(GIVE_COPY, SLOT_PROCESS, 1, slot, RIGHT_CALL, extra->value, 0)) {
		cap_free(slot);
		return 0;
	}
	return slot;
}

/* What a spawn asks for. The capabilities: slots 0 to 2 streams, 3 the extra; NULL: not given. */
struct wish {
	const void *args;
	size_t size;
	uint32_t argc, envc, how;
	const struct idl_cap *given[GIVEN];
	uint32_t long_size, long_env;   /* as in struct order */
};

/* Takes the capabilities out of the window; false: there was no slot for one. */
static bool take_given(struct order *o, const struct wish *w)
{
	bool all = true;

	for (unsigned i = 0; i < GIVEN; i++) {
		const struct idl_cap *c = w->given[i];
		bool console = c && !c->count && i < GIVEN - 1;

		o->given[i] = c && !console ? take_extra(c) : 0;
		all = all && (!c || console || o->given[i]);
	}
	return all;
}

static int order_add(struct process *caller, const struct wish *w)
{
	struct order *o = jobs_order_free();
	struct process *p = o ? table_add(caller->pid) : NULL;

	if (!p)
		return E_NO_MEMORY;
	p->spawn_reply = take_given(o, w) ? park() : 0;
	if (!p->spawn_reply) {
		for (unsigned i = 0; i < GIVEN; i++)
			life_drop(&o->given[i]);
		table_remove(p);
		return E_NO_MEMORY;
	}
	p->prio = caller->session || caller->prio > PROGRAM_PRIO ? PROGRAM_PRIO : caller->prio;
	p->foreground = w->how & PROC_FOREGROUND;
	lookup_printable(p->name, sizeof p->name, lookup_name(w->args));
	o->pid = p->pid;
	o->size = w->size;
	o->argc = w->argc;
	o->envc = w->envc;
	o->long_size = w->long_size;
	o->long_env = w->long_env;
	memcpy(o->strings, w->args, w->size);
	jobs_order();
	return IDL_PARKED;
}

static int spawn(uint64_t badge, const struct wish *w)
{
	struct process *caller = table_find(badge);
	int error;

	if (!caller || jobs_finishing())
		return E_DENIED;
	caller->why[0] = 0;
	if (w->long_size)
		error = argpage_check_long(w->long_size, w->argc, w->envc, w->long_env);
	else
		error = argpage_check(w->args, w->size, w->argc, w->envc);
	return error ? error : order_add(caller, w);
}

int proc_on_spawn(const struct proc_request *request, const void *args, size_t size, uint32_t argc,
		  uint32_t envc, uint32_t how, uint64_t *pid)
{
	const struct wish w = { args, size, argc, envc, how, { NULL }, 0, 0 };

	(void)pid;
	return spawn(request->badge, &w);
}

int proc_on_spawn_with(const struct proc_request *request, const void *args, size_t size, uint32_t argc,
		       uint32_t envc, uint32_t how, struct idl_cap extra, uint64_t *pid)
{
	const struct wish w = { args, size, argc, envc, how, { NULL, NULL, NULL, &extra }, 0, 0 };

	(void)pid;
	return spawn(request->badge, &w);
}

int proc_on_spawn_streams(const struct proc_request *request, const void *args, size_t size, uint32_t argc,
			  uint32_t envc, uint32_t how, struct idl_cap input, struct idl_cap output,
			  struct idl_cap complaints, uint64_t *pid)
{
	const struct wish w = { args, size, argc, envc, how, { &input, &output, &complaints, NULL },
				0, 0 };

	(void)pid;
	return spawn(request->badge, &w);
}

int proc_on_spawn_long(const struct proc_request *request, const char *path, uint32_t size, uint32_t argc,
		       uint32_t envc, uint32_t env, uint32_t how, struct idl_cap args, struct idl_cap input,
		       struct idl_cap output, struct idl_cap complaints, uint64_t *pid)
{
	const struct wish w = { path, strlen(path) + 1, argc, envc, how, { &input, &output, &complaints, &args },
				size, env };

	(void)pid;
	if (!size || !*path || !args.count)
		return !size || !*path ? E_BAD_MESSAGE : E_BAD_HANDLE;
	return spawn(request->badge, &w);
}

int proc_on_wait(const struct proc_request *request, uint64_t pid, uint64_t *ended, uint64_t *status)
{
	bool exists;
	struct process *p = table_zombie(request->badge, pid, &exists);
	cap_t reply;

	if (p) {
		*ended = p->pid;
		*status = p->status;
		table_remove(p);
		return 0;
	}
	if (!exists)
		return E_NOT_FOUND;
	reply = park();
	if (!reply)
		return E_NO_MEMORY;
	if (table_wait(request->badge, pid, reply))
		return IDL_PARKED;
	(void)!proc_reply_wait(reply, E_NO_MEMORY, 0, 0);
	cap_free(reply);
	return IDL_PARKED;
}

/* Ends the caller: its call is never answered, so the right to do so is dropped when the caller is gone. */
static int end_caller(struct process *caller, uint64_t status)
{
	cap_t reply = park();

	if (!reply)
		return E_NO_MEMORY;
	life_end(caller, status);
	cap_free(reply);
	return IDL_PARKED;
}

/* A program may say that a signal of its own ended it. */
int proc_on_exit(const struct proc_request *request, uint64_t status)
{
	struct process *caller = table_find(request->badge);

	if (!caller || caller->pid == PID_PROC)
		return E_DENIED;
	if (status <= PROC_STATUS_KILLED || status > PROC_STATUS_KILLED + SIGNALS_MOST)
		status &= 0xff;
	return end_caller(caller, status);
}

/* A process rules its descendants, a session rules everything but proc. */
static bool may_rule(const struct process *caller, const struct process *p)
{
	return caller && (caller == p || caller->session || table_is_ancestor(caller->pid, p));
}

int proc_on_kill(const struct proc_request *request, uint64_t pid)
{
	struct process *caller = table_find(request->badge), *p = table_find(pid);

	if (!p || p->state == PROC_ZOMBIE)
		return E_NOT_FOUND;
	if (!may_rule(caller, p) || p->pid == PID_PROC)
		return E_DENIED;
	if (p == caller)
		return end_caller(p, PROC_STATUS_KILLED + KILLED_KILL);
	life_end(p, PROC_STATUS_KILLED + KILLED_KILL);
	return 0;
}

static int usage_of(const struct process *p, struct mem_usage *usage)
{
	if (p->pid == PID_PROC)
		return mem_usage(SLOT_SPACE, usage);
	return p->space ? mem_space_usage(FACTORY, p->space, usage) : E_NOT_FOUND;
}

int proc_on_next(const struct proc_request *request, uint64_t pid, struct proc_info *what)
{
	const struct process *p = table_next(pid);
	struct mem_usage usage = { 0 };

	(void)request;
	if (!p)
		return E_NOT_FOUND;
	*what = (struct proc_info){ .pid = p->pid, .parent = p->parent, .space = p->space, .started = p->started,
				    .state = p->state, .prio = p->prio };
	memcpy(what->name, p->name, sizeof what->name);
	if (!usage_of(p, &usage)) {
		what->resident = usage.resident;
		what->committed = usage.committed;
		what->cpu = usage.cpu;
	}
	return 0;
}

int proc_on_figures(const struct proc_request *request, uint64_t pid, struct proc_figures *now)
{
	const struct process *p = table_find(pid);
	struct mem_usage usage = { 0 };
	int error = p ? usage_of(p, &usage) : E_NOT_FOUND;

	(void)request;
	*now = (struct proc_figures){
		.cpu = usage.cpu, .faults = usage.faults, .resident = usage.resident, .committed = usage.committed,
		.shared = usage.shared, .tables = usage.tables, .objects = usage.objects, .regions = usage.regions,
		.threads = usage.threads,
	};
	return error;
}

/* A server calls upwards only; a private one is for a session, and for servers that its line names. */
static bool may_open(const struct process *caller, const struct service *s)
{
	const struct service *own = service_at(caller->service);

	if (own && caller->prio >= s->line->prio)
		return false;
	return !s->line->private || caller->session || (own && manifest_uses(own->line, s->name));
}

int proc_on_open(const struct proc_request *request, const char *name, uint32_t version,
		 struct send_item *server)
{
	const struct process *caller = table_find(request->badge);
	struct service *s = service_find(name);

	if (!s || !s->endpoint)
		return E_NOT_FOUND;
	if (!caller || !may_open(caller, s))
		return E_DENIED;
	if (s->line->version && version != s->line->version)
		return E_BAD_VERSION;
	(void)sys_delete(mint_slot);    /* what a refused delivery left */
	if (sys_give(GIVE_COPY, s->endpoint, 1, mint_slot, RIGHT_CALL, caller->pid, 0))
		return E_NO_MEMORY;
	*server = (struct send_item){ mint_slot, 1, GIVE_MOVE, RIGHT_CALL, 0 };
	service_want(s);
	jobs_kick();
	return 0;
}

int proc_on_why(const struct proc_request *request, char *text)
{
	const struct process *caller = table_find(request->badge);

	if (!caller || !caller->why[0])
		return E_NOT_FOUND;
	strcpy(text, caller->why);
	return 0;
}

int proc_on_region(const struct proc_request *request, uint64_t pid, uint64_t addr, uint64_t *start,
		   uint64_t *size, uint64_t *committed, uint64_t *resident, uint32_t *prot, uint32_t *kind)
{
	struct process *caller = table_find(request->badge), *p = table_find(pid);
	struct mem_region found = { 0 };
	int error;

	if (!p || (!p->space && p->pid != PID_PROC))
		return E_NOT_FOUND;
	if (!may_rule(caller, p))
		return E_DENIED;
	error = p->pid == PID_PROC ? mem_query(SLOT_SPACE, addr, &found) :
				     mem_space_query(FACTORY, p->space, addr, &found);
	if (error)
		return error;
	*start = found.start;
	*size = found.size;
	*committed = found.committed;
	*resident = found.resident;
	*prot = found.prot;
	*kind = found.kind;
	return 0;
}

int proc_on_shutdown(const struct proc_request *request, uint32_t how, uint64_t status)
{
	const struct process *caller = table_find(request->badge);

	if (!caller || !caller->session || how > 1)
		return E_DENIED;
	if (!park())                    /* for ever: the machine stops under the caller */
		return E_NO_MEMORY;
	jobs_finish(how, status & 0xff);
	jobs_kick();
	return IDL_PARKED;
}

int proc_on_bootarg(const struct proc_request *request, const char *word, char *value)
{
	(void)request;
	return lookup_bootarg(boot.bootargs, word, value, BOOTARGS_MAX + 1) ? 0 : E_NOT_FOUND;
}

static void take_signals(uint64_t bits)
{
	struct process *p = bits & SIGNAL_INTERRUPT ? table_foreground() : NULL;

	if (bits & SIGNAL_FAULT)
		jobs_fault();
	if (p)
		life_end(p, PROC_STATUS_KILLED + KILLED_INTERRUPT);
	jobs_kick();
}

int supervisor_start(void)
{
	struct process *self = table_add(0);

	mint_slot = cap_alloc();
	if (!self || !mint_slot || !jobs_start())
		return E_NO_MEMORY;
	self->state = PROC_RUNNING;
	self->prio = PROC_RANK;
	self->started = sys_time();
	strcpy(self->name, "proc");
	return service_start();
}

/* What to send after a reply_recv that failed: an answer with capabilities becomes the error alone. */
static uint64_t after_failure(uint64_t info, long status)
{
	if (info & INFO_REPLY && info_items(info))
		return (uint64_t)-status << INFO_LABEL_SHIFT | INFO_REPLY;
	if (!sys_save_reply(mint_slot))
		(void)sys_delete(mint_slot);
	return 0;
}

_Noreturn void supervisor_run(void)
{
	struct message m = { .info = 0 };

	for (;;) {
		uint64_t answer = m.info;
		long status = sys_reply_recv(SLOT_PROCESS, &m, 0, 0);

		if (status) {
			m.info = after_failure(answer, status);
		} else if (info_kind(m.info) == KIND_SIGNALS) {
			take_signals(m.w[0]);
			m.info = 0;
		} else {
			struct proc_request r = { .badge = m.badge, .info = m.info, .buffer = ipc_buffer() };

			memcpy(r.w, m.w, sizeof r.w);
			m.info = proc_dispatch(&r);
			memcpy(m.w, r.w, sizeof r.w);
		}
	}
}
