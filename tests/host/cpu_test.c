/*
 * cpu_test.c: what the kernel does to a hart that no emulator shows: bits of sstatus, fence.i. Each name is a
 * claim, those with a number a row of the security checklist.
 */
// SOURCES: kernel/*.c tests/host/kernel/host.c
// CFLAGS: -include tests/host/kernel/fences.h -DDEBUG=1 -fno-pie -fno-strict-aliasing
// LIBS: -no-pie
#include <sys/wait.h>
#include <unistd.h>
#include "kernel/host.h"

#define OK(...) EXPECT(sys(root, __VA_ARGS__), 0)
#define RX (RIGHT_R | RIGHT_X)
#define A_THREAD (PAGE + 4)
#define B_THREAD (PAGE + 8)
#define B_CNODE  (B_THREAD + 1)
#define LENT     (PAGE + 24)
#define RECV     1
#define HERE     (VA + 5 * PAGE_SIZE)
/* What would change what user mode may do, or what the kernel may touch. */
#define HARMFUL  (SSTATUS_SPP | SSTATUS_VS | SSTATUS_FS | SSTATUS_SUM | SSTATUS_MXR)

unsigned code_fences, remote_code_fences;

static void c26_nothing_the_firmware_left_in_sstatus_counts(void)
{
	host_csr.sstatus = ~0UL;
	hart_init(host_hart, 0);
	EXPECT(host_csr.sstatus & HARMFUL, 0);
	EXPECT(host_csr.scounteren, 7);
}

/* A hart whose ASIDs are narrower than space ids would mix up spaces: it is refused. */
static void c3_a_hart_with_too_few_asid_bits_is_refused(void)
{
	int status = 0;
	pid_t pid;

	hart_init(host_hart, 0);
	pid = fork();
	CHECK(pid >= 0);
	if (pid == 0) {
		host_csr.satp_missing = 1UL << (SATP_ASID_SHIFT + 11);
		hart_init(host_hart, 0);
		_exit(0);
	}
	CHECK(waitpid(pid, &status, 0) == pid);
	CHECK(status != 0);
}

static void c01_sum_stays_off_in_calls_that_read_and_write_buffers(void)
{
	host_csr.sstatus = ~0UL;
	hart_init(host_hart, 0);
	host_kit();
	root->buffer->runs[1] = (struct slot_run){ PAGE + 9, 1 };
	OK(SYS_MAP, SPACE, VA, RIGHT_R, 2, PAGE + 8, 1);
	OK(SYS_UNMAP, 2, PAGE + 8, 1);
	OK(SYS_SCAN, SPACE, VA, 64, 0);
	OK(SYS_SYSTEM, ROOT_SYSTEM, SYSTEM_STATS);
	OK(SYS_FILL, PAGE + 8, PAGE + 9, 0, PAGE_SIZE);
	(void)host_thread(A_THREAD);
	OK(SYS_THREAD_SET, A_THREAD, THREAD_STOP);
	OK(SYS_THREAD_REGS, A_THREAD, REGS_READ, REGS_GENERAL);
	OK(SYS_THREAD_REGS, A_THREAD, REGS_WRITE, REGS_GENERAL);
	OK(SYS_THREAD_REGS, A_THREAD, REGS_READ, REGS_FLOAT);
	EXPECT(host_csr.sstatus & SSTATUS_SUM, 0);
}

/* fence.i done since last asked: here, and on other harts. */
static unsigned fences(unsigned *remote)
{
	unsigned n = code_fences;

	*remote = remote_code_fences;
	code_fences = remote_code_fences = 0;
	return n;
}

static void c30_a_call_that_maps_code_ends_with_fence_i_where_the_space_runs(void)
{
	unsigned remote;

	host_kit();
	(void)host_start_hart(1);
	(void)host_start_hart(2);
	OK(SYS_MAP, SPACE, HERE + 100 * PAGE_SIZE, RX, 1, PAGE2, 1);
	CHECK(fences(&remote) && !remote);
	/* A thread comes to the space on another hart: what was mapped before may be stale in that hart's cache. */
	(void)host_thread(A_THREAD);
	OK(SYS_THREAD_SET, A_THREAD, THREAD_HART_INDEX, 1);
	EXPECT((fences(&remote), remote), 1);
	OK(SYS_MAP, SPACE, VA, RIGHT_R | RIGHT_W, 1, PAGE + 8, 3);
	EXPECT(fences(&remote) + remote, 0);
	OK(SYS_MAP, SPACE, HERE, RX, 1, PAGE + 12, 3);
	CHECK(fences(&remote) && remote == 1);
	OK(SYS_MAP, SPACE, VA, RX, 1, PAGE + 8, 1);
	CHECK(fences(&remote) && remote);
	OK(SYS_MAP, SPACE, VA, RIGHT_X, 1, PAGE + 8, 1);
	CHECK(fences(&remote) && remote);
	/* The last frame is refused; the others are mapped. */
	EXPECT(sys(root, SYS_MAP, SPACE, HERE + 3 * PAGE_SIZE, RX, 1, PAGE + 15, 60), -E_BAD_TYPE);
	CHECK(root->regs[REG_A1] > 0);
	CHECK(fences(&remote) && remote);
}

/* Thread A faults on a fetch at HERE and B, its pager, answers with pages that may be executed. */
static void fetch_answered(struct thread *a, struct thread *b, uint64_t va, unsigned count)
{
	host_fault(a, CAUSE_FETCH_PAGE, HERE);
	CHECK(b->caller == a);
	(void)sys(b, SYS_REPLY_RECV, RECV, INFO_REPLY | INFO_MAP | 1, 40, count, va, RX);
	EXPECT(a->state, STATE_READY);
}

static void c30_code_answered_to_a_fault_is_fenced_too(void)
{
	struct thread *a, *b;
	unsigned remote;

	host_kit();
	(void)host_start_hart(1);
	host_endpoints(PAGE + 20, FREE, 1);
	a = host_thread(A_THREAD);
	b = host_thread(B_THREAD);
	space_runs(root_slot(SPACE), 1);
	OK(SYS_GIVE, GIVE_COPY, FREE, 1, CAP(B_CNODE, RECV), RIGHT_RECV);
	OK(SYS_THREAD_SET, A_THREAD, THREAD_STOP);
	OK(SYS_THREAD_SET, A_THREAD, THREAD_PAGER, FREE, 33);
	OK(SYS_THREAD_SET, A_THREAD, THREAD_RUN);
	for (unsigned i = 0; i < 3; i++)
		OK(SYS_GIVE, GIVE_LEND, LENT + i, 1, CAP(B_CNODE, 40 + i), RIGHT_ALL);
	(void)sys(b, SYS_REPLY_RECV, RECV, 0);
	(void)fences(&remote);
	fetch_answered(a, b, HERE, 1);
	CHECK(fences(&remote) && remote);
	CHECK(space_mapping(host_slot(B_CNODE, 40)));
	OK(SYS_UNMAP, 1, CAP(B_THREAD + 1, 40), 1);
	for (unsigned i = 0; i < 3; i++)
		OK(SYS_REVOKE, LENT + i);
	for (unsigned i = 0; i < 3; i++)
		OK(SYS_GIVE, GIVE_LEND, LENT + i, 1, CAP(B_CNODE, 40 + i), RIGHT_ALL);
	(void)fences(&remote);
	fetch_answered(a, b, HERE - PAGE_SIZE, 3);
	CHECK(fences(&remote) && remote);
}

static const struct claim claims[] = {
	CLAIM(c26_nothing_the_firmware_left_in_sstatus_counts),
	CLAIM(c3_a_hart_with_too_few_asid_bits_is_refused),
	CLAIM(c01_sum_stays_off_in_calls_that_read_and_write_buffers),
	CLAIM(c30_a_call_that_maps_code_ends_with_fence_i_where_the_space_runs),
	CLAIM(c30_code_answered_to_a_fault_is_fenced_too),
};

int main(int argc, char **argv)
{
	return host_claims(claims, sizeof(claims) / sizeof(*claims), argc, argv);
}
