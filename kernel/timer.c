/*
 * timer.c: deadlines. Owns each hart's heap of waiting threads, a leftist heap through the threads themselves:
 * adding, taking the earliest and removing any one cost O(log n). Owns the hart's timer.
 */
#include "kernel.h"
#include "riscv.h"
#include "sbi.h"
#include "thread.h"

#define EXPIRE_BATCH 32

bool has_stimecmp;
uint64_t timer_slice = 100000;

void timer_init(void)
{
	has_stimecmp = timer_probe() == 0;
	timer_arm(~0UL);
	csr_set(sie, SIE_TIMER | SIE_SOFT);
}

void timer_arm(uint64_t t)
{
	this_hart()->armed = t;
	if (has_stimecmp)
		riscv_set_stimecmp(t);
	else
		sbi_set_timer(t);
}

static uint64_t heap_rank(const struct thread *t)
{
	return t ? t->heap_rank : 0;
}

/* Restores the leftist order at t and its rank; true if the rank changed. */
static bool heap_fix(struct thread *t)
{
	struct thread *left = t->heap_left;
	uint64_t rank;

	if (heap_rank(left) < heap_rank(t->heap_right)) {
		t->heap_left = t->heap_right;
		t->heap_right = left;
	}
	rank = heap_rank(t->heap_right) + 1;
	if (rank == t->heap_rank)
		return false;
	t->heap_rank = rank;
	return true;
}

/* Merges two heaps along their right spines, each at most log2 n long. */
static struct thread *heap_merge(struct thread *a, struct thread *b)
{
	struct thread *root = NULL, **link = &root, *up = NULL;

	while (a && b) {
		if (b->deadline < a->deadline) {
			struct thread *t = a;

			a = b;
			b = t;
		}
		*link = a;
		a->heap_up = up;
		up = a;
		link = &a->heap_right;
		a = a->heap_right;
	}
	*link = a ? a : b;
	if (*link)
		(*link)->heap_up = up;
	for (; up; up = up->heap_up)
		(void)heap_fix(up);
	return root;
}

void timer_add(struct thread *t, uint64_t deadline)
{
	struct hart *h = t->hart;

	t->deadline = deadline;
	t->heap_left = t->heap_right = t->heap_up = NULL;
	t->heap_rank = 1;
	t->gate = NULL;
	h->heap = heap_merge(h->heap, t);
	if (deadline < h->armed)
		timer_arm(deadline);
}

void timer_remove(struct thread *t)
{
	struct hart *h = t->hart;
	struct thread *up = t->heap_up, *rest;

	rest = heap_merge(t->heap_left, t->heap_right);
	if (rest)
		rest->heap_up = up;
	*(!up ? &h->heap : up->heap_left == t ? &up->heap_left : &up->heap_right) = rest;
	for (; up && heap_fix(up); up = up->heap_up)
		;
	t->heap_rank = 0;
	thread_set_gate(t);
}

void timer_add_after(struct thread *t, uint64_t ticks)
{
	uint64_t now = riscv_time();

	timer_add(t, ticks < ~0UL - now ? now + ticks : ~0UL);
}

static void timer_fire(struct thread *t)
{
	timer_remove(t);
	if (t->faulted && !fault_fail(t))
		return;
	thread_wake(t, -E_TIMEOUT);
}

void timer_expire(void)
{
	struct hart *h = this_hart();
	uint64_t now = riscv_time(), next = ~0UL;
	unsigned batch;

	h->armed = ~0UL;
	for (batch = 0; h->heap && h->heap->deadline <= now && batch < EXPIRE_BATCH; batch++)
		timer_fire(h->heap);
	if (h->current && now >= h->slice_end)
		sched_yield();
	if (h->heap)
		next = h->heap->deadline;
	if (h->ready_bits && h->slice_end < next)
		next = h->slice_end;
	timer_arm(next);
}
