/*
 * give.c: hand-offs of frames: lend, share, freeze, donate; the state table of DESIGN.md, generated: every
 * state by every verb; parts of large frames; taking back whatever the borrower made of it.
 */
#include "harness.h"

/* ---- every state by every verb -------------------------------------------------------------------- */

enum state {
	FREE, MAPPED, HAS_SHARES, HAS_FROZEN, LENT, SPLIT, MADE, IS_TABLE,
	A_SHARE, A_SHARE_MAPPED, A_FROZEN, A_LOAN, A_LOAN_MAPPED, UNKNOWN_MEMORY, DEVICE, STATES
};
enum verb {
	MAP_R, MAP_RW, UNMAP, DO_SHARE, DO_FREEZE, DO_LEND, DO_SPLIT, DO_MAKE, DO_TABLE, DO_FILL, FILL_FROM,
	DO_MOVE, DO_COPY, VERBS
};

#define ANY 99
#define STATE_VA  (FREE_VA)
#define OTHER_VA  (FREE_VA + PAGE_SIZE)

/* 0 or the error; errors are positive here. */
static const uint8_t expected[STATES][VERBS] = {
#define B E_BUSY
#define N E_NO_RIGHT
#define T E_BAD_TYPE
#define A E_BAD_ARG
#define F E_NOT_FREE
#define Z E_FROZEN
	/*                    R  RW UN SH FZ LD SP MK TB FI FF MV CP */
	[FREE]           =  { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, T },
	[MAPPED]         =  { 0, 0, 0, 0, 0, B, B, B, B, B, 0, B, T },
	[HAS_SHARES]     =  { 0, 0, 0, 0, B, B, B, B, B, B, 0, B, T },
	[HAS_FROZEN]     =  { 0, Z, 0, B, 0, B, B, B, B, B, 0, B, T },
	[LENT]           =  { F, F, 0, B, B, B, B, B, B, B, B, B, T },
	[SPLIT]          =  { F, F, 0, B, B, B, 0, B, B, B, B, B, T },
	[MADE]           =  { T, T, 0, T, T, T, T, T, T, T, T, B, 0 },
	[IS_TABLE]       =  { T, T, 0, T, T, T, T, T, T, T, T, B, T },
	[A_SHARE]        =  { 0, 0, 0, 0, N, N, N, N, N, N, 0, 0, T },
	[A_SHARE_MAPPED] =  { 0, 0, 0, 0, N, N, N, N, N, N, 0, B, T },
	[A_FROZEN]       =  { 0, N, 0, N, 0, N, N, N, N, N, 0, 0, T },
	[A_LOAN]         =  { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, T },
	[A_LOAN_MAPPED]  =  { 0, 0, 0, 0, 0, B, B, B, B, B, 0, B, T },
	[UNKNOWN_MEMORY] =  { A, A, 0, A, A, A, A, A, A, A, A, 0, T },
	[DEVICE]         =  { 0, 0, 0, 0, 0, 0, A, A, A, A, A, 0, T },
#undef B
#undef N
#undef T
#undef A
#undef F
#undef Z
};

/* A slot in the state; `s` has room for it and two more. */
static cap_t into_state(enum state state, cap_t piece, cap_t device, cap_t s)
{
	static const uint8_t parent_verb[STATES] = {
		[A_SHARE] = GIVE_SHARE, [A_SHARE_MAPPED] = GIVE_SHARE, [A_FROZEN] = GIVE_FREEZE, [A_LOAN] = GIVE_LEND,
		[A_LOAN_MAPPED] = GIVE_LEND,
	};

	switch (state) {
	case MAPPED:
		OK(map_here(piece, STATE_VA, RIGHT_R | RIGHT_W));
		return piece;
	case HAS_SHARES:
		OK(sys_give(GIVE_SHARE, piece, 1, s, RIGHT_ALL, 0, 0));
		return piece;
	case HAS_FROZEN:
		OK(sys_give(GIVE_FREEZE, piece, 1, s, RIGHT_ALL, 0, 0));
		return piece;
	case LENT:
		OK(sys_give(GIVE_LEND, piece, 1, s, RIGHT_ALL, 0, 0));
		return piece;
	case SPLIT:
		OK(sys_split(piece, 0, 1, s));
		return piece;
	case MADE:
		OK(sys_make(piece, TYPE_CNODE, 0));
		return piece;
	case IS_TABLE:
		OK(sys_table(piece, ROOT_VSPACE, NO_TABLE_VA));
		return piece;
	case A_SHARE:
	case A_SHARE_MAPPED:
	case A_FROZEN:
	case A_LOAN:
	case A_LOAN_MAPPED:
		OK(sys_give(parent_verb[state], piece, 1, s, RIGHT_ALL, 0, 0));
		if (state == A_SHARE_MAPPED || state == A_LOAN_MAPPED)
			OK(map_here(s, STATE_VA, RIGHT_R | RIGHT_W));
		return s;
	case UNKNOWN_MEMORY:
		return device;
	case DEVICE:
		OK(sys_carve(device, 1, MEM_DEVICE));
		return device;
	default:
		return piece;
	}
}

static long act(enum verb verb, cap_t on, cap_t to, cap_t other, unsigned next_piece)
{
	switch (verb) {
	case MAP_R:
		return map_here(on, STATE_VA, RIGHT_R);
	case MAP_RW:
		return map_here(on, STATE_VA, RIGHT_R | RIGHT_W);
	case UNMAP:
		return unmap_one(on);
	case DO_SHARE:
		return sys_give(GIVE_SHARE, on, 1, to, RIGHT_ALL, 0, 0);
	case DO_FREEZE:
		return sys_give(GIVE_FREEZE, on, 1, to, RIGHT_ALL, 0, 0);
	case DO_LEND:
		return sys_give(GIVE_LEND, on, 1, to, RIGHT_ALL, 0, 0);
	case DO_SPLIT:
		return sys_split(on, next_piece, 1, to);
	case DO_MAKE:
		return sys_make(on, TYPE_THREAD, 0);
	case DO_TABLE:
		return sys_table(on, ROOT_VSPACE, NO_TABLE_VA + (1UL << 30));
	case DO_FILL:
		return sys_fill(on, 0, 0, 64);
	case FILL_FROM:
		return sys_fill(other, on, 0, 64);
	case DO_MOVE:
		return sys_give(GIVE_MOVE, on, 1, to, 0, 0, 0);
	default:
		return sys_give(GIVE_COPY, on, 1, to, RIGHT_ALL, 0, 0);
	}
}

TEST(every_verb_in_every_state_does_what_the_table_says)
{
	cap_t mega = mega_new(), device_mega = slots_new(1), s = slots_new(6), other = frame_new();
	unsigned done = 0;

	OK(sys_split(SLOT_GIG, 128, 1, device_mega));
	for (unsigned state = 0; state < STATES; state++) {
		for (unsigned verb = 0; verb < VERBS; verb++) {
			cap_t piece = s, device = s + 1, on;
			uint64_t before, after;
			long r;

			OK(sys_split(mega, done % 512, 1, piece));
			OK(sys_split(device_mega, done % 512, 1, device));
			done++;
			on = into_state(state, piece, device, s + 2);
			before = inspect(on);
			r = act(verb, on, s + 4, other, state == SPLIT ? 1 : 0);
			if (r != -(long)expected[state][verb]) {
				test_note("state", state);
				test_note("verb", verb);
			}
			EQUAL(r, -(long)expected[state][verb]);
			if (r) {
				after = inspect(on);
				EQUAL(after, before);
				CHECK(slot_empty(s + 4));
			}
			(void)sys_delete(s + 4);
			OK(sys_revoke(mega, 0));
			OK(sys_revoke(device_mega, 0));
			done = 0;
		}
	}
}

/* ---- lend ----------------------------------------------------------------------------------------- */

TEST(who_lends_cannot_use_the_frame_until_it_is_back)
{
	cap_t f = frame_new(), loan = child_new(GIVE_LEND, f, RIGHT_ALL);

	OK(map_here(loan, FREE_VA, RIGHT_R | RIGHT_W));
	REFUSED(NOT_FREE, map_here(f, FREE_VA + PAGE_SIZE, RIGHT_R));
	*(volatile uint64_t *)FREE_VA = 7;
	OK(sys_revoke(f, 0));
	CHECK(slot_empty(loan));
	OK(map_here(f, FREE_VA, RIGHT_R | RIGHT_W));
	EQUAL(*(volatile uint64_t *)FREE_VA, 7);
}

TEST(a_borrower_that_relinquishes_gives_the_frame_back)
{
	cap_t f = frame_new(), loan = child_new(GIVE_LEND, f, RIGHT_ALL), again = slots_new(1);

	OK(sys_give(GIVE_LEND, loan, 1, again, RIGHT_ALL, 0, 0));
	OK(sys_delete(again));
	OK(map_here(loan, FREE_VA, RIGHT_R));
	OK(sys_delete(loan));
	OK(map_here(f, FREE_VA, RIGHT_R));
}

TEST(an_old_mapping_of_the_lender_does_not_come_back)
{
	cap_t f = frame_new(), loan;

	OK(map_here(f, FREE_VA, RIGHT_R | RIGHT_W));
	OK(unmap_one(f));
	loan = child_new(GIVE_LEND, f, RIGHT_ALL);
	OK(map_here(loan, FREE_VA, RIGHT_R | RIGHT_W));
	CHECK(!INSPECT_MAPPED(inspect(f)));
	OK(unmap_one(f));
	CHECK(INSPECT_MAPPED(inspect(loan)));
	*(volatile uint64_t *)FREE_VA = 1;
}

TEST(a_loan_reclaimed_while_it_is_a_page_table_unmaps_what_hangs_on_it)
{
	cap_t f = frame_new(), loan = child_new(GIVE_LEND, f, RIGHT_ALL), leaf = frame_new(), t1 = frame_new();

	OK(sys_table(t1, ROOT_VSPACE, NO_TABLE_VA));
	OK(sys_table(loan, ROOT_VSPACE, NO_TABLE_VA));
	OK(map_here(leaf, NO_TABLE_VA, RIGHT_R | RIGHT_W));
	*(volatile uint64_t *)NO_TABLE_VA = 3;
	OK(sys_revoke(f, 0));
	CHECK(slot_empty(loan));
	CHECK(!INSPECT_MAPPED(inspect(leaf)));
	EQUAL(map_here(leaf, NO_TABLE_VA, RIGHT_R), -E_NEED_TABLE);
	OK(map_here(f, FREE_VA, RIGHT_R));
	EQUAL(*(volatile uint64_t *)FREE_VA, 0);
}

static volatile uint64_t counter;
static void count_forever(uint64_t arg)
{
	(void)arg;
	for (;;)
		counter++;
}

TEST(a_loan_reclaimed_while_it_is_a_running_thread_ends_the_thread)
{
	static char stack[512] __attribute__((aligned(16)));
	cap_t f = frame_new(), loan = child_new(GIVE_LEND, f, RIGHT_ALL);
	uint64_t last;

	thread_make(loan, (uint64_t)count_forever, (uint64_t)stack + sizeof(stack), 0, PRIO_TEST - 1);
	if (hart_count > 1)
		thread_to_hart(loan, 1);
	counter = 0;
	OK(sys_thread_set(loan, THREAD_RUN, 0));
	for (unsigned i = 0; i < 1000 && counter == 0; i++)
		sleep_ms(1);
	CHECK(counter > 0);
	OK(sys_revoke(f, 0));
	last = counter;
	sleep_ms(3);
	EQUAL(counter, last);
	CHECK(slot_empty(loan));
	OK(map_here(f, FREE_VA, RIGHT_R));
	for (unsigned i = 0; i < PAGE_SIZE / 8; i++)
		EQUAL(((volatile uint64_t *)FREE_VA)[i], 0);
}

TEST(a_loan_reclaimed_while_it_is_a_cnode_with_the_lenders_capabilities)
{
	cap_t f = frame_new(), loan = child_new(GIVE_LEND, f, RIGHT_ALL), more = pieces_new(2), e = endpoint_new();

	OK(sys_make(loan, TYPE_CNODE, 0));
	OK(sys_give(GIVE_COPY, ROOT_CNODE, 1, CAP(loan, 1), RIGHT_ALL, 0, 0));
	OK(sys_give(GIVE_COPY, THREAD_TEST, 1, CAP(loan, 2), RIGHT_ALL, 0, 0));
	OK(sys_give(GIVE_COPY, loan, 1, CAP(loan, 3), RIGHT_ALL, 0, 0));
	OK(sys_give(GIVE_SHARE, more, 1, CAP(loan, 4), RIGHT_ALL, 0, 0));
	OK(sys_give(GIVE_MOVE, more + 1, 1, CAP(loan, 5), 0, 0, 0));
	OK(sys_give(GIVE_COPY, e, 1, CAP(loan, 6), RIGHT_CALL, 5, 0));
	OK(sys_revoke(f, 0));
	CHECK(slot_empty(loan));
	EQUAL(INSPECT_CHILDREN(inspect(more)), KIND_NONE);
	OK(sys_signal(e));
	OK(sys_make(f, TYPE_CNODE, 0));
	for (unsigned i = 1; i < 128; i++)
		CHECK(slot_empty(CAP(f, i)));
}

TEST(a_loan_reclaimed_while_it_is_an_address_space_in_use)
{
	struct puppet *p = puppet_new(PRIO_TEST + 5);
	cap_t f = frame_new(), loan = child_new(GIVE_LEND, f, RIGHT_ALL);
	struct message m = { .info = 0 };

	OK(sys_make(loan, TYPE_VSPACE, ROOT_SYSTEM));
	OK(sys_table(frame_new(), loan, PUPPET_CODE));
	puppet_do(p, PUPPET_LOAD, PUPPET_CODE, 0, &m);
	OK(sys_thread_set(p->thread, THREAD_VSPACE, loan));
	OK(sys_revoke(f, 0));
	/* The thread lost its space: it is stopped, its call is over. */
	REFUSED(BUSY, sys_thread_set(p->thread, THREAD_RUN, 0));
	OK(map_here(f, FREE_VA, RIGHT_R));
}

TEST(a_loan_lent_on_and_split_comes_back_whole)
{
	cap_t mega = mega_new(), a = child_new(GIVE_LEND, mega, RIGHT_ALL), b = child_new(GIVE_LEND, a, RIGHT_ALL),
	      s = slots_new(8);

	OK(sys_split(b, 0, 8, s));
	OK(sys_make(s + 1, TYPE_CNODE, 0));
	OK(map_here(s + 2, FREE_VA, RIGHT_R | RIGHT_W));
	OK(sys_give(GIVE_SHARE, s + 3, 1, CAP(s + 1, 1), RIGHT_R, 0, 0));
	OK(sys_revoke(mega, 0));
	for (unsigned i = 0; i < 8; i++)
		CHECK(slot_empty(s + i));
	CHECK(slot_empty(a) && slot_empty(b));
	OK(map_here(mega, FREE_MEGA_VA, RIGHT_R));
}

/* ---- share and freeze ------------------------------------------------------------------------------ */

TEST(parts_of_a_large_frame_are_shared_at_their_place)
{
	cap_t mega = mega_new(), s = slots_new(1);
	uint64_t pa = inspect_detail(mega);

	for (uint64_t off = 0; off < MEGAPAGE_SIZE; off += 37 * PAGE_SIZE) {
		OK(sys_give(GIVE_SHARE, mega, 1, s, RIGHT_ALL, 0, off | (ORDER_4K + 1)));
		EQUAL(inspect_detail(s), pa + off);
		EQUAL(INSPECT_ORDER(inspect(s)), ORDER_4K);
		OK(map_here(s, FREE_VA, RIGHT_R | RIGHT_W));
		*(volatile uint64_t *)FREE_VA = off;
		OK(sys_delete(s));
	}
	OK(map_here(mega, FREE_MEGA_VA, RIGHT_R));
	for (uint64_t off = 0; off < MEGAPAGE_SIZE; off += 37 * PAGE_SIZE)
		EQUAL(*(volatile uint64_t *)(FREE_MEGA_VA + off), off);
}

TEST(parts_that_are_not_in_the_frame_are_refused)
{
	static const uint64_t bad[] = {
		MEGAPAGE_SIZE | 1, 1UL << 32 | 1, (~0UL & ~7UL) | 1, 8 | 1, 0x800 | 1, PAGE_SIZE | 2, 3, 4, 5, 6, 7,
		PAGE_SIZE,	   1UL << 63 | 1, 1UL << 63
	};
	cap_t mega = mega_new(), f = frame_new(), s = slots_new(1);

	for (unsigned i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		REFUSED(BAD_ARG, sys_give(GIVE_SHARE, mega, 1, s, RIGHT_ALL, 0, bad[i]));
		REFUSED(BAD_ARG, sys_give(GIVE_FREEZE, mega, 1, s, RIGHT_ALL, 0, bad[i]));
	}
	REFUSED(BAD_ARG, sys_give(GIVE_LEND, mega, 1, s, RIGHT_ALL, 0, 1));
	REFUSED(BAD_ARG, sys_give(GIVE_SHARE, f, 1, s, RIGHT_ALL, 0, PAGE_SIZE | 1));
	REFUSED(BAD_ARG, sys_give(GIVE_SHARE, f, 1, s, RIGHT_ALL, 0, 2));
	OK(sys_give(GIVE_SHARE, f, 1, s, RIGHT_ALL, 0, 1));
	OK(sys_delete(s));
	OK(sys_give(GIVE_SHARE, mega, 1, s, RIGHT_ALL, 0, 2));
	EQUAL(INSPECT_ORDER(inspect(s)), ORDER_2M);
}

TEST(a_share_has_no_right_its_source_lacks)
{
	cap_t f = frame_new(), s = slots_new(2);

	for (unsigned has = 0; has <= RIGHT_ALL; has++) {
		OK(sys_give(GIVE_SHARE, f, 1, s, has, 0, 0));
		OK(sys_give(GIVE_SHARE, s, 1, s + 1, RIGHT_ALL, 0, 0));
		EQUAL(INSPECT_RIGHTS(inspect(s + 1)), has);
		OK(sys_delete(s));
		CHECK(slot_empty(s + 1));
		OK(sys_give(GIVE_FREEZE, f, 1, s, has, 0, 0));
		EQUAL(INSPECT_RIGHTS(inspect(s)), has & ~RIGHT_W);
		OK(sys_delete(s));
	}
}

TEST(freezing_takes_writing_from_the_owner_before_the_share_is_there)
{
	struct puppet *p = puppet_new(PRIO_TEST + 5);
	cap_t f = frame_new(), frozen;
	struct message m = { .info = 0 };

	OK(sys_map(p->space, PUPPET_DATA, RIGHT_R | RIGHT_W, 1, f, 1, 0));
	puppet_do(p, PUPPET_STORE, PUPPET_DATA, 41, &m);
	frozen = child_new(GIVE_FREEZE, f, RIGHT_ALL);
	CHECK(puppet_faults(p, PUPPET_STORE, PUPPET_DATA));
	puppet_skip(p);
	OK(map_here(frozen, FREE_VA, RIGHT_R));
	EQUAL(*(volatile uint64_t *)FREE_VA, 41);
	/* Thawing never gives W back by itself. */
	OK(sys_delete(frozen));
	CHECK(puppet_faults(p, PUPPET_STORE, PUPPET_DATA));
	puppet_skip(p);
	OK(sys_map(p->space, PUPPET_DATA, RIGHT_R | RIGHT_W, 1, f, 1, 0));
	puppet_do(p, PUPPET_STORE, PUPPET_DATA, 42, &m);
	EQUAL(info_kind(m.info), KIND_MESSAGE);
}

TEST(a_frozen_large_page_is_frozen_in_all_its_parts)
{
	cap_t mega = mega_new(), part = slots_new(1);

	OK(map_here(mega, FREE_MEGA_VA, RIGHT_R | RIGHT_W));
	OK(sys_give(GIVE_FREEZE, mega, 1, part, RIGHT_ALL, 0, 100 * PAGE_SIZE | 1));
	REFUSED(FROZEN, map_here(mega, FREE_MEGA_VA, RIGHT_R | RIGHT_W));
	OK(map_here(part, FREE_VA, RIGHT_R));
	REFUSED(BUSY, sys_give(GIVE_SHARE, mega, 1, slots_new(1), RIGHT_ALL, 0, 0));
}

TEST(a_loan_can_be_frozen_and_its_lender_still_takes_it_back)
{
	cap_t f = frame_new(), loan = child_new(GIVE_LEND, f, RIGHT_ALL),
	      frozen = child_new(GIVE_FREEZE, loan, RIGHT_ALL);

	OK(map_here(frozen, FREE_VA, RIGHT_R));
	REFUSED(FROZEN, map_here(loan, FREE_VA + PAGE_SIZE, RIGHT_R | RIGHT_W));
	OK(sys_revoke(f, 0));
	CHECK(slot_empty(frozen) && slot_empty(loan));
	OK(map_here(f, FREE_VA, RIGHT_R | RIGHT_W));
}

TEST(revoking_the_owners_slot_unmaps_every_sharer)
{
	cap_t f = frame_new(), s = slots_new(8);

	for (unsigned i = 0; i < 8; i++) {
		OK(sys_give(GIVE_SHARE, i ? s + i - 1 : f, 1, s + i, RIGHT_ALL, 0, 0));
		OK(map_here(s + i, FREE_VA + i * PAGE_SIZE, RIGHT_R));
	}
	OK(sys_revoke(s + 3, 0));
	CHECK(INSPECT_MAPPED(inspect(s)) && INSPECT_MAPPED(inspect(s + 2)) && slot_empty(s + 4));
	CHECK(!INSPECT_MAPPED(inspect(s + 3)));
	OK(sys_revoke(f, 0));
	for (unsigned i = 0; i < 8; i++)
		CHECK(slot_empty(s + i));
}

TEST(to_map_a_frame_twice_it_is_shared_to_oneself)
{
	cap_t f = frame_new(), s = child_new(GIVE_SHARE, f, RIGHT_R | RIGHT_W);

	OK(map_here(f, FREE_VA, RIGHT_R | RIGHT_W));
	OK(map_here(s, FREE_VA + PAGE_SIZE, RIGHT_R | RIGHT_W));
	*(volatile uint64_t *)FREE_VA = 6;
	EQUAL(*(volatile uint64_t *)(FREE_VA + PAGE_SIZE), 6);
}

TEST(c05_a_read_only_loan_is_not_overwritten_by_what_it_becomes)
{
	cap_t f = frame_new(), loan;

	OK(map_here(f, FREE_VA, RIGHT_R | RIGHT_W));
	*(volatile uint64_t *)FREE_VA = 0x1234;
	OK(unmap_one(f));
	loan = child_new(GIVE_LEND, f, RIGHT_R);
	REFUSED(NO_RIGHT, sys_make(loan, TYPE_CNODE, 0));
	REFUSED(NO_RIGHT, sys_table(loan, ROOT_VSPACE, NO_TABLE_VA));
	OK(sys_revoke(f, 0));
	OK(map_here(f, FREE_VA, RIGHT_R));
	EQUAL(*(volatile uint64_t *)FREE_VA, 0x1234);
}

/* ---- donate --------------------------------------------------------------------------------------- */

TEST(a_donated_frame_is_the_receivers_and_the_giver_keeps_nothing)
{
	cap_t f = pieces_new(1), cnode = cnode_new();
	uint64_t pa = inspect_detail(f);

	OK(sys_give(GIVE_MOVE, f, 1, CAP(cnode, 9), 0, 0, 0));
	CHECK(slot_empty(f));
	EQUAL(inspect_detail(CAP(cnode, 9)), pa);
	OK(map_here(CAP(cnode, 9), FREE_VA, RIGHT_R | RIGHT_W));
	/* The receiver's end is the frame's: it falls back to who split it. */
	OK(sys_revoke(cnode, 0));
	CHECK(slot_empty(f));
}

TEST(a_frame_goes_through_many_hands)
{
	cap_t f = pieces_new(1), s = slots_new(40);

	for (unsigned i = 0; i < 40; i++)
		OK(sys_give(GIVE_MOVE, i ? s + i - 1 : f, 1, s + i, 0, 0, 0));
	EQUAL(INSPECT_KIND(inspect(s + 39)), KIND_SPLIT);
	OK(map_here(s + 39, FREE_VA, RIGHT_R | RIGHT_W));
	REFUSED(BUSY, sys_give(GIVE_MOVE, s + 39, 1, f, 0, 0, 0));
	OK(unmap_one(s + 39));
	OK(sys_give(GIVE_MOVE, s + 39, 1, f, 0, 0, 0));
}
