/*
 * life.c: the end of a process, in this order: its space is destroyed, and with it its threads, its
 * capabilities and its frames; its children become proc's; its parent's wait is answered, or a zombie waits
 * for one. (Its fault, if that was the reason, has been reported before: jobs.c.)
 */
#include <mem_client.h>
#include <proc_server.h>
#include <tessera/syscall.h>
#include "job.h"
#include "jobs.h"
#include "life.h"
#include "service.h"

static void space_end(struct process *p)
{
	while (p->space && mem_space_destroy(FACTORY, p->space) == E_AGAIN)
		;
	p->space = 0;
}

void life_drop(cap_t *slot)
{
	if (*slot)
		cap_free(*slot);
	*slot = 0;
}

/* Children of a process that is gone become proc's: nobody will wait for them. */
static void adopt_children(uint64_t pid)
{
	struct process *child;

	while ((child = table_child(pid)) != NULL) {
		child->parent = PID_PROC;
		life_drop(&child->spawn_reply);
		if (child->state == PROC_ZOMBIE)
			table_remove(child);
	}
}

void life_refuse_waits(uint64_t parent)
{
	cap_t reply;

	while ((reply = table_wait_hopeless(parent)) != 0) {
		(void)!proc_reply_wait(reply, E_NOT_FOUND, 0, 0);
		cap_free(reply);
	}
}

/* Answers the parent's wait if there is one, or leaves a zombie. */
static void tell_parent(struct process *p)
{
	cap_t reply = table_wait_take(p->parent, p->pid);

	if (!reply)
		return;
	(void)!proc_reply_wait(reply, 0, p->pid, p->status);
	cap_free(reply);
	table_remove(p);
	life_refuse_waits(p->parent);
}

void life_end(struct process *p, uint64_t status)
{
	cap_t reply;

	if (p->state == PROC_ZOMBIE || p->pid == PID_PROC)
		return;
	p->status = status;
	if (p->state == PROC_STARTING) {
		p->doomed = true;
		return;
	}
	space_end(p);
	p->state = PROC_ZOMBIE;
	while ((reply = table_wait_take(p->pid, 0)) != 0)
		cap_free(reply);
	adopt_children(p->pid);
	if (p->service != NO_SERVICE)
		service_died(p->service, sys_time());
	service_tell_death();
	if (p->session)
		jobs_session_ended(status);
	if (p->parent == PID_PROC)
		table_remove(p);
	else
		tell_parent(p);
	jobs_kick();
}
