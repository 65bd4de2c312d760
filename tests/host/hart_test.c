/*
 * hart_test.c: what one hart's calls do to threads that run on another, in the real kernel: each call is a step under
 * the lock, a poke is taken when the test says so. Each name is a claim.
 */
// SOURCES: kernel/*.c tests/host/kernel/host.c
// CFLAGS: -include tests/host/kernel/machine.h -DDEBUG=1 -fno-pie -fno-strict-aliasing
// LIBS: -no-pie
#include "kernel/host.h"

#define OK(...) EXPECT(sys(root, __VA_ARGS__), 0)
#define A_THREAD (PAGE + 4)
#define A_CNODE  (PAGE + 5)
#define A_BUFFER (PAGE + 6)
#define B_THREAD (PAGE + 8)
#define B_CNODE  (PAGE + 9)
#define P        (PAGE + 20)

static struct hart *other;
static struct thread *a, *b;

/* A runs on another hart, B is ready on this one. */
static void set_up(void)
{
	host_kit();
	host_endpoints(PAGE + 16, FREE, 2);
	other = host_start_hart(1);
	a = host_thread(A_THREAD);
	b = host_thread(B_THREAD);
	OK(SYS_GIVE, GIVE_COPY, FREE, 1, CAP(A_CNODE, 1), RIGHT_ALL);
	OK(SYS_GIVE, GIVE_COPY, FREE, 1, CAP(B_CNODE, 1), RIGHT_ALL);
	OK(SYS_THREAD_SET, A_THREAD, THREAD_HART_INDEX, 1);
	CHECK(a->hart == other && host_poked[1]);
	host_poke(other);
	CHECK(other->current == a);
	other->satp = a->satp;
}

static void a_thread_moves_to_a_hart_that_runs(void)
{
	set_up();
	EXPECT(sys(root, SYS_THREAD_SET, B_THREAD, THREAD_HART_INDEX, 2), -E_BAD_ARG);
	EXPECT(sys(root, SYS_THREAD_SET, B_THREAD, THREAD_HART_INDEX, ~0UL), -E_BAD_ARG);
	EXPECT(sys(root, SYS_THREAD_SET, A_THREAD, THREAD_HART_INDEX, 0), -E_AGAIN);
	host_poke(other);
	EXPECT(a->state, STATE_HELD);
	OK(SYS_THREAD_SET, A_THREAD, THREAD_HART_INDEX, 0);
	CHECK(a->hart == &harts[0] && a->state == STATE_READY && !other->current);
}

static void what_runs_elsewhere_is_stopped_after_a_poke(void)
{
	set_up();
	EXPECT(sys(root, SYS_THREAD_SET, A_THREAD, THREAD_STOP), -E_AGAIN);
	EXPECT(sys(root, SYS_THREAD_SET, A_THREAD, THREAD_STOP), -E_AGAIN);
	CHECK(other->current == a);
	host_poke(other);
	OK(SYS_THREAD_SET, A_THREAD, THREAD_STOP);
	EXPECT(a->state, STATE_STOPPED);
	OK(SYS_THREAD_SET, A_THREAD, THREAD_RUN);
	host_poke(other);
	CHECK(other->current == a);
}

/* Something a thread hangs on is taken away while it runs on another hart. */
static void revoke_elsewhere(unsigned slot)
{
	unsigned tries = 0;

	set_up();
	while (sys(root, SYS_REVOKE, slot) == -E_AGAIN) {
		CHECK(tries++ < 100);
		host_poke(other);
	}
	CHECK(tries);
	EXPECT(root_slot(slot)->type, TYPE_FRAME);
	CHECK(other->current != a);
}

static void a_thread_elsewhere_ends_while_it_runs(void)
{
	revoke_elsewhere(A_THREAD);
}

static void a_cnode_goes_while_its_thread_runs_elsewhere(void)
{
	revoke_elsewhere(A_CNODE);
	EXPECT(a->state, STATE_STOPPED);
}

static void a_space_goes_while_its_thread_runs_elsewhere(void)
{
	revoke_elsewhere(SPACE);
	EXPECT(a->state, STATE_STOPPED);
}

static void a_buffer_goes_without_waiting(void)
{
	set_up();
	OK(SYS_REVOKE, A_BUFFER);
	EXPECT(a->buffer, 0);
	CHECK(other->current == a);
}

static void downgrades_are_fenced_where_the_space_ran(void)
{
	set_up();
	OK(SYS_MAP, SPACE, VA, RIGHT_R | RIGHT_W, 1, P, 8);
	EXPECT(sys(a, SYS_REPLY_RECV, 0, 0), 0);
	OK(SYS_UNMAP, 1, P, 2);
	EXPECT(sys(a, SYS_REPLY_RECV, 0, 0), 0);
	OK(SYS_GIVE, GIVE_FREEZE, P + 2, 1, FREE + 10, RIGHT_ALL);
	EXPECT(sys(a, SYS_REPLY_RECV, 0, 0), 0);
	OK(SYS_MAP, SPACE, VA + 3 * PAGE_SIZE, RIGHT_R, 1, P + 3, 1);
	EXPECT(sys(a, SYS_REPLY_RECV, 0, 0), 0);
	OK(SYS_SCAN, SPACE, VA, 512, 7);
	EXPECT(sys(a, SYS_REPLY_RECV, 0, 0), 0);
	OK(SYS_REVOKE, P + 4);
	EXPECT(sys(a, SYS_REPLY_RECV, 0, 0), 0);
	OK(SYS_REVOKE, SPACE + 2);
	EXPECT(sys(a, SYS_REPLY_RECV, 0, 0), 0);
}

/* Each kind of downgrade of A's space, whose frames from P on are mapped at VA. */
static void downgrade_all(void)
{
	OK(SYS_MAP, SPACE, VA, RIGHT_R | RIGHT_W, 1, P, 8);
	OK(SYS_UNMAP, 1, P, 1);
	OK(SYS_UNMAP, 1, P + 1, 2);
	OK(SYS_MAP, SPACE, VA + 3 * PAGE_SIZE, RIGHT_R, 1, P + 3, 1);
	OK(SYS_SCAN, SPACE, VA, 512, 7);
	OK(SYS_REVOKE, P + 4);
}

static void remote_fences_go_only_to_harts_that_run_the_space(void)
{
	set_up();
	(void)host_start_hart(2);
	/* A runs its space on hart 1, B, in the same one, on this. Nobody ever did on hart 2. */
	host_remote_fences = 0;
	downgrade_all();
	EXPECT(host_remote_fences, 1U << 1);
	/* A thread that is only bound to a space does not run it, wherever it stands; once it runs, it does. */
	OK(SYS_THREAD_SET, B_THREAD, THREAD_STOP);
	OK(SYS_THREAD_SET, B_THREAD, THREAD_HART_INDEX, 2);
	host_remote_fences = 0;
	downgrade_all();
	EXPECT(host_remote_fences, 1U << 1);
	OK(SYS_THREAD_SET, B_THREAD, THREAD_RUN);
	host_remote_fences = 0;
	downgrade_all();
	EXPECT(host_remote_fences, 1U << 1 | 1U << 2);
}

static void a_space_of_one_hart_is_fenced_on_no_other(void)
{
	host_kit();
	(void)host_start_hart(1);
	a = host_thread(A_THREAD);
	host_remote_fences = 0;
	downgrade_all();
	EXPECT(host_remote_fences, 0);
	/* Hart 1 unmaps in a space that only this hart ran: it fences this one, whoever made the space. */
	OK(SYS_THREAD_SET, ROOT_THREAD, THREAD_HART_INDEX, 1);
	host_poke(&harts[1]);
	CHECK(harts[1].current == root);
	downgrade_all();
	EXPECT(host_remote_fences, 1);
}

static void a_space_id_used_again_is_fenced_nowhere_it_did_not_run(void)
{
	revoke_elsewhere(SPACE);
	OK(SYS_MAKE, SPACE, TYPE_VSPACE, ROOT_SYSTEM);
	host_remote_fences = 0;
	for (unsigned i = 0; i < 2; i++)
		OK(SYS_TABLE, PAGE + 30 + i, SPACE, VA);
	downgrade_all();
	EXPECT(host_remote_fences, 0);
}

static void messages_cross_harts(void)
{
	set_up();
	(void)sys(a, SYS_REPLY_RECV, 1, 0);
	EXPECT(a->state, STATE_RECEIVE);
	(void)sys(b, SYS_CALL, 1, 5UL << INFO_LABEL_SHIFT | 1, 42);
	EXPECT(b->state, STATE_REPLY);
	EXPECT(a->state, STATE_READY);
	CHECK(host_poked[1]);
	host_poke(other);
	CHECK(other->current == a && a->regs[REG_A2] == 42);
	(void)sys(a, SYS_REPLY_RECV, 1, INFO_REPLY | 1, 43);
	EXPECT(b->state, STATE_READY);
	EXPECT(b->regs[REG_A2], 43);
	CHECK(host_poked[0]);
	EXPECT(sys(b, SYS_SIGNAL, 1), 0);
	EXPECT(a->state, STATE_READY);
}

static void a_signal_wakes_a_receiver_on_another_hart(void)
{
	set_up();
	(void)sys(a, SYS_REPLY_RECV, 1, 0);
	OK(SYS_SIGNAL, FREE);
	host_poke(other);
	CHECK(other->current == a && a->regs[REG_A2] == 1);
}

static void a_higher_thread_preempts_on_its_hart(void)
{
	set_up();
	OK(SYS_THREAD_SET, B_THREAD, THREAD_PRIO, 10);
	OK(SYS_THREAD_SET, B_THREAD, THREAD_HART_INDEX, 1);
	host_poke(other);
	CHECK(other->current == a && b->state == STATE_READY);
	OK(SYS_THREAD_SET, B_THREAD, THREAD_PRIO, 63);
	host_poke(other);
	CHECK(other->current == b && a->state == STATE_READY);
}

/* Reading a waiting thread's FPU values asks the hart that holds them; the thread may run again when it answers. */
static void reading_float_registers_stops_nobody(void)
{
	set_up();
	other->fpu_owner = a;
	(void)sys(a, SYS_REPLY_RECV, 1, 0);
	host_hart = &harts[0];
	EXPECT(sys(root, SYS_THREAD_REGS, A_THREAD, REGS_READ, REGS_FLOAT), -E_AGAIN);
	OK(SYS_SIGNAL, FREE);
	host_hart = other;
	sched_pick();
	CHECK(other->current == a);
	host_poke(other);
	CHECK(other->current == a && a->state == STATE_READY && !other->fpu_owner);
}

static void a_poke_for_a_thread_that_is_gone_does_nothing(void)
{
	set_up();
	other->fpu_owner = NULL;
	EXPECT(sys(root, SYS_THREAD_SET, A_THREAD, THREAD_STOP), -E_AGAIN);
	(void)sys(a, SYS_REPLY_RECV, 1, 0);
	EXPECT(host_sys_all(root, SYS_REVOKE, (uint64_t[7]){ A_THREAD }, &(unsigned){ 0 }), 0);
	OK(SYS_REVOKE, A_CNODE);
	OK(SYS_REVOKE, A_BUFFER);
	a = host_thread(A_THREAD);
	OK(SYS_THREAD_SET, A_THREAD, THREAD_HART_INDEX, 1);
	host_hart = other;
	sched_pick();
	CHECK(other->current == a);
	host_poke(other);
	CHECK(other->current == a && a->state == STATE_READY);
}

static void a_hart_starts_once(void)
{
	set_up();
	EXPECT(sys(root, SYS_SYSTEM, ROOT_SYSTEM, SYSTEM_HART, 1), -E_BUSY);
	EXPECT(sys(root, SYS_SYSTEM, ROOT_SYSTEM, SYSTEM_HART, 0), -E_BUSY);
	EXPECT(sys(root, SYS_SYSTEM, ROOT_SYSTEM, SYSTEM_HART, 4000), -E_BAD_ARG);
}

static const struct claim claims[] = {
	CLAIM(a_thread_moves_to_a_hart_that_runs),
	CLAIM(what_runs_elsewhere_is_stopped_after_a_poke),
	CLAIM(a_thread_elsewhere_ends_while_it_runs),
	CLAIM(a_cnode_goes_while_its_thread_runs_elsewhere),
	CLAIM(a_space_goes_while_its_thread_runs_elsewhere),
	CLAIM(a_buffer_goes_without_waiting),
	CLAIM(downgrades_are_fenced_where_the_space_ran),
	CLAIM(remote_fences_go_only_to_harts_that_run_the_space),
	CLAIM(a_space_of_one_hart_is_fenced_on_no_other),
	CLAIM(a_space_id_used_again_is_fenced_nowhere_it_did_not_run),
	CLAIM(messages_cross_harts),
	CLAIM(a_signal_wakes_a_receiver_on_another_hart),
	CLAIM(a_higher_thread_preempts_on_its_hart),
	CLAIM(reading_float_registers_stops_nobody),
	CLAIM(a_poke_for_a_thread_that_is_gone_does_nothing),
	CLAIM(a_hart_starts_once),
};

int main(int argc, char **argv)
{
	return host_claims(claims, sizeof(claims) / sizeof(*claims), argc, argv);
}
