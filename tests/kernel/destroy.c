/*
 * destroy.c: revoke and delete in bounded pieces: long chains, wide trees, CNodes in CNodes, threads that
 * derive meanwhile, and killing anything at any time.
 */
#include "harness.h"

/* One piece of a revoke or delete. */
static long piece(long call, cap_t slot)
{
	return sys_raw(call, slot, 0, 0, 0, 0, 0, 0, 0, 0);
}

/* Pieces until it is done; the most instructions one of them took. */
static unsigned pieces(long call, cap_t slot, uint64_t *most)
{
	unsigned n = 1;
	long r;

	for (*most = 0;; n++) {
		uint64_t before = sys_instret(), took;

		r = piece(call, slot);
		took = sys_instret() - before;
		*most = took > *most ? took : *most;
		if (r != -E_AGAIN)
			break;
	}
	OK(r);
	return n;
}

TEST(c23_a_chain_of_127_ends_in_one_call_from_its_root)
{
	cap_t e = endpoint_new(), s = slots_new(127);
	unsigned n = 0;
	uint64_t most;

	while (sys_give(GIVE_COPY, n ? s + n - 1 : e, 1, s + n, RIGHT_ALL, 0, 0) == 0)
		n++;
	EQUAL(n, 126);
	(void)pieces(SYS_REVOKE, s, &most);
	CHECK(!slot_empty(s) && slot_empty(s + 1) && slot_empty(s + n - 1));
	(void)pieces(SYS_DELETE, s, &most);
	CHECK(slot_empty(s));
}

/* Fills CNode slots first ... first + n with copies of `of`. */
static void fill_tree(cap_t cnode, unsigned first, unsigned n, cap_t of)
{
	for (unsigned i = 0; i < n; i++)
		OK(sys_give(GIVE_COPY, of, 1, CAP(cnode, first + i), RIGHT_ALL, 0, 0));
}

TEST(c23_a_tree_of_100000_ends_in_bounded_pieces)
{
	cap_t a = big_cnode_new(), b = big_cnode_new(), e = endpoint_new();
	uint64_t most, before = slots_in_use();
	unsigned n;

	/* Half of it wide, half of it as children of children. */
	fill_tree(a, 1, 50000, e);
	for (unsigned i = 0; i < 50000; i++)
		OK(sys_give(GIVE_COPY, CAP(a, 1 + i % 1000), 1, CAP(b, 1 + i), RIGHT_ALL, 0, 0));
	EQUAL(slots_in_use(), before + 100000);
	n = pieces(SYS_REVOKE, e, &most);
	CHECK(n > 100);
	test_note("pieces", n);
	EQUAL(slots_in_use(), before);
	COVERS(REVOKE, AGAIN);
}

TEST(c24_more_shares_than_16_bits_count)
{
	cap_t a = big_cnode_new(), b = mega_new(), f = frame_new();
	uint64_t most;

	OK(sys_make(b, TYPE_CNODE, 0));
	for (unsigned i = 1; i < 65536; i++)
		OK(sys_give(GIVE_SHARE, f, 1, CAP(a, i), RIGHT_R, 0, 0));
	for (unsigned i = 1; i < 100; i++)
		OK(sys_give(GIVE_SHARE, f, 1, CAP(b, i), RIGHT_R, 0, 0));
	REFUSED(BUSY, sys_give(GIVE_LEND, f, 1, slots_new(1), RIGHT_R, 0, 0));
	OK(map_here(CAP(a, 65535), FREE_VA, RIGHT_R));
	(void)pieces(SYS_REVOKE, f, &most);
	CHECK(slot_empty(CAP(a, 65535)) && slot_empty(CAP(b, 99)));
	OK(sys_delete(child_new(GIVE_LEND, f, RIGHT_R)));
}

TEST(nothing_derives_from_what_is_being_revoked)
{
	cap_t cnode = big_cnode_new(), e = endpoint_new(), free = slots_new(1), copy = copy_new(e, RIGHT_ALL);

	fill_tree(cnode, 1, 2000, copy);
	REFUSED(AGAIN, piece(SYS_REVOKE, e));
	REFUSED(REVOKED, sys_give(GIVE_COPY, e, 1, free, RIGHT_ALL, 0, 0));
	REFUSED(REVOKED, sys_give(GIVE_COPY, copy, 1, free, RIGHT_ALL, 0, 0));
	REFUSED(REVOKED, sys_give(GIVE_MOVE, copy, 1, free, RIGHT_ALL, 0, 0));
	COVERS(GIVE, REVOKED);
	OK(sys_revoke(e, 0));
	CHECK(slot_empty(copy));
	REFUSED(BAD_TYPE, sys_give(GIVE_COPY, e, 1, free, RIGHT_ALL, 0, 0));
}

TEST(an_abandoned_revoke_leaves_a_consistent_state)
{
	cap_t cnode = big_cnode_new(), f = frame_new(), mega = mega_new(), s = slots_new(2);

	for (unsigned i = 1; i < 2000; i++)
		OK(sys_give(GIVE_SHARE, f, 1, CAP(cnode, i), RIGHT_R, 0, 0));
	REFUSED(AGAIN, piece(SYS_REVOKE, f));
	/* The frame is on its way out until the revoke is done; what it had derived is a state as any. */
	REFUSED(REVOKED, map_here(f, FREE_VA, RIGHT_R));
	REFUSED(REVOKED, sys_make(f, TYPE_CNODE, 0));
	REFUSED(REVOKED, sys_table(f, ROOT_VSPACE, NO_TABLE_VA));
	REFUSED(REVOKED, sys_split(f, 0, 1, s));
	REFUSED(REVOKED, sys_fill(f, 0, 0, 64));
	COVERS(MAKE, REVOKED);
	COVERS(SPLIT, REVOKED);
	(void)mega;
	OK(sys_revoke(f, 0));
	OK(map_here(f, FREE_VA, RIGHT_R));
}

TEST(carve_of_what_is_being_revoked_is_refused)
{
	cap_t gig = SLOT_GIG + 3, big = big_cnode_new();

	OK(sys_split(gig, 0, 512, CAP(big, 1)));
	REFUSED(AGAIN, piece(SYS_REVOKE, gig));
	REFUSED(REVOKED, sys_carve(gig, 1, MEM_RAM));
	OK(sys_revoke(gig, 0));
}

TEST(delete_answers_again_too)
{
	cap_t cnode = big_cnode_new(), copy = copy_new(endpoint_new(), RIGHT_ALL);

	fill_tree(cnode, 1, 2000, copy);
	REFUSED(AGAIN, piece(SYS_DELETE, copy));
	OK(sys_delete(copy));
	CHECK(slot_empty(copy));
}

TEST(a_fault_answer_with_a_frame_being_revoked_is_refused)
{
	struct puppet *p = puppet_new(PRIO_TEST + 5);
	cap_t cnode = big_cnode_new(), f = frame_new();
	struct message m = { .info = 0 };

	for (unsigned i = 1; i < 2000; i++)
		OK(sys_give(GIVE_SHARE, f, 1, CAP(cnode, i), RIGHT_R, 0, 0));
	CHECK(puppet_faults(p, PUPPET_LOAD, PUPPET_DATA));
	REFUSED(AGAIN, piece(SYS_REVOKE, f));
	m = (struct message){ .info = INFO_REPLY | INFO_MAP | 1, .w = { f, 1, PUPPET_DATA, RIGHT_R } };
	REFUSED(REVOKED, sys_reply_recv(0, &m, 0, 0));
	COVERS(REPLY_RECV, REVOKED);
	COVERS(MAP, REVOKED);
	OK(sys_revoke(f, 0));
	m = (struct message){ .info = INFO_REPLY | INFO_MAP | 1, .w = { f, 1, PUPPET_DATA, RIGHT_R } };
	OK(sys_reply_recv(0, &m, 0, 0));
}

TEST(cnodes_inside_cnodes_are_emptied_from_the_inside)
{
	cap_t outer = cnode_new(), f = pieces_new(3), e = endpoint_new(), in = slots_new(1);
	uint64_t most, before = slots_in_use();

	/* Two CNodes in a CNode, each with copies of the endpoint, of itself and of the other two. */
	for (unsigned i = 0; i < 2; i++) {
		OK(sys_give(GIVE_MOVE, f + i, 1, CAP(outer, 5 + i), 0, 0, 0));
		OK(sys_make(CAP(outer, 5 + i), TYPE_CNODE, 0));
	}
	for (unsigned i = 0; i < 2; i++) {
		OK(sys_give(GIVE_COPY, CAP(outer, 5 + i), 1, in, RIGHT_ALL, 0, 0));
		OK(sys_give(GIVE_COPY, e, 1, CAP(in, 1), RIGHT_ALL, 0, 0));
		OK(sys_give(GIVE_COPY, outer, 1, CAP(in, 2), RIGHT_ALL, 0, 0));
		OK(sys_give(GIVE_COPY, CAP(outer, 5), 1, CAP(in, 127), RIGHT_ALL, 0, 0));
		OK(sys_give(GIVE_COPY, CAP(outer, 6), 1, CAP(in, 126), RIGHT_ALL, 0, 0));
		OK(sys_delete(in));
	}
	EQUAL(slots_in_use(), before + 8);
	(void)pieces(SYS_REVOKE, outer, &most);
	EQUAL(slots_in_use(), before - 2);
	OK(sys_signal(e));
}

TEST(a_chain_of_cnodes_each_in_the_last_ends_with_the_first)
{
	cap_t first = cnode_new(), f = pieces_new(40), at = first, via = slots_new(40);
	uint64_t most;

	for (unsigned i = 0; i < 40; i++) {
		OK(sys_give(GIVE_MOVE, f + i, 1, CAP(at, 1), 0, 0, 0));
		OK(sys_make(CAP(at, 1), TYPE_CNODE, 0));
		OK(sys_give(GIVE_COPY, CAP(at, 1), 1, via + i, RIGHT_ALL, 0, 0));
		at = via + i;
	}
	OK(sys_give(GIVE_COPY, ROOT_SYSTEM, 1, CAP(at, 7), 0, 0, 0));
	(void)pieces(SYS_REVOKE, first, &most);
	for (unsigned i = 0; i < 40; i++)
		CHECK(slot_empty(via + i));
	EQUAL(INSPECT_TYPE(inspect(first)), TYPE_FRAME);
}

TEST(a_dying_cnode_is_of_no_use_meanwhile)
{
	cap_t big = big_cnode_new(), e = endpoint_new(), other = copy_new(big, RIGHT_ALL);

	fill_tree(big, 1, 5000, e);
	REFUSED(AGAIN, piece(SYS_REVOKE, big));
	/* Its copies went first; nothing is found in it, nothing goes in. */
	CHECK(slot_empty(other));
	REFUSED(BAD_SLOT, sys_inspect(CAP(big, 4999), 0, 0));
	REFUSED(BAD_SLOT, sys_give(GIVE_COPY, ROOT_SYSTEM, 1, CAP(big, 6000), 0, 0, 0));
	OK(sys_revoke(big, 0));
	EQUAL(INSPECT_TYPE(inspect(big)), TYPE_FRAME);
	OK(sys_signal(e));
}

/* ---- a race against a revoke ------------------------------------------------------------------------ */

static volatile uint64_t stop, derived, ended;
static cap_t target, room;

/*
 * Derives from every child it finds, as fast as it can. A machine emulated on fewer processors than it has harts spends
 * its time waiting for the lock: there the rounds are few.
 */
static void derive_forever(uint64_t seed)
{
	uint64_t at = seed;

	while (!stop) {
		uint64_t slot = 1 + at++ % 4000;

		if (sys_give(GIVE_COPY, at % 3 ? CAP(room, 1 + at * 7 % 4000) : target, 1, CAP(room, slot),
			     RIGHT_ALL, 0, 0) == 0)
			derived++;
	}
	ended++;
	thread_end();
}

TEST(c23_deriving_threads_cannot_outrun_a_revoke)
{
	unsigned threads = hart_count > 1 ? hart_count - 1 : 2;
	unsigned rounds = hart_count > 2 ? 2 : 5, wanted = hart_count > 2 ? 60 : 300, n;
	long r;

	room = big_cnode_new();
	target = endpoint_new();
	stop = derived = ended = 0;
	for (unsigned i = 0; i < threads; i++) {
		struct helper *h = helper_new(derive_forever, i * 1000, PRIO_TEST - (hart_count == 1));

		thread_to_hart(h->thread, hart_count > 1 ? i + 1 : 0);
		OK(sys_thread_set(h->thread, THREAD_RUN, 0));
	}
	while (rounds--) {
		uint64_t before = derived;

		for (unsigned i = 0; i < 1000 && derived < before + wanted; i++)
			sleep_ms(1);
		for (n = 0; (r = piece(SYS_REVOKE, target)) == -E_AGAIN && n < 2000; n++)
			;
		OK(r);
		CHECK(n < 2000);
		EQUAL(INSPECT_TYPE(inspect(target)), TYPE_CHIP);
		for (unsigned i = 1; i < 4001; i += 97)
			CHECK(slot_empty(CAP(room, i)));
		OK(sys_make(target, TYPE_ENDPOINT, 0));
	}
	stop = 1;
	wait_for(&ended, threads);
}

/* ---- killing anything at any time ------------------------------------------------------------------- */

static cap_t victim_endpoint, victim_call;

/* Does everything a thread can be in the middle of. */
static void busy_victim(uint64_t seed)
{
	uint64_t x = seed * 2654435761u + 1;

	for (;;) {
		struct message m = { .info = info_make(0, 2, 0) };

		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		switch (x % 8) {
		case 0:
			(void)sys_call(victim_call, &m);
			break;
		case 1:
			m.info = INFO_DEADLINE | INFO_REPLY;
			(void)sys_reply_recv(victim_endpoint, &m, 0, sys_time() + x % 1000);
			break;
		case 2:
			(void)sys_signal(victim_endpoint);
			break;
		case 3:
			*(volatile uint64_t *)(NO_TABLE_VA + x % 4096 * 8) = 1;
			break;
		case 4:
			(void)sys_save_reply(SLOT_TEST + 340);
			break;
		case 5:
			m.info = INFO_REPLY | INFO_SAVED | INFO_DEADLINE;
			(void)sys_reply_recv(0, &m, SLOT_TEST + 340, 0);
			break;
		case 6:
			for (volatile unsigned i = 0; i < x % 5000; i++)
				;
			break;
		default:
			m.info = INFO_DEADLINE;
			(void)sys_reply_recv(victim_endpoint, &m, 0, 0);
			break;
		}
	}
}

TEST(killing_anything_at_any_time_leaves_the_rest_consistent)
{
	cap_t frames[6], e = endpoint_new();
	static char stacks[6][2048] __attribute__((aligned(16)));
	struct message m = { .info = 0 };
	uint64_t slots;

	victim_endpoint = e;
	victim_call = mint(e, RIGHT_CALL, 1);
	for (unsigned i = 0; i < 6; i++)
		frames[i] = frame_new();
	slots = slots_in_use();
	for (unsigned round = 0; round < 300; round++) {
		for (unsigned i = 0; i < 6; i++) {
			if (INSPECT_TYPE(inspect(frames[i])) != TYPE_FRAME)
				continue;
			thread_make(frames[i], (uint64_t)busy_victim, (uint64_t)stacks[i] + sizeof(stacks[i]),
				    round * 6 + i, PRIO_TEST - 1 - i % 2);
			OK(sys_thread_pager(frames[i], e, 2));
			OK(sys_thread_set(frames[i], THREAD_CALL_TIMEOUT, random_next() % 3 * TICKS_MS));
			OK(sys_thread_set(frames[i], THREAD_FAULT_TIMEOUT, random_next() % 3 * TICKS_MS));
			if (hart_count > 1)
				thread_to_hart(frames[i], (unsigned)(random_next() % hart_count));
			OK(sys_thread_set(frames[i], THREAD_RUN, 0));
		}
		m.info = INFO_DEADLINE | INFO_REPLY;
		(void)sys_reply_recv(e, &m, 0, sys_time() + random_next() % 5000);
		if (round % 10 == 9) {
			OK(sys_revoke(e, 0));
			OK(sys_make(e, TYPE_ENDPOINT, 0));
			OK(sys_give(GIVE_COPY, e, 1, victim_call, RIGHT_CALL, 1, 0));
		}
		for (unsigned i = 0; i < 6; i++)
			if (random_next() % 2)
				OK(sys_revoke(frames[i], 0));
		if (round % 25 == 0 && debug_kernel) {
			OK(sys_system(ROOT_SYSTEM, SYSTEM_AUDIT, 0, 0));
			EQUAL(((struct kernel_stats *)buffer()->words)->breach, 0);
		}
	}
	for (unsigned i = 0; i < 6; i++)
		OK(sys_revoke(frames[i], 0));
	(void)sys_delete(SLOT_TEST + 340);
	if (slot_empty(victim_call))
		slots--;
	EQUAL(slots_in_use(), slots);
}

static void victim_end(uint64_t arg)
{
	(void)arg;
	ended++;
	thread_end();
}

TEST(a_thread_that_deletes_its_own_cnode_stops)
{
	struct puppet *p = puppet_new(PRIO_TEST + 5);
	struct message m = { .info = 0 };

	puppet_do(p, PUPPET_LOAD, PUPPET_CODE, 0, &m);
	OK(sys_revoke(p->cnode, 0));
	REFUSED(BUSY, sys_thread_set(p->thread, THREAD_RUN, 0));
}

static void delete_self(uint64_t thread)
{
	ended = 1;
	(void)sys_revoke(thread, 0);
	ended = 2;
	thread_end();
}

TEST(a_thread_that_destroys_itself_is_gone)
{
	struct helper *h = helper_new(victim_end, 0, PRIO_TEST + 1);

	ended = 0;
	thread_stop(h->thread);
	OK(sys_thread_regs(h->thread, REGS_READ, REGS_GENERAL));
	buffer()->words[0] = (uint64_t)delete_self;
	buffer()->words[10] = h->thread;
	OK(sys_thread_regs(h->thread, REGS_WRITE, REGS_GENERAL));
	OK(sys_thread_set(h->thread, THREAD_RUN, 0));
	EQUAL(ended, 1);
	EQUAL(INSPECT_TYPE(inspect(h->thread)), TYPE_FRAME);
	/* The same with the frame of its own IPC buffer, and its space: it runs on without a buffer, it stops
	 * without a space. */
}

static void revoke_own_buffer(uint64_t frame)
{
	(void)sys_revoke(frame, 0);
	ended = 5;
	thread_end();
}

TEST(a_thread_that_revokes_its_own_buffer_goes_on_without)
{
	struct helper *h = helper_new(victim_end, 0, PRIO_TEST + 1);

	ended = 0;
	OK(sys_thread_regs(h->thread, REGS_READ, REGS_GENERAL));
	buffer()->words[0] = (uint64_t)revoke_own_buffer;
	buffer()->words[10] = h->frame;
	OK(sys_thread_regs(h->thread, REGS_WRITE, REGS_GENERAL));
	OK(sys_thread_set(h->thread, THREAD_RUN, 0));
	EQUAL(ended, 5);
}

static void delete_own_space(uint64_t space)
{
	(void)space;
	thread_end();
}

TEST(a_space_revoked_stops_all_its_threads)
{
	struct puppet *p = puppet_new(PRIO_TEST + 5);
	struct message m = { .info = 0 };

	(void)delete_own_space;
	puppet_do(p, PUPPET_LOAD, PUPPET_CODE, 0, &m);
	OK(sys_revoke(p->space, 0));
	REFUSED(BUSY, sys_thread_set(p->thread, THREAD_RUN, 0));
	m.info = INFO_REPLY;
	OK(sys_reply_recv(0, &m, 0, 0));
	REFUSED(TIMEOUT, poll(p->endpoint, &m));
}

static void call_and_count(uint64_t call)
{
	struct message m = { .info = 0 };

	if (sys_call(call, &m) == -E_SERVER_GONE)
		__atomic_fetch_add(&ended, 1, __ATOMIC_RELAXED);
	thread_end();
}

TEST(an_endpoint_with_many_waiting_ends_in_pieces)
{
	cap_t e = endpoint_new(), c = mint(e, RIGHT_CALL, 1), big = big_cnode_new(), frames = CAP(big, 1);
	static char stack[400 * 256] __attribute__((aligned(16)));
	unsigned n = 400, rounds = 0;
	long r;

	OK(sys_split(mega_new(), 0, 512, frames));
	ended = 0;
	for (unsigned i = 0; i < n; i++) {
		thread_make(frames + i, (uint64_t)call_and_count, (uint64_t)stack + (i + 1) * 256, c, PRIO_TEST + 1);
		OK(sys_thread_set(frames + i, THREAD_RUN, 0));
	}
	while ((r = piece(SYS_REVOKE, e)) == -E_AGAIN)
		rounds++;
	OK(r);
	CHECK(rounds > 2);
	wait_for(&ended, n);
}

TEST(c41_objects_until_memory_ends_and_all_comes_back)
{
	cap_t big = big_cnode_new(), mega = mega_new();
	uint64_t before = slots_in_use();
	unsigned n = 0;

	OK(sys_split(mega, 0, 512, CAP(big, 1)));
	for (unsigned i = 1; i <= 512; i++, n++)
		OK(sys_make(CAP(big, i), i % 2 ? TYPE_THREAD : TYPE_CNODE, 0));
	REFUSED(BUSY, sys_make(mega, TYPE_CNODE, 0));
	OK(sys_revoke(mega, 0));
	EQUAL(slots_in_use(), before);
	OK(sys_split(mega, 0, 512, CAP(big, 1)));
}
