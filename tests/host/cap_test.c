/*
 * cap_test.c: capability slots, frames and objects of the real kernel, call by call. Each name is a claim; everything
 * is checked after each call. An argument runs the claims whose names hold it.
 */
// SOURCES: kernel/*.c tests/host/kernel/host.c
// CFLAGS: -include tests/host/kernel/machine.h -DDEBUG=1 -fno-pie -fno-strict-aliasing
// LIBS: -no-pie
#include "kernel/host.h"

/* A refused call: this error, and nothing has changed. */
#define REFUSED(error, ...) do { \
	uint64_t before_ = host_digest(); \
	EXPECT(sys(root, __VA_ARGS__), -(error)); \
	CHECK(before_ == host_digest()); \
} while (0)
#define OK(...) EXPECT(sys(root, __VA_ARGS__), 0)

static uint64_t inspect(uint64_t cap)
{
	OK(SYS_INSPECT, cap);
	return root->regs[REG_A1];
}

static long delete_all(uint64_t cap)
{
	unsigned pieces;

	return host_sys_all(root, SYS_DELETE, (uint64_t[7]){ cap }, &pieces);
}

static long revoke_all(uint64_t cap, unsigned *pieces)
{
	return host_sys_all(root, SYS_REVOKE, (uint64_t[7]){ cap }, pieces);
}

/* ---- look-up ------------------------------------------------------------------------------------- */

static void index_0_names_nothing(void)
{
	REFUSED(E_BAD_SLOT, SYS_INSPECT, 0);
	REFUSED(E_BAD_SLOT, SYS_DELETE, 0);
	REFUSED(E_BAD_SLOT, SYS_GIVE, GIVE_COPY, ROOT_SYSTEM, 1, 0, RIGHT_ALL);
	REFUSED(E_BAD_SLOT, SYS_GIVE, GIVE_COPY, 0, 1, FREE, RIGHT_ALL);
	REFUSED(E_BAD_SLOT, SYS_INSPECT, CAP(ROOT_CNODE, 0));
}

static void an_index_out_of_range_is_refused(void)
{
	static const uint64_t bad[] = {
		ROOT_SLOTS, ROOT_SLOTS + 1, 0xffffffff, CAP(1, ROOT_SYSTEM), CAP(ROOT_SLOTS, 1), CAP(0xffffffff, 1),
		CAP(0xffffffff, 0xffffffff), ~0UL, CAP(ROOT_CNODE, ROOT_SLOTS), FREE,
	};

	for (unsigned i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		REFUSED(E_BAD_SLOT, SYS_INSPECT, bad[i]);
		REFUSED(E_BAD_SLOT, SYS_DELETE, bad[i]);
		REFUSED(E_BAD_SLOT, SYS_REVOKE, bad[i]);
		REFUSED(E_BAD_SLOT, SYS_GIVE, GIVE_COPY, bad[i], 1, FREE + 1, RIGHT_ALL);
		REFUSED(E_BAD_SLOT, SYS_CALL, bad[i]);
		REFUSED(E_BAD_SLOT, SYS_SIGNAL, bad[i]);
		REFUSED(E_BAD_SLOT, SYS_SPLIT, ROOT_WORLD, 0, 2, bad[i] == FREE ? ROOT_SLOTS - 1 : bad[i]);
	}
	OK(SYS_INSPECT, CAP(ROOT_CNODE, ROOT_SYSTEM));
}

static void a_run_may_not_leave_its_cnode(void)
{
	host_kit();
	REFUSED(E_BAD_SLOT, SYS_GIVE, GIVE_SHARE, PAGE, 3, ROOT_SLOTS - 2, RIGHT_ALL);
	REFUSED(E_BAD_SLOT, SYS_GIVE, GIVE_SHARE, PAGE, 0, FREE, RIGHT_ALL);
	REFUSED(E_BAD_ARG, SYS_GIVE, GIVE_SHARE, PAGE, MESSAGE_SLOTS + 1, FREE, RIGHT_ALL);
	REFUSED(E_BAD_ARG, SYS_GIVE, GIVE_SHARE, PAGE, ~0UL, FREE, RIGHT_ALL);
	REFUSED(E_BAD_SLOT, SYS_CARVE, ROOT_SLOTS - 1, 2, MEM_RAM);
	REFUSED(E_BAD_SLOT, SYS_MAP, SPACE, VA, RIGHT_R, 1, PAGE, ROOT_SLOTS - PAGE + 1);
	REFUSED(E_BAD_SLOT, SYS_MAP, SPACE, VA, RIGHT_R, 1, PAGE, ~0UL);
	OK(SYS_GIVE, GIVE_SHARE, PAGE, 2, ROOT_SLOTS - 2, RIGHT_ALL);
}

static void cnode_rights_gate_its_slots(void)
{
	host_kit();
	OK(SYS_MAKE, PAGE, TYPE_CNODE);
	OK(SYS_GIVE, GIVE_SHARE, PAGE + 1, 1, CAP(PAGE, 1), RIGHT_ALL);
	OK(SYS_GIVE, GIVE_COPY, PAGE, 1, FREE, RIGHT_READ);
	OK(SYS_GIVE, GIVE_COPY, PAGE, 1, FREE + 1, RIGHT_WRITE);
	OK(SYS_GIVE, GIVE_COPY, PAGE, 1, FREE + 2, 0);
	OK(SYS_INSPECT, CAP(FREE, 1));
	REFUSED(E_BAD_SLOT, SYS_INSPECT, CAP(FREE + 1, 1));
	REFUSED(E_BAD_SLOT, SYS_INSPECT, CAP(FREE + 2, 1));
	REFUSED(E_BAD_SLOT, SYS_DELETE, CAP(FREE, 1));
	REFUSED(E_BAD_SLOT, SYS_DELETE, CAP(FREE + 1, 1));
	REFUSED(E_BAD_SLOT, SYS_GIVE, GIVE_SHARE, PAGE + 2, 1, CAP(FREE, 2), RIGHT_ALL);
	REFUSED(E_BAD_SLOT, SYS_GIVE, GIVE_MOVE, CAP(FREE, 1), 1, FREE + 5, 0);
	REFUSED(E_BAD_SLOT, SYS_GIVE, GIVE_SHARE, CAP(FREE + 1, 1), 1, FREE + 5, RIGHT_ALL);
	OK(SYS_GIVE, GIVE_SHARE, CAP(FREE, 1), 1, CAP(FREE + 1, 2), RIGHT_ALL);
	OK(SYS_DELETE, CAP(PAGE, 1));
}

static void a_thread_needs_full_rights_to_its_cnode_and_space(void)
{
	host_kit();
	OK(SYS_MAKE, PAGE, TYPE_THREAD);
	OK(SYS_MAKE, PAGE + 1, TYPE_CNODE);
	OK(SYS_GIVE, GIVE_COPY, PAGE + 1, 1, FREE, RIGHT_READ);
	OK(SYS_GIVE, GIVE_COPY, PAGE + 1, 1, FREE + 1, RIGHT_WRITE);
	OK(SYS_GIVE, GIVE_COPY, SPACE, 1, FREE + 2, RIGHT_READ);
	REFUSED(E_NO_RIGHT, SYS_THREAD_SET, PAGE, THREAD_CSPACE, FREE);
	REFUSED(E_NO_RIGHT, SYS_THREAD_SET, PAGE, THREAD_CSPACE, FREE + 1);
	REFUSED(E_NO_RIGHT, SYS_THREAD_SET, PAGE, THREAD_VSPACE, FREE + 2);
	OK(SYS_THREAD_SET, PAGE, THREAD_CSPACE, PAGE + 1);
	OK(SYS_THREAD_SET, PAGE, THREAD_VSPACE, SPACE);
}

/* ---- the state table: every state, every verb ---------------------------------------------------- */

#define S FREE          /* the frame under test */
#define OTHER (PAGE + 8)
enum state {
	FREE_FRAME, MAPPED, SHARED, MAPPED_SHARED, FROZEN, MAPPED_FROZEN, LENT, SPLIT_UP, CNODE, THREAD, VSPACE, TABLE,
	A_SHARE, A_FROZEN_SHARE, A_LOAN, A_MAPPED_LOAN, DEVICE, UNKNOWN, STATES
};
static const char *const state_names[STATES] = {
	"free", "mapped", "shared", "mapped and shared", "frozen", "mapped and frozen", "lent", "split", "CNode",
	"Thread", "VSpace", "table", "a share", "a frozen share", "a loan", "a mapped loan", "device", "unknown",
};
enum verb {
	MAP_R, MAP_RW, MAP_ELSEWHERE, SHARE, FREEZE, LEND, SPLIT, MAKE, MOVE, COPY, MAKE_TABLE, FILL_TO, FILL_FROM,
	CARVE, VERBS
};
static const char *const verb_names[VERBS] = {
	"map R", "map RW", "map elsewhere", "share", "freeze", "lend", "split", "make", "move", "copy", "table", "fill",
	"fill from", "carve",
};

static unsigned taken_by(enum state state)
{
	return state == A_SHARE ? GIVE_SHARE : state == A_FROZEN_SHARE ? GIVE_FREEZE : GIVE_LEND;
}

/* What the frame in slot S is taken from: a loan of a page, so that no state outlives a revoke of the page. */
static void state_enter(enum state state)
{
	unsigned from = PAGE + 4;

	if (state == DEVICE || state == UNKNOWN) {
		OK(SYS_SPLIT, UNKNOWN_2M, 0, 1, S);
		if (state == DEVICE)
			OK(SYS_CARVE, S, 1, MEM_DEVICE);
		return;
	}
	OK(SYS_GIVE, taken_by(state), from, 1, S, RIGHT_ALL);
	switch (state) {
	case MAPPED:
	case A_MAPPED_LOAN:
		OK(SYS_MAP, SPACE, VA, RIGHT_R | RIGHT_W, 1, S, 1);
		break;
	case MAPPED_SHARED:
		OK(SYS_MAP, SPACE, VA, RIGHT_R | RIGHT_W, 1, S, 1);
		OK(SYS_GIVE, GIVE_SHARE, S, 1, S + 1, RIGHT_ALL);
		break;
	case SHARED:
		OK(SYS_GIVE, GIVE_SHARE, S, 1, S + 1, RIGHT_ALL);
		break;
	case MAPPED_FROZEN:
		OK(SYS_MAP, SPACE, VA, RIGHT_R | RIGHT_W, 1, S, 1);
		OK(SYS_GIVE, GIVE_FREEZE, S, 1, S + 1, RIGHT_ALL);
		break;
	case FROZEN:
		OK(SYS_GIVE, GIVE_FREEZE, S, 1, S + 1, RIGHT_ALL);
		break;
	case LENT:
		OK(SYS_GIVE, GIVE_LEND, S, 1, S + 1, RIGHT_ALL);
		break;
	case SPLIT_UP:
		OK(SYS_SPLIT, S, 0, 1, S + 1);
		break;
	case CNODE:
	case THREAD:
	case VSPACE:
		OK(SYS_MAKE, S, state == CNODE ? TYPE_CNODE : state == THREAD ? TYPE_THREAD : TYPE_VSPACE, ROOT_SYSTEM);
		break;
	case TABLE:
		OK(SYS_TABLE, S, SPACE, VA + MEGAPAGE_SIZE);
		break;
	default:
		break;
	}
}

static long verb_do(enum verb verb)
{
	switch (verb) {
	case MAP_R:
		return sys(root, SYS_MAP, SPACE, VA, RIGHT_R, 1, S, 1);
	case MAP_RW:
		return sys(root, SYS_MAP, SPACE, VA, RIGHT_R | RIGHT_W, 1, S, 1);
	case MAP_ELSEWHERE:
		return sys(root, SYS_MAP, SPACE, VA + PAGE_SIZE, RIGHT_R, 1, S, 1);
	case SHARE:
	case FREEZE:
	case LEND:
		return sys(root, SYS_GIVE, GIVE_SHARE + verb - SHARE, S, 1, S + 2, RIGHT_ALL);
	case SPLIT:
		return sys(root, SYS_SPLIT, S, 0, 2, S + 2);
	case MAKE:
		return sys(root, SYS_MAKE, S, TYPE_THREAD);
	case MOVE:
		return sys(root, SYS_GIVE, GIVE_MOVE, S, 1, S + 2);
	case COPY:
		return sys(root, SYS_GIVE, GIVE_COPY, S, 1, S + 2, RIGHT_ALL);
	case MAKE_TABLE:
		return sys(root, SYS_TABLE, S, SPACE, VA + MEGAPAGE_SIZE);
	case FILL_TO:
		return sys(root, SYS_FILL, S, 0, 0, PAGE_SIZE);
	case FILL_FROM:
		return sys(root, SYS_FILL, OTHER, S, 0, PAGE_SIZE);
	default:
		return sys(root, SYS_CARVE, S, 1, MEM_RAM);
	}
}

#define O 0
#define B E_BUSY
#define T E_BAD_TYPE
#define N E_NOT_FREE
#define R E_NO_RIGHT
#define A E_BAD_ARG
#define F E_FROZEN
static const uint8_t state_table[STATES][VERBS] = {
	/*                    map R   RW    else  share freez lend  split make  move  copy  table fill  from  carve */
	[FREE_FRAME]      = { O,      O,    O,    O,    O,    O,    O,    O,    O,    T,    O,    O,    O,    A },
	[MAPPED]          = { O,      O,    N,    O,    O,    B,    B,    B,    B,    T,    B,    B,    O,    A },
	[SHARED]          = { O,      O,    O,    O,    B,    B,    B,    B,    B,    T,    B,    B,    O,    A },
	[MAPPED_SHARED]   = { O,      O,    N,    O,    B,    B,    B,    B,    B,    T,    B,    B,    O,    A },
	[FROZEN]          = { O,      F,    O,    B,    O,    B,    B,    B,    B,    T,    B,    B,    O,    A },
	[MAPPED_FROZEN]   = { O,      F,    N,    B,    O,    B,    B,    B,    B,    T,    B,    B,    O,    A },
	[LENT]            = { N,      N,    N,    B,    B,    B,    B,    B,    B,    T,    B,    B,    B,    A },
	[SPLIT_UP]        = { N,      N,    N,    B,    B,    B,    B,    B,    B,    T,    B,    B,    B,    A },
	[CNODE]           = { T,      T,    T,    T,    T,    T,    T,    T,    B,    O,    T,    T,    T,    T },
	[THREAD]          = { T,      T,    T,    T,    T,    T,    T,    T,    B,    O,    T,    T,    T,    T },
	[VSPACE]          = { T,      T,    T,    T,    T,    T,    T,    T,    B,    O,    T,    T,    T,    T },
	[TABLE]           = { T,      T,    T,    T,    T,    T,    T,    T,    B,    T,    T,    T,    T,    T },
	[A_SHARE]         = { O,      O,    O,    O,    R,    R,    R,    R,    O,    T,    R,    R,    O,    A },
	[A_FROZEN_SHARE]  = { O,      R,    O,    R,    O,    R,    R,    R,    O,    T,    R,    R,    O,    A },
	[A_LOAN]          = { O,      O,    O,    O,    O,    O,    O,    O,    O,    T,    O,    O,    O,    A },
	[A_MAPPED_LOAN]   = { O,      O,    N,    O,    O,    B,    B,    B,    B,    T,    B,    B,    O,    A },
	[DEVICE]          = { O,      O,    O,    O,    O,    O,    A,    A,    O,    T,    A,    A,    A,    A },
	[UNKNOWN]         = { A,      A,    A,    A,    A,    A,    A,    A,    O,    T,    A,    A,    A,    O },
};
#undef O
#undef B
#undef T
#undef N
#undef R
#undef A
#undef F

/* Back to a page that nobody has anything of. */
static void state_leave(enum state state)
{
	unsigned pieces;

	if (state == DEVICE || state == UNKNOWN)
		EXPECT(revoke_all(UNKNOWN_2M, &pieces), 0);
	else
		EXPECT(revoke_all(PAGE + 4, &pieces), 0);
	for (unsigned i = S; i < S + 4; i++)
		EXPECT(root_slot(i)->type, TYPE_NULL);
	CHECK(!slot_has_children(root_slot(PAGE + 4)) && root_slot(PAGE + 4)->type == TYPE_FRAME);
}


static void every_verb_in_every_state_does_what_the_table_says(void)
{
	unsigned wrong = 0;

	host_kit();
	for (unsigned state = 0; state < STATES; state++)
		for (unsigned verb = 0; verb < VERBS; verb++) {
			long want = -(long)state_table[state][verb], got;
			uint64_t before;

			state_enter(state);
			before = host_digest();
			got = verb_do(verb);
			if (got != want || (got && before != host_digest())) {
				fprintf(stderr, "%s, %s: %ld, not %ld%s\n", state_names[state],
					verb_names[verb], got, want,
					got && before != host_digest() ? ", and something changed" : "");
				wrong++;
			}
			state_leave(state);
		}
	EXPECT(wrong, 0);
}
#undef S
#undef OTHER

/* ---- rights and badges --------------------------------------------------------------------------- */

static void rights_only_shrink(void)
{
	host_kit();
	host_endpoints(PAGE + 4, FREE, 1);
	for (unsigned first = 0; first <= RIGHT_ALL; first++)
		for (unsigned second = 0; second <= RIGHT_ALL; second++) {
			OK(SYS_GIVE, GIVE_COPY, FREE, 1, FREE + 1, first);
			OK(SYS_GIVE, GIVE_COPY, FREE + 1, 1, FREE + 2, second | ~31UL);
			OK(SYS_GIVE, GIVE_SHARE, PAGE + 5, 1, FREE + 3, first);
			OK(SYS_GIVE, GIVE_SHARE, FREE + 3, 1, FREE + 4, second);
			OK(SYS_GIVE, GIVE_FREEZE, PAGE + 6, 1, FREE + 5, first);
			OK(SYS_GIVE, GIVE_LEND, PAGE + 7, 1, FREE + 6, first);
			EXPECT(INSPECT_RIGHTS(inspect(FREE + 2)), first & second);
			EXPECT(INSPECT_RIGHTS(inspect(FREE + 4)), first & second);
			EXPECT(INSPECT_RIGHTS(inspect(FREE + 5)), first & ~RIGHT_W);
			EXPECT(INSPECT_RIGHTS(inspect(FREE + 6)), first);
			for (unsigned i = 6; i; i--)
				OK(SYS_DELETE, FREE + i);
			host_check_every = 1000;
		}
}

static void a_frame_maps_with_its_rights_at_most(void)
{
	host_kit();
	for (unsigned have = 0; have < 8; have++)
		for (unsigned want = 0; want < 17; want++) {
			bool sane = want == 1 || want == 3 || want == 4 || want == 5;

			OK(SYS_GIVE, GIVE_SHARE, PAGE + 4, 1, FREE, have);
			EXPECT(sys(root, SYS_MAP, SPACE, VA, want, 1, FREE, 1),
			       !sane ? -E_BAD_ARG : want & ~have ? -E_NO_RIGHT : 0);
			OK(SYS_DELETE, FREE);
		}
}

static void only_the_right_to_addresses_shows_them(void)
{
	host_kit();
	OK(SYS_GIVE, GIVE_SHARE, PAGE + 4, 1, FREE, RIGHT_R | RIGHT_W | RIGHT_X);
	OK(SYS_INSPECT, FREE);
	EXPECT(root->regs[REG_A2], 0);
	OK(SYS_INSPECT, PAGE + 4);
	EXPECT(root->regs[REG_A2], HOST_RAM + 4 * PAGE_SIZE);
}

static void a_badge_needs_call_or_signal_alone(void)
{
	host_kit();
	host_endpoints(PAGE + 4, FREE, 1);
	for (unsigned rights = 0; rights <= RIGHT_ALL; rights++) {
		long error = sys(root, SYS_GIVE, GIVE_COPY, FREE, 1, FREE + 1, rights, 77);

		EXPECT(error, rights == RIGHT_CALL || rights == RIGHT_SIGNAL ? 0 : -E_NO_RIGHT);
		if (!error)
			OK(SYS_DELETE, FREE + 1);
	}
	OK(SYS_GIVE, GIVE_COPY, FREE, 1, FREE + 1, RIGHT_RECV | RIGHT_CALL);
	REFUSED(E_NO_RIGHT, SYS_GIVE, GIVE_COPY, FREE + 1, 1, FREE + 2, RIGHT_SIGNAL, 77);
	OK(SYS_GIVE, GIVE_COPY, FREE + 1, 1, FREE + 2, RIGHT_CALL | RIGHT_SIGNAL, 77);
	EXPECT(INSPECT_RIGHTS(inspect(FREE + 2)), RIGHT_CALL);
	EXPECT(INSPECT_BADGED(inspect(FREE + 2)), 1);
	EXPECT(root->regs[REG_A2], 77);
}

static void a_badge_stays_as_it_is(void)
{
	host_kit();
	host_endpoints(PAGE + 4, FREE, 1);
	OK(SYS_GIVE, GIVE_COPY, FREE, 1, FREE + 1, RIGHT_CALL, ~0UL);
	REFUSED(E_BAD_TYPE, SYS_GIVE, GIVE_COPY, FREE + 1, 1, FREE + 2, RIGHT_CALL, 1);
	OK(SYS_GIVE, GIVE_COPY, FREE + 1, 1, FREE + 2, RIGHT_ALL, 0);
	(void)inspect(FREE + 2);
	EXPECT(root->regs[REG_A2], ~0UL);
	REFUSED(E_BAD_TYPE, SYS_GIVE, GIVE_COPY, ROOT_SYSTEM, 1, FREE + 3, RIGHT_CALL, 1);
	REFUSED(E_BAD_TYPE, SYS_GIVE, GIVE_COPY, SPACE, 1, FREE + 3, RIGHT_CALL, 1);
}

static void a_copy_is_of_objects_only(void)
{
	host_kit();
	REFUSED(E_BAD_TYPE, SYS_GIVE, GIVE_COPY, PAGE + 4, 1, FREE, RIGHT_ALL);
	REFUSED(E_BAD_TYPE, SYS_GIVE, GIVE_COPY, SPACE + 1, 1, FREE, RIGHT_ALL);
	OK(SYS_SPLIT, PAGE + 4, 0, 1, FREE);
	REFUSED(E_BAD_TYPE, SYS_GIVE, GIVE_COPY, FREE, 1, FREE + 1, RIGHT_ALL);
	REFUSED(E_BAD_TYPE, SYS_GIVE, GIVE_LEND, FREE, 1, FREE + 1, RIGHT_ALL);
	REFUSED(E_BAD_ARG, SYS_GIVE, GIVE_MOVE + 1, FREE, 1, FREE + 1, RIGHT_ALL);
	OK(SYS_GIVE, GIVE_MOVE, FREE, 1, FREE + 1);
	EXPECT(root_slot(FREE)->type, TYPE_NULL);
	EXPECT(root_slot(FREE + 1)->type, TYPE_CHIP);
}

/* ---- give: runs, parts, depth -------------------------------------------------------------------- */

static void give_stops_at_the_first_that_fails_and_says_where(void)
{
	host_kit();
	OK(SYS_GIVE, GIVE_SHARE, PAGE + 9, 1, FREE + 3, RIGHT_ALL);
	EXPECT(sys(root, SYS_GIVE, GIVE_SHARE, PAGE + 4, 6, FREE, RIGHT_ALL), -E_NOT_EMPTY);
	EXPECT(root->regs[REG_A1], 3);
	EXPECT(sys(root, SYS_GIVE, GIVE_SHARE, FREE, 6, FREE + 10, RIGHT_ALL), -E_BAD_SLOT);
	EXPECT(root->regs[REG_A1], 4);
	EXPECT(sys(root, SYS_GIVE, GIVE_MOVE, FREE + 10, 4, FREE + 9, RIGHT_ALL), 0);
	EXPECT(root->regs[REG_A1], 4);
	EXPECT(root_slot(FREE + 13)->type, TYPE_NULL);
}

static void the_127th_derivation_is_the_last(void)
{
	unsigned n = 0, pieces;

	host_kit();
	OK(SYS_GIVE, GIVE_SHARE, PAGE + 4, 1, FREE, RIGHT_ALL);
	while (root_slot(FREE + n)->depth < DEPTH_MAX) {
		OK(SYS_GIVE, GIVE_SHARE, FREE + n, 1, FREE + n + 1, RIGHT_ALL);
		n++;
	}
	REFUSED(E_TOO_DEEP, SYS_GIVE, GIVE_SHARE, FREE + n, 1, FREE + n + 1, RIGHT_ALL);
	EXPECT(root_slot(FREE + n)->depth, 127);
	EXPECT(revoke_all(PAGE + 4, &pieces), 0);
	CHECK(pieces > 1);
	CHECK(!slot_has_children(root_slot(PAGE + 4)));
}

static void a_loan_127_deep_neither_splits_nor_binds_nor_lends(void)
{
	unsigned n = 0;

	host_kit();
	OK(SYS_MAKE, PAGE + 5, TYPE_THREAD);
	OK(SYS_GIVE, GIVE_LEND, PAGE + 4, 1, FREE, RIGHT_ALL);
	while (root_slot(FREE + n)->depth < DEPTH_MAX) {
		OK(SYS_GIVE, GIVE_LEND, FREE + n, 1, FREE + n + 1, RIGHT_ALL);
		n++;
	}
	REFUSED(E_TOO_DEEP, SYS_GIVE, GIVE_LEND, FREE + n, 1, FREE + n + 1, RIGHT_ALL);
	REFUSED(E_TOO_DEEP, SYS_SPLIT, FREE + n, 0, 1, FREE + n + 1);
	REFUSED(E_TOO_DEEP, SYS_THREAD_SET, PAGE + 5, THREAD_BUFFER, FREE + n);
	OK(SYS_MAP, SPACE, VA, RIGHT_R, 1, FREE + n, 1);
	EXPECT(delete_all(PAGE + 4), 0);
}

static void a_share_may_be_an_aligned_part(void)
{
	host_kit();
	OK(SYS_GIVE, GIVE_SHARE, MEGA + 2, 1, FREE, RIGHT_ALL, 0, 5 * PAGE_SIZE | (ORDER_4K + 1));
	EXPECT(slot_pa(root_slot(FREE)), HOST_RAM + 2 * MEGAPAGE_SIZE + 5 * PAGE_SIZE);
	EXPECT(INSPECT_ORDER(inspect(FREE)), ORDER_4K);
	OK(SYS_GIVE, GIVE_SHARE, MEGA + 2, 1, FREE + 1, RIGHT_ALL, 0, ORDER_2M + 1);
	OK(SYS_GIVE, GIVE_FREEZE, MEGA + 3, 1, FREE + 2, RIGHT_ALL, 0, 511UL * PAGE_SIZE | (ORDER_4K + 1));
	REFUSED(E_BAD_ARG, SYS_GIVE, GIVE_SHARE, MEGA + 2, 1, FREE + 3, RIGHT_ALL, 0,
		512UL * PAGE_SIZE | (ORDER_4K + 1));
	REFUSED(E_BAD_ARG, SYS_GIVE, GIVE_SHARE, MEGA + 2, 1, FREE + 3, RIGHT_ALL, 0, 0x800 | (ORDER_4K + 1));
	REFUSED(E_BAD_ARG, SYS_GIVE, GIVE_SHARE, MEGA + 2, 1, FREE + 3, RIGHT_ALL, 0, PAGE_SIZE | (ORDER_2M + 1));
	REFUSED(E_BAD_ARG, SYS_GIVE, GIVE_SHARE, MEGA + 2, 1, FREE + 3, RIGHT_ALL, 0, ORDER_1G + 1);
	REFUSED(E_BAD_ARG, SYS_GIVE, GIVE_SHARE, MEGA + 2, 1, FREE + 3, RIGHT_ALL, 0, 7);
	REFUSED(E_BAD_ARG, SYS_GIVE, GIVE_SHARE, MEGA + 2, 1, FREE + 3, RIGHT_ALL, 0, 8);
	REFUSED(E_BAD_ARG, SYS_GIVE, GIVE_SHARE, MEGA + 2, 1, FREE + 3, RIGHT_ALL, 0, ~7UL);
	REFUSED(E_BAD_ARG, SYS_GIVE, GIVE_LEND, MEGA + 4, 1, FREE + 3, RIGHT_ALL, 0, PAGE_SIZE | (ORDER_4K + 1));
	REFUSED(E_BAD_ARG, SYS_GIVE, GIVE_SHARE, PAGE + 4, 1, FREE + 3, RIGHT_ALL, 0, ORDER_2M + 1);
}

static void the_giver_of_a_loan_has_it_back_free(void)
{
	unsigned pieces;

	host_kit();
	OK(SYS_GIVE, GIVE_LEND, PAGE + 4, 1, FREE, RIGHT_ALL);
	OK(SYS_MAP, SPACE, VA, RIGHT_R | RIGHT_W, 1, FREE, 1);
	EXPECT(revoke_all(PAGE + 4, &pieces), 0);
	EXPECT(root_slot(FREE)->type, TYPE_NULL);
	OK(SYS_MAP, SPACE, VA, RIGHT_R | RIGHT_W, 1, PAGE + 4, 1);
	OK(SYS_REVOKE, PAGE + 4);
	OK(SYS_GIVE, GIVE_LEND, PAGE + 4, 1, FREE, RIGHT_ALL);
	OK(SYS_DELETE, FREE);
	OK(SYS_MAKE, PAGE + 4, TYPE_THREAD);
}

/* The lender's record of a mapping that went with its page table names the borrower's page when it stands there. */
static void a_lender_has_no_mapping_by_an_old_record(void)
{
	host_kit();
	OK(SYS_MAP, SPACE, VA, RIGHT_R | RIGHT_W, 1, PAGE + 4, 1);
	OK(SYS_REVOKE, SPACE + 2);
	OK(SYS_GIVE, GIVE_LEND, PAGE + 4, 1, FREE, RIGHT_ALL);
	OK(SYS_TABLE, SPACE + 2, SPACE, VA);
	OK(SYS_MAP, SPACE, VA, RIGHT_R | RIGHT_W, 1, FREE, 1);
	EXPECT(INSPECT_MAPPED(inspect(PAGE + 4)), 0);
	EXPECT(INSPECT_MAPPED(inspect(FREE)), 1);
}

static void freezing_takes_write_from_the_giver_and_thawing_gives_none_back(void)
{
	host_kit();
	OK(SYS_MAP, SPACE, VA, RIGHT_R | RIGHT_W, 1, PAGE + 4, 1);
	CHECK(*space_mapping(root_slot(PAGE + 4)) & PTE_W);
	OK(SYS_GIVE, GIVE_FREEZE, PAGE + 4, 1, FREE, RIGHT_ALL);
	CHECK(!(*space_mapping(root_slot(PAGE + 4)) & PTE_W));
	REFUSED(E_FROZEN, SYS_MAP, SPACE, VA, RIGHT_R | RIGHT_W, 1, PAGE + 4, 1);
	OK(SYS_DELETE, FREE);
	CHECK(!(*space_mapping(root_slot(PAGE + 4)) & PTE_W));
	OK(SYS_MAP, SPACE, VA, RIGHT_R | RIGHT_W, 1, PAGE + 4, 1);
}

/* ---- split and carve ----------------------------------------------------------------------------- */

static void pieces_are_handed_out_in_ascending_order(void)
{
	unsigned pieces;

	host_kit();
	OK(SYS_SPLIT, MEGA + 2, 3, 2, FREE);
	EXPECT(slot_pa(root_slot(FREE)), HOST_RAM + 2 * MEGAPAGE_SIZE + 3 * PAGE_SIZE);
	EXPECT(slot_pa(root_slot(FREE + 1)), HOST_RAM + 2 * MEGAPAGE_SIZE + 4 * PAGE_SIZE);
	REFUSED(E_BUSY, SYS_SPLIT, MEGA + 2, 0, 1, FREE + 2);
	REFUSED(E_BUSY, SYS_SPLIT, MEGA + 2, 4, 1, FREE + 2);
	OK(SYS_SPLIT, MEGA + 2, 5, 1, FREE + 2);
	REFUSED(E_NOT_EMPTY, SYS_SPLIT, MEGA + 2, 6, 2, FREE + 2);
	REFUSED(E_BAD_ARG, SYS_SPLIT, MEGA + 2, 511, 2, FREE + 3);
	REFUSED(E_BAD_ARG, SYS_SPLIT, MEGA + 2, 512, 1, FREE + 3);
	REFUSED(E_BAD_ARG, SYS_SPLIT, MEGA + 2, ~0UL, 2, FREE + 3);
	REFUSED(E_BAD_ARG, SYS_SPLIT, MEGA + 2, 0, 513, FREE + 3);
	REFUSED(E_BAD_SLOT, SYS_SPLIT, MEGA + 2, 6, 0, FREE + 3);
	OK(SYS_SPLIT, MEGA + 2, 511, 1, FREE + 3);
	EXPECT(revoke_all(MEGA + 2, &pieces), 0);
	OK(SYS_SPLIT, MEGA + 2, 0, 1, FREE);
	for (unsigned i = 0; i < 3; i++) {
		OK(SYS_DELETE, FREE);
		OK(SYS_SPLIT, MEGA + 2, 0, 1, FREE);
	}
}

static void a_page_splits_into_64_chips_and_the_world_into_256(void)
{
	host_kit();
	OK(SYS_SPLIT, PAGE + 4, 0, 64, FREE);
	EXPECT(slot_pa(root_slot(FREE + 63)), HOST_RAM + 4 * PAGE_SIZE + 63 * 64);
	REFUSED(E_BUSY, SYS_SPLIT, PAGE + 4, 63, 1, FREE + 64);
	REFUSED(E_BAD_ARG, SYS_SPLIT, PAGE + 4, 64, 1, FREE + 64);
	REFUSED(E_BAD_ARG, SYS_SPLIT, PAGE + 5, 0, 65, FREE + 64);
	OK(SYS_SPLIT, ROOT_WORLD, 255, 1, FREE + 64);
	EXPECT(slot_pa(root_slot(FREE + 64)), 255UL << 30);
	REFUSED(E_BAD_ARG, SYS_SPLIT, ROOT_WORLD, 256, 1, FREE + 65);
	REFUSED(E_BAD_TYPE, SYS_SPLIT, FREE, 0, 1, FREE + 65);
}

static void carve_keeps_to_the_window_and_off_the_image(void)
{
	uint64_t image = (uint64_t)&kernel_stats >> 21;

	OK(SYS_SPLIT, ROOT_WORLD, 0, 3, FREE);
	OK(SYS_SPLIT, ROOT_WORLD, 254, 2, FREE + 4);
	REFUSED(E_BAD_ARG, SYS_CARVE, ROOT_WORLD, 1, MEM_RAM);
	REFUSED(E_IMAGE, SYS_CARVE, FREE, 1, MEM_RAM);
	REFUSED(E_IMAGE, SYS_CARVE, FREE, 1, MEM_DEVICE);
	REFUSED(E_OUT_OF_WINDOW, SYS_CARVE, FREE + 5, 1, MEM_RAM);
	OK(SYS_CARVE, FREE + 4, 1, MEM_DEVICE);
	REFUSED(E_BAD_ARG, SYS_CARVE, FREE + 4, 1, MEM_DEVICE);
	REFUSED(E_BAD_ARG, SYS_CARVE, FREE + 1, 1, MEM_UNKNOWN);
	REFUSED(E_BAD_ARG, SYS_CARVE, FREE + 1, 1, MEM_DEVICE + 1);
	REFUSED(E_BAD_ARG, SYS_CARVE, FREE + 1, 513, MEM_RAM);
	REFUSED(E_BAD_TYPE, SYS_CARVE, FREE + 1, 3, MEM_RAM);
	OK(SYS_CARVE, FREE + 1, 2, MEM_RAM);
	REFUSED(E_BAD_TYPE, SYS_CARVE, ROOT_SYSTEM, 1, MEM_RAM);
	OK(SYS_SPLIT, FREE + 4, 0, 1, FREE + 6);
	EXPECT(INSPECT_MEMTYPE(inspect(FREE + 6)), MEM_DEVICE);
	OK(SYS_SPLIT, FREE, image, 1, FREE + 7);
	OK(SYS_SPLIT, FREE + 7, 0, 16, FREE + 16);
	OK(SYS_SPLIT, FREE, 300, 1, FREE + 8);
	OK(SYS_SPLIT, FREE + 8, 0, 1, FREE + 9);
	REFUSED(E_BUSY, SYS_CARVE, FREE + 8, 1, MEM_RAM);
	OK(SYS_CARVE, FREE + 9, 1, MEM_RAM);
}

static void memory_that_does_not_answer_makes_nothing(void)
{
	unsigned pieces;

	host_kit();
	OK(SYS_CARVE, UNKNOWN_2M, 1, MEM_RAM);
	OK(SYS_GIVE, GIVE_LEND, UNKNOWN_2M, 1, FREE, RIGHT_ALL);
	REFUSED(E_BAD_MEMORY, SYS_MAKE, FREE, TYPE_CNODE);
	OK(SYS_SPLIT, FREE, 0, 2, FREE + 1);
	REFUSED(E_BAD_MEMORY, SYS_MAKE, FREE + 1, TYPE_THREAD);
	REFUSED(E_BAD_MEMORY, SYS_MAKE, FREE + 1, TYPE_VSPACE, ROOT_SYSTEM);
	REFUSED(E_BAD_MEMORY, SYS_FILL, FREE + 1, 0, 0, PAGE_SIZE);
	REFUSED(E_BAD_MEMORY, SYS_FILL, PAGE + 4, FREE + 1, 0, PAGE_SIZE);
	REFUSED(E_BAD_MEMORY, SYS_TABLE, FREE + 1, SPACE, VA + MEGAPAGE_SIZE);
	OK(SYS_SPLIT, FREE + 2, 0, 1, FREE + 3);
	REFUSED(E_BAD_MEMORY, SYS_MAKE, FREE + 3, TYPE_ENDPOINT);
	EXPECT(revoke_all(UNKNOWN_2M, &pieces), 0);
}

/* Half a gigapage answers: the clearing of a CNode breaks off in the middle. */
static void a_cnode_that_breaks_off_is_a_frame_again(void)
{
	unsigned pieces;
	long error;

	OK(SYS_SPLIT, ROOT_WORLD, 1, 1, GIGA);
	OK(SYS_CARVE, GIGA, 1, MEM_RAM);
	memset((void *)HOST_RAM, 0xa5, 1 << 20);
	host_check_every = 0;
	error = host_sys_all(root, SYS_MAKE, (uint64_t[7]){ GIGA, TYPE_CNODE }, &pieces);
	EXPECT(error, -E_BAD_MEMORY);
	CHECK(pieces > 1000);
	EXPECT(root_slot(GIGA)->type, TYPE_FRAME);
	EXPECT(root_slot(GIGA)->record, 0);
	host_check_every = 1;
	OK(SYS_SPLIT, GIGA, 0, 1, FREE);
}

/* ---- make, fill ---------------------------------------------------------------------------------- */

static bool all_zero(uint64_t pa, uint64_t size)
{
	for (const uint64_t *w = window(pa); size; size -= 8)
		if (*w++)
			return false;
	return true;
}

static void what_is_made_is_clear_and_what_is_unmade_too(void)
{
	static const unsigned types[] = { TYPE_CNODE, TYPE_THREAD, TYPE_VSPACE };
	uint64_t pa = HOST_RAM + 4 * PAGE_SIZE;

	host_kit();
	for (unsigned i = 0; i < 3; i++) {
		memset(window(pa), 0xa5, PAGE_SIZE);
		OK(SYS_MAKE, PAGE + 4, types[i], ROOT_SYSTEM);
		EXPECT(INSPECT_TYPE(inspect(PAGE + 4)), types[i]);
		if (types[i] == TYPE_CNODE)
			CHECK(all_zero(pa, PAGE_SIZE));
		if (types[i] == TYPE_VSPACE)
			CHECK(all_zero(pa, PAGE_SIZE / 2));
		if (types[i] == TYPE_CNODE)
			OK(SYS_GIVE, GIVE_COPY, PAGE + 4, 1, CAP(PAGE + 4, 127), RIGHT_ALL);
		EXPECT(revoke_all(PAGE + 4, &(unsigned){ 0 }), 0);
		EXPECT(INSPECT_TYPE(inspect(PAGE + 4)), TYPE_FRAME);
		EXPECT(slot_pa(root_slot(PAGE + 4)), pa);
		CHECK(all_zero(pa, PAGE_SIZE));
	}
	memset(window(pa), 0xa5, PAGE_SIZE);
	OK(SYS_TABLE, PAGE + 4, SPACE, VA + MEGAPAGE_SIZE);
	CHECK(all_zero(pa, PAGE_SIZE));
	OK(SYS_MAP, SPACE, VA + MEGAPAGE_SIZE, RIGHT_R, 1, PAGE + 5, 1);
	OK(SYS_REVOKE, PAGE + 4);
	CHECK(all_zero(pa, PAGE_SIZE));
	memset(window(pa), 0xa5, PAGE_SIZE);
	OK(SYS_SPLIT, PAGE + 4, 63, 1, FREE);
	OK(SYS_MAKE, FREE, TYPE_ENDPOINT);
	CHECK(all_zero(pa + 63 * 64, 64) && !all_zero(pa + 62 * 64, 64));
	OK(SYS_SIGNAL, FREE);
	OK(SYS_REVOKE, FREE);
	EXPECT(root_slot(FREE)->type, TYPE_CHIP);
	CHECK(all_zero(pa + 63 * 64, 64));
}

static void make_takes_only_what_fits(void)
{
	host_kit();
	OK(SYS_SPLIT, PAGE + 4, 0, 2, FREE);
	REFUSED(E_BAD_TYPE, SYS_MAKE, PAGE + 5, TYPE_ENDPOINT);
	REFUSED(E_BAD_TYPE, SYS_MAKE, FREE, TYPE_CNODE);
	REFUSED(E_BAD_TYPE, SYS_MAKE, ROOT_SYSTEM, TYPE_CNODE);
	REFUSED(E_BAD_TYPE, SYS_MAKE, FREE + 9, TYPE_ENDPOINT);
	REFUSED(E_BAD_ARG, SYS_MAKE, MEGA + 2, TYPE_THREAD);
	REFUSED(E_BAD_ARG, SYS_MAKE, MEGA + 2, TYPE_VSPACE, ROOT_SYSTEM);
	for (unsigned type = 0; type < 17; type++)
		if (type < TYPE_CNODE || type > TYPE_ENDPOINT || type == TYPE_TABLE)
			REFUSED(E_BAD_ARG, SYS_MAKE, PAGE + 5, type);
	REFUSED(E_NO_RIGHT, SYS_MAKE, PAGE + 5, TYPE_VSPACE);
	REFUSED(E_BAD_TYPE, SYS_MAKE, PAGE + 5, TYPE_VSPACE, ROOT_CNODE);
	OK(SYS_GIVE, GIVE_COPY, ROOT_SYSTEM, 1, FREE + 2, RIGHT_ALL & ~RIGHT_SPACE_ID);
	REFUSED(E_NO_RIGHT, SYS_MAKE, PAGE + 5, TYPE_VSPACE, FREE + 2);
	OK(SYS_MAKE, FREE, TYPE_ENDPOINT);
	REFUSED(E_BAD_TYPE, SYS_MAKE, FREE, TYPE_ENDPOINT);
}

static void space_ids_run_out_and_come_back(void)
{
	unsigned n = 0;
	long error = 0;

	host_kit();
	OK(SYS_SPLIT, MEGA + 3, 0, 64, FREE);
	host_check_every = 0;
	EXPECT(host_sys_all(root, SYS_MAKE, (uint64_t[7]){ MEGA + 2, TYPE_CNODE }, &(unsigned){ 0 }), 0);
	for (unsigned mega = 0; mega < 9 && !error; mega++) {
		if (mega)
			OK(SYS_SPLIT, GIGA, 8 + mega, 1, FREE + 100 + mega);
		for (unsigned i = 0; i < 512 && mega && !error; i++) {
			OK(SYS_SPLIT, FREE + 100 + mega, i, 1, CAP(MEGA + 2, 1 + n));
			error = sys(root, SYS_MAKE, CAP(MEGA + 2, 1 + n), TYPE_VSPACE, ROOT_SYSTEM);
			n++;
		}
	}
	EXPECT(error, -E_NO_SPACE_ID);
	EXPECT(n, 4096 - 1 - 2 + 1);
	EXPECT(delete_all(MEGA + 2), 0);
	OK(SYS_MAKE, PAGE + 9, TYPE_VSPACE, ROOT_SYSTEM);
	host_check_every = 1;
}

static void fill_keeps_to_its_piece(void)
{
	uint64_t pa = HOST_RAM + 4 * PAGE_SIZE;

	host_kit();
	memset(window(pa), 1, PAGE_SIZE);
	memset(window(pa + PAGE_SIZE), 2, PAGE_SIZE);
	OK(SYS_FILL, PAGE + 4, 0, 64, 128);
	EXPECT(*(uint8_t *)window(pa + 63), 1);
	EXPECT(*(uint8_t *)window(pa + 64), 0);
	EXPECT(*(uint8_t *)window(pa + 191), 0);
	EXPECT(*(uint8_t *)window(pa + 192), 1);
	OK(SYS_FILL, PAGE + 4, PAGE + 5, 64, 64);
	EXPECT(*(uint8_t *)window(pa + 64), 2);
	EXPECT(*(uint8_t *)window(pa + 128), 0);
	OK(SYS_FILL, PAGE + 4, PAGE + 4, 64, 64);
	OK(SYS_FILL, PAGE + 4, 0, 0, 0);
	OK(SYS_FILL, MEGA + 2, 0, MEGAPAGE_SIZE - PAGE_SIZE, PAGE_SIZE);
	REFUSED(E_BAD_ARG, SYS_FILL, MEGA + 2, PAGE + 5, PAGE_SIZE, 64);
	REFUSED(E_BAD_ARG, SYS_FILL, PAGE + 4, 0, 32, 64);
	REFUSED(E_BAD_ARG, SYS_FILL, PAGE + 4, 0, 0, 32);
	REFUSED(E_BAD_ARG, SYS_FILL, PAGE + 4, 0, 64, PAGE_SIZE);
	REFUSED(E_BAD_ARG, SYS_FILL, PAGE + 4, 0, PAGE_SIZE, 64);
	REFUSED(E_BAD_ARG, SYS_FILL, PAGE + 4, 0, ~63UL, 64);
	REFUSED(E_BAD_ARG, SYS_FILL, MEGA + 2, 0, 0, PAGE_SIZE + 64);
	OK(SYS_GIVE, GIVE_LEND, PAGE + 6, 1, FREE, RIGHT_R);
	REFUSED(E_NO_RIGHT, SYS_FILL, FREE, 0, 0, 64);
	OK(SYS_GIVE, GIVE_SHARE, PAGE + 5, 1, FREE + 1, RIGHT_W);
	REFUSED(E_NO_RIGHT, SYS_FILL, PAGE + 4, FREE + 1, 0, 64);
	REFUSED(E_BAD_TYPE, SYS_FILL, PAGE + 4, ROOT_SYSTEM, 0, 64);
}

/* Pieces of a split frame may be objects: their bytes are the kernel's. */
static void fill_does_not_read_what_was_split_or_lent(void)
{
	host_kit();
	OK(SYS_MAKE, PAGE + 4, TYPE_THREAD);
	REFUSED(E_BUSY, SYS_FILL, MEGA + 2, MEGA, 4 * PAGE_SIZE, PAGE_SIZE);
	OK(SYS_GIVE, GIVE_LEND, PAGE + 5, 1, FREE, RIGHT_ALL);
	OK(SYS_MAKE, FREE, TYPE_CNODE);
	REFUSED(E_BUSY, SYS_FILL, PAGE + 6, PAGE + 5, 0, PAGE_SIZE);
}

/* ---- destruction --------------------------------------------------------------------------------- */

/* A CNode of 65,536 slots in slot `mega`. */
static unsigned large_cnode(unsigned mega)
{
	unsigned pieces;

	EXPECT(host_sys_all(root, SYS_MAKE, (uint64_t[7]){ mega, TYPE_CNODE }, &pieces), 0);
	EXPECT(cnode_count(root_slot(mega)), 65536);
	return pieces;
}

static void a_large_cnode_is_made_in_pieces_and_of_no_use_before(void)
{
	uint64_t pa = HOST_RAM + 2 * MEGAPAGE_SIZE;

	host_kit();
	memset(window(pa), 0xa5, MEGAPAGE_SIZE);
	EXPECT(sys(root, SYS_MAKE, MEGA + 2, TYPE_CNODE), -E_AGAIN);
	REFUSED(E_BAD_SLOT, SYS_INSPECT, CAP(MEGA + 2, 1));
	REFUSED(E_BAD_SLOT, SYS_INSPECT, CAP(MEGA + 2, 60000));
	REFUSED(E_BUSY, SYS_GIVE, GIVE_COPY, MEGA + 2, 1, FREE, RIGHT_ALL);
	REFUSED(E_BUSY, SYS_GIVE, GIVE_MOVE, MEGA + 2, 1, FREE, RIGHT_ALL);
	REFUSED(E_BAD_TYPE, SYS_THREAD_SET, MEGA + 2, THREAD_RUN);
	REFUSED(E_BAD_TYPE, SYS_MAKE, MEGA + 2, TYPE_THREAD);
	CHECK(large_cnode(MEGA + 2) > 10);
	CHECK(all_zero(pa, MEGAPAGE_SIZE));
	OK(SYS_GIVE, GIVE_COPY, MEGA + 2, 1, CAP(MEGA + 2, 65535), RIGHT_ALL);
	REFUSED(E_BAD_SLOT, SYS_INSPECT, CAP(MEGA + 2, 65536));
}

/* What is not cleared yet holds the former owner's bytes, which must not be taken for capabilities. */
static void a_cnode_half_made_can_be_revoked(void)
{
	uint64_t pa = HOST_RAM + 2 * MEGAPAGE_SIZE;

	host_kit();
	for (unsigned i = 0; i < MEGAPAGE_SIZE; i += 32)
		*(uint64_t *)window(pa + i) = TYPE_FRAME;
	EXPECT(sys(root, SYS_MAKE, MEGA + 2, TYPE_CNODE), -E_AGAIN);
	OK(SYS_REVOKE, MEGA + 2);
	EXPECT(root_slot(MEGA + 2)->type, TYPE_FRAME);
	EXPECT(sys(root, SYS_MAKE, MEGA + 2, TYPE_CNODE), -E_AGAIN);
	(void)large_cnode(MEGA + 2);
	EXPECT(delete_all(MEGA + 2), 0);
}

/* 100,000 shares of one page, in two CNodes; the cost of a piece is bounded. */
static void a_tree_of_100000_is_revoked_in_pieces(void)
{
	unsigned pieces;

	host_kit();
	host_check_every = 0;
	(void)large_cnode(MEGA + 2);
	(void)large_cnode(MEGA + 3);
	for (unsigned i = 0; i < 100000; i++)
		EXPECT(sys(root, SYS_GIVE, GIVE_SHARE, PAGE + 4, 1, CAP(MEGA + 2 + i % 2, 1 + i / 2), RIGHT_ALL), 0);
	EXPECT(host_audit(), 0);
	EXPECT(sys(root, SYS_REVOKE, PAGE + 4), -E_AGAIN);
	EXPECT(host_audit(), 0);
	EXPECT(sys(root, SYS_GIVE, GIVE_SHARE, PAGE + 4, 1, FREE, RIGHT_ALL), -E_REVOKED);
	EXPECT(revoke_all(PAGE + 4, &pieces), 0);
	CHECK(pieces > 900 && pieces < 4000);
	CHECK(!slot_has_children(root_slot(PAGE + 4)));
	OK(SYS_GIVE, GIVE_SHARE, PAGE + 4, 1, FREE, RIGHT_ALL);
	EXPECT(delete_all(MEGA + 2), 0);
	EXPECT(delete_all(MEGA + 3), 0);
	host_check_every = 1;
}

static void cnodes_inside_cnodes_end_inside_out(void)
{
	unsigned slots = kernel_stats.slots, depth = 40, pieces;

	host_kit();
	slots = kernel_stats.slots;
	OK(SYS_GIVE, GIVE_LEND, MEGA + 2, 1, FREE, RIGHT_ALL);
	OK(SYS_SPLIT, FREE, 0, 1, FREE + 1);
	OK(SYS_MAKE, FREE + 1, TYPE_CNODE);
	for (unsigned i = 1; i < depth; i++) {
		/* Each CNode holds the next one's maker; the root a copy to reach it through. */
		uint64_t in = CAP(FREE + i, 1);

		OK(SYS_SPLIT, FREE, i, 1, in);
		OK(SYS_MAKE, in, TYPE_CNODE);
		OK(SYS_GIVE, GIVE_COPY, in, 1, FREE + i + 1, RIGHT_ALL);
		OK(SYS_GIVE, GIVE_SHARE, PAGE + 4, 1, CAP(FREE + i + 1, 100), RIGHT_ALL);
	}
	EXPECT(kernel_stats.cnodes, depth);
	EXPECT(delete_all(FREE + 1), 0);
	EXPECT(kernel_stats.cnodes, 0);
	EXPECT(revoke_all(MEGA + 2, &pieces), 0);
	EXPECT(kernel_stats.slots, slots);
	CHECK(all_zero(HOST_RAM + 2 * MEGAPAGE_SIZE, depth * PAGE_SIZE));
}

static void a_cnode_that_holds_its_own_capability_ends(void)
{
	host_kit();
	OK(SYS_MAKE, PAGE + 4, TYPE_CNODE);
	OK(SYS_MAKE, PAGE + 5, TYPE_CNODE);
	for (unsigned i = 1; i < 60; i++) {
		OK(SYS_GIVE, GIVE_COPY, PAGE + 4, 1, CAP(PAGE + 4 + i % 2, i), RIGHT_ALL);
		OK(SYS_GIVE, GIVE_COPY, PAGE + 5, 1, CAP(PAGE + 5 - i % 2, i + 60), RIGHT_ALL);
	}
	EXPECT(delete_all(PAGE + 4), 0);
	EXPECT(revoke_all(PAGE + 5, &(unsigned){ 0 }), 0);
	EXPECT(root_slot(PAGE + 5)->type, TYPE_FRAME);
	EXPECT(kernel_stats.cnodes, 0);
}

static void a_dying_cnode_is_of_no_use_between_pieces(void)
{
	host_kit();
	host_check_every = 0;
	(void)large_cnode(MEGA + 2);
	for (unsigned i = 1; i < 65536; i += 13)
		OK(SYS_GIVE, GIVE_SHARE, PAGE + 4, 1, CAP(MEGA + 2, i), RIGHT_ALL);
	host_check_every = 1;
	EXPECT(sys(root, SYS_DELETE, MEGA + 2), -E_AGAIN);
	REFUSED(E_BAD_SLOT, SYS_INSPECT, CAP(MEGA + 2, 65534));
	REFUSED(E_BAD_SLOT, SYS_GIVE, GIVE_SHARE, PAGE + 5, 1, CAP(MEGA + 2, 1), RIGHT_ALL);
	REFUSED(E_REVOKED, SYS_GIVE, GIVE_COPY, MEGA + 2, 1, FREE, RIGHT_ALL);
	REFUSED(E_REVOKED, SYS_GIVE, GIVE_MOVE, MEGA + 2, 1, FREE, RIGHT_ALL);
	/* Somebody else's destruction goes on with it. */
	host_check_every = 0;
	OK(SYS_GIVE, GIVE_SHARE, PAGE + 5, 1, FREE, RIGHT_ALL);
	EXPECT(delete_all(FREE), 0);
	EXPECT(root_slot(MEGA + 2)->dying, 0);
	EXPECT(root_slot(MEGA + 2)->type, TYPE_FRAME);
	host_check_every = 1;
	REFUSED(E_REVOKED, SYS_MAKE, MEGA + 2, TYPE_CNODE);
	OK(SYS_DELETE, MEGA + 2);
}

static void what_is_destroyed_stays_so_whoever_revokes_below(void)
{
	unsigned pieces;

	host_kit();
	host_check_every = 0;
	(void)large_cnode(MEGA + 2);
	OK(SYS_GIVE, GIVE_SHARE, PAGE + 4, 1, FREE, RIGHT_ALL);
	for (unsigned i = 1; i < 1000; i++)
		OK(SYS_GIVE, GIVE_SHARE, FREE, 1, CAP(MEGA + 2, i), RIGHT_ALL);
	EXPECT(sys(root, SYS_REVOKE, PAGE + 4), -E_AGAIN);
	EXPECT(sys(root, SYS_GIVE, GIVE_SHARE, FREE, 1, FREE + 1, RIGHT_ALL), -E_REVOKED);
	/* The holder of FREE, which is on the way of PAGE + 4's revoke, revokes itself: it may not derive again. */
	EXPECT(revoke_all(FREE, &pieces), 0);
	EXPECT(sys(root, SYS_GIVE, GIVE_SHARE, FREE, 1, FREE + 1, RIGHT_ALL), -E_REVOKED);
	EXPECT(revoke_all(PAGE + 4, &pieces), 0);
	EXPECT(root_slot(FREE)->type, TYPE_NULL);
	host_check_every = 1;
	OK(SYS_GIVE, GIVE_SHARE, PAGE + 4, 1, FREE, RIGHT_ALL);
	OK(SYS_REVOKE, FREE);
	OK(SYS_GIVE, GIVE_SHARE, FREE, 1, FREE + 1, RIGHT_ALL);
}

static void revoke_of_a_piece_wise_revoke_gives_back_a_usable_slot(void)
{
	unsigned pieces;

	host_kit();
	for (unsigned i = 0; i < 250; i++)
		OK(SYS_GIVE, GIVE_SHARE, PAGE + 4, 1, FREE + i, RIGHT_ALL);
	EXPECT(revoke_all(PAGE + 4, &pieces), 0);
	CHECK(pieces > 1);
	OK(SYS_MAKE, PAGE + 4, TYPE_THREAD);
}

static void destruction_reports_dirty_pages(void)
{
	host_kit();
	OK(SYS_MAP, SPACE, VA, RIGHT_R | RIGHT_W, 1, PAGE + 4, 1);
	OK(SYS_REVOKE, PAGE + 4);
	EXPECT(root->regs[REG_A1], 0);
	OK(SYS_MAP, SPACE, VA, RIGHT_R | RIGHT_W, 1, PAGE + 4, 1);
	*space_mapping(root_slot(PAGE + 4)) |= PTE_D | PTE_A;
	OK(SYS_REVOKE, PAGE + 4);
	EXPECT(root->regs[REG_A1], 1);
}

static void everything_at_once_comes_back_from_the_world(void)
{
	unsigned pieces;
	uint64_t slots = kernel_stats.slots;

	host_kit();
	(void)host_thread(PAGE + 4);
	(void)host_thread(PAGE + 8);
	host_endpoints(PAGE + 12, FREE, 20);
	OK(SYS_THREAD_SET, PAGE + 4, THREAD_STOP);
	OK(SYS_THREAD_SET, PAGE + 4, THREAD_PAGER, FREE);
	for (unsigned i = 20; i < 50; i++)
		OK(SYS_MAP, SPACE, VA + i * PAGE_SIZE, RIGHT_R | RIGHT_W, 1, PAGE + i, 1);
	EXPECT(revoke_all(ROOT_WORLD, &pieces), 0);
	EXPECT(kernel_stats.slots, slots);
	EXPECT(kernel_stats.threads, 0);
	EXPECT(kernel_stats.endpoints, 0);
	EXPECT(kernel_stats.tables, 0);
	EXPECT(kernel_stats.vspaces, 1);
	CHECK(pieces > 1);
}

/* A thread that destroys the memory it lies in leaves nothing there. */
static void a_thread_that_destroys_itself_leaves_no_byte(void)
{
	struct thread *t;
	uint64_t pa = HOST_RAM + 2 * MEGAPAGE_SIZE;

	host_kit();
	OK(SYS_SPLIT, MEGA + 2, 0, 4, FREE);
	t = host_thread(FREE);
	EXPECT(pa, window_pa(t));
	OK(SYS_GIVE, GIVE_LEND, PAGE + 5, 1, CAP(FREE + 1, 3), RIGHT_ALL);
	OK(SYS_GIVE, GIVE_COPY, SPACE, 1, CAP(FREE + 1, 2), RIGHT_ALL);
	OK(SYS_GIVE, GIVE_COPY, ROOT_CNODE, 1, CAP(FREE + 1, 4), RIGHT_ALL);
	OK(SYS_MAP, SPACE, VA, RIGHT_R | RIGHT_W, 1, FREE + 3, 1);
	*space_mapping(root_slot(FREE + 3)) |= PTE_D | PTE_A;
	(void)sys(t, SYS_DELETE, CAP(4, MEGA + 2));
	while (root_slot(MEGA + 2)->type != TYPE_NULL && t->state == STATE_READY)
		(void)sys(t, SYS_DELETE, CAP(4, MEGA + 2));
	EXPECT(delete_all(MEGA + 2) == 0 || root_slot(MEGA + 2)->type == TYPE_NULL, 1);
	CHECK(all_zero(pa, PAGE_SIZE));
}

static const struct claim claims[] = {
	CLAIM(index_0_names_nothing),
	CLAIM(an_index_out_of_range_is_refused),
	CLAIM(a_run_may_not_leave_its_cnode),
	CLAIM(cnode_rights_gate_its_slots),
	CLAIM(a_thread_needs_full_rights_to_its_cnode_and_space),
	CLAIM(every_verb_in_every_state_does_what_the_table_says),
	CLAIM(rights_only_shrink),
	CLAIM(a_frame_maps_with_its_rights_at_most),
	CLAIM(only_the_right_to_addresses_shows_them),
	CLAIM(a_badge_needs_call_or_signal_alone),
	CLAIM(a_badge_stays_as_it_is),
	CLAIM(a_copy_is_of_objects_only),
	CLAIM(give_stops_at_the_first_that_fails_and_says_where),
	CLAIM(the_127th_derivation_is_the_last),
	CLAIM(a_loan_127_deep_neither_splits_nor_binds_nor_lends),
	CLAIM(a_share_may_be_an_aligned_part),
	CLAIM(the_giver_of_a_loan_has_it_back_free),
	CLAIM(a_lender_has_no_mapping_by_an_old_record),
	CLAIM(freezing_takes_write_from_the_giver_and_thawing_gives_none_back),
	CLAIM(pieces_are_handed_out_in_ascending_order),
	CLAIM(a_page_splits_into_64_chips_and_the_world_into_256),
	CLAIM(carve_keeps_to_the_window_and_off_the_image),
	CLAIM(memory_that_does_not_answer_makes_nothing),
	CLAIM(a_cnode_that_breaks_off_is_a_frame_again),
	CLAIM(what_is_made_is_clear_and_what_is_unmade_too),
	CLAIM(make_takes_only_what_fits),
	CLAIM(space_ids_run_out_and_come_back),
	CLAIM(fill_keeps_to_its_piece),
	CLAIM(fill_does_not_read_what_was_split_or_lent),
	CLAIM(a_large_cnode_is_made_in_pieces_and_of_no_use_before),
	CLAIM(a_cnode_half_made_can_be_revoked),
	CLAIM(a_tree_of_100000_is_revoked_in_pieces),
	CLAIM(cnodes_inside_cnodes_end_inside_out),
	CLAIM(a_cnode_that_holds_its_own_capability_ends),
	CLAIM(a_dying_cnode_is_of_no_use_between_pieces),
	CLAIM(what_is_destroyed_stays_so_whoever_revokes_below),
	CLAIM(revoke_of_a_piece_wise_revoke_gives_back_a_usable_slot),
	CLAIM(destruction_reports_dirty_pages),
	CLAIM(everything_at_once_comes_back_from_the_world),
	CLAIM(a_thread_that_destroys_itself_leaves_no_byte),
};

int main(int argc, char **argv)
{
	return host_claims(claims, sizeof(claims) / sizeof(*claims), argc, argv);
}
