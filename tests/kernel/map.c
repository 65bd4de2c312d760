/*
 * map.c: map, unmap, table and scan: every error, large pages, and what user mode then sees.
 */
#include "harness.h"

#define PAGE(n) (FREE_VA + (n) * PAGE_SIZE)

static volatile uint64_t *at(uint64_t va)
{
	return (volatile uint64_t *)va;
}

/* A space with its own tables for the first 2 MiB of a gigabyte. */
static cap_t space_with_tables(uint64_t va)
{
	cap_t space = space_new();

	OK(sys_table(frame_new(), space, va));
	OK(sys_table(frame_new(), space, va));
	return space;
}

static long map_in(cap_t space, cap_t frame, uint64_t va, unsigned rights)
{
	return sys_map(space, va, rights, 1, frame, 1, 0);
}

TEST(map_without_page_tables_tells_the_level_missing)
{
	cap_t space = space_new(), f = frame_new(), t1 = frame_new(), t0 = frame_new();
	uint64_t done = 9, level = 9;

	EQUAL(sys_raw(SYS_MAP, space, 0, RIGHT_R, 1, f, 1, 0, &done, &level), -E_NEED_TABLE);
	EQUAL(done, 0);
	EQUAL(level, 1);
	OK(sys_table(t1, space, 0));
	EQUAL(sys_raw(SYS_MAP, space, 0, RIGHT_R, 1, f, 1, 0, &done, &level), -E_NEED_TABLE);
	EQUAL(level, 0);
	OK(sys_table(t0, space, 0));
	OK(map_in(space, f, 0, RIGHT_R));
	COVERS(MAP, NEED_TABLE);
	/* A megapage needs one table only. */
	OK(map_in(space, mega_new(), MEGAPAGE_SIZE, RIGHT_R));
}

TEST(map_tells_how_many_pages_are_done)
{
	cap_t space = space_with_tables(0), f = pieces_new(4);
	uint64_t done = 9, level = 9;

	EQUAL(sys_raw(SYS_MAP, space, MEGAPAGE_SIZE - 2 * PAGE_SIZE, RIGHT_R, 1, f, 4, 0, &done, &level),
	      -E_NEED_TABLE);
	EQUAL(done, 2);
	EQUAL(level, 0);
	OK(sys_table(frame_new(), space, MEGAPAGE_SIZE));
	OK(sys_raw(SYS_MAP, space, MEGAPAGE_SIZE, RIGHT_R, 1, f + 2, 2, 0, &done, &level));
	EQUAL(done, 2);
}

TEST(map_over_another_frame_is_refused)
{
	cap_t f = frame_new(), g = frame_new();

	OK(map_here(f, PAGE(0), RIGHT_R));
	REFUSED(OCCUPIED, map_here(g, PAGE(0), RIGHT_R));
	OK(map_here(f, PAGE(0), RIGHT_R | RIGHT_W));
	OK(unmap_one(f));
	OK(map_here(g, PAGE(0), RIGHT_R));
}

TEST(map_of_a_frame_mapped_elsewhere_is_refused)
{
	cap_t f = frame_new(), space = space_with_tables(0);

	OK(map_here(f, PAGE(0), RIGHT_R));
	REFUSED(NOT_FREE, map_here(f, PAGE(1), RIGHT_R));
	REFUSED(NOT_FREE, map_in(space, f, PAGE(0), RIGHT_R));
	OK(map_in(space, child_new(GIVE_SHARE, f, RIGHT_R), PAGE(0), RIGHT_R));
}

TEST(map_of_a_frame_that_is_lent_split_or_made_is_refused)
{
	cap_t f = frame_new(), mega = mega_new(), loan = child_new(GIVE_LEND, f, RIGHT_ALL), piece = slots_new(1);

	REFUSED(NOT_FREE, map_here(f, PAGE(0), RIGHT_R));
	OK(map_here(loan, PAGE(0), RIGHT_R | RIGHT_W));
	OK(sys_split(mega, 0, 1, piece));
	REFUSED(NOT_FREE, map_here(mega, FREE_MEGA_VA, RIGHT_R));
	REFUSED(BAD_TYPE, map_here(cnode_new(), PAGE(1), RIGHT_R));
}

TEST(map_writable_while_frozen_is_refused)
{
	cap_t f = frame_new(), frozen = child_new(GIVE_FREEZE, f, RIGHT_ALL);

	REFUSED(FROZEN, map_here(f, PAGE(0), RIGHT_R | RIGHT_W));
	OK(map_here(f, PAGE(0), RIGHT_R));
	REFUSED(NO_RIGHT, map_here(frozen, PAGE(1), RIGHT_R | RIGHT_W));
	OK(sys_delete(frozen));
	OK(map_here(f, PAGE(0), RIGHT_R | RIGHT_W));
}

TEST(map_of_what_is_being_carved_is_refused)
{
	cap_t mega = slots_new(1);

	OK(sys_split(SLOT_GIG, 128, 1, mega));
	REFUSED(BAD_ARG, map_here(mega, FREE_MEGA_VA, RIGHT_R));
	REFUSED(BAD_ARG, map_here(ROOT_WORLD, 0, RIGHT_R));
	OK(sys_carve(mega, 1, MEM_DEVICE));
	OK(map_here(mega, FREE_MEGA_VA, RIGHT_R));
}

TEST(c34_a_large_page_does_not_replace_a_page_table)
{
	cap_t mega = mega_new(), f = frame_new(), space = space_with_tables(0);

	REFUSED(TABLE_PRESENT, map_in(space, mega, 0, RIGHT_R));
	OK(map_in(space, mega, MEGAPAGE_SIZE, RIGHT_R));
	COVERS(MAP, OCCUPIED);
	/* A page inside a large page: the table is missing, and none can be put there. */
	CHECK(map_in(space, f, MEGAPAGE_SIZE + PAGE_SIZE, RIGHT_R) < 0);
	REFUSED(OCCUPIED, sys_table(f, space, MEGAPAGE_SIZE));
}

TEST(c34_a_piece_of_a_mapped_large_page_cannot_be_unmapped_alone)
{
	cap_t mega = mega_new(), part = slots_new(1);

	OK(map_here(mega, FREE_MEGA_VA, RIGHT_R | RIGHT_W));
	for (unsigned i = 0; i < 512; i++)
		at(FREE_MEGA_VA)[i * 512] = i;
	OK(sys_give(GIVE_SHARE, mega, 1, part, RIGHT_R, 0, 256 * PAGE_SIZE | 1));
	OK(unmap_one(part));
	OK(sys_delete(part));
	for (unsigned i = 0; i < 512; i++)
		EQUAL(at(FREE_MEGA_VA)[i * 512], i);
	REFUSED(BUSY, sys_split(mega, 0, 1, part));
}

TEST(c34_a_misaligned_large_page_is_refused)
{
	cap_t mega = mega_new();

	for (uint64_t off = PAGE_SIZE; off < MEGAPAGE_SIZE; off <<= 1)
		REFUSED(BAD_ARG, map_here(mega, FREE_MEGA_VA + off, RIGHT_R));
}

TEST(a_misaligned_page_address_is_refused)
{
	cap_t f = frame_new(), used = frame_new();

	for (uint64_t off = 1; off < PAGE_SIZE; off <<= 1)
		REFUSED(BAD_ARG, map_here(f, PAGE(0) + off, RIGHT_R));
	OK(map_here(used, PAGE(0), RIGHT_R));
	for (uint64_t off = 1; off < PAGE_SIZE; off <<= 1)
		REFUSED(BAD_ARG, map_here(used, PAGE(0) + off, RIGHT_R));
}

/* Pairs of an address and a number of pages that are not a range of user addresses. */
TEST(c09_no_address_and_length_wraps_into_a_mapping)
{
	static const uint64_t edge[] = { 0, 1, 4095, 4096, (1UL << 38) - 4096, 1UL << 38, (1UL << 38) + 4096,
					 (1UL << 39) - 4096, 1UL << 39, (1UL << 63) - 1, 1UL << 63, -4096UL, ~0UL,
					 0xffffffc000000000UL, 0xffffffffc0000000UL };
	unsigned n = sizeof(edge) / sizeof(*edge);
	cap_t space = space_new(), f = pieces_new(2), mega = mega_new();
	uint64_t done;

	OK(sys_table(frame_new(), space, USER_END - 1));
	OK(sys_table(frame_new(), space, USER_END - 1));
	OK(sys_table(frame_new(), space, 0));
	OK(sys_table(frame_new(), space, 0));
	for (unsigned i = 0; i < n; i++) {
		for (unsigned k = 0; k < n; k++) {
			uint64_t va = edge[i], count = edge[k];
			long r = sys_map(space, va, RIGHT_R, 1, f, count, &done);

			CHECK(r == 0 ? count == 1 && va % PAGE_SIZE == 0 && va < USER_END : r < 0 && done <= 2);
			(void)sys_unmap(1, f, 2, 0);
			if (va >= USER_END || va % PAGE_SIZE || count == 0 || count > PIECE_PAGES ||
			    count > (USER_END - va) >> PAGE_SHIFT)
				REFUSED(BAD_ARG, sys_scan(space, va, count, 0));
		}
		if (edge[i] % PAGE_SIZE || edge[i] >= USER_END) {
			REFUSED(BAD_ARG, sys_map(space, edge[i], RIGHT_R, 1, f, 1, 0));
			REFUSED(BAD_ARG, sys_map(space, edge[i], RIGHT_R, 1, mega, 1, 0));
		}
		if (edge[i] >= USER_END)
			REFUSED(BAD_ARG, sys_table(frame_new(), space, edge[i]));
	}
	/* The last page of the user half, and not one more. */
	EQUAL(sys_map(space, USER_END - PAGE_SIZE, RIGHT_R, 1, f, 2, &done), -E_BAD_ARG);
	EQUAL(done, 1);
	OK(sys_scan(space, USER_END - PAGE_SIZE, 1, 0));
	REFUSED(BAD_ARG, sys_scan(space, USER_END - PAGE_SIZE, 2, 0));
}

TEST(c05_every_rights_combination_is_refused_or_right)
{
	cap_t f = frame_new(), s = slots_new(1), space = space_with_tables(0);

	for (unsigned has = 0; has <= RIGHT_ALL; has++) {
		OK(sys_give(GIVE_SHARE, f, 1, s, has, 0, 0));
		for (unsigned wants = 0; wants < 64; wants++) {
			bool valid = wants == RIGHT_R || wants == (RIGHT_R | RIGHT_W) || wants == RIGHT_X ||
				     wants == (RIGHT_R | RIGHT_X);
			long r = map_in(space, s, 0x5000, wants);

			if (!valid)
				EQUAL(r, -E_BAD_ARG);
			else if (wants & ~has)
				EQUAL(r, -E_NO_RIGHT);
			else
				OK(r);
		}
		OK(sys_delete(s));
	}
	REFUSED(BAD_ARG, map_in(space, f, 0x5000, ~0U));
	REFUSED(BAD_ARG, sys_raw(SYS_MAP, space, 0x5000, 1UL << 32 | RIGHT_R, 1, f, 1, 0, 0, 0));
}

TEST(c06_each_mapping_allows_exactly_its_accesses)
{
	static const unsigned rights[] = { RIGHT_R, RIGHT_R | RIGHT_W, RIGHT_X, RIGHT_R | RIGHT_X };
	struct puppet *p = puppet_new(PRIO_TEST + 5);
	cap_t f = frame_new();
	struct message m = { .info = 0 };

	/* ret-like code: the puppet's JUMP goes to an illegal instruction (0): a fault, but not a page fault. */
	for (unsigned i = 0; i < 4; i++) {
		OK(map_in(p->space, f, PUPPET_DATA, rights[i]));
		puppet_do(p, PUPPET_LOAD, PUPPET_DATA, 0, &m);
		EQUAL(info_kind(m.info) == KIND_MESSAGE, (rights[i] & RIGHT_R) != 0);
		if (info_kind(m.info) == KIND_FAULT) {
			EQUAL(m.w[0], PUPPET_DATA);
			EQUAL(m.w[1], RIGHT_R | 13 << 8);
			puppet_skip(p);
		}
		puppet_do(p, PUPPET_STORE, PUPPET_DATA, 0, &m);
		EQUAL(info_kind(m.info) == KIND_MESSAGE, (rights[i] & RIGHT_W) != 0);
		if (info_kind(m.info) == KIND_FAULT) {
			EQUAL(m.w[1], RIGHT_W | 15 << 8);
			puppet_skip(p);
		}
		puppet_do(p, PUPPET_JUMP, PUPPET_DATA, 0, &m);
		EQUAL(info_kind(m.info), KIND_FAULT);
		EQUAL(m.w[1], rights[i] & RIGHT_X ? 2 << 8 : RIGHT_X | 12 << 8);
		puppet_skip(p);
	}
}

TEST(map_needs_the_space_writable_and_good_arguments)
{
	cap_t space = space_with_tables(0), f = frame_new(), weak = copy_new(space, RIGHT_ALL & ~RIGHT_WRITE);

	REFUSED(NO_RIGHT, map_in(weak, f, 0, RIGHT_R));
	REFUSED(NO_RIGHT, sys_table(f, weak, MEGAPAGE_SIZE));
	REFUSED(NO_RIGHT, sys_scan(weak, 0, 1, 0));
	REFUSED(BAD_ARG, sys_map(space, 0, RIGHT_R, 0, f, 1, 0));
	REFUSED(BAD_ARG, sys_map(space, 0, RIGHT_R, MAP_ITEMS + 1, f, 1, 0));
	REFUSED(BAD_ARG, sys_map(space, 0, RIGHT_R, ~0UL, f, 1, 0));
	REFUSED(BAD_ARG, sys_unmap(0, f, 1, 0));
	REFUSED(BAD_ARG, sys_unmap(MAP_ITEMS + 1, f, 1, 0));
	REFUSED(BAD_ARG, sys_scan(space, 0, PIECE_PAGES + 1, 0));
	REFUSED(BAD_ARG, sys_scan(space, 0, 0, 0));
	REFUSED(BAD_ARG, sys_scan(space, 0, 1, 8));
}

TEST(map_and_unmap_in_pieces_of_128)
{
	cap_t space = space_with_tables(0), mega = mega_new(), big = big_cnode_new(), f = CAP(big, 1);
	uint64_t done = 0, all = 0;
	long r;

	OK(sys_split(mega, 0, 512, f));
	r = sys_map(space, 0, RIGHT_R | RIGHT_W, 1, f, 512, &done);
	EQUAL(r, -E_AGAIN);
	EQUAL(done, 128);
	COVERS(MAP, AGAIN);
	for (all = done; r == -E_AGAIN; all += done)
		r = sys_map(space, all * PAGE_SIZE, RIGHT_R | RIGHT_W, 1, f + all, 512 - all, &done);
	OK(r);
	EQUAL(all, 512);
	EQUAL(sys_unmap(1, f, 512, &done), -E_AGAIN);
	COVERS(UNMAP, AGAIN);
	EQUAL(done, 128);
	CHECK(!INSPECT_MAPPED(inspect(f + 127)) && INSPECT_MAPPED(inspect(f + 128)));
	OK(sys_unmap(1, f + 384, 128, &done));
	EQUAL(done, 128);
}

TEST(map_and_unmap_take_several_runs)
{
	cap_t space = space_with_tables(0), f = pieces_new(6);
	uint64_t done = 0;

	buffer()->runs[1] = (struct slot_run){ f + 3, 1 };
	buffer()->runs[2] = (struct slot_run){ f + 4, 2 };
	OK(sys_map(space, 0, RIGHT_R, 3, f, 2, &done));
	EQUAL(done, 5);
	CHECK(!INSPECT_MAPPED(inspect(f + 2)));
	buffer()->runs[1] = (struct slot_run){ f + 3, 1 };
	OK(sys_unmap(2, f, 2, &done));
	CHECK(!INSPECT_MAPPED(inspect(f + 3)) && INSPECT_MAPPED(inspect(f + 4)));
	buffer()->runs[1] = (struct slot_run){ f + 40000, 1 };
	EQUAL(sys_map(space, 0, RIGHT_R, 2, f, 1, &done), -E_BAD_SLOT);
	EQUAL(done, 1);
}

TEST(unmap_tells_dirty_pages_and_passes_over_the_unmapped)
{
	cap_t f = pieces_new(4);

	OK(sys_map(ROOT_VSPACE, PAGE(0), RIGHT_R | RIGHT_W, 1, f, 3, 0));
	*at(PAGE(1)) = 1;
	(void)*at(PAGE(2));
	OK(sys_unmap(1, f, 4, 0));
	EQUAL(buffer()->dirty[0], 2);
	OK(sys_unmap(1, f, 4, 0));
	EQUAL(buffer()->dirty[0], 0);
	REFUSED(BAD_SLOT, sys_unmap(1, CAP(ROOT_SYSTEM, 1), 1, 0));
}

TEST(revoke_tells_whether_a_page_was_dirty)
{
	cap_t f = frame_new(), share = child_new(GIVE_SHARE, f, RIGHT_R | RIGHT_W);
	uint64_t dirty = 9;

	OK(map_here(share, PAGE(0), RIGHT_R | RIGHT_W));
	(void)*at(PAGE(0));
	OK(sys_revoke(f, &dirty));
	EQUAL(dirty, 0);
	OK(sys_give(GIVE_SHARE, f, 1, share, RIGHT_R | RIGHT_W, 0, 0));
	OK(map_here(share, PAGE(0), RIGHT_R | RIGHT_W));
	*at(PAGE(0)) = 1;
	OK(sys_revoke(f, &dirty));
	EQUAL(dirty, 1);
}

TEST(scan_tells_and_clears_accessed_and_dirty)
{
	cap_t f = pieces_new(4);

	OK(sys_map(ROOT_VSPACE, PAGE(0), RIGHT_R | RIGHT_W, 1, f, 4, 0));
	*at(PAGE(1)) = 1;
	(void)*at(PAGE(2));
	OK(sys_scan(ROOT_VSPACE, PAGE(0), 4, 0));
	EQUAL(buffer()->accessed[0], 6);
	EQUAL(buffer()->dirty[0], 2);
	OK(sys_scan(ROOT_VSPACE, PAGE(0), 4, SCAN_CLEAR_D));
	OK(sys_scan(ROOT_VSPACE, PAGE(0), 4, SCAN_CLEAR_A));
	EQUAL(buffer()->accessed[0], 6);
	EQUAL(buffer()->dirty[0], 0);
	OK(sys_scan(ROOT_VSPACE, PAGE(0), 4, 0));
	EQUAL(buffer()->accessed[0], 0);
	/* Set again by the next access: the TLB did not keep the old bits. */
	*at(PAGE(1)) = 2;
	(void)*at(PAGE(3));
	OK(sys_scan(ROOT_VSPACE, PAGE(0), 4, 0));
	EQUAL(buffer()->accessed[0], 10);
	EQUAL(buffer()->dirty[0], 2);
}

TEST(scan_takes_writing_away)
{
	struct puppet *p = puppet_new(PRIO_TEST + 5);
	cap_t f = frame_new();
	struct message m = { .info = 0 };

	OK(map_in(p->space, f, PUPPET_DATA, RIGHT_R | RIGHT_W));
	puppet_do(p, PUPPET_STORE, PUPPET_DATA, 5, &m);
	EQUAL(info_kind(m.info), KIND_MESSAGE);
	OK(sys_scan(p->space, PUPPET_DATA, 1, SCAN_CLEAR_W));
	puppet_do(p, PUPPET_STORE, PUPPET_DATA, 6, &m);
	EQUAL(info_kind(m.info), KIND_FAULT);
	EQUAL(m.w[1], RIGHT_W | 15 << 8);
	puppet_skip(p);
	puppet_do(p, PUPPET_LOAD, PUPPET_DATA, 0, &m);
	EQUAL(m.w[0], 5);
}

TEST(table_installs_the_first_missing_level)
{
	cap_t space = space_new(), t1 = frame_new(), t0 = frame_new();

	OK(sys_table(t1, space, 0x12345));
	EQUAL(INSPECT_TYPE(inspect(t1)), TYPE_TABLE);
	OK(sys_table(t0, space, 0x12345));
	REFUSED(OCCUPIED, sys_table(frame_new(), space, 0x12345));
	REFUSED(OCCUPIED, sys_table(frame_new(), space, 0));
	REFUSED(BAD_ARG, sys_table(mega_new(), space, MEGAPAGE_SIZE));
	REFUSED(BAD_ARG, sys_table(frame_new(), space, USER_END));
	REFUSED(BAD_ARG, sys_table(frame_new(), space, ~0UL));
}

TEST(table_needs_a_free_exclusive_frame)
{
	cap_t f = frame_new(), child;

	OK(map_here(f, PAGE(0), RIGHT_R));
	REFUSED(BUSY, sys_table(f, ROOT_VSPACE, NO_TABLE_VA));
	OK(unmap_one(f));
	child = child_new(GIVE_SHARE, f, RIGHT_ALL);
	REFUSED(BUSY, sys_table(f, ROOT_VSPACE, NO_TABLE_VA));
	REFUSED(NO_RIGHT, sys_table(child, ROOT_VSPACE, NO_TABLE_VA));
	OK(sys_delete(child));
	child = child_new(GIVE_LEND, f, RIGHT_ALL);
	REFUSED(BUSY, sys_table(f, ROOT_VSPACE, NO_TABLE_VA));
	OK(sys_table(child, ROOT_VSPACE, NO_TABLE_VA));
	OK(sys_revoke(f, 0));
}

TEST(c07_a_page_table_cannot_be_mapped_or_written)
{
	cap_t t = frame_new();

	OK(sys_table(t, ROOT_VSPACE, NO_TABLE_VA));
	REFUSED(BAD_TYPE, map_here(t, PAGE(0), RIGHT_R));
	REFUSED(BAD_TYPE, sys_fill(t, 0, 0, 64));
	REFUSED(BAD_TYPE, sys_fill(frame_new(), t, 0, 64));
	REFUSED(BAD_TYPE, sys_give(GIVE_SHARE, t, 1, slots_new(1), RIGHT_ALL, 0, 0));
	REFUSED(BAD_TYPE, sys_split(t, 0, 1, slots_new(1)));
	REFUSED(BUSY, sys_give(GIVE_MOVE, t, 1, slots_new(1), 0, 0, 0));
}

TEST(c02_unmap_is_seen_by_the_next_access)
{
	struct puppet *p = puppet_new(PRIO_TEST + 5);
	cap_t f = frame_new();
	struct message m = { .info = 0 };

	for (unsigned i = 0; i < 50; i++) {
		OK(map_in(p->space, f, PUPPET_DATA, RIGHT_R | RIGHT_W));
		puppet_do(p, PUPPET_STORE, PUPPET_DATA, i, &m);
		EQUAL(info_kind(m.info), KIND_MESSAGE);
		OK(unmap_one(f));
		CHECK(puppet_faults(p, PUPPET_LOAD, PUPPET_DATA));
		puppet_skip(p);
	}
}

TEST(c02_a_downgrade_is_seen_by_the_next_access)
{
	struct puppet *p = puppet_new(PRIO_TEST + 5);
	cap_t f = frame_new();
	struct message m = { .info = 0 };

	for (unsigned how = 0; how < 3; how++) {
		OK(map_in(p->space, f, PUPPET_DATA, RIGHT_R | RIGHT_W));
		puppet_do(p, PUPPET_STORE, PUPPET_DATA, 1, &m);
		EQUAL(info_kind(m.info), KIND_MESSAGE);
		if (how == 0)
			OK(map_in(p->space, f, PUPPET_DATA, RIGHT_R));
		else if (how == 1)
			OK(sys_delete(child_new(GIVE_FREEZE, f, RIGHT_R)));
		else
			OK(sys_scan(p->space, PUPPET_DATA, 1, SCAN_CLEAR_W));
		CHECK(puppet_faults(p, PUPPET_STORE, PUPPET_DATA));
		puppet_skip(p);
		puppet_do(p, PUPPET_LOAD, PUPPET_DATA, 0, &m);
		EQUAL(m.w[0], 1);
	}
}

TEST(c02_a_page_table_taken_out_is_seen_by_the_next_access)
{
	struct puppet *p = puppet_new(PRIO_TEST + 5);
	cap_t f = frame_new(), t1 = frame_new(), t0 = frame_new();
	uint64_t va = NO_TABLE_VA;
	struct message m = { .info = 0 };

	for (unsigned round = 0; round < 2; round++) {
		OK(sys_table(t1, p->space, va));
		OK(sys_table(t0, p->space, va));
		OK(map_in(p->space, f, va, RIGHT_R | RIGHT_W));
		puppet_do(p, PUPPET_STORE, va, 77, &m);
		EQUAL(info_kind(m.info), KIND_MESSAGE);
		OK(sys_revoke(round ? t1 : t0, 0));
		CHECK(puppet_faults(p, PUPPET_LOAD, va));
		puppet_skip(p);
		CHECK(!INSPECT_MAPPED(inspect(f)));
		OK(map_here(f, PAGE(0), RIGHT_R));
		EQUAL(*at(PAGE(0)), 77);
		OK(unmap_one(f));
		OK(sys_revoke(round ? t0 : t1, 0));
	}
}

TEST(c03_a_space_id_used_again_shows_nothing_old)
{
	cap_t space = frame_new(), t1 = frame_new(), t0 = frame_new(), code = 0, f = frame_new();
	struct puppet *p = puppet_new(PRIO_TEST + 5);
	struct message m = { .info = 0 };

	(void)code;
	OK(map_in(p->space, f, PUPPET_DATA, RIGHT_R | RIGHT_W));
	puppet_do(p, PUPPET_STORE, PUPPET_DATA, 0xdead, &m);
	/* The id of the puppet's space goes to the next one made. */
	OK(sys_revoke(p->space, 0));
	OK(sys_make(space, TYPE_VSPACE, ROOT_SYSTEM));
	OK(sys_table(t1, space, PUPPET_CODE));
	OK(sys_table(t0, space, PUPPET_CODE));
	OK(sys_scan(space, PUPPET_DATA, 1, 0));
	EQUAL(buffer()->accessed[0], 0);
	CHECK(!INSPECT_MAPPED(inspect(f)));
}

TEST(a_space_destroyed_unmaps_all_and_frees_its_frames)
{
	cap_t space = space_with_tables(0), f = pieces_new(8);

	OK(sys_map(space, 0x1000, RIGHT_R, 1, f, 8, 0));
	OK(sys_revoke(space, 0));
	for (unsigned i = 0; i < 8; i++) {
		CHECK(!INSPECT_MAPPED(inspect(f + i)));
		OK(map_here(f + i, PAGE(i), RIGHT_R));
	}
}

TEST(c35_the_kernel_half_faults_at_every_gigabyte)
{
	struct puppet *p = puppet_new(PRIO_TEST + 5);
	static const uint64_t offsets[] = { 0, 0x12345000, 0x3ffffff8 };

	for (uint64_t gig = 256; gig < 512; gig += gig % 16 == 0 || gig > 508 ? 1 : 5) {
		for (unsigned i = 0; i < 3; i++) {
			uint64_t va = 0xffffff8000000000UL + (gig << 30) + offsets[i];

			for (unsigned order = PUPPET_LOAD; order <= PUPPET_JUMP; order++) {
				CHECK(puppet_faults(p, order, va));
				puppet_skip(p);
			}
		}
	}
}

TEST(c11_addresses_that_are_not_canonical_fault_in_user_mode)
{
	static const uint64_t edges[] = { 1UL << 38, 1UL << 39,	      1UL << 40, 1UL << 62,
					  1UL << 63, (1UL << 63) - 8, ~7UL,	 0xffffffbffffffff8UL };
	struct puppet *p = puppet_new(PRIO_TEST + 5);
	struct message m = { .info = 0 };

	for (unsigned i = 0; i < sizeof(edges) / sizeof(*edges); i++) {
		for (unsigned order = PUPPET_LOAD; order <= PUPPET_JUMP; order++) {
			puppet_do(p, order, edges[i], 0, &m);
			EQUAL(info_kind(m.info), KIND_FAULT);
			EQUAL(m.w[0], edges[i]);
			puppet_skip(p);
		}
	}
}

TEST(c07_no_frame_that_is_an_object_can_be_mapped_through_any_capability)
{
	cap_t f = frame_new(), copy;

	for (unsigned type = TYPE_CNODE; type <= TYPE_THREAD; type++) {
		if (type == TYPE_TABLE)
			continue;
		OK(sys_make(f, type, ROOT_SYSTEM));
		copy = copy_new(f, RIGHT_ALL);
		REFUSED(BAD_TYPE, map_here(f, PAGE(0), RIGHT_R));
		REFUSED(BAD_TYPE, map_here(copy, PAGE(0), RIGHT_R));
		OK(sys_revoke(f, 0));
	}
}

TEST(c36_a_frame_at_the_end_of_the_world_is_never_mapped_elsewhere)
{
	struct puppet *p = puppet_new(PRIO_TEST + 5);
	cap_t s = slots_new(1);
	struct message m = { .info = 0 };

	OK(sys_split(SLOT_GIG_BEYOND, 511, 1, s));
	REFUSED(OUT_OF_WINDOW, sys_carve(s, 1, MEM_RAM));
	REFUSED(BAD_ARG, map_here(s, FREE_MEGA_VA, RIGHT_R));
	REFUSED(BAD_ARG, sys_give(GIVE_SHARE, s, 1, slots_new(1), RIGHT_R, 0, 0));
	REFUSED(BAD_ARG, sys_give(GIVE_LEND, s, 1, slots_new(1), RIGHT_R, 0, 0));
	/* Memory that is not there, mapped: an access fault of the one who reads. */
	OK(sys_split(SLOT_GIG + 3, 0, 1, SLOT_TEST + 300));
	OK(sys_carve(SLOT_TEST + 300, 1, MEM_DEVICE));
	OK(map_in(p->space, SLOT_TEST + 300, MEGAPAGE_SIZE, RIGHT_R | RIGHT_W));
	puppet_do(p, PUPPET_LOAD, MEGAPAGE_SIZE + 64, 0, &m);
	EQUAL(info_kind(m.info), KIND_FAULT);
	EQUAL(m.w[0], MEGAPAGE_SIZE + 64);
	EQUAL(m.w[1], 5 << 8);
}
