/*
 * frame.c: split, carve, make and fill: every error of each, and that memory is cleared on the way in and out.
 */
#include "harness.h"

#define NOWHERE_GIG (SLOT_GIG + 3)     /* no RAM and no device answers there with 128 MiB */

/* ---- split ---------------------------------------------------------------------------------------- */

TEST(split_hands_out_pieces_in_ascending_order)
{
	cap_t mega = mega_new(), s = slots_new(4);
	uint64_t pa = inspect_detail(mega);

	OK(sys_split(mega, 1, 1, s));
	EQUAL(inspect_detail(s), pa + PAGE_SIZE);
	REFUSED(BUSY, sys_split(mega, 0, 1, s + 1));
	REFUSED(BUSY, sys_split(mega, 1, 1, s + 1));
	OK(sys_split(mega, 511, 1, s + 1));
	EQUAL(inspect_detail(s + 1), pa + 511 * PAGE_SIZE);
	REFUSED(BUSY, sys_split(mega, 2, 1, s + 2));
	OK(sys_revoke(mega, 0));
	CHECK(slot_empty(s) && slot_empty(s + 1));
	OK(sys_split(mega, 0, 1, s));
}

TEST(split_refuses_pieces_that_are_not_there)
{
	cap_t mega = mega_new(), s = slots_new(2), f = frame_new();
	static const uint64_t bad[][2] = { { 512, 1 },	{ 511, 2 },	  { ~0UL, 1 },
					   { ~0UL, 2 }, { 1UL << 63, 1 }, { 1UL << 32, 1 } };

	for (unsigned i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		REFUSED(BAD_ARG, sys_split(mega, bad[i][0], bad[i][1], s));
	REFUSED(BAD_ARG, sys_split(mega, 0, 513, s));
	REFUSED(BAD_ARG, sys_split(mega, 0, ~0UL, s));
	REFUSED(BAD_SLOT, sys_split(mega, 0, 0, s));
	REFUSED(BAD_ARG, sys_split(f, 64, 1, s));
	REFUSED(BAD_ARG, sys_split(f, 63, 2, s));
}

TEST(split_of_a_page_that_is_not_ram_is_refused)
{
	cap_t mega = slots_new(1), page = slots_new(1);

	OK(sys_split(SLOT_GIG, 128, 1, mega));
	OK(sys_split(mega, 0, 1, page));
	REFUSED(BAD_ARG, sys_split(page, 0, 1, slots_new(1)));
	OK(sys_carve(page, 1, MEM_DEVICE));
	REFUSED(BAD_ARG, sys_split(page, 0, 1, slots_new(1)));
}

TEST(split_refuses_a_slot_in_use)
{
	cap_t mega = mega_new(), s = slots_new(3);

	OK(sys_give(GIVE_COPY, ROOT_SYSTEM, 1, s + 1, 0, 0, 0));
	REFUSED(NOT_EMPTY, sys_split(mega, 0, 3, s));
	CHECK(slot_empty(s) && slot_empty(s + 2));
	EQUAL(INSPECT_CHILDREN(inspect(mega)), KIND_NONE);
}

TEST(split_refuses_a_frame_that_is_mapped_or_has_other_children)
{
	cap_t mega = mega_new(), s = slots_new(1), child;

	OK(map_here(mega, FREE_MEGA_VA, RIGHT_R));
	REFUSED(BUSY, sys_split(mega, 0, 1, s));
	OK(unmap_one(mega));
	child = child_new(GIVE_SHARE, mega, RIGHT_R);
	REFUSED(BUSY, sys_split(mega, 0, 1, s));
	REFUSED(NO_RIGHT, sys_split(child, 0, 1, s));
	OK(sys_delete(child));
	child = child_new(GIVE_FREEZE, mega, RIGHT_R);
	REFUSED(BUSY, sys_split(mega, 0, 1, s));
	REFUSED(NO_RIGHT, sys_split(child, 0, 1, s));
	OK(sys_delete(child));
	child = child_new(GIVE_LEND, mega, RIGHT_ALL);
	REFUSED(BUSY, sys_split(mega, 0, 1, s));
	OK(sys_split(child, 0, 1, s));
}

/* A chain of loans of a frame as deep as it goes: the slot of the last. */
static cap_t deepest_loan(cap_t frame)
{
	cap_t s = slots_new(127);
	long r = sys_give(GIVE_LEND, frame, 1, s, RIGHT_ALL, 0, 0);

	for (; !r; s++)
		r = sys_give(GIVE_LEND, s, 1, s + 1, RIGHT_ALL, 0, 0);
	EQUAL(r, -E_TOO_DEEP);
	return s - 1;
}

TEST(split_at_depth_127_is_refused)
{
	COVERS(GIVE, TOO_DEEP);
	REFUSED(TOO_DEEP, sys_split(deepest_loan(mega_new()), 0, 1, slots_new(1)));
}

TEST(a_frame_at_depth_127_still_becomes_an_object)
{
	cap_t s = deepest_loan(frame_new());

	OK(sys_make(s, TYPE_CNODE, 0));
	OK(sys_revoke(s, 0));
}

/* ---- carve ---------------------------------------------------------------------------------------- */

TEST(carve_refuses_the_kernel_image)
{
	cap_t piece = slots_new(1);

	REFUSED(IMAGE, sys_carve(SLOT_MEGA + image_mega, 1, MEM_RAM));
	REFUSED(IMAGE, sys_carve(SLOT_MEGA + image_mega, 1, MEM_DEVICE));
	REFUSED(IMAGE, sys_carve(SLOT_MEGA, image_mega + 1, MEM_RAM));
	EQUAL(INSPECT_MEMTYPE(inspect(SLOT_MEGA)), MEM_UNKNOWN);
	/* Every page of the image, and the first behind it. */
	for (uint64_t pa = boot.image_start; pa <= boot.image_end; pa += PAGE_SIZE) {
		if (pa / MEGAPAGE_SIZE != boot.image_start / MEGAPAGE_SIZE)
			break;
		OK(sys_split(SLOT_MEGA + image_mega, pa % MEGAPAGE_SIZE / PAGE_SIZE, 1, piece));
		if (pa < boot.image_end)
			REFUSED(IMAGE, sys_carve(piece, 1, MEM_RAM));
		else
			OK(sys_carve(piece, 1, MEM_RAM));
		OK(sys_delete(piece));
	}
	OK(sys_revoke(SLOT_MEGA + image_mega, 0));
}

TEST(carve_refuses_what_is_beyond_the_window)
{
	REFUSED(OUT_OF_WINDOW, sys_carve(SLOT_GIG_BEYOND, 1, MEM_RAM));
	REFUSED(OUT_OF_WINDOW, sys_carve(SLOT_GIG_BEYOND, 1, MEM_DEVICE));
}

TEST(carve_refuses_types_and_frames_that_cannot_be)
{
	cap_t piece = slots_new(1);

	OK(sys_split(NOWHERE_GIG, 0, 1, piece));
	REFUSED(BAD_ARG, sys_carve(piece, 1, MEM_UNKNOWN));
	REFUSED(BAD_ARG, sys_carve(piece, 1, MEM_DEVICE + 1));
	REFUSED(BAD_ARG, sys_raw(SYS_CARVE, piece, 1, 1UL << 32 | MEM_RAM, 0, 0, 0, 0, 0, 0));
	REFUSED(BAD_ARG, sys_carve(piece, 513, MEM_RAM));
	REFUSED(BAD_SLOT, sys_carve(piece, 0, MEM_RAM));
	REFUSED(BAD_ARG, sys_carve(ROOT_WORLD, 1, MEM_RAM));
	REFUSED(BAD_ARG, sys_carve(mega_new(), 1, MEM_RAM));
	REFUSED(BUSY, sys_carve(NOWHERE_GIG, 1, MEM_RAM));
	OK(sys_carve(piece, 1, MEM_DEVICE));
	REFUSED(BAD_ARG, sys_carve(piece, 1, MEM_RAM));
}

TEST(carve_of_several_changes_all_or_none)
{
	cap_t s = slots_new(3);

	OK(sys_split(NOWHERE_GIG, 0, 3, s));
	OK(sys_carve(s + 2, 1, MEM_DEVICE));
	REFUSED(BAD_ARG, sys_carve(s, 3, MEM_RAM));
	EQUAL(INSPECT_MEMTYPE(inspect(s)), MEM_UNKNOWN);
	OK(sys_carve(s, 2, MEM_RAM));
	EQUAL(INSPECT_MEMTYPE(inspect(s + 1)), MEM_RAM);
}

/* ---- make ----------------------------------------------------------------------------------------- */

TEST(make_refuses_a_frame_that_is_not_free)
{
	cap_t f = frame_new(), child;

	OK(map_here(f, FREE_VA, RIGHT_R));
	REFUSED(BUSY, sys_make(f, TYPE_CNODE, 0));
	REFUSED(BUSY, sys_make(f, TYPE_THREAD, 0));
	REFUSED(BUSY, sys_make(f, TYPE_VSPACE, ROOT_SYSTEM));
	OK(unmap_one(f));
	for (unsigned verb = GIVE_SHARE; verb <= GIVE_LEND; verb++) {
		child = child_new(verb, f, RIGHT_ALL);
		REFUSED(BUSY, sys_make(f, TYPE_CNODE, 0));
		if (verb != GIVE_LEND)
			REFUSED(NO_RIGHT, sys_make(child, TYPE_CNODE, 0));
		OK(sys_delete(child));
	}
	OK(sys_split(f, 0, 1, child));
	REFUSED(BUSY, sys_make(f, TYPE_CNODE, 0));
}

TEST(make_refuses_types_and_sizes_that_do_not_fit)
{
	cap_t f = frame_new(), mega = mega_new();
	static const unsigned bad[] = { TYPE_NULL,   TYPE_FRAME, TYPE_CHIP, TYPE_TABLE, TYPE_REPLY,
					TYPE_SYSTEM, TYPE_HART,	 11,	    15,		~0U };

	for (unsigned i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		REFUSED(BAD_ARG, sys_make(f, bad[i], ROOT_SYSTEM));
		REFUSED(BAD_ARG, sys_make(mega, bad[i], ROOT_SYSTEM));
	}
	REFUSED(BAD_ARG, sys_raw(SYS_MAKE, f, 1UL << 32 | TYPE_CNODE, 0, 0, 0, 0, 0, 0, 0));
	REFUSED(BAD_ARG, sys_make(mega, TYPE_THREAD, 0));
	REFUSED(BAD_ARG, sys_make(mega, TYPE_VSPACE, ROOT_SYSTEM));
	REFUSED(BAD_ARG, sys_make(SLOT_GIG + 1, TYPE_CNODE, 0));
	REFUSED(BAD_ARG, sys_make(ROOT_WORLD, TYPE_CNODE, 0));
	REFUSED(BAD_TYPE, sys_make(f, TYPE_ENDPOINT, 0));
	REFUSED(BAD_TYPE, sys_make(chip_new(), TYPE_CNODE, 0));
}

TEST(make_of_a_space_needs_the_right_to_space_ids)
{
	cap_t f = frame_new();

	REFUSED(NO_RIGHT, sys_make(f, TYPE_VSPACE, 0));
	REFUSED(NO_RIGHT, sys_make(f, TYPE_VSPACE, copy_new(ROOT_SYSTEM, RIGHT_ALL & ~RIGHT_SPACE_ID)));
	REFUSED(BAD_SLOT, sys_make(f, TYPE_VSPACE, slots_new(1)));
	OK(sys_make(f, TYPE_VSPACE, copy_new(ROOT_SYSTEM, RIGHT_SPACE_ID)));
}

TEST(make_in_a_device_is_refused)
{
	cap_t mega = slots_new(2);

	OK(sys_split(SLOT_GIG, 128, 1, mega));
	OK(sys_carve(mega, 1, MEM_DEVICE));
	OK(sys_split(mega, 0, 1, mega + 1));
	REFUSED(BAD_ARG, sys_make(mega + 1, TYPE_CNODE, 0));
	REFUSED(BAD_ARG, sys_make(mega + 1, TYPE_THREAD, 0));
	REFUSED(BAD_ARG, sys_table(mega + 1, ROOT_VSPACE, NO_TABLE_VA));
	REFUSED(BAD_ARG, sys_fill(mega + 1, 0, 0, 64));
	REFUSED(BAD_ARG, sys_fill(frame_new(), mega + 1, 0, 64));
}

/* A frame where nothing answers, carved as RAM. */
static cap_t bad_frame(unsigned order)
{
	cap_t s = slots_new(2);

	OK(sys_split(NOWHERE_GIG, 7, 1, s));
	OK(sys_carve(s, 1, MEM_RAM));
	if (order == ORDER_2M)
		return s;
	OK(sys_split(s, 0, 1, s + 1));
	return s + 1;
}

TEST(memory_that_does_not_answer_is_an_error_not_a_panic)
{
	cap_t f = bad_frame(ORDER_4K), chip = slots_new(1), good = frame_new();
	uint64_t threads = slots_in_use();

	REFUSED(BAD_MEMORY, sys_make(f, TYPE_CNODE, 0));
	REFUSED(BAD_MEMORY, sys_make(f, TYPE_THREAD, 0));
	REFUSED(BAD_MEMORY, sys_make(f, TYPE_VSPACE, ROOT_SYSTEM));
	REFUSED(BAD_MEMORY, sys_table(f, ROOT_VSPACE, NO_TABLE_VA));
	REFUSED(BAD_MEMORY, sys_fill(f, 0, 0, PAGE_SIZE));
	REFUSED(BAD_MEMORY, sys_fill(good, f, 0, PAGE_SIZE));
	REFUSED(BAD_MEMORY, sys_fill(f, good, 0, 64));
	EQUAL(INSPECT_TYPE(inspect(f)), TYPE_FRAME);
	EQUAL(INSPECT_CHILDREN(inspect(f)), KIND_NONE);
	OK(sys_split(f, 0, 1, chip));
	REFUSED(BAD_MEMORY, sys_make(chip, TYPE_ENDPOINT, 0));
	EQUAL(INSPECT_TYPE(inspect(chip)), TYPE_CHIP);
	OK(sys_delete(chip));
	EQUAL(slots_in_use(), threads);
}

TEST(a_large_cnode_in_bad_memory_is_a_frame_again)
{
	cap_t mega = bad_frame(ORDER_2M);

	REFUSED(BAD_MEMORY, sys_make(mega, TYPE_CNODE, 0));
	EQUAL(INSPECT_TYPE(inspect(mega)), TYPE_FRAME);
	EQUAL(INSPECT_ORDER(inspect(mega)), ORDER_2M);
}

TEST(c38_the_firmware_is_guarded_even_from_who_carves_it)
{
	cap_t piece = slots_new(1);

	OK(sys_split(SLOT_MEGA, 0, 1, piece));
	OK(sys_carve(piece, 1, MEM_RAM));
	REFUSED(BAD_MEMORY, sys_fill(piece, 0, 0, 64));
	REFUSED(BAD_MEMORY, sys_fill(frame_new(), piece, 0, 64));
	REFUSED(BAD_MEMORY, sys_make(piece, TYPE_CNODE, 0));
}

/* What the kernel would write into a buffer that is not there. */
static void write_to_buffer(uint64_t done)
{
	for (unsigned field = SYSTEM_AUDIT; field <= SYSTEM_STATS; field++)
		(void)sys_system(ROOT_SYSTEM, field, 0, 0);
	(void)sys_thread_regs(ROOT_THREAD, REGS_READ, REGS_GENERAL);
	*(volatile uint64_t *)done = 1;
	thread_end();
}

TEST(an_ipc_buffer_in_memory_that_does_not_answer_is_refused)
{
	static volatile uint64_t done;
	struct helper *h = helper_new(write_to_buffer, (uint64_t)&done, PRIO_TEST + 1);

	done = 0;
	REFUSED(BAD_MEMORY, sys_thread_set(h->thread, THREAD_BUFFER, bad_frame(ORDER_4K)));
	OK(sys_thread_set(h->thread, THREAD_RUN, 0));
	EQUAL(done, 1);
}

TEST(make_of_a_large_cnode_takes_pieces)
{
	cap_t mega = mega_new(), free = slots_new(1);
	unsigned pieces = 0;
	long r;

	while ((r = sys_raw(SYS_MAKE, mega, TYPE_CNODE, 0, 0, 0, 0, 0, 0, 0)) == -E_AGAIN && pieces < 1000) {
		pieces++;
		/* Of no use before it is whole. */
		REFUSED(BAD_SLOT, sys_inspect(CAP(mega, 1), 0, 0));
		REFUSED(BAD_SLOT, sys_give(GIVE_COPY, ROOT_SYSTEM, 1, CAP(mega, 1), 0, 0, 0));
		REFUSED(BUSY, sys_give(GIVE_COPY, mega, 1, free, 0, 0, 0));
		REFUSED(BUSY, sys_give(GIVE_MOVE, mega, 1, free, 0, 0, 0));
	}
	COVERS(MAKE, AGAIN);
	OK(r);
	CHECK(pieces > 10);
	OK(sys_give(GIVE_COPY, ROOT_SYSTEM, 1, CAP(mega, 65535), 0, 0, 0));
	REFUSED(BAD_SLOT, sys_give(GIVE_COPY, ROOT_SYSTEM, 1, CAP(mega, 65536), 0, 0, 0));
}

TEST(make_of_a_large_cnode_can_be_abandoned)
{
	cap_t mega = mega_new();

	REFUSED(AGAIN, sys_raw(SYS_MAKE, mega, TYPE_CNODE, 0, 0, 0, 0, 0, 0, 0));
	OK(sys_revoke(mega, 0));
	EQUAL(INSPECT_TYPE(inspect(mega)), TYPE_FRAME);
	REFUSED(AGAIN, sys_raw(SYS_MAKE, mega, TYPE_CNODE, 0, 0, 0, 0, 0, 0, 0));
}

TEST(space_ids_run_out_with_an_error_and_come_back)
{
	cap_t big = big_cnode_new(), frames = CAP(big, 1);
	unsigned n = 0;
	long r = 0;

	for (unsigned mega = 0; mega < 8; mega++)
		OK(sys_split(mega_new(), 0, 512, frames + mega * 512));
	for (; n < 8 * 512 && (r = sys_make(frames + n, TYPE_VSPACE, ROOT_SYSTEM)) == 0; n++)
		;
	EQUAL(r, -E_NO_SPACE_ID);
	COVERS(MAKE, NO_SPACE_ID);
	/* 4,095 but for the root server's own. */
	EQUAL(n, 4094);
	EQUAL(INSPECT_TYPE(inspect(frames + n)), TYPE_FRAME);
	OK(sys_revoke(frames + 17, 0));
	OK(sys_make(frames + n, TYPE_VSPACE, ROOT_SYSTEM));
}

/* ---- fill ----------------------------------------------------------------------------------------- */

/* Writes a pattern into a free frame of 4 KiB. */
static void paint(cap_t frame, uint64_t value)
{
	volatile uint64_t *p = (uint64_t *)FREE_VA;

	OK(map_here(frame, FREE_VA, RIGHT_R | RIGHT_W));
	for (unsigned i = 0; i < PAGE_SIZE / 8; i++)
		p[i] = value;
	OK(unmap_one(frame));
}

/* Bytes of a free frame that are not the value. */
static unsigned differing(cap_t frame, uint64_t value)
{
	const volatile uint64_t *p = (uint64_t *)FREE_VA;
	unsigned n = 0;

	OK(map_here(frame, FREE_VA, RIGHT_R));
	for (unsigned i = 0; i < PAGE_SIZE / 8; i++)
		n += p[i] != value ? 8 : 0;
	OK(unmap_one(frame));
	return n;
}

TEST(fill_clears_and_copies_exactly_what_it_is_told)
{
	cap_t a = frame_new(), b = frame_new();

	paint(a, 0x1111);
	paint(b, 0x2222);
	OK(sys_fill(b, a, 64, 128));
	EQUAL(differing(b, 0x2222), 128);
	OK(sys_fill(b, a, 0, PAGE_SIZE));
	EQUAL(differing(b, 0x1111), 0);
	OK(sys_fill(b, 0, PAGE_SIZE - 64, 64));
	EQUAL(differing(b, 0x1111), 64);
	OK(sys_fill(b, 0, 0, 0));
	OK(sys_fill(b, 0, 0, PAGE_SIZE));
	EQUAL(differing(b, 0), 0);
	EQUAL(differing(a, 0x1111), 0);
}

TEST(fill_refuses_ranges_that_are_not_in_the_frame)
{
	cap_t f = frame_new(), src = frame_new(), mega = mega_new();
	static const uint64_t bad[][2] = {
		{ 1, 64 },   { 0, 65 },	    { 0, 8 },	  { 4096, 64 },	     { 4032, 128 },
		{ 0, 8192 }, { ~63UL, 64 }, { 0, ~63UL }, { 1UL << 63, 64 }, { ~63UL, 128 }
	};

	for (unsigned i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		REFUSED(BAD_ARG, sys_fill(f, 0, bad[i][0], bad[i][1]));
		REFUSED(BAD_ARG, sys_fill(f, src, bad[i][0], bad[i][1]));
	}
	OK(sys_fill(mega, 0, MEGAPAGE_SIZE - PAGE_SIZE, PAGE_SIZE));
	REFUSED(BAD_ARG, sys_fill(mega, 0, MEGAPAGE_SIZE - 64, 128));
	REFUSED(BAD_ARG, sys_fill(mega, f, PAGE_SIZE, 64));
	OK(sys_fill(f, mega, 0, PAGE_SIZE));
}

TEST(fill_refuses_frames_in_use_and_missing_rights)
{
	cap_t f = frame_new(), src = frame_new(), child, loan;

	OK(map_here(f, FREE_VA, RIGHT_R));
	REFUSED(BUSY, sys_fill(f, 0, 0, 64));
	OK(unmap_one(f));
	child = child_new(GIVE_SHARE, f, RIGHT_ALL);
	REFUSED(BUSY, sys_fill(f, 0, 0, 64));
	REFUSED(NO_RIGHT, sys_fill(child, 0, 0, 64));
	OK(sys_delete(child));
	loan = child_new(GIVE_LEND, f, RIGHT_ALL & ~RIGHT_W);
	REFUSED(BUSY, sys_fill(f, 0, 0, 64));
	REFUSED(BUSY, sys_fill(src, f, 0, 64));
	REFUSED(NO_RIGHT, sys_fill(loan, 0, 0, 64));
	OK(sys_fill(src, loan, 0, 64));
	OK(sys_delete(loan));
	loan = child_new(GIVE_LEND, f, RIGHT_W);
	REFUSED(NO_RIGHT, sys_fill(src, loan, 0, 64));
	OK(sys_fill(loan, 0, 0, 64));
}

TEST(fill_reads_a_frame_that_is_mapped_shared_or_frozen)
{
	cap_t dst = frame_new(), src = frame_new(), frozen;

	paint(src, 0x3333);
	frozen = child_new(GIVE_FREEZE, src, RIGHT_R);
	OK(sys_fill(dst, src, 0, PAGE_SIZE));
	EQUAL(differing(dst, 0x3333), 0);
	OK(sys_fill(dst, 0, 0, PAGE_SIZE));
	OK(sys_fill(dst, frozen, 0, PAGE_SIZE));
	EQUAL(differing(dst, 0x3333), 0);
	OK(map_here(frozen, FREE_VA + PAGE_SIZE, RIGHT_R));
	OK(sys_fill(dst, frozen, 0, PAGE_SIZE));
}

/* ---- clearing ------------------------------------------------------------------------------------- */

TEST(c18_an_object_is_cleared_when_made_and_when_unmade)
{
	static const unsigned types[] = { TYPE_CNODE, TYPE_VSPACE, TYPE_THREAD };
	cap_t f = frame_new();

	for (unsigned i = 0; i < 3; i++) {
		paint(f, 0x5555555555555555);
		OK(sys_make(f, types[i], ROOT_SYSTEM));
		OK(sys_revoke(f, 0));
		EQUAL(differing(f, 0), 0);
	}
	paint(f, 0x5555555555555555);
	OK(sys_table(f, ROOT_VSPACE, NO_TABLE_VA));
	OK(sys_revoke(f, 0));
	EQUAL(differing(f, 0), 0);
	paint(f, 0x5555555555555555);
	OK(sys_split(f, 5, 1, SLOT_TEST));
	OK(sys_make(SLOT_TEST, TYPE_ENDPOINT, 0));
	OK(sys_signal(SLOT_TEST));
	OK(sys_revoke(SLOT_TEST, 0));
	OK(sys_delete(SLOT_TEST));
	EQUAL(differing(f, 0x5555555555555555), 64);
}

TEST(c18_a_cnode_with_slots_in_use_is_clear_when_it_is_a_frame_again)
{
	cap_t f = cnode_new();

	for (unsigned i = 1; i < 128; i++)
		OK(sys_give(GIVE_COPY, ROOT_SYSTEM, 1, CAP(f, i), RIGHT_ALL, 0, 0));
	OK(sys_revoke(f, 0));
	EQUAL(differing(f, 0), 0);
}

TEST(c18_an_abandoned_large_cnode_shows_no_slot)
{
	cap_t mega = mega_new();
	volatile uint64_t *p = (uint64_t *)FREE_MEGA_VA;

	OK(map_here(mega, FREE_MEGA_VA, RIGHT_R | RIGHT_W));
	for (unsigned i = 0; i < MEGAPAGE_SIZE / 8; i++)
		p[i] = TYPE_SYSTEM | RIGHT_ALL << 4;
	OK(unmap_one(mega));
	REFUSED(AGAIN, sys_raw(SYS_MAKE, mega, TYPE_CNODE, 0, 0, 0, 0, 0, 0, 0));
	REFUSED(BAD_SLOT, sys_inspect(CAP(mega, 65535), 0, 0));
	OK(sys_revoke(mega, 0));
	OK(sys_make(mega, TYPE_CNODE, 0));
	CHECK(slot_empty(CAP(mega, 65535)));
}
