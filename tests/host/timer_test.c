/*
 * timer_test.c: the heap of deadlines of the real kernel against a sorted list, and what the timer is armed for.
 */
// SOURCES: kernel/*.c tests/host/kernel/host.c
// CFLAGS: -include tests/host/kernel/machine.h -DDEBUG=1 -fno-pie -fno-strict-aliasing
// LIBS: -no-pie
#include "kernel/host.h"

#define THREADS 200

/* Threads that only stand in the heap. */
static struct thread threads[THREADS];

static unsigned heap_count(const struct thread *t, unsigned depth)
{
	if (!t)
		return 0;
	CHECK(depth < THREADS);
	CHECK(!t->heap_left || (t->heap_left->heap_up == t && t->heap_left->deadline >= t->deadline));
	CHECK(!t->heap_right || (t->heap_right->heap_up == t && t->heap_right->deadline >= t->deadline));
	CHECK(!t->heap_right || (t->heap_left && t->heap_left->heap_rank >= t->heap_right->heap_rank));
	EXPECT(t->heap_rank, (t->heap_right ? t->heap_right->heap_rank : 0) + 1);
	return 1 + heap_count(t->heap_left, depth + 1) + heap_count(t->heap_right, depth + 1);
}

static unsigned right_spine(const struct thread *t)
{
	unsigned n = 0;

	for (; t; t = t->heap_right)
		n++;
	return n;
}

static void check_heap(unsigned in)
{
	const struct thread *first = host_hart->heap;
	uint64_t least = ~0UL;

	for (unsigned i = 0; i < THREADS; i++)
		if (threads[i].heap_rank && threads[i].deadline < least)
			least = threads[i].deadline;
	EXPECT(heap_count(first, 0), in);
	CHECK(in == 0 ? !first : first->deadline == least && !first->heap_up);
	CHECK((1UL << right_spine(first)) <= in + 1UL);
	CHECK(host_hart->armed <= least);
}

static void the_heap_is_a_sorted_list(void)
{
	unsigned in = 0;

	for (unsigned i = 0; i < THREADS; i++)
		thread_init(&threads[i]);
	for (unsigned step = 0; step < 20000; step++) {
		struct thread *t = &threads[host_below(THREADS)];

		if (t->heap_rank) {
			timer_cancel(t);
			in--;
		} else {
			timer_add(t, host_csr.time + 1 + host_below(step % 3 ? 1000 : 5));
			in++;
		}
		check_heap(in);
	}
	while (host_hart->heap) {
		timer_remove(host_hart->heap);
		check_heap(--in);
	}
}

static void cancelling_what_does_not_wait_is_nothing(void)
{
	thread_init(&threads[0]);
	timer_cancel(&threads[0]);
	timer_add(&threads[0], ~0UL - 1);
	timer_cancel(&threads[0]);
	timer_cancel(&threads[0]);
	CHECK(!host_hart->heap);
}

/* Real waiters: each wakes at its time, none before, in pieces of a bounded number. */
static void everybody_wakes_in_time(void)
{
	struct thread *waits[24];
	uint64_t due[24], start;

	host_kit();
	host_endpoints(PAGE + 4, FREE, 1);
	for (unsigned i = 0; i < 24; i++) {
		EXPECT(sys(root, SYS_SPLIT, MEGA + 2, i * 4, 4, FREE + 10 + i * 4), 0);
		waits[i] = host_thread(FREE + 10 + i * 4);
		EXPECT(sys(root, SYS_GIVE, GIVE_COPY, FREE, 1, CAP(FREE + 11 + i * 4, 1), RIGHT_ALL), 0);
	}
	start = host_csr.time;
	for (unsigned i = 0; i < 24; i++) {
		due[i] = start + 10 + host_below(100);
		waits[i]->regs[REG_T1] = due[i];
		(void)sys(waits[i], SYS_REPLY_RECV, 1, INFO_DEADLINE);
		EXPECT(waits[i]->state, STATE_RECEIVE);
	}
	for (uint64_t now = start + 1; now < start + 120; now++) {
		host_time_to(now);
		for (unsigned i = 0; i < 24; i++)
			EXPECT(waits[i]->state == STATE_READY, due[i] <= now);
	}
	EXPECT(waits[0]->regs[REG_A0], -E_TIMEOUT);
}

static void a_slice_ends_a_turn_only_if_somebody_waits(void)
{
	struct thread *other;

	host_kit();
	EXPECT(sys(root, SYS_SYSTEM, ROOT_SYSTEM, SYSTEM_SLICE, 0), -E_BAD_ARG);
	EXPECT(sys(root, SYS_SYSTEM, ROOT_SYSTEM, SYSTEM_SLICE, 1000), 0);
	host_time_to(host_csr.time + 100000);
	CHECK(host_hart->current == root);
	other = host_thread(PAGE + 4);
	CHECK(host_hart->current == root);
	host_time_to(host_csr.time + 100000);
	CHECK(host_hart->current != root && root->state == STATE_READY);
	sched_pick();
	CHECK(host_hart->current == other);
	host_time_to(host_csr.time + 100000);
	sched_pick();
	CHECK(host_hart->current == root);
}

static void time_is_charged_to_who_ran(void)
{
	struct thread *other;
	uint64_t before;

	host_kit();
	other = host_thread(PAGE + 4);
	before = root->cpu_time + other->cpu_time;
	host_time_to(host_csr.time + timer_slice);
	if (!host_hart->current)
		sched_pick();
	CHECK(host_hart->current == other);
	host_time_to(host_csr.time + timer_slice);
	if (!host_hart->current)
		sched_pick();
	CHECK(host_hart->current == root);
	CHECK(root->cpu_time + other->cpu_time >= before + 2 * timer_slice);
	EXPECT(other->cpu_time, timer_slice);
}

static const struct claim claims[] = {
	CLAIM(the_heap_is_a_sorted_list),
	CLAIM(cancelling_what_does_not_wait_is_nothing),
	CLAIM(everybody_wakes_in_time),
	CLAIM(a_slice_ends_a_turn_only_if_somebody_waits),
	CLAIM(time_is_charged_to_who_ran),
};

int main(int argc, char **argv)
{
	return host_claims(claims, sizeof(claims) / sizeof(*claims), argc, argv);
}
