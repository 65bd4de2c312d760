/*
 * proc_table_test.c: the process table against a plain model of it: a random walk of births, deaths, waits
 * and adoptions, with every lookup compared at each step; then the edges by name.
 */
// SOURCES: servers/proc/table.c
// CFLAGS: -Iservers/proc
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "table.h"

#define MODEL_MAX 4096
#define STEPS     20000

static struct {
	uint64_t parent;
	bool alive, zombie, foreground;
} model[MODEL_MAX];
static uint64_t model_last;

static uint64_t model_next(uint64_t pid)
{
	for (; pid <= model_last; pid++)
		if (pid && model[pid].alive)
			return pid;
	return 0;
}

static bool model_ancestor(uint64_t ancestor, uint64_t pid)
{
	for (pid = model[pid].parent; pid && model[pid].alive; pid = model[pid].parent)
		if (pid == ancestor)
			return true;
	return pid == ancestor && pid;
}

static void compare(uint64_t pid, uint64_t other)
{
	struct process *p = table_find(pid), *zombie;
	uint64_t next = model_next(pid), foreground = 0, first = 0;
	bool exists, model_exists = false;

	assert((p != NULL) == model[pid].alive && (!p || p->pid == pid));
	p = table_next(pid);
	assert((p ? p->pid : 0) == next);
	for (uint64_t i = 1; i <= model_last; i++) {
		if (!model[i].alive)
			continue;
		if (model[i].foreground && !model[i].zombie)
			foreground = i;
		if (model[i].parent == pid) {
			model_exists = true;
			if (model[i].zombie && !first)
				first = i;
		}
	}
	p = table_foreground();
	assert((p ? p->pid : 0) == foreground);
	zombie = table_zombie(pid, 0, &exists);
	assert(exists == model_exists && (zombie ? zombie->pid : 0) == first);
	if (model[other].alive)
		assert(table_is_ancestor(pid, table_find(other)) == model_ancestor(pid, other));
}

static void birth(uint64_t parent)
{
	struct process *p = table_add(parent);

	if (!p)
		return;
	assert(p->pid > model_last && p->pid < MODEL_MAX && p->state == PROC_STARTING && p->service == NO_SERVICE);
	model_last = p->pid;
	p->foreground = rand() % 2;
	model[p->pid].parent = parent;
	model[p->pid].alive = true;
	model[p->pid].foreground = p->foreground;
}

static void death(uint64_t pid)
{
	struct process *p = table_find(pid);

	if (!p)
		return;
	if (!model[pid].zombie) {
		p->state = PROC_ZOMBIE;
		model[pid].zombie = true;
		return;
	}
	table_remove(p);
	model[pid].alive = false;
	while ((p = table_child(pid)) != NULL) {
		model[p->pid].parent = PID_PROC;
		p->parent = PID_PROC;
	}
	for (uint64_t i = 1; i <= model_last; i++)
		assert(!model[i].alive || model[i].parent != pid);
}

static void random_walk(void)
{
	table_reset();
	birth(0);
	for (unsigned step = 0; step < STEPS && model_last < MODEL_MAX - TABLE_MAX; step++) {
		uint64_t pid = 1 + (uint64_t)rand() % model_last, other = 1 + (uint64_t)rand() % model_last;

		if (rand() % 3 && model[pid].alive)
			birth(pid);
		else if (pid != PID_PROC)
			death(pid);
		compare(pid, other);
	}
}

static void pids_are_never_used_twice_and_a_full_table_refuses(void)
{
	uint64_t last = 0;

	table_reset();
	for (unsigned i = 0; i < TABLE_MAX; i++) {
		struct process *p = table_add(0);

		assert(p && p->pid > last);
		last = p->pid;
	}
	assert(!table_add(0));
	table_remove(table_find(17));
	assert(table_add(0)->pid == 17 + TABLE_MAX);
	assert(!table_find(17) && !table_find(0) && !table_find(UINT64_MAX));
	assert(!table_find_space(0));
	table_find(18)->space = 99;
	assert(table_find_space(99)->pid == 18);
}

static void waiters_get_the_child_they_wait_for(void)
{
	struct process *parent, *a, *b;

	table_reset();
	parent = table_add(0);
	a = table_add(parent->pid);
	b = table_add(parent->pid);
	assert(table_wait(parent->pid, a->pid, 40) && table_wait(parent->pid, 0, 41));
	assert(table_wait_take(parent->pid, b->pid) == 41 && !table_wait_take(parent->pid, b->pid));
	assert(!table_wait_hopeless(parent->pid));
	table_remove(a);
	assert(table_wait_hopeless(parent->pid) == 40 && !table_wait_hopeless(parent->pid));
	for (unsigned i = 0; table_wait(parent->pid, 0, 50 + i); i++)
		assert(i < 1000);
	while (table_wait_take(parent->pid, 0))
		;
	assert(table_wait(parent->pid, b->pid, 1) && !table_wait_take(0, 0));
}

int main(void)
{
	srand(1);
	random_walk();
	pids_are_never_used_twice_and_a_full_table_refuses();
	waiters_get_the_child_they_wait_for();
	puts("proc_table: ok");
	return 0;
}
