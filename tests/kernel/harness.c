/*
 * harness.c: the test root server's main thread: takes the machine's memory, runs each test in a fresh
 * thread, prints TAP, takes back what the test made and compares what the kernel holds with what it held
 * before. Powers off at the end.
 *
 * A word only=TEXT in the kernel's boot arguments runs the tests whose names hold TEXT; count= and seed= are for tests
 * that take such (tests/fuzz).
 */
#include "harness.h"

extern const struct test tests_start[], tests_end[];
void harness_main(struct ipc_buffer *own);

#define SLOT_HARNESS     77            /* endpoint: ends of tests, faults of their threads */
#define SLOT_SLEEP       78            /* endpoint that nobody sends to */
#define SLOT_END         79            /* endpoint that nobody receives on */
#define FRAME_CHIPS      (ROOT_STOCK + 0)
#define FRAME_WORKER     (ROOT_STOCK + 1)
#define FRAME_BUFFER     (ROOT_STOCK + 2)
#define FRAME_TEST       (ROOT_STOCK + 3)
#define BUFFERS_VA       0x180000UL    /* of the worker, then of the helpers */
#ifndef TEST_SECONDS
#define TEST_SECONDS     60UL
#endif
#define TEST_TICKS       (TEST_SECONDS * 1000 * TICKS_MS)
#define STACK_BYTES      8192
#define LABEL_DONE       1
#define LABEL_FAIL       2
#define LABEL_SKIP       3
#define BADGE_FAULT      0xfa17

unsigned hart_count = 1;
bool debug_kernel;
uint64_t test_count = 1000, test_seed = 1;
unsigned image_mega, ram_mega, mega_count;
struct boot_info boot;

static char stacks[1 + HELPERS][STACK_BYTES] __attribute__((aligned(16)));
static char only[64];

/* What the running test has used up. */
static struct {
	unsigned frames, megas, slots, helpers, pieces;
	cap_t chip_frame;
	unsigned chips;
	uint64_t random;
} used;
static struct helper helpers[HELPERS];

/* How a test failed: filled before the call that tells. */
static struct {
	const char *file, *text;
	int line;
	long got, wanted;
} failure;

/* ---- printing ------------------------------------------------------------------------------------ */

static void print(const char *s)
{
	while (*s)
		(void)sys_system(ROOT_SYSTEM, SYSTEM_PUTC, (unsigned char)*s++, 0);
}

static void print_number(uint64_t n, unsigned base)
{
	char digits[24];
	unsigned at = sizeof(digits);

	digits[--at] = 0;
	do
		digits[--at] = "0123456789abcdef"[n % base];
	while (n /= base);
	if (base == 16)
		print("0x");
	print(&digits[at]);
}

static void print_signed(long n)
{
	if (n < 0 && n > -100) {
		print("-");
		print_number((uint64_t)-n, 10);
	} else {
		print_number((uint64_t)n, n >= 0 && n < 100000 ? 10 : 16);
	}
}

void test_note(const char *text, uint64_t value)
{
	print("# ");
	print(text);
	print(" ");
	print_number(value, 10);
	print("\n");
}

static void bail_out(const char *why, long value)
{
	print("Bail out! ");
	print(why);
	print(" ");
	print_signed(value);
	print("\n");
	(void)sys_system(ROOT_SYSTEM, SYSTEM_RESET, 0, 0);
	for (;;)
		;
}

static void must(const char *what, long result)
{
	if (result < 0)
		bail_out(what, result);
}

/* ---- claims -------------------------------------------------------------------------------------- */

static __attribute__((noreturn)) void tell(uint32_t label)
{
	struct message m = { .info = info_make(label, 0, 0) };

	for (;;)
		(void)sys_call(SLOT_HARNESS, &m);
}

void test_fail(const char *file, int line, const char *text, long got, long wanted)
{
	failure.file = file;
	failure.line = line;
	failure.text = text;
	failure.got = got;
	failure.wanted = wanted;
	tell(LABEL_FAIL);
}

void test_skip(const char *why)
{
	failure.text = why;
	tell(LABEL_SKIP);
}

/* ---- what a test makes --------------------------------------------------------------------------- */

cap_t slots_new(unsigned n)
{
	used.slots += n;
	CHECK(used.slots <= ROOT_SLOTS - SLOT_TEST);
	return SLOT_TEST + used.slots - n;
}

cap_t frame_new(void)
{
	CHECK(FRAME_TEST + used.frames < ROOT_STOCK + ROOT_STOCK_FRAMES);
	return FRAME_TEST + used.frames++;
}

cap_t mega_new(void)
{
	CHECK(ram_mega + used.megas < mega_count);
	return SLOT_MEGA + ram_mega + used.megas++;
}

cap_t pieces_new(unsigned n)
{
	cap_t first = slots_new(n), mega = mega_new();

	OK(sys_split(mega, 0, n, first));
	return first;
}

cap_t chip_new(void)
{
	cap_t slot = slots_new(1);

	if (used.chips == SPLIT_CHIPS || !used.chip_frame) {
		used.chip_frame = frame_new();
		used.chips = 0;
	}
	OK(sys_split(used.chip_frame, used.chips++, 1, slot));
	return slot;
}

cap_t endpoint_new(void)
{
	cap_t slot = chip_new();

	OK(sys_make(slot, TYPE_ENDPOINT, 0));
	return slot;
}

cap_t mint(cap_t endpoint, unsigned rights, uint64_t badge)
{
	cap_t slot = slots_new(1);

	OK(sys_give(GIVE_COPY, endpoint, 1, slot, rights, badge, 0));
	return slot;
}

cap_t copy_new(cap_t of, unsigned rights)
{
	return mint(of, rights, 0);
}

cap_t child_new(unsigned verb, cap_t of, unsigned rights)
{
	cap_t slot = slots_new(1);

	OK(sys_give(verb, of, 1, slot, rights, 0, 0));
	return slot;
}

cap_t cnode_new(void)
{
	cap_t slot = frame_new();

	OK(sys_make(slot, TYPE_CNODE, 0));
	return slot;
}

cap_t big_cnode_new(void)
{
	cap_t slot = mega_new();

	OK(sys_make(slot, TYPE_CNODE, 0));
	return slot;
}

cap_t space_new(void)
{
	cap_t slot = frame_new();

	OK(sys_make(slot, TYPE_VSPACE, ROOT_SYSTEM));
	return slot;
}

/* ---- threads ------------------------------------------------------------------------------------- */

/* Writes words[0] = pc, sp, a0, tp. The caller has a buffer. */
static long registers_write(cap_t thread, struct ipc_buffer *b, uint64_t pc, uint64_t sp, uint64_t arg, uint64_t tp)
{
	for (unsigned i = 0; i < 32; i++)
		b->words[i] = 0;
	b->words[0] = pc;
	b->words[1] = (uint64_t)thread_end;
	b->words[2] = sp;
	b->words[4] = tp;
	b->words[10] = arg;
	return sys_thread_regs(thread, REGS_WRITE, REGS_GENERAL);
}

void thread_start_at(cap_t thread, uint64_t pc, uint64_t sp, uint64_t arg)
{
	OK(registers_write(thread, buffer(), pc, sp, arg, 0));
}

void thread_make(cap_t frame, uint64_t pc, uint64_t sp, uint64_t arg, unsigned prio)
{
	OK(sys_make(frame, TYPE_THREAD, 0));
	OK(sys_thread_set(frame, THREAD_CSPACE, ROOT_CNODE));
	OK(sys_thread_set(frame, THREAD_VSPACE, ROOT_VSPACE));
	OK(sys_thread_pager(frame, SLOT_HARNESS, BADGE_FAULT));
	OK(sys_thread_set(frame, THREAD_PRIO, prio));
	OK(sys_thread_set(frame, THREAD_MAX_PRIO, PRIO_COUNT - 1));
	thread_start_at(frame, pc, sp, arg);
}

struct helper *helper_new(void (*entry)(uint64_t arg), uint64_t arg, unsigned prio)
{
	unsigned n = used.helpers++;
	struct helper *h = &helpers[n];
	uint64_t va = BUFFERS_VA + (n + 1) * PAGE_SIZE;

	CHECK(n < HELPERS);
	h->thread = frame_new();
	h->frame = frame_new();
	h->buffer = (struct ipc_buffer *)va;
	OK(sys_fill(h->frame, 0, 0, PAGE_SIZE));
	OK(map_here(h->frame, va, RIGHT_R | RIGHT_W));
	thread_make(h->thread, (uint64_t)entry, (uint64_t)stacks[n + 2 > HELPERS ? HELPERS : n + 2], arg, prio);
	OK(sys_thread_set(h->thread, THREAD_BUFFER, h->frame));
	OK(registers_write(h->thread, buffer(), (uint64_t)entry, (uint64_t)&stacks[n + 1][STACK_BYTES], arg, va));
	return h;
}

struct helper *helper_start(void (*entry)(uint64_t arg), uint64_t arg, unsigned prio)
{
	struct helper *h = helper_new(entry, arg, prio);

	OK(sys_thread_set(h->thread, THREAD_RUN, 0));
	return h;
}

void thread_end(void)
{
	struct message m = { .info = 0 };

	/* A call: one that owes an answer may not wait otherwise. */
	for (;;)
		(void)sys_call(SLOT_END, &m);
}

void thread_to_hart(cap_t thread, unsigned hart)
{
	long r;

	do
		r = sys_thread_set(thread, THREAD_HART_INDEX, hart);
	while (r == -E_AGAIN);
	OK(r);
}

void thread_stop(cap_t thread)
{
	long r;

	do
		r = sys_thread_set(thread, THREAD_STOP, 0);
	while (r == -E_AGAIN);
	OK(r);
}

void sleep_ms(unsigned ms)
{
	struct message m = { .info = INFO_DEADLINE };

	(void)sys_reply_recv(SLOT_SLEEP, &m, 0, sys_time() + (uint64_t)ms * TICKS_MS);
}

void spin_ms(unsigned ms)
{
	for (uint64_t end = sys_time() + (uint64_t)ms * TICKS_MS; sys_time() < end;)
		;
}

volatile uint64_t turns;
void count_turns(uint64_t watched)
{
	const volatile uint64_t *at = (const volatile uint64_t *)watched;

	for (uint64_t last = *at; ; )
		if (last != *at) {
			last = *at;
			turns++;
		}
}

void check_turns(struct helper *spinner)
{
	uint64_t account = inspect_detail(spinner->thread), first = turns;

	WAIT_UNTIL(turns >= first + 8);
	CHECK(inspect_detail(spinner->thread) - account >= 7 * SLICE);
}

void wait_for(const volatile uint64_t *at, uint64_t value)
{
	for (unsigned i = 0; *at != value && i < 5000; i++)
		sleep_ms(2);
	EQUAL(*at, value);
}

void spin_for(const volatile uint64_t *at, uint64_t value)
{
	uint64_t end = sys_time() + 10000UL * TICKS_MS;

	while (*at != value && sys_time() < end)
		;
	EQUAL(*at, value);
}

/* ---- messages ------------------------------------------------------------------------------------ */

long receive(cap_t endpoint, struct message *m)
{
	m->info = INFO_DEADLINE;
	return sys_reply_recv(endpoint, m, 0, sys_time() + 5000UL * TICKS_MS);
}

long poll(cap_t endpoint, struct message *m)
{
	m->info = INFO_DEADLINE;
	return sys_reply_recv(endpoint, m, 0, 0);
}

void answer(uint64_t word)
{
	struct message m = { .info = INFO_REPLY | 1, .w = { word } };

	OK(sys_reply_recv(0, &m, 0, 0));
}

long call_word(cap_t endpoint, uint64_t *word)
{
	struct message m = { .info = info_make(0, 1, 0), .w = { *word } };
	long r = sys_call(endpoint, &m);

	*word = m.w[0];
	return r;
}

/* ---- looks --------------------------------------------------------------------------------------- */

uint64_t inspect(cap_t slot)
{
	uint64_t word = 0, detail;

	OK(sys_inspect(slot, &word, &detail));
	return word;
}

uint64_t inspect_detail(cap_t slot)
{
	uint64_t word, detail = 0;

	OK(sys_inspect(slot, &word, &detail));
	return detail;
}

bool slot_empty(cap_t slot)
{
	uint64_t word, detail;
	long r = sys_inspect(slot, &word, &detail);

	CHECK(r == 0 || r == -E_BAD_SLOT);
	return r != 0;
}

uint64_t slots_in_use(void)
{
	OK(sys_system(ROOT_SYSTEM, SYSTEM_STATS, 0, 0));
	return ((struct kernel_stats *)buffer()->words)->slots;
}

long map_here(cap_t frame, uint64_t va, unsigned rights)
{
	return sys_map(ROOT_VSPACE, va, rights, 1, frame, 1, 0);
}

long unmap_one(cap_t frame)
{
	return sys_unmap(1, frame, 1, 0);
}

uint64_t random_next(void)
{
	used.random ^= used.random << 13;
	used.random ^= used.random >> 7;
	used.random ^= used.random << 17;
	return used.random;
}

/* ---- puppets ------------------------------------------------------------------------------------- */

extern const char puppet_code[], puppet_code_end[];

/* A frame with the puppets' code, by way of a mapping here. */
static cap_t puppet_code_frame(void)
{
	uint64_t va = FREE_VA + (FREE_VA_PAGES - 1) * PAGE_SIZE;
	cap_t frame = frame_new();
	char *to = (char *)va;

	OK(map_here(frame, va, RIGHT_R | RIGHT_W));
	for (const char *from = puppet_code; from < puppet_code_end; from++)
		*to++ = *from;
	OK(unmap_one(frame));
	return frame;
}

struct puppet *puppet_new(unsigned prio)
{
	static struct puppet puppets[HELPERS];
	struct puppet *p = &puppets[used.helpers];

	p->helper = helper_new(NULL, 0, prio);
	p->thread = p->helper->thread;
	p->space = space_new();
	p->cnode = cnode_new();
	p->endpoint = endpoint_new();
	OK(sys_give(GIVE_COPY, p->endpoint, 1, CAP(p->cnode, 1), RIGHT_CALL, PUPPET_BADGE, 0));
	OK(sys_table(frame_new(), p->space, PUPPET_CODE));
	OK(sys_table(frame_new(), p->space, PUPPET_CODE));
	OK(sys_map(p->space, PUPPET_CODE, RIGHT_X | RIGHT_R, 1, puppet_code_frame(), 1, 0));
	OK(sys_thread_set(p->thread, THREAD_CSPACE, p->cnode));
	OK(sys_thread_set(p->thread, THREAD_VSPACE, p->space));
	OK(sys_thread_pager(p->thread, p->endpoint, PUPPET_FAULT));
	thread_start_at(p->thread, PUPPET_CODE, 0, 0);
	return p;
}

void puppet_do(struct puppet *p, enum puppet_order order, uint64_t address, uint64_t value, struct message *m)
{
	/* Its first call, or the one it waits in. */
	if (sys_thread_set(p->thread, THREAD_RUN, 0) == 0)
		OK(receive(p->endpoint, m));
	*m = (struct message){ .info = INFO_REPLY | INFO_DEADLINE | 3, .w = { order, address, value } };
	OK(sys_reply_recv(p->endpoint, m, 0, sys_time() + 5000UL * TICKS_MS));
}

bool puppet_faults(struct puppet *p, enum puppet_order order, uint64_t address)
{
	struct message m = { .info = 0 };

	puppet_do(p, order, address, 0, &m);
	return info_kind(m.info) == KIND_FAULT;
}

void puppet_skip(struct puppet *p)
{
	struct message m = { .info = 0 };

	thread_stop(p->thread);
	thread_start_at(p->thread, PUPPET_CODE, 0, 0);
	OK(sys_thread_set(p->thread, THREAD_RUN, 0));
	OK(receive(p->endpoint, &m));
}

/* ---- the machine --------------------------------------------------------------------------------- */

static struct ipc_buffer *own;

/* Kernel counts that a test must leave as they were. */
static struct kernel_stats counts(void)
{
	long r = sys_system(ROOT_SYSTEM, debug_kernel ? SYSTEM_AUDIT : SYSTEM_STATS, 0, 0);

	if (r)
		bail_out("stats", r);
	return *(struct kernel_stats *)own->words;
}

/* The kernel's image tells where RAM is on this machine: the device tree lies in the last 2 MiB. */
static void take_memory(void)
{
	uint64_t base = (uint64_t)RAM_GIG << 30;

	image_mega = (unsigned)((boot.image_start - base) / MEGAPAGE_SIZE);
	ram_mega = (unsigned)((boot.image_end - 1 - base) / MEGAPAGE_SIZE) + 1;
	mega_count = (unsigned)((boot.dtb - base) / MEGAPAGE_SIZE);
	if (mega_count > 63)
		mega_count = 63;
	must("gigapages", sys_split(ROOT_WORLD, 0, 4, SLOT_GIG));
	must("the gigapage beyond", sys_split(ROOT_WORLD, 255, 1, SLOT_GIG_BEYOND));
	must("megapages", sys_split(SLOT_GIG + RAM_GIG, 0, mega_count + 1, SLOT_MEGA));
	must("carve", sys_carve(SLOT_MEGA + ram_mega, mega_count - ram_mega + 1, MEM_RAM));
}

/* The text after `word` in the boot arguments, wherever they stand in the device tree's blob. */
static void argument(const char *blob, const char *word, char *to, unsigned room)
{
	for (unsigned at = 0; at < 0x4000 && !to[0]; at++) {
		const char *w = word, *here = blob + at;
		unsigned n = 0;

		while (*w && *w == *here)
			w++, here++;
		for (; !*w && *here > ' ' && *here <= '~' && n < room - 1; n++)
			to[n] = *here++;
	}
}

static uint64_t number(const char *digits, uint64_t otherwise)
{
	uint64_t n = 0;

	if (!digits[0])
		return otherwise;
	while (*digits >= '0' && *digits <= '9')
		n = n * 10 + (uint64_t)(*digits++ - '0');
	return n;
}

static void read_arguments(void)
{
	const char *blob = (const char *)FREE_MEGA_VA + boot.dtb % MEGAPAGE_SIZE;
	cap_t frame = SLOT_MEGA + mega_count;
	char digits[2][24] = { { 0 } };

	if (boot.dtb - ((uint64_t)RAM_GIG << 30) - (uint64_t)mega_count * MEGAPAGE_SIZE >= MEGAPAGE_SIZE)
		return;
	must("map the tree", sys_map(ROOT_VSPACE, FREE_MEGA_VA, RIGHT_R, 1, frame, 1, 0));
	argument(blob, "only=", only, sizeof(only));
	argument(blob, "count=", digits[0], sizeof(digits[0]));
	argument(blob, "seed=", digits[1], sizeof(digits[1]));
	test_count = number(digits[0], test_count);
	test_seed = number(digits[1], test_seed);
	(void)sys_unmap(1, frame, 1, 0);
}

static void start_harts(void)
{
	for (uint64_t id = 0; id < 8; id++)
		if (sys_system(ROOT_SYSTEM, SYSTEM_HART, id, 0) > 0)
			hart_count++;
}

static void take_own(void)
{
	must("chips", sys_split(FRAME_CHIPS, 0, 1, SLOT_HARNESS));
	must("chips", sys_split(FRAME_CHIPS, 1, 1, SLOT_SLEEP));
	must("chips", sys_split(FRAME_CHIPS, 2, 1, SLOT_END));
	must("endpoint", sys_make(SLOT_END, TYPE_ENDPOINT, 0));
	must("endpoint", sys_make(SLOT_HARNESS, TYPE_ENDPOINT, 0));
	must("endpoint", sys_make(SLOT_SLEEP, TYPE_ENDPOINT, 0));
	must("buffer", sys_map(ROOT_VSPACE, BUFFERS_VA, RIGHT_R | RIGHT_W, 1, FRAME_BUFFER, 1, 0));
}

/* ---- running ------------------------------------------------------------------------------------- */

static void worker(const struct test *t)
{
	t->run();
	tell(LABEL_DONE);
}

static void worker_start(const struct test *t)
{
	cap_t w = FRAME_WORKER;

	used = (typeof(used)){ .random = 0x9e3779b97f4a7c15 };
	for (unsigned i = 0; i < PAGE_SIZE / 8; i++)
		((volatile uint64_t *)BUFFERS_VA)[i] = 0;
	must("worker", sys_make(w, TYPE_THREAD, 0));
	must("worker", sys_thread_set(w, THREAD_CSPACE, ROOT_CNODE));
	must("worker", sys_thread_set(w, THREAD_VSPACE, ROOT_VSPACE));
	must("worker", sys_thread_pager(w, SLOT_HARNESS, BADGE_FAULT));
	must("worker", sys_thread_set(w, THREAD_BUFFER, FRAME_BUFFER));
	must("worker", sys_thread_set(w, THREAD_PRIO, PRIO_TEST));
	must("worker", sys_thread_set(w, THREAD_MAX_PRIO, PRIO_COUNT - 1));
	must("worker",
	     registers_write(w, own, (uint64_t)worker, (uint64_t)&stacks[0][STACK_BYTES], (uint64_t)t, BUFFERS_VA));
	must("worker", sys_thread_set(w, THREAD_RUN, 0));
}

static void clean(cap_t first, unsigned n, bool all)
{
	for (unsigned i = 0; i < n; i++) {
		long r = all ? sys_delete(first + i) : sys_revoke(first + i, 0);

		if (r && !(all && r == -E_BAD_SLOT))
			bail_out("cleaning up", r);
	}
}

/* Whatever the test's threads are doing, they end here. */
static void take_back(void)
{
	struct message m = { .info = INFO_REPLY | INFO_DEADLINE };

	clean(FRAME_WORKER, 1, false);
	clean(SLOT_TEST, ROOT_SLOTS - SLOT_TEST, true);
	clean(FRAME_TEST, ROOT_STOCK + ROOT_STOCK_FRAMES - FRAME_TEST, false);
	clean(SLOT_MEGA, mega_count, false);
	clean(SLOT_GIG, 2, false);
	clean(SLOT_GIG + 3, 2, false);
	while (sys_reply_recv(SLOT_HARNESS, &m, 0, 0) == 0)
		m.info = INFO_REPLY | INFO_DEADLINE;
	(void)sys_system(ROOT_SYSTEM, SYSTEM_SLICE, 10 * TICKS_MS, 0);
}

static void print_failure(const struct message *m, long received)
{
	if (received) {
		print("# no end within the time\n");
	} else if (info_kind(m->info) == KIND_FAULT) {
		print("# fault at ");
		print_number(m->w[0], 16);
		print(" cause ");
		print_number(m->w[1] >> 8, 10);
		print(" pc ");
		print_number(m->w[2], 16);
		print("\n");
	} else {
		print("# ");
		print(failure.file);
		print(":");
		print_number((uint64_t)failure.line, 10);
		print(": ");
		print(failure.text);
		print(": ");
		print_signed(failure.got);
		print(", not ");
		print_signed(failure.wanted);
		print("\n");
	}
}

static bool same(const char *what, uint64_t before, uint64_t now)
{
	if (before == now)
		return true;
	print("# ");
	print(what);
	print(": ");
	print_number(now, 10);
	print(", before the test ");
	print_number(before, 10);
	print("\n");
	return false;
}

/* The audit found nothing and all is as before. */
static bool unchanged(const struct kernel_stats *before)
{
	struct kernel_stats now = counts();
	bool good = same("slots", before->slots, now.slots) & same("CNodes", before->cnodes, now.cnodes) &
		    same("spaces", before->vspaces, now.vspaces) & same("tables", before->tables, now.tables) &
		    same("threads", before->threads, now.threads) & same("endpoints", before->endpoints, now.endpoints);

	if (debug_kernel)
		good = good & same("breach of invariant", 0, now.breach) &
		       same("mappings", before->leaf_ptes, now.leaf_ptes) & same("chips", before->chips, now.chips) &
		       same("replies", before->replies, now.replies);
	if (now.breach) {
		print("# at ");
		print_number(now.breach_at, 16);
		print("\n");
	}
	return good;
}

/* 1 if the test failed. */
static unsigned run(const struct test *t, unsigned number, const struct kernel_stats *before)
{
	struct message m = { .info = INFO_DEADLINE };
	long received;
	uint32_t label;
	bool good;

	worker_start(t);
	received = sys_reply_recv(SLOT_HARNESS, &m, 0, sys_time() + TEST_TICKS);
	label = received || info_kind(m.info) == KIND_FAULT ? LABEL_FAIL : info_label(m.info);
	if (label == LABEL_FAIL)
		print_failure(&m, received);
	take_back();
	good = unchanged(before) && label != LABEL_FAIL;
	print(good ? "ok " : "not ok ");
	print_number(number, 10);
	print(" - ");
	print(t->name);
	if (label == LABEL_SKIP) {
		print(" # SKIP ");
		print(failure.text);
	}
	print("\n");
	return !good;
}

static bool chosen(const struct test *t)
{
	for (const char *at = t->name; *at; at++) {
		const char *a = at, *b = only;

		while (*b && *a == *b)
			a++, b++;
		if (!*b)
			return true;
	}
	return !only[0];
}

void harness_main(struct ipc_buffer *buffer)
{
	struct kernel_stats before;
	unsigned count = 0, failed = 0, number = 0;

	own = buffer;
	boot = *(struct boot_info *)own->words;
	debug_kernel = sys_system(ROOT_SYSTEM, SYSTEM_AUDIT, 0, 0) == 0;
	take_memory();
	read_arguments();
	start_harts();
	take_own();
	before = counts();
	for (const struct test *t = tests_start; t < tests_end; t++)
		count += chosen(t);
	print("TAP version 13\n1..");
	print_number(count, 10);
	print("\n");
	for (const struct test *t = tests_start; t < tests_end; t++)
		if (chosen(t))
			failed += run(t, ++number, &before);
	test_note("failed", failed);
	(void)sys_system(ROOT_SYSTEM, SYSTEM_RESET, 0, 0);
}
