/*
 * table.c: the process table and the parked waits. An entry's place is its pid modulo the table's
 * size, so finding one takes no search, and a pid is never used twice. Knows nothing of messages,
 * capabilities or memory: replies are numbers here.
 */
#include <string.h>
#include "table.h"

#define WAITERS_MAX 64

static struct process table[TABLE_MAX];
static struct waiter waiters[WAITERS_MAX];
static uint64_t last_pid;

struct process *table_add(uint64_t parent)
{
	for (unsigned i = 0; i < TABLE_MAX; i++) {
		uint64_t pid = last_pid + 1 + i;
		struct process *p = &table[pid % TABLE_MAX];

		if (p->pid)
			continue;
		memset(p, 0, sizeof *p);
		p->pid = pid;
		p->parent = parent;
		p->state = PROC_STARTING;
		p->service = NO_SERVICE;
		last_pid = pid;
		return p;
	}
	return NULL;
}

void table_remove(struct process *p)
{
	p->pid = 0;
}

struct process *table_find(uint64_t pid)
{
	struct process *p = &table[pid % TABLE_MAX];

	return pid && p->pid == pid ? p : NULL;
}

struct process *table_find_space(uint64_t space)
{
	for (struct process *p = table; p < table + TABLE_MAX; p++)
		if (p->pid && space && p->space == space)
			return p;
	return NULL;
}

struct process *table_next(uint64_t pid)
{
	struct process *best = NULL;

	for (struct process *p = table; p < table + TABLE_MAX; p++)
		if (p->pid && p->pid >= pid && (!best || p->pid < best->pid))
			best = p;
	return best;
}

struct process *table_foreground(void)
{
	struct process *best = NULL;

	for (struct process *p = table; p < table + TABLE_MAX; p++)
		if (p->pid && p->foreground && p->state != PROC_ZOMBIE && (!best || p->pid > best->pid))
			best = p;
	return best;
}

struct process *table_child(uint64_t parent)
{
	for (struct process *p = table; p < table + TABLE_MAX; p++)
		if (p->pid && p->parent == parent)
			return p;
	return NULL;
}

/* Parents are older than their children, so the walk ends. */
bool table_is_ancestor(uint64_t ancestor, const struct process *p)
{
	while (p && p->parent != ancestor)
		p = table_find(p->parent);
	return p && ancestor;
}

static bool accepts(uint64_t target, uint64_t pid)
{
	return !target || target == pid;
}

struct process *table_zombie(uint64_t parent, uint64_t target, bool *exists)
{
	struct process *best = NULL;

	*exists = false;
	for (struct process *p = table; p < table + TABLE_MAX; p++) {
		if (!p->pid || p->parent != parent || !accepts(target, p->pid))
			continue;
		*exists = true;
		if (p->state == PROC_ZOMBIE && (!best || p->pid < best->pid))
			best = p;
	}
	return best;
}

bool table_wait(uint64_t caller, uint64_t target, cap_t reply)
{
	for (struct waiter *w = waiters; w < waiters + WAITERS_MAX; w++) {
		if (w->caller)
			continue;
		*w = (struct waiter){ caller, target, reply };
		return true;
	}
	return false;
}

static cap_t take(struct waiter *w)
{
	w->caller = 0;
	return w->reply;
}

cap_t table_wait_take(uint64_t caller, uint64_t target)
{
	for (struct waiter *w = waiters; w < waiters + WAITERS_MAX; w++)
		if (caller && w->caller == caller && (!target || accepts(w->target, target)))
			return take(w);
	return 0;
}

cap_t table_wait_hopeless(uint64_t caller)
{
	for (struct waiter *w = waiters; w < waiters + WAITERS_MAX; w++) {
		bool exists;

		if (!caller || w->caller != caller)
			continue;
		table_zombie(caller, w->target, &exists);
		if (!exists)
			return take(w);
	}
	return 0;
}

void table_reset(void)
{
	memset(table, 0, sizeof table);
	memset(waiters, 0, sizeof waiters);
	last_pid = 0;
}
