/*
 * syscall.c: one hostile process per hart calls the kernel at random: capabilities that are valid, stale or another's,
 * addresses at the edges, and the first thread's buffer rewritten by a second while it calls. After LIFE calls all
 * processes end and the kernel must hold what it held before; after AUDIT_LIVES of that the audit runs. A bystander's
 * sum never changes.
 */
#include "process.h"

#define LIFE         2000UL     /* calls of all processes together until they end */
#define AUDIT_LIVES  5
#define REPORT       1000000UL
#define PRIO_HOSTILE 20
#define BYSTANDER    7          /* number of that process */
#define SUM_PAGES    16
#define SUM_VA       (SHARED_VA + 16 * PAGE_SIZE)

/* Slots of a hostile process beyond its own things. */
#define SLOT_EVERYBODY  OWN_FREE        /* an endpoint that all of them hold */
#define SLOT_SYSTEM     (OWN_FREE + 1)
#define SLOT_OTHERS     (OWN_FREE + 2)  /* CNode, space and thread of the next one */
#define SLOT_FRAMES     (OWN_FREE + 5)
#define FRAMES          20
#define SLOT_LARGE      (SLOT_FRAMES + FRAMES)
#define SLOT_SHARES     (SLOT_LARGE + 1) /* of frames of the next one */
#define SHARES          4
#define SLOT_BADGED     (SLOT_SHARES + SHARES)
#define SLOTS_LIKELY    64

/* ---- arguments ------------------------------------------------------------------------------------ */

static uint64_t edge(void)
{
	static const uint64_t edges[] = {
		0, 1, 2, 63, 64, 65, 127, 128, 129, 511, 512, 513, 4095, 4096, 4097, 0xffffffff, 0x100000000,
		0x7fffffff, 0x80000000, 0x80200000, 0x10000000, MEGAPAGE_SIZE, GIGAPAGE_SIZE, USER_END - PAGE_SIZE,
		USER_END - 1, USER_END, USER_END + PAGE_SIZE, 1UL << 39, 1UL << 40, 1UL << 63, ~0UL, ~0UL - 4095,
		~0UL - 7, 0xffffffc000000000, 0xffffffc080200000, 0xffffffffc0000000, 0x8000000000000fff,
	};

	return edges[random_below(sizeof(edges) / sizeof(*edges))];
}

static uint64_t any_cap(void)
{
	uint64_t r = random_word();

	switch (r % 16) {
	case 0:
		return CAP(r >> 8 & 127, r >> 16 & 127);
	case 1:
		return edge();
	case 2:
		return r >> 8 & 255;
	case 3:
		return CAP(edge(), edge());
	case 4:
	case 5:
		return CAP(OWN_CNODE, 1 + (r >> 8) % SLOTS_LIKELY);
	case 6:
	case 7:
		return CAP(SLOT_OTHERS, 1 + (r >> 8) % SLOTS_LIKELY);
	case 8:
	case 9:
		return SLOT_FRAMES + (r >> 8) % (FRAMES + 8);
	default:
		return 1 + (r >> 8) % SLOTS_LIKELY;
	}
}

/* What is destroyed: seldom the things one lives on. */
static uint64_t cap_to_end(void)
{
	uint64_t cap = any_cap();

	return cap >= SLOT_SYSTEM || random_below(64) == 0 ? cap : SLOT_FRAMES + cap;
}

static uint64_t space_cap(void)
{
	uint64_t r = random_below(16);

	return r < 10 ? OWN_SPACE : r < 13 ? SLOT_OTHERS + 1 : any_cap();
}

static uint64_t frame_cap(void)
{
	uint64_t r = random_word();

	return r % 8 < 5 ? SLOT_FRAMES + (r >> 8) % (FRAMES + 1 + SHARES) : r % 8 == 5 ? any_cap() :
	       SLOTS_LIKELY + (r >> 8) % 60;
}

/* Where something new shall go: mostly an empty slot. */
static uint64_t empty_cap(void)
{
	uint64_t r = random_word();

	if (r % 8 == 0)
		return any_cap();
	return r % 8 < 3 ? SLOT_FRAMES + (r >> 8) % (FRAMES + 30) : SLOTS_LIKELY + (r >> 8) % 60;
}

static uint64_t endpoint_cap(void)
{
	return random_below(4) ? SLOT_EVERYBODY : random_below(2) ? SLOT_BADGED : any_cap();
}

static uint64_t address(void)
{
	uint64_t r = random_word();

	switch (r % 8) {
	case 0:
		return edge();
	case 1:
		return SCRATCH_VA + (r >> 8) % 8 * MEGAPAGE_SIZE;
	case 2:
		return r;
	case 3:
		return (r >> 8) % 512 * PAGE_SIZE;
	default:
		return SCRATCH_VA + (r >> 8) % 16 * PAGE_SIZE;
	}
}

static uint64_t count(void)
{
	uint64_t r = random_word();

	return r % 8 < 5 ? 1 + (r >> 8) % 5 / 3 : r % 8 == 5 ? (r >> 8) % 70 : r % 8 == 6 ? (r >> 8) % 600 : edge();
}

static uint64_t rights(void)
{
	uint64_t r = random_word();

	return r % 4 == 0 ? (r >> 8) & 31 : r % 4 == 1 ? RIGHT_R | RIGHT_W : r % 4 == 2 ? RIGHT_ALL : RIGHT_R;
}

static uint64_t map_rights(void)
{
	static const uint8_t good[] = { RIGHT_R, RIGHT_R | RIGHT_W, RIGHT_R | RIGHT_W, RIGHT_X | RIGHT_R };

	return random_below(8) ? good[random_below(sizeof(good))] : rights();
}

/* What is emptied: mostly what was made meanwhile. */
static uint64_t cap_to_delete(void)
{
	return random_below(8) ? empty_cap() : cap_to_end();
}

static uint64_t make_type(void)
{
	return random_below(8) ? TYPE_CNODE + random_below(5) : random_below(12);
}

static void give_arguments(uint64_t a[9])
{
	uint64_t r = random_word();

	a[0] = random_below(16) ? random_below(5) : edge();
	a[1] = a[0] == GIVE_COPY || r & 1 ? any_cap() : frame_cap();
	a[2] = r & 6 ? 1 : count();
	a[3] = empty_cap();
	a[4] = rights();
	a[5] = r & 24 ? 0 : random_word();
	if (a[5] && r & 256)
		a[1] = SLOT_EVERYBODY, a[4] = r & 512 ? RIGHT_CALL : RIGHT_SIGNAL;
	a[6] = r & 96 ? 0 : r & 128 ? random_below(512) * PAGE_SIZE + 1 : edge();
}

static void fill_buffer(volatile struct ipc_buffer *b)
{
	for (unsigned i = 0; i < MESSAGE_ITEMS; i++) {
		b->send[i].cap = frame_cap();
		b->send[i].count = (uint32_t)count();
		b->send[i].verb = (uint8_t)random_below(6);
		b->send[i].rights = (uint8_t)rights();
	}
	for (unsigned i = 0; i < 4; i++) {
		b->runs[i].cap = frame_cap();
		b->runs[i].count = count();
	}
	b->words[random_below(MESSAGE_BUFFER)] = random_word();
	if (random_below(16) == 0)
		b->runs[random_below(MAP_ITEMS)].cap = edge();
}

static uint64_t thread_value(uint64_t field)
{
	switch (field) {
	case THREAD_PRIO:
	case THREAD_MAX_PRIO:
		return random_below(24);
	case THREAD_HART_INDEX:
		return random_below(6);
	case THREAD_WINDOW:
		return (SLOTS_LIKELY + random_below(32)) | random_below(70) << 32;
	case THREAD_CALL_TIMEOUT:
	case THREAD_FAULT_TIMEOUT:
		return random_below(32) ? 500 + random_below(3000) : edge();
	case THREAD_FAULT_PC:
		return address();
	default:
		return any_cap();
	}
}

/* A message's info: mostly of a form that goes through. */
static uint64_t message_info(void)
{
	uint64_t r = random_word();

	if (r % 16 == 0)
		return random_word();
	return info_make((uint32_t)(r >> 32), (r >> 8) % 8 + (r >> 16 & 1) * ((r >> 17) % 120), (r >> 24) % 4 / 2);
}

static void receive_arguments(uint64_t a[9])
{
	uint64_t r = random_word();

	a[0] = r % 8 ? endpoint_cap() : 0;
	a[1] = message_info() | INFO_DEADLINE | (r >> 3 & 1) * INFO_REPLY | (r >> 4 & 7 ? 0 : INFO_SAVED) |
	       (r >> 7 & 3 ? 0 : INFO_MAP) | (r >> 9 & 15 ? 0 : INFO_FAIL);
	if (r >> 13 & 127)
		a[8] = sys_time() + random_below(2000);
	else
		a[1] ^= INFO_DEADLINE;
	a[7] = any_cap();
	if (a[1] & INFO_MAP) {
		a[2] = frame_cap();
		a[3] = count();
		a[4] = address();
		a[5] = random_below(8) ? map_rights() : MAP_TABLE;
	}
}

static void arguments(uint64_t number, uint64_t a[9])
{
	for (unsigned i = 0; i < 9; i++)
		a[i] = random_below(8) ? any_cap() : edge();
	switch (number) {
	case SYS_CALL:
		a[0] = endpoint_cap();
		a[1] = message_info();
		break;
	case SYS_REPLY_RECV:
		receive_arguments(a);
		break;
	case SYS_SIGNAL:
		a[0] = endpoint_cap();
		break;
	case SYS_GIVE:
		give_arguments(a);
		break;
	case SYS_DELETE:
		a[0] = cap_to_delete();
		break;
	case SYS_REVOKE:
		a[0] = cap_to_end();
		break;
	case SYS_SPLIT:
		a[0] = frame_cap();
		a[1] = random_below(4) ? random_below(64) : edge();
		a[2] = count();
		a[3] = empty_cap();
		break;
	case SYS_SAVE_REPLY:
		a[0] = empty_cap();
		break;
	case SYS_CARVE:
		a[1] = count();
		a[2] = random_below(4);
		break;
	case SYS_MAKE:
		a[0] = random_below(2) ? frame_cap() : any_cap();
		a[1] = make_type();
		a[2] = random_below(4) ? SLOT_SYSTEM : any_cap();
		break;
	case SYS_FILL:
		a[0] = frame_cap();
		a[1] = random_below(2) ? frame_cap() : 0;
		a[2] = random_below(2) ? random_below(66) * 64 : edge();
		a[3] = random_below(2) ? random_below(66) * 64 : edge();
		break;
	case SYS_MAP:
		a[0] = space_cap();
		a[1] = address();
		a[2] = map_rights();
		a[3] = random_below(4) ? 1 : random_below(6);
		a[4] = frame_cap();
		a[5] = count();
		break;
	case SYS_UNMAP:
		a[0] = random_below(4) ? 1 : random_below(6);
		a[1] = frame_cap();
		a[2] = count();
		break;
	case SYS_TABLE:
		a[0] = frame_cap();
		a[1] = space_cap();
		a[2] = address();
		break;
	case SYS_SCAN:
		a[0] = space_cap();
		a[1] = random_below(16) ? SCRATCH_VA + random_below(64) * PAGE_SIZE : edge();
		a[2] = count();
		a[3] = random_below(9);
		break;
	case SYS_THREAD_SET:
		a[0] = random_below(4) ? any_cap() : SLOT_OTHERS + 2;
		a[1] = random_below(32) ? random_below(THREAD_FIELDS) : edge();
		a[2] = thread_value(a[1]);
		break;
	case SYS_THREAD_REGS:
		a[0] = random_below(4) ? any_cap() : SLOT_OTHERS + 2;
		a[1] = random_below(3);
		a[2] = random_below(3);
		break;
	case SYS_SYSTEM:
		a[0] = random_below(2) ? SLOT_SYSTEM : any_cap();
		a[1] = random_below(10);
		a[2] = random_below(2) ? endpoint_cap() : edge();
		break;
	default:
		break;
	}
}

/* ---- the hostile threads -------------------------------------------------------------------------- */

static long raw_call(uint64_t number, const uint64_t a[9])
{
	register uint64_t a0 __asm__("a0") = a[0];
	register uint64_t a1 __asm__("a1") = a[1];
	register uint64_t a2 __asm__("a2") = a[2];
	register uint64_t a3 __asm__("a3") = a[3];
	register uint64_t a4 __asm__("a4") = a[4];
	register uint64_t a5 __asm__("a5") = a[5];
	register uint64_t a6 __asm__("a6") = a[6];
	register uint64_t a7 __asm__("a7") = number;
	register uint64_t t0 __asm__("t0") = a[7];
	register uint64_t t1 __asm__("t1") = a[8];

	__asm__ volatile("ecall"
			 : "+r"(a0), "+r"(a1), "+r"(a2), "+r"(a3), "+r"(a4), "+r"(a5), "+r"(a6), "+r"(a7),
			   "+r"(t0), "+r"(t1)
			 :
			 : "ra", "t2", "t3", "t4", "t5", "t6", "memory");
	return (long)a0;
}

static uint64_t number_to_call(void)
{
	/* Often what changes most; every 64th any number at all. */
	static const uint8_t often[] = {
		SYS_GIVE, SYS_GIVE, SYS_GIVE, SYS_GIVE, SYS_MAP, SYS_MAP, SYS_MAP, SYS_TABLE, SYS_MAKE, SYS_MAKE,
		SYS_SPLIT, SYS_REVOKE, SYS_DELETE, SYS_UNMAP, SYS_CALL, SYS_CALL, SYS_REPLY_RECV, SYS_REPLY_RECV,
	};

	if (random_below(64) == 0)
		return edge();
	return random_below(2) ? often[random_below(sizeof(often))] : random_below(SYS_COUNT);
}

/* A process that still has its buffer and its CNode can hope for more than BAD_SLOT. */
static void hostile(uint64_t number)
{
	uint64_t a[9];

	random_start(number);
	while (own_shared->calls[number] < own_shared->limit) {
		uint64_t call = number_to_call(), at = call < SYS_COUNT ? call : SYS_COUNT;

		arguments(call, a);
		fill_buffer((volatile struct ipc_buffer *)BUFFER_VA(number));
		own_shared->calls[number]++;
		if (raw_call(call, a) >= 0)
			own_shared->done[at]++;
		else
			own_shared->refused[at]++;
	}
	/* Nobody answers the fault. */
	for (;;)
		__asm__ volatile("ebreak");
}

/* The second thread: rewrites the first one's buffer, takes and answers what others send, and sends itself. */
static void rewriter(uint64_t number)
{
	struct message m = { .info = 0 };
	uint64_t x = own_shared->seed | 1;

	(void)sys_thread_set(OWN_THREAD + number, THREAD_WINDOW, 100 | 8UL << 32);
	for (;;) {
		volatile uint64_t *word = (volatile uint64_t *)BUFFER_VA(0);

		for (unsigned i = 0; i < 200; i++) {
			x = x * 6364136223846793005 + 1442695040888963407;
			word[x >> 33 & 511] = x >> 60 ? x >> 50 & 127 : x;
		}
		own_shared->calls[number]++;
		m.info = x >> 40 & 7;
		if (x >> 44 & 1)
			(void)sys_call(SLOT_BADGED, &m);
		m.info = INFO_DEADLINE | INFO_REPLY | (x >> 40 & 7);
		(void)sys_reply_recv(SLOT_EVERYBODY, &m, 0, sys_time() + 2000);
		for (unsigned i = 100; i < 108; i++)
			(void)sys_delete(i);
	}
}

/* ---- the bystander -------------------------------------------------------------------------------- */

static uint64_t sum(void)
{
	const volatile uint64_t *word = (const volatile uint64_t *)SUM_VA;
	uint64_t s = 0;

	for (unsigned i = 0; i < SUM_PAGES * PAGE_SIZE / 8; i++)
		s = (s ^ word[i]) * 0x9e3779b97f4a7c15UL;
	return s;
}

static void bystander(uint64_t number)
{
	volatile uint64_t *word = (volatile uint64_t *)SUM_VA;
	uint64_t want;

	random_start(number);
	for (unsigned i = 0; i < SUM_PAGES * PAGE_SIZE / 8; i++)
		word[i] = random_word();
	for (want = sum();; own_shared->calls[number]++) {
		struct message m = { .info = INFO_DEADLINE };

		if (sum() != want)
			own_shared->bad = 1;
		(void)sys_reply_recv(OWN_FREE, &m, 0, sys_time() + 5 * TICKS_MS);
	}
}

static cap_t faults;

static struct process *start_bystander(void)
{
	struct process *p = process_new(BYSTANDER, hart_count - 1, test_seed, 0);

	for (unsigned i = 0; i < SUM_PAGES; i++)
		OK(sys_map(p->space, SUM_VA + i * PAGE_SIZE, RIGHT_R | RIGHT_W, 1, process_frame(p), 1, 0));
	process_thread(p, bystander, hart_count - 1, PRIO_HOSTILE, mint(faults, RIGHT_CALL, 0), 1);
	process_give(p, GIVE_COPY, endpoint_new(), OWN_FREE, RIGHT_RECV, 0);
	process_run(p);
	wait_for(&p->shared->calls[0], 1);
	return p;
}

/* ---- a life --------------------------------------------------------------------------------------- */

static struct process *hostiles[4];
static cap_t chips, everybody, large;
static uint64_t total_done[SYS_COUNT + 1], total_refused[SYS_COUNT + 1], total, lives;

static void furnish(struct process *p, struct process *next)
{
	process_give(p, GIVE_COPY, everybody, SLOT_EVERYBODY, RIGHT_ALL, 0);
	process_give(p, GIVE_COPY, everybody, SLOT_BADGED, RIGHT_CALL, 0x1000 + p->hart);
	process_give(p, GIVE_COPY, ROOT_SYSTEM, SLOT_SYSTEM, RIGHT_SPACE_ID | RIGHT_IRQ, 0);
	process_give(p, GIVE_COPY, next->cnode, SLOT_OTHERS, RIGHT_ALL, 0);
	process_give(p, GIVE_COPY, next->space, SLOT_OTHERS + 1, RIGHT_ALL, 0);
	process_give(p, GIVE_COPY, next->thread[0], SLOT_OTHERS + 2, RIGHT_ALL, 0);
	/* Most have a page table to map with from the start. */
	if (p->shared->seed & 3)
		OK(sys_table(process_frame(p), p->space, SCRATCH_VA));
	for (unsigned i = 0; i < FRAMES; i++)
		process_give(p, GIVE_LEND, process_frame(p), SLOT_FRAMES + i, RIGHT_ALL, 0);
	for (unsigned i = 0; i < SHARES; i++)
		process_give(p, GIVE_SHARE, process_frame(next), SLOT_SHARES + i, RIGHT_ALL, 0);
	OK(sys_thread_set(p->thread[0], THREAD_CALL_TIMEOUT, 2000));
	OK(sys_thread_set(p->thread[1], THREAD_CALL_TIMEOUT, 2000));
	OK(sys_thread_set(p->thread[0], THREAD_WINDOW, (SLOTS_LIKELY + 4) | 16UL << 32));
}

/* True while one of them gets on. Whoever stands still is helped: aborted, and set going if it was stopped. */
static bool getting_on(uint64_t last[4], unsigned idle[4])
{
	bool alive = false;

	for (unsigned i = 0; i < hart_count; i++) {
		uint64_t now = hostiles[i]->shared->calls[0];

		idle[i] = now == last[i] ? idle[i] + 1 : 0;
		last[i] = now;
		alive = alive || (idle[i] < 6 && now < hostiles[i]->shared->limit);
		if (idle[i] < 2)
			continue;
		for (unsigned k = 0; k < 2; k++) {
			(void)sys_thread_set(hostiles[i]->thread[k], THREAD_ABORT, 0);
			(void)sys_thread_set(hostiles[i]->thread[k], THREAD_RUN, 0);
		}
	}
	return alive;
}

static void live(uint64_t life)
{
	uint64_t last[4] = { 0 };
	unsigned idle[4] = { 0 };

	OK(sys_split(chips, 0, 1, everybody));
	OK(sys_make(everybody, TYPE_ENDPOINT, 0));
	for (unsigned i = 0; i < hart_count; i++) {
		hostiles[i] = process_new(i, i, test_seed * 1000003 + life * 4 + i, LIFE / hart_count);
		process_thread(hostiles[i], hostile, i, PRIO_HOSTILE, faults, 2);
		process_thread(hostiles[i], rewriter, (i + 1) % hart_count, PRIO_HOSTILE, faults, 3);
	}
	for (unsigned i = 0; i < hart_count; i++)
		furnish(hostiles[i], hostiles[(i + 1) % hart_count]);
	process_give(hostiles[life % hart_count], GIVE_LEND, large, SLOT_LARGE, RIGHT_ALL, 0);
	for (unsigned i = 0; i < hart_count; i++)
		process_run(hostiles[i]);
	do
		sleep_ms(1);
	while (getting_on(last, idle));
	for (unsigned i = 0; i < hart_count; i++) {
		for (unsigned k = 0; k <= SYS_COUNT; k++) {
			total_done[k] += hostiles[i]->shared->done[k];
			total_refused[k] += hostiles[i]->shared->refused[k];
		}
		total += hostiles[i]->shared->calls[0];
		process_end(hostiles[i]);
	}
	OK(sys_revoke(large, 0));
	OK(sys_revoke(chips, 0));
}

static void tell_counts(const struct process *by)
{
	test_note("calls", total);
	test_note("lives", lives);
	test_note("seed", test_seed);
	test_note("sums of the bystander", by->shared->calls[0]);
	for (unsigned i = 0; i <= SYS_COUNT; i++) {
		test_note("call number", i);
		test_note("  done", total_done[i]);
		test_note("  refused", total_refused[i]);
	}
}

/*
 * Wakes up on its hart all the time. An emulator that runs all harts in one thread of its own changes from hart to hart
 * at interrupts, so that one that waits for a lock does not wait for long.
 */
static void ticker(uint64_t endpoint)
{
	for (;;) {
		struct message m = { .info = INFO_DEADLINE };

		(void)sys_reply_recv(endpoint, &m, 0, sys_time() + TICKS_MS / 20);
	}
}

static void start_tickers(void)
{
	for (unsigned i = 0; i < hart_count && hart_count > 1; i++) {
		struct helper *h = helper_new(ticker, endpoint_new(), PRIO_HOSTILE + 5);

		thread_to_hart(h->thread, i);
		OK(sys_thread_set(h->thread, THREAD_RUN, 0));
	}
}

TEST(syscall_random_calls_of_hostile_processes_break_nothing)
{
	struct kernel_stats before[2], now;
	struct process *by;
	uint64_t reported = 0, sums = 0;

	if (hart_count > 4)
		test_skip("at most four harts");
	process_init(8);
	(void)slots_new(8);
	faults = endpoint_new();
	chips = frame_new();
	everybody = slots_new(1);
	large = mega_new();
	start_tickers();
	by = start_bystander();
	before[0] = stats_now(false);
	before[1] = stats_now(true);
	for (; total < test_count; lives++) {
		bool audit = lives % AUDIT_LIVES == 0;

		live(lives);
		now = stats_now(audit);
		stats_same(&before[audit], &now, audit);
		EQUAL(by->shared->bad, 0);
		if (lives % 500 == 499) {
			CHECK(by->shared->calls[0] > sums);
			sums = by->shared->calls[0];
		}
		if (total - reported >= REPORT) {
			reported = total;
			test_note("calls", total);
		}
	}
	tell_counts(by);
}
