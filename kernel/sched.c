/*
 * sched.c: who runs. 64 priorities, round robin within one, a bitmap of the queues that hold somebody.
 * The running thread stands in no queue. With SMP each hart has all of this for itself; a thread belongs to one hart.
 */
#include "kernel.h"
#include "riscv.h"
#include "sbi.h"
#include "space.h"
#include "thread.h"
#include "trap.h"

void queue_insert(struct queue *q, struct thread *t, bool front)
{
	t->prev = front || !q->head ? NULL : q->tail;
	t->next = front ? q->head : NULL;
	*(t->prev ? &t->prev->next : &q->head) = t;
	*(t->next ? &t->next->prev : &q->tail) = t;
}

void queue_remove(struct queue *q, struct thread *t)
{
	*(t->prev ? &t->prev->next : &q->head) = t->next;
	*(t->next ? &t->next->prev : &q->tail) = t->prev;
	t->next = t->prev = NULL;
}

/* By de Bruijn's sequence: rv64gc has no ctz. */
unsigned bit_lowest(uint64_t w)
{
	static const uint8_t at[64] = {
		0,  1,  2,  53, 3,  7,  54, 27, 4,  38, 41, 8,  34, 55, 48, 28,
		62, 5,  39, 46, 44, 42, 22, 9,  24, 35, 59, 56, 49, 18, 29, 11,
		63, 52, 6,  26, 37, 40, 33, 47, 61, 45, 43, 21, 23, 58, 17, 10,
		51, 25, 36, 32, 60, 20, 57, 16, 50, 31, 19, 15, 30, 14, 13, 12,
	};

	return at[(w & -w) * 0x022fdd63cc95386dUL >> 58];
}

static void ready_insert(struct hart *h, struct thread *t, bool front)
{
	queue_insert(&h->ready[t->prio], t, front);
	h->ready_bits |= 1UL << (63 - t->prio);
	if (h == this_hart() && h->armed > h->slice_end)
		timer_arm(h->slice_end);
}

static void ready_remove(struct hart *h, struct thread *t)
{
	struct queue *q = &h->ready[t->prio];

	queue_remove(q, t);
	if (!q->head)
		h->ready_bits &= ~(1UL << (63 - t->prio));
}

/* On whose account t works: at the other end of the calls it is answering, 8 of them at the most. */
static struct thread *payer_of(struct thread *t)
{
	for (unsigned i = 0; t && t->caller && i < 8; i++)
		t = t->caller;
	return t;
}

void sched_account(struct hart *h, struct thread *t)
{
	uint64_t now = riscv_time();

	if (h->payer)
		h->payer->cpu_time += now - h->payer_since;
	h->payer = payer_of(t);
	h->payer_since = now;
}

/* Another thread's turn begins, or goes on. */
static void charge(struct hart *h, struct thread *next)
{
	sched_account(h, next);
	h->slice_end = h->payer_since + (next && next->slice_left ? next->slice_left : timer_slice);
	if (next)
		next->slice_left = 0;
}

/* A higher thread takes over: the current one goes on with the rest of its turn when it can. */
static void step_back(struct hart *h)
{
	h->current->slice_left = h->slice_end - riscv_time();
	ready_insert(h, h->current, true);
}

uint64_t sched_cpu_time(const struct thread *t)
{
	const struct hart *h = t->hart;

	return t->cpu_time + (h->payer == t ? riscv_time() - h->payer_since : 0);
}

void sched_ready(struct thread *t)
{
	struct hart *h = t->hart;

	t->state = STATE_READY;
	if (h != this_hart()) {
		ready_insert(h, t, false);
		sbi_send_ipi(h->id);
	} else if (h->current && t->prio > h->current->prio) {
		step_back(h);
		h->current = t;
		charge(h, t);
	} else {
		ready_insert(h, t, false);
	}
}

void sched_switch(struct thread *next)
{
	struct hart *h = this_hart();

	if (!next)
		return;
	next->state = STATE_READY;
	if (h->current || next->hart != h)
		sched_ready(next);
	else if (!(h->ready_bits & next->above))
		h->current = next;
	else
		ready_insert(h, next, false);
}

void sched_remove(struct thread *t)
{
	struct hart *h = t->hart;

	if (h->current == t)
		h->current = NULL;
	else
		ready_remove(h, t);
	t->slice_left = 0;
}

void sched_yield(void)
{
	struct hart *h = this_hart();

	if (!h->current)
		return;
	/* A server on its client's time: the rest of its turn is short, so that the slice soon ends on the client. */
	h->slice_end = riscv_time() + (h->payer == h->current ? timer_slice : timer_slice / 32);
	if (!(h->ready_bits & (h->current->above << 1 | 1)))
		return;
	ready_insert(h, h->current, false);
	h->current = NULL;
}

void sched_store_prio(struct thread *t, uint64_t prio)
{
	t->prio = prio;
	t->above = (1UL << (63 - prio)) - 1;
}

void sched_set_prio(struct thread *t, uint64_t prio)
{
	struct hart *h = t->hart;
	bool queued = t->state == STATE_READY && h->current != t;

	if (queued)
		ready_remove(h, t);
	sched_store_prio(t, prio);
	if (queued)
		sched_ready(t);
	else if (h->current == t && h != this_hart())
		sbi_send_ipi(h->id);
	else if (h->current == t)
		sched_preempt();
}

void sched_preempt(void)
{
	struct hart *h = this_hart();
	struct thread *t = h->current;

	if (t && h->ready_bits & t->above) {
		step_back(h);
		h->current = NULL;
	}
	if (h->ready_bits && h->armed > h->slice_end)
		timer_arm(h->slice_end);
}

void sched_pick(void)
{
	struct hart *h = this_hart();

	while (!h->ready_bits) {
		if (h->payer)
			charge(h, NULL);
		space_leave();
		__atomic_store_n(&kernel_lock, 0, __ATOMIC_RELEASE);
		riscv_wfi();
		lock_acquire();
		trace_idle(csr_read(sip) & csr_read(sie));
		trap_interrupt();
		if (h->current)
			return;
	}
	h->current = h->ready[63 - bit_lowest(h->ready_bits)].head;
	ready_remove(h, h->current);
	charge(h, h->current);
	if (h->ready_bits && h->armed > h->slice_end)
		timer_arm(h->slice_end);
}
