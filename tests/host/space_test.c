/*
 * space_test.c: address spaces of the real kernel: map, unmap, tables, scan, records that have gone stale. A model of
 * a TLB checks that every downgrade is fenced. Each name is a claim; everything is checked after each call.
 */
// SOURCES: kernel/*.c tests/host/kernel/host.c
// CFLAGS: -include tests/host/kernel/machine.h -DDEBUG=1 -fno-pie -fno-strict-aliasing
// LIBS: -no-pie
#include "kernel/host.h"

#define OK(...) EXPECT(sys(root, __VA_ARGS__), 0)
#define REFUSED(error, ...) do { \
	uint64_t before_ = host_digest(); \
	EXPECT(sys(root, __VA_ARGS__), -(error)); \
	CHECK(before_ == host_digest()); \
} while (0)
#define RW (RIGHT_R | RIGHT_W)
#define RX (RIGHT_R | RIGHT_X)
#define P (PAGE + 8)                    /* pages to map */

static pte_t *pte_of(unsigned slot)
{
	return space_mapping(root_slot(slot));
}

static bool is_mapped(unsigned slot)
{
	OK(SYS_INSPECT, slot);
	CHECK((pte_of(slot) != NULL) == INSPECT_MAPPED(root->regs[REG_A1]));
	return pte_of(slot);
}

/* ---- map ----------------------------------------------------------------------------------------- */

static void addresses_out_of_the_user_half_are_refused(void)
{
	static const uint64_t bad[] = { USER_END, ~0UL << 12, 1UL << 39, 0xffffffc000000000, 1UL << 63, USER_END + VA };

	host_kit();
	for (unsigned i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		REFUSED(E_BAD_ARG, SYS_MAP, SPACE, bad[i], RIGHT_R, 1, P, 1);
		REFUSED(E_BAD_ARG, SYS_TABLE, P, SPACE, bad[i]);
		REFUSED(E_BAD_ARG, SYS_SCAN, SPACE, bad[i], 1, 0);
	}
	REFUSED(E_NEED_TABLE, SYS_MAP, SPACE, USER_END - PAGE_SIZE, RIGHT_R, 1, P, 1);
	OK(SYS_TABLE, P + 20, SPACE, USER_END - 1);
	OK(SYS_TABLE, P + 21, SPACE, USER_END - 1);
	EXPECT(sys(root, SYS_MAP, SPACE, USER_END - PAGE_SIZE, RIGHT_R, 1, P, 2), -E_BAD_ARG);
	EXPECT(root->regs[REG_A1], 1);
	CHECK(is_mapped(P) && !is_mapped(P + 1));
	REFUSED(E_BAD_ARG, SYS_SCAN, SPACE, USER_END - PAGE_SIZE, 2, 0);
	OK(SYS_SCAN, SPACE, USER_END - PAGE_SIZE, 1, 0);
}

static void misaligned_addresses_are_refused(void)
{
	host_kit();
	for (unsigned shift = 0; shift < 12; shift++)
		REFUSED(E_BAD_ARG, SYS_MAP, SPACE, VA + (1UL << shift), RIGHT_R, 1, P, 1);
	REFUSED(E_BAD_ARG, SYS_MAP, SPACE, VA + PAGE_SIZE, RIGHT_R, 1, MEGA + 2, 1);
	REFUSED(E_BAD_ARG, SYS_SCAN, SPACE, VA + 8, 1, 0);
}

static void only_four_kinds_of_rights_map(void)
{
	host_kit();
	for (uint64_t rights = 0; rights < 256; rights++) {
		bool sane = rights == RIGHT_R || rights == RW || rights == RIGHT_X || rights == RX;

		EXPECT(sys(root, SYS_MAP, SPACE, VA, rights, 1, P, 1), sane ? 0 : -E_BAD_ARG);
	}
	REFUSED(E_BAD_ARG, SYS_MAP, SPACE, VA, ~0UL, 1, P, 1);
}

static void a_run_of_runs_maps_one_behind_the_other(void)
{
	host_kit();
	root->buffer->runs[1] = (struct slot_run){ P + 10, 2 };
	root->buffer->runs[2] = (struct slot_run){ P + 3, 1 };
	OK(SYS_MAP, SPACE, VA, RW, 3, P, 3);
	EXPECT(root->regs[REG_A1], 6);
	EXPECT(root_slot(P + 10)->vpn, (VA >> 12) + 3);
	EXPECT(root_slot(P + 3)->vpn, (VA >> 12) + 5);
	REFUSED(E_BAD_ARG, SYS_MAP, SPACE, VA, RW, 0, P, 3);
	REFUSED(E_BAD_ARG, SYS_MAP, SPACE, VA, RW, MAP_ITEMS + 1, P, 3);
	REFUSED(E_BAD_ARG, SYS_MAP, SPACE, VA, RW, ~0UL, P, 3);
	REFUSED(E_BAD_SLOT, SYS_MAP, SPACE, VA, RW, 1, P, 0);
}

static void a_piece_is_128_pages(void)
{
	host_kit();
	OK(SYS_SPLIT, MEGA + 2, 0, 200, FREE);
	EXPECT(sys(root, SYS_MAP, SPACE, VA, RW, 1, FREE, 200), -E_AGAIN);
	EXPECT(root->regs[REG_A1], 128);
	CHECK(is_mapped(FREE + 127) && !is_mapped(FREE + 128));
	OK(SYS_MAP, SPACE, VA + 128 * PAGE_SIZE, RW, 1, FREE + 128, 72);
	*pte_of(FREE + 127) |= PTE_D | PTE_A;
	*pte_of(FREE + 3) |= PTE_D | PTE_A;
	EXPECT(sys(root, SYS_UNMAP, 1, FREE, 200), -E_AGAIN);
	EXPECT(root->regs[REG_A1], 128);
	EXPECT(root->buffer->dirty[0], 1UL << 3);
	EXPECT(root->buffer->dirty[1], 1UL << 63);
	CHECK(!is_mapped(FREE + 127) && is_mapped(FREE + 128));
	OK(SYS_UNMAP, 1, FREE + 128, 72);
	CHECK(!is_mapped(FREE + 199));
}

static void a_run_crosses_page_tables(void)
{
	host_kit();
	OK(SYS_TABLE, P + 20, SPACE, VA + MEGAPAGE_SIZE);
	OK(SYS_MAP, SPACE, VA + MEGAPAGE_SIZE - 2 * PAGE_SIZE, RW, 1, P, 4);
	CHECK(is_mapped(P + 1) && is_mapped(P + 2));
	EXPECT(sys(root, SYS_MAP, SPACE, VA + 2 * MEGAPAGE_SIZE - PAGE_SIZE, RW, 1, P + 4, 2), -E_NEED_TABLE);
	EXPECT(root->regs[REG_A1], 1);
	EXPECT(root->regs[REG_A2], 0);
	EXPECT(sys(root, SYS_MAP, SPACE, 0, RW, 1, P + 6, 1), -E_NEED_TABLE);
	EXPECT(root->regs[REG_A2], 1);
}

static void an_occupied_place_stays_so(void)
{
	host_kit();
	OK(SYS_MAP, SPACE, VA, RW, 1, P, 1);
	REFUSED(E_OCCUPIED, SYS_MAP, SPACE, VA, RW, 1, P + 1, 1);
	OK(SYS_GIVE, GIVE_SHARE, P, 1, FREE, RIGHT_ALL);
	REFUSED(E_OCCUPIED, SYS_MAP, SPACE, VA, RW, 1, FREE, 1);
	REFUSED(E_NOT_FREE, SYS_MAP, SPACE, VA + PAGE_SIZE, RW, 1, P, 1);
	REFUSED(E_TABLE_PRESENT, SYS_MAP, SPACE, VA, RW, 1, MEGA + 2, 1);
	OK(SYS_MAP, SPACE, VA + PAGE_SIZE, RW, 1, FREE, 1);
	CHECK(is_mapped(P) && is_mapped(FREE));
}

static void remapping_changes_rights_and_keeps_accessed_and_dirty(void)
{
	host_kit();
	OK(SYS_MAP, SPACE, VA, RW, 1, P, 1);
	*pte_of(P) |= PTE_A | PTE_D;
	OK(SYS_MAP, SPACE, VA, RIGHT_R, 1, P, 1);
	EXPECT(*pte_of(P) & 0xff, PTE_V | PTE_R | PTE_U | PTE_A | PTE_D);
	OK(SYS_MAP, SPACE, VA, RX, 1, P, 1);
	EXPECT(*pte_of(P) & PTE_RWX, PTE_R | PTE_X);
	OK(SYS_MAP, SPACE, VA, RW, 1, P, 1);
	OK(SYS_UNMAP, 1, P, 1);
	EXPECT(root->buffer->dirty[0], 1);
	OK(SYS_UNMAP, 1, P, 1);
	EXPECT(root->buffer->dirty[0], 0);
}

static void large_pages_map_at_their_own_level(void)
{
	host_kit();
	OK(SYS_MAP, SPACE, VA + MEGAPAGE_SIZE, RW, 1, MEGA + 2, 2);
	CHECK(is_mapped(MEGA + 2) && is_mapped(MEGA + 3));
	REFUSED(E_NEED_TABLE, SYS_MAP, SPACE, VA + MEGAPAGE_SIZE, RW, 1, P, 1);
	REFUSED(E_OCCUPIED, SYS_TABLE, P, SPACE, VA + MEGAPAGE_SIZE);
	OK(SYS_UNMAP, 1, MEGA + 2, 2);
	OK(SYS_TABLE, P, SPACE, VA + MEGAPAGE_SIZE);
	OK(SYS_SPLIT, ROOT_WORLD, 3, 1, FREE);
	OK(SYS_CARVE, FREE, 1, MEM_RAM);
	OK(SYS_MAP, SPACE, 2UL << 30, RIGHT_R, 1, FREE, 1);
	REFUSED(E_OCCUPIED, SYS_TABLE, P + 1, SPACE, 2UL << 30);
	OK(SYS_UNMAP, 1, FREE, 1);
	OK(SYS_TABLE, P + 1, SPACE, 2UL << 30);
	REFUSED(E_TABLE_PRESENT, SYS_MAP, SPACE, 2UL << 30, RIGHT_R, 1, FREE, 1);
}

static void mixed_orders_map_in_one_run(void)
{
	host_kit();
	OK(SYS_GIVE, GIVE_LEND, P, 1, FREE, RIGHT_ALL);
	OK(SYS_GIVE, GIVE_LEND, MEGA + 2, 1, FREE + 1, RIGHT_ALL);
	OK(SYS_GIVE, GIVE_LEND, P + 1, 1, FREE + 2, RIGHT_ALL);
	OK(SYS_TABLE, P + 20, SPACE, VA + 2 * MEGAPAGE_SIZE);
	OK(SYS_MAP, SPACE, VA + MEGAPAGE_SIZE - PAGE_SIZE, RW, 1, FREE, 3);
	CHECK(is_mapped(FREE) && is_mapped(FREE + 1) && is_mapped(FREE + 2));
	EXPECT(root_slot(FREE + 2)->vpn, (VA + 2 * MEGAPAGE_SIZE) >> 12);
	OK(SYS_UNMAP, 1, FREE, 3);
}

static void a_space_needs_the_right_to_write(void)
{
	host_kit();
	OK(SYS_GIVE, GIVE_COPY, SPACE, 1, FREE, RIGHT_READ);
	REFUSED(E_NO_RIGHT, SYS_MAP, FREE, VA, RW, 1, P, 1);
	REFUSED(E_NO_RIGHT, SYS_TABLE, P, FREE, VA + MEGAPAGE_SIZE);
	REFUSED(E_NO_RIGHT, SYS_SCAN, FREE, VA, 1, 0);
	REFUSED(E_BAD_TYPE, SYS_MAP, P, VA, RW, 1, P, 1);
	REFUSED(E_BAD_TYPE, SYS_MAP, SPACE, VA, RW, 1, ROOT_SYSTEM, 1);
	EXPECT(sys(root, SYS_MAP, SPACE, VA, RW, 1, FREE + 1, 1), -E_BAD_TYPE);
}

/* ---- unmap and runs ------------------------------------------------------------------------------ */

static void unmap_passes_over_what_is_not_mapped(void)
{
	host_kit();
	OK(SYS_MAP, SPACE, VA, RW, 1, P + 1, 1);
	OK(SYS_UNMAP, 1, ROOT_SYSTEM, 100);
	EXPECT(root->regs[REG_A1], 100);
	CHECK(is_mapped(P + 1));
	REFUSED(E_BAD_ARG, SYS_UNMAP, 0, P, 1);
	REFUSED(E_BAD_ARG, SYS_UNMAP, MAP_ITEMS + 1, P, 1);
}

static void one_run_unmaps_in_several_spaces(void)
{
	host_kit();
	OK(SYS_MAKE, PAGE + 50, TYPE_VSPACE, ROOT_SYSTEM);
	OK(SYS_TABLE, PAGE + 51, PAGE + 50, VA);
	OK(SYS_TABLE, PAGE + 52, PAGE + 50, VA);
	for (unsigned i = 0; i < 8; i++)
		OK(SYS_MAP, i % 3 ? SPACE : PAGE + 50, VA + i * PAGE_SIZE, RW, 1, P + i, 1);
	OK(SYS_UNMAP, 1, P, 8);
	for (unsigned i = 0; i < 8; i++)
		CHECK(!is_mapped(P + i));
}

/* The run's short cut finds each PTE in the table of the one before: only if it is the same table. */
static void a_stale_record_in_a_run_unmaps_nothing(void)
{
	host_kit();
	OK(SYS_TABLE, P + 20, SPACE, VA + MEGAPAGE_SIZE);
	OK(SYS_MAP, SPACE, VA + MEGAPAGE_SIZE, RW, 1, P + 1, 1);
	OK(SYS_REVOKE, P + 20);
	OK(SYS_MAP, SPACE, VA, RW, 1, P, 1);
	OK(SYS_MAP, SPACE, VA + 2 * PAGE_SIZE, RW, 1, P + 2, 1);
	OK(SYS_TABLE, P + 20, SPACE, VA + MEGAPAGE_SIZE);
	OK(SYS_MAP, SPACE, VA + MEGAPAGE_SIZE, RW, 1, P + 5, 1);
	OK(SYS_UNMAP, 1, P, 3);
	EXPECT(is_mapped(P + 5), 1);
	CHECK(!is_mapped(P) && !is_mapped(P + 1) && !is_mapped(P + 2));
}

/* ---- tables and stale records -------------------------------------------------------------------- */

static void a_table_that_goes_unmaps_what_is_below(void)
{
	host_kit();
	OK(SYS_MAP, SPACE, VA, RW, 1, P, 4);
	OK(SYS_REVOKE, SPACE + 2);
	EXPECT(root_slot(SPACE + 2)->type, TYPE_FRAME);
	for (unsigned i = 0; i < 4; i++)
		CHECK(!is_mapped(P + i));
	REFUSED(E_NEED_TABLE, SYS_MAP, SPACE, VA, RW, 1, P, 1);
	OK(SYS_TABLE, SPACE + 2, SPACE, VA);
	CHECK(!is_mapped(P));
	OK(SYS_MAP, SPACE, VA + PAGE_SIZE, RW, 1, P, 1);
	OK(SYS_MAKE, P + 1, TYPE_THREAD);
}

static void upper_tables_go_before_lower_ones(void)
{
	host_kit();
	OK(SYS_MAP, SPACE, VA, RW, 1, P, 1);
	OK(SYS_REVOKE, SPACE + 1);
	CHECK(!is_mapped(P));
	EXPECT(root_slot(SPACE + 2)->type, TYPE_TABLE);
	REFUSED(E_BUSY, SYS_GIVE, GIVE_MOVE, SPACE + 2, 1, FREE);
	OK(SYS_TABLE, SPACE + 1, SPACE, VA);
	CHECK(!is_mapped(P));
	OK(SYS_TABLE, P + 5, SPACE, VA);
	OK(SYS_MAP, SPACE, VA, RW, 1, P + 1, 1);
	OK(SYS_REVOKE, SPACE + 2);
	CHECK(is_mapped(P + 1) && !is_mapped(P));
}

static void a_table_is_free_ram_of_one_page(void)
{
	host_kit();
	REFUSED(E_BAD_ARG, SYS_TABLE, MEGA + 2, SPACE, VA + MEGAPAGE_SIZE);
	REFUSED(E_BAD_TYPE, SYS_TABLE, SPACE, SPACE, VA + MEGAPAGE_SIZE);
	REFUSED(E_OCCUPIED, SYS_TABLE, P, SPACE, VA);
	OK(SYS_MAP, SPACE, VA, RW, 1, P, 1);
	REFUSED(E_BUSY, SYS_TABLE, P, SPACE, VA + MEGAPAGE_SIZE);
	OK(SYS_GIVE, GIVE_SHARE, P + 1, 1, FREE, RIGHT_ALL);
	REFUSED(E_NO_RIGHT, SYS_TABLE, FREE, SPACE, VA + MEGAPAGE_SIZE);
	REFUSED(E_BUSY, SYS_TABLE, P + 1, SPACE, VA + MEGAPAGE_SIZE);
}

static void a_space_that_ends_leaves_its_frames_and_tables_to_their_owners(void)
{
	unsigned id = root_slot(SPACE)->space;

	host_kit();
	id = root_slot(SPACE)->space;
	OK(SYS_MAP, SPACE, VA, RW, 1, P, 4);
	OK(SYS_REVOKE, SPACE);
	CHECK(!is_mapped(P));
	EXPECT(root_slot(SPACE + 1)->type, TYPE_TABLE);
	OK(SYS_MAKE, SPACE, TYPE_VSPACE, ROOT_SYSTEM);
	EXPECT(root_slot(SPACE)->space, id);
	REFUSED(E_NEED_TABLE, SYS_MAP, SPACE, VA, RW, 1, P, 1);
	OK(SYS_TABLE, P + 20, SPACE, VA);
	OK(SYS_TABLE, P + 21, SPACE, VA);
	OK(SYS_MAP, SPACE, VA, RW, 1, P + 5, 1);
	CHECK(!is_mapped(P) && is_mapped(P + 5));
	OK(SYS_REVOKE, SPACE + 1);
	OK(SYS_REVOKE, SPACE + 2);
	CHECK(is_mapped(P + 5));
	OK(SYS_MAKE, P, TYPE_CNODE);
}

static void a_running_space_that_ends_stops_its_thread(void)
{
	struct thread *t;

	host_kit();
	t = host_thread(PAGE + 4);
	OK(SYS_GIVE, GIVE_COPY, ROOT_CNODE, 1, CAP(PAGE + 5, 4), RIGHT_ALL);
	host_hart->satp = t->satp;
	host_csr.satp = t->satp;
	(void)sys(t, SYS_REVOKE, CAP(4, SPACE));
	EXPECT(t->state, STATE_STOPPED);
	EXPECT(root_slot(SPACE)->type, TYPE_FRAME);
	CHECK(host_csr.satp == kernel_satp() && host_hart->satp == kernel_satp());
	OK(SYS_INSPECT, SPACE);
	EXPECT(sys(root, SYS_THREAD_SET, PAGE + 4, THREAD_RUN), -E_BUSY);
}

/* ---- scan ---------------------------------------------------------------------------------------- */

static void scan_tells_and_clears(void)
{
	host_kit();
	OK(SYS_MAP, SPACE, VA, RW, 1, P, 40);
	*pte_of(P + 1) |= PTE_A;
	*pte_of(P + 33) |= PTE_A | PTE_D;
	OK(SYS_SCAN, SPACE, VA, 512, 0);
	EXPECT(root->buffer->accessed[0], 1UL << 1 | 1UL << 33);
	EXPECT(root->buffer->dirty[0], 1UL << 33);
	OK(SYS_SCAN, SPACE, VA + PAGE_SIZE, 512, SCAN_CLEAR_A);
	EXPECT(root->buffer->accessed[0], 1UL | 1UL << 32);
	OK(SYS_SCAN, SPACE, VA, 512, SCAN_CLEAR_D | SCAN_CLEAR_W);
	EXPECT(root->buffer->accessed[0], 0);
	EXPECT(root->buffer->dirty[0], 1UL << 33);
	OK(SYS_SCAN, SPACE, VA, 512, 0);
	EXPECT(root->buffer->dirty[0], 0);
	CHECK(!(*pte_of(P) & PTE_W) && is_mapped(P));
	REFUSED(E_BAD_ARG, SYS_SCAN, SPACE, VA, 513, 0);
	REFUSED(E_BAD_ARG, SYS_SCAN, SPACE, VA, 0, 0);
	REFUSED(E_BAD_ARG, SYS_SCAN, SPACE, VA, 1, 8);
	REFUSED(E_BAD_ARG, SYS_SCAN, SPACE, VA, 1, ~0UL);
	OK(SYS_SCAN, SPACE, 0, 512, 7);
}

static void scan_sees_large_pages(void)
{
	host_kit();
	OK(SYS_MAP, SPACE, VA + MEGAPAGE_SIZE, RW, 1, MEGA + 2, 1);
	*pte_of(MEGA + 2) |= PTE_A;
	OK(SYS_SCAN, SPACE, VA + MEGAPAGE_SIZE + 4 * PAGE_SIZE, 512, SCAN_CLEAR_W | SCAN_CLEAR_D);
	EXPECT(root->buffer->accessed[0], ~0UL);
	CHECK(!(*pte_of(MEGA + 2) & PTE_W));
	/* To take W alone no bitmap is made. */
	*pte_of(MEGA + 2) |= PTE_W;
	OK(SYS_SCAN, SPACE, VA + MEGAPAGE_SIZE + 4 * PAGE_SIZE, 512, SCAN_CLEAR_W);
	EXPECT(root->buffer->accessed[0], 0);
	CHECK(!(*pte_of(MEGA + 2) & PTE_W));
}

/* ---- random -------------------------------------------------------------------------------------- */

/* Frames of two orders, shares and two spaces, tables that come and go: the checks after each call are the test. */
static void nothing_breaks_under_random_maps(void)
{
	unsigned mapped = 0;

	host_kit();
	OK(SYS_MAKE, PAGE + 50, TYPE_VSPACE, ROOT_SYSTEM);
	OK(SYS_TABLE, PAGE + 51, PAGE + 50, VA);
	OK(SYS_GIVE, GIVE_SHARE, P, 8, FREE, RIGHT_ALL);
	OK(SYS_GIVE, GIVE_FREEZE, P + 8, 4, FREE + 8, RIGHT_ALL);
	OK(SYS_GIVE, GIVE_LEND, MEGA + 2, 4, FREE + 12, RIGHT_ALL);
	for (unsigned i = 0; i < 20000; i++) {
		static const uint8_t rights[] = { RIGHT_R, RW, RW, RX };
		uint64_t va = VA + host_below(3) * MEGAPAGE_SIZE + (host_below(2) ? host_below(6) * PAGE_SIZE : 0);
		unsigned space = host_below(2) ? SPACE : PAGE + 50,
			 frame =
			     host_below(2) ? P + (unsigned)host_below(12) : FREE + (unsigned)host_below(16);
		unsigned table = PAGE + 52 + (unsigned)host_below(4);

		switch (host_below(8)) {
		case 0:
			(void)sys(root, SYS_UNMAP, 1, frame, 1 + host_below(4));
			break;
		case 1:
			(void)sys(root, SYS_TABLE, table, space, va);
			break;
		case 2:
			(void)sys(root, host_below(4) ? SYS_INSPECT : SYS_REVOKE, table);
			break;
		case 3:
			(void)sys(root, SYS_SCAN, space, va, 512, host_below(8));
			break;
		case 4:
			(void)sys(root, SYS_GIVE, GIVE_SHARE + host_below(3), P + host_below(12), 1,
				  FREE + host_below(16), RIGHT_ALL);
			break;
		case 5:
			(void)sys(root, host_below(3) ? SYS_INSPECT : SYS_DELETE, FREE + host_below(16));
			break;
		default:
			mapped += sys(root, SYS_MAP, space, va, rights[host_below(4)], 1, frame,
				      1 + host_below(3)) == 0;
		}
	}
	CHECK(mapped > 500);
}

/* The next space gets the id of the one that ended, and maps the same frame at the same place: by another slot. */
static void c3_a_mapping_does_not_outlive_its_space_in_the_next_of_its_id(void)
{
	unsigned id;

	host_kit();
	OK(SYS_GIVE, GIVE_SHARE, P, 1, FREE, RIGHT_ALL);
	OK(SYS_GIVE, GIVE_SHARE, P, 1, FREE + 1, RIGHT_ALL);
	OK(SYS_MAKE, P + 20, TYPE_VSPACE, ROOT_SYSTEM);
	id = root_slot(P + 20)->space;
	OK(SYS_TABLE, P + 21, P + 20, VA);
	OK(SYS_TABLE, P + 22, P + 20, VA);
	OK(SYS_MAP, P + 20, VA, RIGHT_R, 1, FREE, 1);
	CHECK(is_mapped(FREE));
	for (unsigned i = 20; i <= 22; i++)
		OK(SYS_REVOKE, P + i);
	CHECK(!is_mapped(FREE));
	OK(SYS_MAKE, P + 20, TYPE_VSPACE, ROOT_SYSTEM);
	EXPECT(root_slot(P + 20)->space, id);
	OK(SYS_TABLE, P + 21, P + 20, VA);
	OK(SYS_TABLE, P + 22, P + 20, VA);
	OK(SYS_MAP, P + 20, VA, RIGHT_R, 1, FREE + 1, 1);
	CHECK(is_mapped(FREE + 1) && !is_mapped(FREE));
	OK(SYS_UNMAP, 1, FREE, 1);
	CHECK(is_mapped(FREE + 1));
}

static const struct claim claims[] = {
	CLAIM(addresses_out_of_the_user_half_are_refused),
	CLAIM(misaligned_addresses_are_refused),
	CLAIM(only_four_kinds_of_rights_map),
	CLAIM(a_run_of_runs_maps_one_behind_the_other),
	CLAIM(a_piece_is_128_pages),
	CLAIM(a_run_crosses_page_tables),
	CLAIM(an_occupied_place_stays_so),
	CLAIM(remapping_changes_rights_and_keeps_accessed_and_dirty),
	CLAIM(large_pages_map_at_their_own_level),
	CLAIM(mixed_orders_map_in_one_run),
	CLAIM(a_space_needs_the_right_to_write),
	CLAIM(unmap_passes_over_what_is_not_mapped),
	CLAIM(one_run_unmaps_in_several_spaces),
	CLAIM(a_stale_record_in_a_run_unmaps_nothing),
	CLAIM(c3_a_mapping_does_not_outlive_its_space_in_the_next_of_its_id),
	CLAIM(a_table_that_goes_unmaps_what_is_below),
	CLAIM(upper_tables_go_before_lower_ones),
	CLAIM(a_table_is_free_ram_of_one_page),
	CLAIM(a_space_that_ends_leaves_its_frames_and_tables_to_their_owners),
	CLAIM(a_running_space_that_ends_stops_its_thread),
	CLAIM(scan_tells_and_clears),
	CLAIM(scan_sees_large_pages),
	CLAIM(nothing_breaks_under_random_maps),
};

int main(int argc, char **argv)
{
	return host_claims(claims, sizeof(claims) / sizeof(*claims), argc, argv);
}
