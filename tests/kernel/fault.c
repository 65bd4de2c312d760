/*
 * fault.c: faults as messages, their answers (map items, tables, failure), fault_pc, timeouts, every cause.
 */
#include "harness.h"

#define VA NO_TABLE_VA                 /* of faults: no page table there */
#define NEAR (FREE_VA)                 /* of faults where only the page is missing */

static volatile uint64_t value, ended;
static cap_t pager;

/* What a faulting helper does: touches pages, one behind the other. */
static struct touch_plan {
	uint64_t va, pages, stride;
	bool store;
} plan;

static void touch(uint64_t arg)
{
	(void)arg;
	for (uint64_t i = 0; i < plan.pages; i++) {
		volatile uint64_t *p = (uint64_t *)(plan.va + i * plan.stride);

		if (plan.store)
			*p = i + 1;
		else
			value += *p;
	}
	ended++;
	thread_end();
}

static struct helper *toucher(uint64_t va, uint64_t pages, bool store)
{
	struct helper *h = helper_new(touch, 0, PRIO_TEST + 1);

	plan = (struct touch_plan){ va, pages, PAGE_SIZE, store };
	value = ended = 0;
	pager = endpoint_new();
	OK(sys_thread_pager(h->thread, pager, 0x99));
	return h;
}

static void run(const struct helper *h, struct message *m)
{
	OK(sys_thread_set(h->thread, THREAD_RUN, 0));
	OK(receive(pager, m));
	EQUAL(info_kind(m->info), KIND_FAULT);
	EQUAL(m->badge, 0x99);
}

/* Answers with map items, the first of them given; what came next in *m. */
static long reply_map(struct message *m, unsigned n, cap_t cap, uint64_t count, uint64_t va, uint64_t rights)
{
	*m = (struct message){ .info = INFO_REPLY | INFO_MAP | n, .w = { cap, count, va, rights } };
	return sys_reply_recv(0, m, 0, 0);
}

TEST(a_fault_tells_address_access_pc_and_sp)
{
	struct helper *h = toucher(NEAR + 0x128, 1, true);
	struct message m = { .info = 0 };

	run(h, &m);
	EQUAL(info_words(m.info), 4);
	EQUAL(m.w[0], NEAR + 0x128);
	EQUAL(m.w[1], RIGHT_W | 15 << 8);
	CHECK(m.w[2] >= (uint64_t)touch && m.w[2] < (uint64_t)touch + 200);
	CHECK(m.w[3] % 16 == 0 && m.w[3]);
	EQUAL(m.w[4], 0);
	OK(reply_map(&m, 1, frame_new(), 1, NEAR, RIGHT_R | RIGHT_W));
	EQUAL(ended, 1);
}

TEST(the_faulting_page_gets_a_and_d_and_its_neighbours_neither)
{
	struct helper *h = toucher(NEAR + PAGE_SIZE, 1, true);
	struct message m = { .info = 0 };
	cap_t f = pieces_new(3);

	run(h, &m);
	OK(reply_map(&m, 1, f, 3, NEAR, RIGHT_R | RIGHT_W));
	EQUAL(ended, 1);
	OK(sys_scan(ROOT_VSPACE, NEAR, 3, 0));
	EQUAL(buffer()->accessed[0], 2);
	EQUAL(buffer()->dirty[0], 2);
}

TEST(k4_a_load_sets_a_but_not_d)
{
	struct helper *h = toucher(NEAR, 1, false);
	struct message m = { .info = 0 };
	cap_t f = pieces_new(2);

	run(h, &m);
	OK(reply_map(&m, 1, f, 2, NEAR, RIGHT_R | RIGHT_W));
	OK(sys_scan(ROOT_VSPACE, NEAR, 2, 0));
	EQUAL(buffer()->accessed[0], 1);
	EQUAL(buffer()->dirty[0], 0);
}

TEST(k2_replied_counts_answers_with_mappings)
{
	struct helper *h = toucher(NEAR, 3, true);
	struct message m = { .info = 0 };
	cap_t f = pieces_new(3);
	uint64_t before = buffer()->replied;

	run(h, &m);
	for (unsigned i = 0; i < 3; i++) {
		m = (struct message){ .info = INFO_REPLY | INFO_MAP | INFO_DEADLINE | 1,
				      .w = { f + i, 1, NEAR + i * PAGE_SIZE, RIGHT_R | RIGHT_W } };
		EQUAL(sys_reply_recv(pager, &m, 0, sys_time() + 10 * TICKS_MS), i < 2 ? 0 : -E_TIMEOUT);
		EQUAL(buffer()->replied, before + i + 1);
	}
	EQUAL(ended, 1);
}

TEST(a_plain_answer_lets_the_thread_try_again)
{
	struct helper *h = toucher(NEAR, 1, true);
	struct message m = { .info = 0 };

	run(h, &m);
	answer(0);
	EQUAL(ended, 0);
	OK(receive(pager, &m));
	EQUAL(m.w[0], NEAR);
	OK(map_here(frame_new(), NEAR, RIGHT_R | RIGHT_W));
	answer(0);
	EQUAL(ended, 1);
}

TEST(missing_tables_come_with_the_same_answer)
{
	struct helper *h = toucher(VA, 2, true);
	struct message m = { .info = 0 };
	cap_t f = frame_new();

	run(h, &m);
	REFUSED(NEED_TABLE, reply_map(&m, 1, f, 1, VA, RIGHT_R | RIGHT_W));
	COVERS(REPLY_RECV, NEED_TABLE);
	EQUAL(ended, 0);
	buffer()->maps[0] = (struct map_item){ frame_new(), 1, 0, MAP_TABLE };
	buffer()->maps[1] = (struct map_item){ f, 1, VA, RIGHT_R | RIGHT_W };
	OK(reply_map(&m, 3, frame_new(), 1, 0, MAP_TABLE));
	OK(receive(pager, &m));
	EQUAL(m.w[0], VA + PAGE_SIZE);
	/* No table is missing now. */
	REFUSED(OCCUPIED, reply_map(&m, 1, frame_new(), 1, 0, MAP_TABLE));
	COVERS(REPLY_RECV, OCCUPIED);
	REFUSED(BAD_ARG, reply_map(&m, 1, pieces_new(2), 2, 0, MAP_TABLE));
	OK(reply_map(&m, 1, frame_new(), 1, VA + PAGE_SIZE, RIGHT_R | RIGHT_W));
	EQUAL(ended, 1);
	OK(sys_revoke(f, 0));
}

TEST(an_unusable_map_item_leaves_the_answer_owed)
{
	struct helper *h = toucher(NEAR, 1, true);
	struct message m = { .info = 0 };
	cap_t f = frame_new(), lent = frame_new(), frozen = frame_new(), mapped = frame_new(), share;

	share = child_new(GIVE_LEND, lent, RIGHT_ALL);
	(void)share;
	(void)child_new(GIVE_FREEZE, frozen, RIGHT_ALL);
	OK(map_here(mapped, NEAR + 9 * PAGE_SIZE, RIGHT_R));
	run(h, &m);
	REFUSED(NOT_FREE, reply_map(&m, 1, lent, 1, NEAR, RIGHT_R | RIGHT_W));
	REFUSED(NOT_FREE, reply_map(&m, 1, mapped, 1, NEAR, RIGHT_R | RIGHT_W));
	COVERS(REPLY_RECV, NOT_FREE);
	REFUSED(FROZEN, reply_map(&m, 1, frozen, 1, NEAR, RIGHT_R | RIGHT_W));
	COVERS(REPLY_RECV, FROZEN);
	REFUSED(BAD_TYPE, reply_map(&m, 1, cnode_new(), 1, NEAR, RIGHT_R));
	REFUSED(BAD_TYPE, reply_map(&m, 1, slots_new(1), 1, NEAR, RIGHT_R));
	REFUSED(BAD_SLOT, reply_map(&m, 1, ~0UL, 1, NEAR, RIGHT_R));
	REFUSED(NO_RIGHT, reply_map(&m, 1, child_new(GIVE_SHARE, f, RIGHT_R), 1, NEAR, RIGHT_R | RIGHT_W));
	REFUSED(BAD_ARG, reply_map(&m, 1, f, 0, NEAR, RIGHT_R));
	REFUSED(BAD_ARG, reply_map(&m, 1, f, ~0UL, NEAR, RIGHT_R));
	REFUSED(BAD_ARG, reply_map(&m, 1, f, 1, NEAR, RIGHT_W));
	REFUSED(BAD_ARG, reply_map(&m, 1, f, 1, NEAR, 0));
	REFUSED(BAD_ARG, reply_map(&m, 1, f, 1, NEAR + 1, RIGHT_R));
	REFUSED(BAD_ARG, reply_map(&m, 1, f, 1, NEAR, 1UL << 32 | RIGHT_R));
	REFUSED(BAD_ARG, reply_map(&m, 0, f, 1, NEAR, RIGHT_R));
	REFUSED(BAD_ARG, reply_map(&m, MAP_ITEMS + 1, f, 1, NEAR, RIGHT_R));
	/* Outside the 2 MiB of the fault, and outside everything. */
	REFUSED(BAD_ARG, reply_map(&m, 1, f, 1, FREE_MEGA_VA, RIGHT_R));
	REFUSED(BAD_ARG, reply_map(&m, 1, f, 1, ~0UL << 12, RIGHT_R));
	REFUSED(BAD_ARG, reply_map(&m, 1, f, 1, 1UL << 63, RIGHT_R));
	COVERS(REPLY_RECV, BAD_ARG);
	EQUAL(ended, 0);
	OK(sys_revoke(f, 0));
	OK(reply_map(&m, 1, f, 1, NEAR, RIGHT_R | RIGHT_W));
	EQUAL(ended, 1);
}

TEST(a_fault_answer_may_replace_the_page_it_is_about)
{
	struct helper *h = toucher(NEAR, 1, true);
	struct message m = { .info = 0 };
	cap_t old = frame_new(), new = frame_new();

	/* Copy on write: mapped R, the store faults, the copy takes its place. */
	OK(map_here(old, NEAR, RIGHT_R));
	run(h, &m);
	EQUAL(m.w[1] & 7, RIGHT_W);
	OK(sys_fill(new, old, 0, PAGE_SIZE));
	OK(reply_map(&m, 1, new, 1, NEAR, RIGHT_R | RIGHT_W));
	EQUAL(ended, 1);
	CHECK(!INSPECT_MAPPED(inspect(old)) && INSPECT_MAPPED(inspect(new)));
	EQUAL(*(volatile uint64_t *)NEAR, 1);
}

TEST(a_fault_answer_never_replaces_a_neighbour)
{
	struct helper *h = toucher(NEAR + PAGE_SIZE, 1, true);
	struct message m = { .info = 0 };
	cap_t mine = frame_new(), f = pieces_new(3);

	OK(map_here(mine, NEAR, RIGHT_R | RIGHT_W));
	*(volatile uint64_t *)NEAR = 0x77;
	run(h, &m);
	OK(reply_map(&m, 1, f, 3, NEAR, RIGHT_R | RIGHT_W));
	EQUAL(ended, 1);
	EQUAL(*(volatile uint64_t *)NEAR, 0x77);
	CHECK(INSPECT_MAPPED(inspect(mine)) && !INSPECT_MAPPED(inspect(f)));
	CHECK(INSPECT_MAPPED(inspect(f + 1)) && INSPECT_MAPPED(inspect(f + 2)));
}

TEST(a_fault_is_answered_with_a_large_page)
{
	struct helper *h = toucher(FREE_MEGA_VA + 0x5000, 1, true);
	struct message m = { .info = 0 };
	cap_t mega = mega_new();

	run(h, &m);
	OK(reply_map(&m, 1, mega, 1, FREE_MEGA_VA, RIGHT_R | RIGHT_W));
	EQUAL(ended, 1);
	OK(sys_scan(ROOT_VSPACE, FREE_MEGA_VA, 1, 0));
	EQUAL(buffer()->dirty[0], 1);
}

TEST(sixty_four_items_answer_one_fault)
{
	struct helper *h = toucher(NEAR, FREE_VA_PAGES - 1, true);
	struct message m = { .info = 0 };
	cap_t f = pieces_new(FREE_VA_PAGES);

	for (unsigned i = 1; i < FREE_VA_PAGES; i++)
		buffer()->maps[i - 1] = (struct map_item){ f + i, 1, NEAR + i * PAGE_SIZE, RIGHT_R | RIGHT_W };
	run(h, &m);
	OK(reply_map(&m, FREE_VA_PAGES, f, 1, NEAR, RIGHT_R | RIGHT_W));
	EQUAL(ended, 1);
	EQUAL(((volatile uint64_t *)NEAR)[62 * 512], 63);
}

TEST(a_stopped_faulter_is_resolved_later_or_not_at_all)
{
	struct helper *h = toucher(NEAR, 1, true);
	struct message m = { .info = 0 };
	cap_t f = frame_new();

	run(h, &m);
	thread_stop(h->thread);
	/* The answer finds nobody: nothing is mapped. */
	OK(reply_map(&m, 1, f, 1, NEAR, RIGHT_R | RIGHT_W));
	CHECK(!INSPECT_MAPPED(inspect(f)));
	OK(sys_thread_set(h->thread, THREAD_RUN, 0));
	OK(receive(pager, &m));
	OK(reply_map(&m, 1, f, 1, NEAR, RIGHT_R | RIGHT_W));
	EQUAL(ended, 1);
}

TEST(the_end_of_a_space_while_its_fault_is_being_resolved)
{
	struct puppet *p = puppet_new(PRIO_TEST + 5);
	struct message m = { .info = 0 };
	cap_t f = frame_new();

	CHECK(puppet_faults(p, PUPPET_STORE, PUPPET_DATA));
	OK(sys_revoke(p->space, 0));
	OK(reply_map(&m, 1, f, 1, PUPPET_DATA, RIGHT_R | RIGHT_W));
	CHECK(!INSPECT_MAPPED(inspect(f)));
	REFUSED(BUSY, sys_thread_set(p->thread, THREAD_RUN, 0));
}

TEST(a_killed_faulter_leaves_its_pager_in_peace)
{
	struct helper *h = toucher(NEAR, 1, true);
	struct message m = { .info = 0 };

	run(h, &m);
	OK(sys_revoke(h->thread, 0));
	OK(reply_map(&m, 1, frame_new(), 1, NEAR, RIGHT_R | RIGHT_W));
	REFUSED(TIMEOUT, poll(pager, &m));
	/* The same while the fault waits in the queue. */
	h = toucher(NEAR, 1, true);
	OK(sys_thread_set(h->thread, THREAD_RUN, 0));
	OK(sys_revoke(h->thread, 0));
	REFUSED(TIMEOUT, poll(pager, &m));
}

TEST(c43_a_pagers_own_fault_goes_to_its_own_pager)
{
	struct helper *h = toucher(NEAR, 1, true);
	struct message m = { .info = 0 };
	cap_t above = endpoint_new(), mine = pager;

	/* h's pager is the endpoint that h itself would have to serve: it waits there, and can be killed. */
	OK(sys_thread_pager(h->thread, above, 1));
	OK(sys_thread_set(h->thread, THREAD_RUN, 0));
	REFUSED(TIMEOUT, poll(mine, &m));
	OK(receive(above, &m));
	EQUAL(m.badge, 1);
	OK(reply_map(&m, 1, frame_new(), 1, NEAR, RIGHT_R | RIGHT_W));
	EQUAL(ended, 1);
}

TEST(a_fault_without_a_pager_stops_the_thread)
{
	static char stack[512] __attribute__((aligned(16)));
	cap_t t = frame_new();

	plan = (struct touch_plan){ NEAR, 1, 0, true };
	ended = 0;
	OK(sys_make(t, TYPE_THREAD, 0));
	OK(sys_thread_set(t, THREAD_CSPACE, ROOT_CNODE));
	OK(sys_thread_set(t, THREAD_VSPACE, ROOT_VSPACE));
	OK(sys_thread_set(t, THREAD_PRIO, PRIO_TEST + 1));
	/* With the highest priority, too: only the root server's own fault is the end of the machine. */
	OK(sys_thread_set(t, THREAD_PRIO, PRIO_COUNT - 1));
	OK(sys_thread_set(t, THREAD_MAX_PRIO, PRIO_COUNT - 1));
	thread_start_at(t, (uint64_t)touch, (uint64_t)stack + sizeof(stack), 0);
	OK(sys_thread_set(t, THREAD_RUN, 0));
	EQUAL(ended, 0);
	OK(sys_thread_regs(t, REGS_WRITE, REGS_GENERAL));
	/* It goes on when what was missing is there. */
	OK(map_here(frame_new(), NEAR, RIGHT_R | RIGHT_W));
	thread_start_at(t, (uint64_t)touch, (uint64_t)stack + sizeof(stack), 0);
	OK(sys_thread_set(t, THREAD_RUN, 0));
	EQUAL(ended, 1);
}

TEST(a_fault_whose_pager_is_destroyed_stops_the_thread)
{
	struct helper *h = toucher(NEAR, 1, true);
	struct message m = { .info = 0 };

	run(h, &m);
	answer(0);
	/* It faulted again and waits in the queue. */
	OK(sys_revoke(pager, 0));
	EQUAL(ended, 0);
	sleep_ms(2);
	thread_stop(h->thread);
}

/* ---- failure -------------------------------------------------------------------------------------- */

static volatile uint64_t record[8];

static void after_fault(void)
{
	struct fault_record *f = &buffer()->fault;

	record[0] = f->pc;
	record[1] = f->sp;
	record[2] = f->a0;
	record[3] = f->a1;
	record[4] = f->cause;
	record[5] = f->va;
	ended += 10;
	f->cause = 0;
	thread_end();
}

TEST(k9_a_failed_fault_continues_at_fault_pc_with_its_record)
{
	struct helper *h = toucher(NEAR + 8, 1, true);
	struct message m = { .info = 0 };
	uint64_t pc, sp;

	OK(sys_thread_set(h->thread, THREAD_FAULT_PC, (uint64_t)after_fault));
	run(h, &m);
	pc = m.w[2];
	sp = m.w[3];
	m = (struct message){ .info = INFO_REPLY | INFO_FAIL };
	OK(sys_reply_recv(0, &m, 0, 0));
	EQUAL(ended, 10);
	EQUAL(record[0], pc);
	EQUAL(record[1], sp);
	EQUAL(record[4], 15 + 1);
	EQUAL(record[5], NEAR + 8);
}

static void after_fault_faulting_again(void)
{
	ended += 10;
	*(volatile uint64_t *)NEAR = 1;
	ended += 100;
	thread_end();
}

TEST(k9_a_second_failed_fault_before_the_record_is_cleared_stops_the_thread)
{
	struct helper *h = toucher(NEAR, 1, true);
	struct message m = { .info = 0 };

	OK(sys_thread_set(h->thread, THREAD_FAULT_PC, (uint64_t)after_fault_faulting_again));
	run(h, &m);
	m = (struct message){ .info = INFO_REPLY | INFO_FAIL };
	OK(sys_reply_recv(0, &m, 0, 0));
	EQUAL(ended, 10);
	OK(receive(pager, &m));
	m = (struct message){ .info = INFO_REPLY | INFO_FAIL };
	OK(sys_reply_recv(0, &m, 0, 0));
	EQUAL(ended, 10);
	REFUSED(TIMEOUT, poll(pager, &m));
	OK(sys_thread_regs(h->thread, REGS_WRITE, REGS_GENERAL));
}

TEST(a_failed_fault_without_fault_pc_or_buffer_stops_the_thread)
{
	struct helper *h = toucher(NEAR, 1, true);
	struct message m = { .info = 0 };

	run(h, &m);
	m = (struct message){ .info = INFO_REPLY | INFO_FAIL };
	OK(sys_reply_recv(0, &m, 0, 0));
	EQUAL(ended, 0);
	OK(sys_thread_regs(h->thread, REGS_READ, REGS_GENERAL));
	OK(sys_thread_regs(h->thread, REGS_WRITE, REGS_GENERAL));
	h = toucher(NEAR, 1, true);
	OK(sys_thread_set(h->thread, THREAD_FAULT_PC, (uint64_t)after_fault));
	OK(sys_thread_set(h->thread, THREAD_BUFFER, 0));
	run(h, &m);
	m = (struct message){ .info = INFO_REPLY | INFO_FAIL };
	OK(sys_reply_recv(0, &m, 0, 0));
	EQUAL(ended, 0);
}

TEST(a_fault_timeout_fails_the_fault)
{
	struct helper *h = toucher(NEAR, 1, true);
	struct message m = { .info = 0 };

	OK(sys_thread_set(h->thread, THREAD_FAULT_PC, (uint64_t)after_fault));
	OK(sys_thread_set(h->thread, THREAD_FAULT_TIMEOUT, 3 * TICKS_MS));
	OK(sys_thread_set(h->thread, THREAD_RUN, 0));
	wait_for(&ended, 10);
	EQUAL(record[5], NEAR);
	REFUSED(TIMEOUT, poll(pager, &m));
	/* The same when the pager took it and does not answer; without fault_pc it stops. */
	h = toucher(NEAR, 1, true);
	OK(sys_thread_set(h->thread, THREAD_FAULT_TIMEOUT, 3 * TICKS_MS));
	run(h, &m);
	spin_ms(20);
	OK(sys_thread_regs(h->thread, REGS_WRITE, REGS_GENERAL));
	OK(reply_map(&m, 1, frame_new(), 1, NEAR, RIGHT_R | RIGHT_W));
	EQUAL(ended, 0);
}

TEST(c37_a_fault_timeout_of_2_to_64_does_not_wrap)
{
	struct helper *h = toucher(NEAR, 1, true);
	struct message m = { .info = 0 };

	OK(sys_thread_set(h->thread, THREAD_FAULT_TIMEOUT, ~0UL));
	run(h, &m);
	spin_ms(5);
	OK(reply_map(&m, 1, frame_new(), 1, NEAR, RIGHT_R | RIGHT_W));
	EQUAL(ended, 1);
}

/* ---- causes --------------------------------------------------------------------------------------- */

/* Code that ends in one trap each; a pager tells the cause and jumps on. */
#define CODE(name, text) \
	__attribute__((naked)) static void name(void) { __asm__ volatile(text "\n j thread_end"); }
CODE(code_illegal, ".word 0")
CODE(code_illegal_long, ".word 0xffffffff")
CODE(code_break, "ebreak")
CODE(code_wfi, "wfi")
CODE(code_sret, ".word 0x10200073")
CODE(code_mret, ".word 0x30200073")
CODE(code_sfence, "sfence.vma")
CODE(code_sstatus, "csrr a0, sstatus")
CODE(code_satp, "csrw satp, zero")
CODE(code_stvec, "csrw stvec, zero")
CODE(code_sie, "csrw sie, zero")
CODE(code_mstatus, "csrr a0, mstatus")
CODE(code_hpm3, "csrr a0, hpmcounter3")
CODE(code_hpm31, "csrr a0, hpmcounter31")
CODE(code_stimecmp, "csrw 0x14d, zero")
CODE(code_misaligned_amo, "li a0, 0x1c0002\n amoadd.w a1, a1, (a0)")

TEST(c27_every_cause_becomes_a_fault_message)
{
	static const struct {
		void (*code)(void);
		unsigned cause;
	} cases[] = {
		{ code_illegal, 2 }, { code_illegal_long, 2 }, { code_break, 3 },    { code_wfi, 2 },
		{ code_sret, 2 },    { code_mret, 2 },	       { code_sfence, 2 },   { code_sstatus, 2 },
		{ code_satp, 2 },    { code_stvec, 2 },	       { code_sie, 2 },	     { code_mstatus, 2 },
		{ code_hpm3, 2 },    { code_hpm31, 2 },	       { code_stimecmp, 2 }, { code_misaligned_amo, 6 },
	};
	cap_t e = endpoint_new(), t = frame_new();
	struct message m = { .info = 0 };

	OK(map_here(frame_new(), NEAR, RIGHT_R | RIGHT_W));
	thread_make(t, 0, 0, 0, PRIO_TEST + 1);
	OK(sys_thread_pager(t, e, 3));
	for (unsigned i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		thread_start_at(t, (uint64_t)cases[i].code, 0, 0);
		OK(sys_thread_set(t, THREAD_RUN, 0));
		OK(receive(e, &m));
		EQUAL(info_kind(m.info), KIND_FAULT);
		/* This QEMU calls a misaligned AMO a misaligned load. */
		EQUAL(m.w[1] >> 8 == 4 ? 6 : m.w[1] >> 8, cases[i].cause);
		EQUAL(m.w[1] & 0xff, 0);
		/* There is nothing to map for it. */
		REFUSED(BAD_ARG, reply_map(&m, 1, frame_new(), 1, 0, 0));
		thread_stop(t);
	}
}

static volatile uint64_t counters[3];
__attribute__((naked)) static void read_counters(void)
{
	__asm__ volatile("lla t0, counters\n rdcycle t1\n sd t1, 0(t0)\n rdtime t1\n sd t1, 8(t0)\n"
			 "rdinstret t1\n sd t1, 16(t0)\n"
			 "lla t0, ended\n li t1, 1\n sd t1, 0(t0)\n lla sp, 1f\n j thread_end\n"
			 ".section .bss\n .balign 16\n .space 512\n 1:\n .text");
}

TEST(c25_cycle_time_and_instret_are_open_and_no_other_counter)
{
	cap_t t = frame_new();

	ended = 0;
	thread_make(t, (uint64_t)read_counters, 0, 0, PRIO_TEST + 1);
	OK(sys_thread_set(t, THREAD_RUN, 0));
	EQUAL(ended, 1);
	CHECK(counters[0] && counters[1] && counters[2]);
	CHECK(sys_time() - counters[1] < 10000UL * TICKS_MS);
}

TEST(c31_a_misaligned_access_works_or_faults_with_its_address)
{
	struct helper *h = toucher(NEAR + PAGE_SIZE - 4, 1, true);
	struct message m = { .info = 0 };

	/* The second page is missing: the fault is about it. */
	OK(map_here(frame_new(), NEAR, RIGHT_R | RIGHT_W));
	run(h, &m);
	CHECK(m.w[0] == NEAR + PAGE_SIZE || m.w[0] == NEAR + PAGE_SIZE - 4);
	OK(map_here(frame_new(), NEAR + PAGE_SIZE, RIGHT_R | RIGHT_W));
	answer(0);
	EQUAL(ended, 1);
}

TEST(c32_a_store_to_a_page_whose_bits_were_cleared_does_not_reach_the_pager)
{
	struct helper *h = toucher(NEAR, 1, true);
	struct message m = { .info = 0 };

	OK(map_here(frame_new(), NEAR, RIGHT_R | RIGHT_W));
	OK(sys_scan(ROOT_VSPACE, NEAR, 1, SCAN_CLEAR_A | SCAN_CLEAR_D));
	OK(sys_thread_set(h->thread, THREAD_RUN, 0));
	EQUAL(ended, 1);
	REFUSED(TIMEOUT, poll(pager, &m));
	OK(sys_scan(ROOT_VSPACE, NEAR, 1, 0));
	EQUAL(buffer()->dirty[0], 1);
}

/* ---- fairness -------------------------------------------------------------------------------------- */

/* Answers every fault plainly: the thread faults for ever. */
static void useless_pager(uint64_t endpoint)
{
	struct message m = { .info = 0 };

	for (;;) {
		(void)sys_reply_recv(endpoint, &m, 0, 0);
		ended++;
		m.info = INFO_REPLY;
	}
}

TEST(c40_a_thread_that_faults_in_a_loop_does_not_starve_its_equals)
{
	struct helper *h = toucher(NEAR, 1, true);
	struct helper *equal = helper_start(count_turns, (uint64_t)&ended, PRIO_TEST - 2);

	OK(sys_thread_set(h->thread, THREAD_PRIO, PRIO_TEST - 2));
	(void)helper_start(useless_pager, pager, PRIO_TEST - 1);
	OK(sys_thread_set(h->thread, THREAD_RUN, 0));
	/* After each turn of the other, with its faults and its pager, comes one of its own, and a whole one. */
	check_turns(equal);
	CHECK(ended > 8);
}
