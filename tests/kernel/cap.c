/*
 * cap.c: naming slots, copies, badges, moving, inspect: what of give, delete, revoke, inspect and unknown calls is not
 * about memory.
 */
#include "harness.h"

TEST(an_unknown_call_number_is_refused)
{
	static const long numbers[] = {
		SYS_COUNT, SYS_COUNT + 1, 255, 1L << 32, -1, (1L << 32) + SYS_INSPECT, 1L << 63
	};

	for (unsigned i = 0; i < sizeof(numbers) / sizeof(*numbers); i++)
		REFUSED(BAD_CALL, sys_raw(numbers[i], ROOT_SYSTEM, 0, 0, 0, 0, 0, 0, 0, 0));
}

/* Names of nothing, whatever the call. */
static unsigned bad_names(cap_t *to)
{
	cap_t empty = slots_new(1);
	unsigned n = 0;

	to[n++] = 0;
	to[n++] = empty;
	to[n++] = ROOT_SLOTS;
	to[n++] = 0xffffffff;
	to[n++] = CAP(ROOT_CNODE, 0);
	to[n++] = CAP(ROOT_CNODE, ROOT_SLOTS);
	to[n++] = CAP(ROOT_CNODE, empty);
	to[n++] = CAP(ROOT_SYSTEM, 1);
	to[n++] = CAP(empty, 1);
	to[n++] = CAP(ROOT_SLOTS, 1);
	to[n++] = CAP(0xffffffff, 0xffffffff);
	to[n++] = ~0UL;
	to[n++] = 1UL << 63 | ROOT_SYSTEM;
	return n;
}

TEST(c22_a_name_of_nothing_is_refused_by_every_call)
{
	cap_t bad[16], free = slots_new(1);
	unsigned n = bad_names(bad);

	for (unsigned i = 0; i < n; i++) {
		cap_t b = bad[i];
		struct message m = { .info = 0 };

		REFUSED(BAD_SLOT, sys_call(b, &m));
		if (b)
			REFUSED(BAD_SLOT, sys_reply_recv(b, &m, 0, 0));
		REFUSED(BAD_SLOT, sys_signal(b));
		REFUSED(BAD_SLOT, sys_give(GIVE_COPY, b, 1, free, RIGHT_ALL, 0, 0));
		REFUSED(BAD_SLOT, sys_give(GIVE_MOVE, b, 1, free, RIGHT_ALL, 0, 0));
		REFUSED(BAD_SLOT, sys_delete(b));
		REFUSED(BAD_SLOT, sys_revoke(b, 0));
		REFUSED(BAD_SLOT, sys_inspect(b, 0, 0));
		REFUSED(BAD_SLOT, sys_split(b, 0, 1, free));
		CHECK(sys_carve(b, 1, MEM_RAM) < 0);
		CHECK(sys_make(b, TYPE_CNODE, 0) < 0);
		REFUSED(BAD_SLOT, sys_fill(b, 0, 0, 64));
		REFUSED(BAD_SLOT, sys_map(b, FREE_VA, RIGHT_R, 1, ROOT_STOCK, 1, 0));
		REFUSED(BAD_SLOT, sys_table(b, ROOT_VSPACE, NO_TABLE_VA));
		REFUSED(BAD_SLOT, sys_scan(b, 0, 1, 0));
		REFUSED(BAD_SLOT, sys_thread_set(b, THREAD_RUN, 0));
		REFUSED(BAD_SLOT, sys_thread_regs(b, 0, 0));
		REFUSED(BAD_SLOT, sys_system(b, SYSTEM_STATS, 0, 0));
	}
}

TEST(a_run_that_leaves_its_cnode_is_refused)
{
	cap_t cnode = cnode_new(), f = pieces_new(2);

	REFUSED(BAD_SLOT, sys_give(GIVE_COPY, ROOT_SLOTS - 1, 2, CAP(cnode, 1), RIGHT_ALL, 0, 0));
	REFUSED(BAD_SLOT, sys_give(GIVE_MOVE, f, 2, CAP(cnode, 127), RIGHT_ALL, 0, 0));
	REFUSED(BAD_SLOT, sys_give(GIVE_COPY, ROOT_SYSTEM, 0, CAP(cnode, 1), RIGHT_ALL, 0, 0));
	REFUSED(BAD_SLOT, sys_split(mega_new(), 0, 2, CAP(cnode, 127)));
	REFUSED(BAD_SLOT, sys_carve(ROOT_SLOTS - 1, 2, MEM_RAM));
	REFUSED(BAD_SLOT, sys_map(ROOT_VSPACE, FREE_VA, RIGHT_R, 1, CAP(cnode, 127), 2, 0));
	REFUSED(BAD_SLOT, sys_unmap(1, CAP(cnode, 127), 2, 0));
	REFUSED(BAD_SLOT, sys_unmap(1, f, 0, 0));
	REFUSED(BAD_SLOT, sys_unmap(1, f, ~0UL, 0));
	REFUSED(BAD_SLOT, sys_make(CAP(cnode, 128), TYPE_CNODE, 0));
}

/* One capability of each type, in ascending order of type from TYPE_FRAME on; 0 where there is none. */
static void one_of_each(cap_t of[TYPE_HART])
{
	of[TYPE_FRAME] = frame_new();
	of[TYPE_CHIP] = chip_new();
	of[TYPE_CNODE] = cnode_new();
	of[TYPE_VSPACE] = space_new();
	of[TYPE_TABLE] = frame_new();
	OK(sys_table(of[TYPE_TABLE], of[TYPE_VSPACE], 0));
	of[TYPE_THREAD] = frame_new();
	OK(sys_make(of[TYPE_THREAD], TYPE_THREAD, 0));
	of[TYPE_ENDPOINT] = endpoint_new();
	of[TYPE_REPLY] = 0;
	of[TYPE_SYSTEM] = ROOT_SYSTEM;
}

TEST(c22_an_object_of_another_type_is_refused_by_every_call)
{
	cap_t of[TYPE_HART], free = slots_new(1);
	struct message m = { .info = 0 };

	one_of_each(of);
	for (unsigned type = TYPE_FRAME; type < TYPE_HART; type++) {
		cap_t c = of[type];

		if (!c)
			continue;
		if (type != TYPE_ENDPOINT) {
			REFUSED(BAD_TYPE, sys_call(c, &m));
			REFUSED(BAD_TYPE, sys_reply_recv(c, &m, 0, 0));
			REFUSED(BAD_TYPE, sys_signal(c));
		}
		if (type != TYPE_FRAME) {
			REFUSED(BAD_TYPE, sys_split(c, 0, 1, free));
			REFUSED(BAD_TYPE, sys_carve(c, 1, MEM_RAM));
			REFUSED(BAD_TYPE, sys_fill(c, 0, 0, 64));
			REFUSED(BAD_TYPE, sys_fill(of[TYPE_FRAME], c, 0, 64));
			REFUSED(BAD_TYPE, sys_make(c, TYPE_CNODE, 0));
			REFUSED(BAD_TYPE, sys_make(c, TYPE_THREAD, 0));
			REFUSED(BAD_TYPE, sys_map(ROOT_VSPACE, FREE_VA, RIGHT_R, 1, c, 1, 0));
			REFUSED(BAD_TYPE, sys_table(c, ROOT_VSPACE, NO_TABLE_VA));
			REFUSED(BAD_TYPE, sys_give(GIVE_SHARE, c, 1, free, RIGHT_ALL, 0, 0));
			REFUSED(BAD_TYPE, sys_give(GIVE_LEND, c, 1, free, RIGHT_ALL, 0, 0));
			REFUSED(BAD_TYPE, sys_give(GIVE_FREEZE, c, 1, free, RIGHT_ALL, 0, 0));
		}
		if (type != TYPE_CHIP)
			REFUSED(BAD_TYPE, sys_make(c, TYPE_ENDPOINT, 0));
		if (type != TYPE_VSPACE) {
			REFUSED(BAD_TYPE, sys_map(c, FREE_VA, RIGHT_R, 1, of[TYPE_FRAME], 1, 0));
			REFUSED(BAD_TYPE, sys_table(of[TYPE_FRAME], c, NO_TABLE_VA));
			REFUSED(BAD_TYPE, sys_scan(c, 0, 1, 0));
		}
		if (type != TYPE_THREAD) {
			REFUSED(BAD_TYPE, sys_thread_set(c, THREAD_PRIO, 1));
			REFUSED(BAD_TYPE, sys_thread_regs(c, REGS_READ, REGS_GENERAL));
		}
		if (type != TYPE_SYSTEM) {
			REFUSED(BAD_TYPE, sys_system(c, SYSTEM_STATS, 0, 0));
			REFUSED(BAD_TYPE, sys_make(of[TYPE_FRAME], TYPE_VSPACE, c));
		}
		if (type < TYPE_CNODE || type == TYPE_TABLE)
			REFUSED(BAD_TYPE, sys_give(GIVE_COPY, c, 1, free, RIGHT_ALL, 0, 0));
		if (type != TYPE_ENDPOINT && type != TYPE_FRAME && type != TYPE_CHIP && type != TYPE_TABLE)
			REFUSED(BAD_TYPE, sys_give(GIVE_COPY, c, 1, free, RIGHT_CALL, 7, 0));
		if (type != TYPE_CNODE)
			REFUSED(BAD_TYPE, sys_thread_set(of[TYPE_THREAD], THREAD_CSPACE, c));
	}
	CHECK(slot_empty(free));
}

TEST(a_copy_has_no_right_its_source_lacks)
{
	cap_t e = endpoint_new();

	for (unsigned has = 0; has <= RIGHT_ALL; has++) {
		cap_t first = slots_new(2);

		OK(sys_give(GIVE_COPY, e, 1, first, has, 0, 0));
		EQUAL(INSPECT_RIGHTS(inspect(first)), has);
		OK(sys_give(GIVE_COPY, first, 1, first + 1, 0x15, 0, 0));
		EQUAL(INSPECT_RIGHTS(inspect(first + 1)), has & 0x15);
	}
}

TEST(an_endpoint_call_without_its_right_is_refused)
{
	cap_t e = endpoint_new();
	struct message m = { .info = 0 };

	REFUSED(NO_RIGHT, sys_call(copy_new(e, RIGHT_ALL & ~RIGHT_CALL), &m));
	REFUSED(NO_RIGHT, sys_reply_recv(copy_new(e, RIGHT_ALL & ~RIGHT_RECV), &m, 0, 0));
	REFUSED(NO_RIGHT, sys_signal(copy_new(e, RIGHT_ALL & ~RIGHT_SIGNAL)));
}

TEST(a_badge_needs_exactly_call_or_exactly_signal)
{
	cap_t e = endpoint_new(), free = slots_new(1);

	for (unsigned rights = 0; rights <= RIGHT_ALL; rights++) {
		if (rights == RIGHT_CALL || rights == RIGHT_SIGNAL) {
			OK(sys_give(GIVE_COPY, e, 1, free, rights, 7, 0));
			CHECK(INSPECT_BADGED(inspect(free)));
			EQUAL(inspect_detail(free), 7);
			OK(sys_delete(free));
		} else {
			REFUSED(NO_RIGHT, sys_give(GIVE_COPY, e, 1, free, rights, 7, 0));
		}
	}
}

TEST(c20_a_badge_cannot_be_changed_or_taken_off)
{
	cap_t badged = mint(endpoint_new(), RIGHT_CALL, 7), free = slots_new(1);

	REFUSED(BAD_TYPE, sys_give(GIVE_COPY, badged, 1, free, RIGHT_CALL, 8, 0));
	OK(sys_give(GIVE_COPY, badged, 1, free, RIGHT_ALL, 0, 0));
	EQUAL(inspect_detail(free), 7);
	EQUAL(INSPECT_RIGHTS(inspect(free)), RIGHT_CALL);
	REFUSED(BAD_TYPE, sys_give(GIVE_COPY, free, 1, slots_new(1), RIGHT_CALL, 8, 0));
}

TEST(give_refuses_a_slot_in_use_and_tells_how_many_are_done)
{
	cap_t from = slots_new(5), to = slots_new(4);
	uint64_t done = 99;

	for (unsigned i = 0; i < 4; i++)
		OK(sys_give(GIVE_COPY, ROOT_SYSTEM, 1, from + i, i, 0, 0));
	OK(sys_give(GIVE_COPY, ROOT_SYSTEM, 1, to + 2, 0, 0, 0));
	EQUAL(sys_raw(SYS_GIVE, GIVE_COPY, from, 4, to, RIGHT_ALL, 0, 0, &done, 0), -E_NOT_EMPTY);
	EQUAL(done, 2);
	CHECK(!slot_empty(to) && !slot_empty(to + 1) && slot_empty(to + 3));
	REFUSED(NOT_EMPTY, sys_give(GIVE_MOVE, from, 1, to + 2, RIGHT_ALL, 0, 0));
	OK(sys_delete(to + 2));
	EQUAL(sys_raw(SYS_GIVE, GIVE_MOVE, from + 3, 2, to + 2, RIGHT_ALL, 0, 0, &done, 0), -E_BAD_SLOT);
	EQUAL(done, 1);
	CHECK(slot_empty(from + 3) && !slot_empty(to + 2));
}

TEST(give_of_several_fills_the_run)
{
	cap_t from = slots_new(64), to = slots_new(64);
	uint64_t done = 0;

	for (unsigned i = 0; i < 64; i++)
		OK(sys_give(GIVE_COPY, ROOT_SYSTEM, 1, from + i, i & RIGHT_ALL, 0, 0));
	OK(sys_raw(SYS_GIVE, GIVE_MOVE, from, 64, to, 0, 0, 0, &done, 0));
	EQUAL(done, 64);
	for (unsigned i = 0; i < 64; i++) {
		CHECK(slot_empty(from + i));
		EQUAL(INSPECT_RIGHTS(inspect(to + i)), i & RIGHT_ALL);
	}
	REFUSED(BAD_ARG, sys_give(GIVE_COPY, to, 65, from, 0, 0, 0));
	REFUSED(BAD_ARG, sys_give(GIVE_MOVE + 1, to, 1, from, 0, 0, 0));
	REFUSED(BAD_ARG, sys_give(~0U, to, 1, from, 0, 0, 0));
}

TEST(derivation_ends_at_depth_127)
{
	cap_t first = slots_new(129), e = endpoint_new();
	unsigned n = 0;
	long r;

	OK(sys_give(GIVE_COPY, e, 1, first, RIGHT_ALL, 0, 0));
	for (; (r = sys_give(GIVE_COPY, first + n, 1, first + n + 1, RIGHT_ALL, 0, 0)) == 0; n++)
		;
	EQUAL(r, -E_TOO_DEEP);
	/* The endpoint's chip is a child of a stock frame: depth 1. */
	EQUAL(n, 127 - 2);
	REFUSED(TOO_DEEP, sys_give(GIVE_COPY, first + n, 1, slots_new(1), 0, 0, 0));
	/* The last one still works. */
	OK(sys_signal(first + n));
	OK(sys_delete(e));
	for (unsigned i = 0; i <= n; i++)
		CHECK(slot_empty(first + i));
}

TEST(deleting_a_copy_destroys_nothing_else)
{
	cap_t e = endpoint_new(), copy = copy_new(e, RIGHT_ALL), other = copy_new(e, RIGHT_ALL);

	OK(sys_signal(other));
	OK(sys_delete(copy));
	EQUAL(INSPECT_TYPE(inspect(e)), TYPE_ENDPOINT);
	OK(sys_signal(other));
	OK(sys_revoke(other, 0));
	OK(sys_signal(other));
}

TEST(a_delete_takes_all_descendants_with_it)
{
	cap_t e = endpoint_new(), a = copy_new(e, RIGHT_ALL), b = copy_new(a, RIGHT_ALL), c = copy_new(b, RIGHT_ALL);

	OK(sys_delete(a));
	CHECK(slot_empty(a) && slot_empty(b) && slot_empty(c));
	OK(sys_signal(e));
}

TEST(an_object_does_not_move_but_its_copies_do)
{
	cap_t of[TYPE_HART], free = slots_new(1);

	one_of_each(of);
	for (unsigned type = TYPE_CNODE; type <= TYPE_ENDPOINT; type++)
		REFUSED(BUSY, sys_give(GIVE_MOVE, of[type], 1, free, 0, 0, 0));
	for (unsigned type = TYPE_CNODE; type <= TYPE_ENDPOINT; type++) {
		cap_t copy;

		if (type == TYPE_TABLE)
			continue;
		copy = copy_new(of[type], RIGHT_ALL);
		OK(sys_give(GIVE_MOVE, copy, 1, free, 0, 0, 0));
		CHECK(slot_empty(copy));
		EQUAL(INSPECT_TYPE(inspect(free)), type);
		OK(sys_revoke(of[type], 0));
		CHECK(slot_empty(free));
	}
}

TEST(a_capability_with_children_does_not_move)
{
	cap_t a = copy_new(endpoint_new(), RIGHT_ALL), b = copy_new(a, RIGHT_ALL), free = slots_new(1);

	REFUSED(BUSY, sys_give(GIVE_MOVE, a, 1, free, 0, 0, 0));
	OK(sys_delete(b));
	OK(sys_give(GIVE_MOVE, a, 1, free, 0, 0, 0));
}

TEST(another_cnode_needs_its_rights)
{
	cap_t cnode = cnode_new(), full = copy_new(cnode, RIGHT_ALL);
	cap_t read = copy_new(cnode, RIGHT_READ), write = copy_new(cnode, RIGHT_WRITE), none = copy_new(cnode, 0);

	REFUSED(BAD_SLOT, sys_give(GIVE_COPY, ROOT_SYSTEM, 1, CAP(read, 1), 0, 0, 0));
	REFUSED(BAD_SLOT, sys_give(GIVE_COPY, ROOT_SYSTEM, 1, CAP(none, 1), 0, 0, 0));
	OK(sys_give(GIVE_COPY, ROOT_SYSTEM, 1, CAP(write, 1), 0, 0, 0));
	REFUSED(BAD_SLOT, sys_inspect(CAP(write, 1), 0, 0));
	OK(sys_inspect(CAP(read, 1), 0, 0));
	REFUSED(BAD_SLOT, sys_delete(CAP(read, 1)));
	REFUSED(BAD_SLOT, sys_delete(CAP(write, 1)));
	REFUSED(BAD_SLOT, sys_revoke(CAP(read, 1), 0));
	REFUSED(BAD_SLOT, sys_give(GIVE_MOVE, CAP(read, 1), 1, slots_new(1), 0, 0, 0));
	OK(sys_give(GIVE_COPY, CAP(read, 1), 1, slots_new(1), 0, 0, 0));
	OK(sys_delete(CAP(full, 1)));
}

TEST(inspect_tells_the_physical_address_only_with_its_right)
{
	cap_t f = frame_new(), without = child_new(GIVE_SHARE, f, RIGHT_ALL & ~RIGHT_PA);

	CHECK(inspect_detail(f) >= boot.image_start && inspect_detail(f) < boot.image_end);
	EQUAL(inspect_detail(without), 0);
	EQUAL(inspect_detail(copy_new(endpoint_new(), RIGHT_ALL & ~RIGHT_PA)), 0);
}

TEST(inspect_tells_what_a_frame_is)
{
	cap_t mega = mega_new(), piece = slots_new(1);
	uint64_t w;

	w = inspect(mega);
	EQUAL(INSPECT_TYPE(w), TYPE_FRAME);
	EQUAL(INSPECT_ORDER(w), ORDER_2M);
	EQUAL(INSPECT_MEMTYPE(w), MEM_RAM);
	EQUAL(INSPECT_KIND(w), KIND_SPLIT);
	EQUAL(INSPECT_CHILDREN(w), KIND_NONE);
	CHECK(!INSPECT_MAPPED(w));
	OK(sys_split(mega, 3, 1, piece));
	EQUAL(INSPECT_CHILDREN(inspect(mega)), KIND_SPLIT);
	EQUAL(INSPECT_ORDER(inspect(piece)), ORDER_4K);
	EQUAL(inspect_detail(piece), inspect_detail(mega) + 3 * PAGE_SIZE);
	OK(map_here(piece, FREE_VA, RIGHT_R));
	CHECK(INSPECT_MAPPED(inspect(piece)));
	OK(unmap_one(piece));
	CHECK(!INSPECT_MAPPED(inspect(piece)));
	w = inspect(SLOT_GIG_BEYOND);
	EQUAL(INSPECT_MEMTYPE(w), MEM_UNKNOWN);
	EQUAL(INSPECT_ORDER(w), ORDER_1G);
}

TEST(random_names_and_arguments_never_harm_the_kernel)
{
	static const uint64_t edges[] = {
		0, 1, 2, 3, 63, 64, 65, 127, 128, 511, 512, 4095, 4096, ~0UL, 1UL << 63, 1UL << 32,
		FREE_VA, NO_TABLE_VA, USER_END, USER_END - 1, 0xffffffc080000000UL, SLOT_TEST
	};
	unsigned n = sizeof(edges) / sizeof(*edges);

	for (unsigned i = 0; i < 20000; i++) {
		uint64_t a[7];
		long call = (long)(random_next() % SYS_COUNT);

		for (unsigned k = 0; k < 7; k++) {
			uint64_t r = random_next();

			a[k] = r % 3 == 0 ? edges[r / 3 % n] : r % 3 == 1 ? SLOT_TEST + r / 3 % 16 : r / 3 % 8;
		}
		/* What would end or block this thread, or outlive the test, is for others. */
		if (call == SYS_CALL || call == SYS_REPLY_RECV || call == SYS_SYSTEM || call == SYS_THREAD_SET)
			continue;
		if (call == SYS_DELETE || call == SYS_REVOKE || call == SYS_MAKE || call == SYS_TABLE ||
		    call == SYS_CARVE || call == SYS_SPLIT || call == SYS_FILL || call == SYS_UNMAP)
			a[0] = SLOT_TEST + a[0] % 16;
		if (call == SYS_GIVE)
			a[1] = SLOT_TEST + a[1] % 16, a[3] = SLOT_TEST + a[3] % 16, a[2] %= 3;
		if (i % 1000 == 0 && slot_empty(SLOT_TEST + i / 1000 % 16))
			(void)sys_split(mega_new(), 0, 4, SLOT_TEST + i / 1000 % 12);
		(void)sys_raw(call, a[0], a[1], a[2], a[3], a[4], a[5], a[6], 0, 0);
	}
}
