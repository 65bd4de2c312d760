/*
 * fast_test.c: the fast paths in assembly do what their C twins do. An interpreter runs the kernel's assembly,
 * linked for this purpose, from trap_entry on a random state; then the same state is given to the C twin. What either
 * leaves in all of the kernel's memory that still means something, and in the registers of the thread that runs on,
 * must be equal. Where a fast path refuses, nothing may have changed. Each path must have been taken often.
 *
 *     fast_test FAST.ELF STEPS SEED
 */
// SOURCES: kernel/*.c tests/host/kernel/host.c
// CFLAGS: -include tests/host/kernel/machine.h -DDEBUG=1 -fno-pie -fno-strict-aliasing
// LIBS: -no-pie
// ARGS: build/host/fast.elf 20000 1
#include <elf.h>

#include "kernel/host.h"

/* Where the Makefile puts the kernel's data for the assembly; accesses go to the real ones. */
#define AT_LOCK  0x7fff0000UL
#define AT_STATS 0x7ffe0000UL
#define AT_SLICE 0x7ffd0000UL
#define KERNEL_WINDOW (~0UL << 38)

/* ---- the interpreter: rv64ima as far as the fast paths go ----------------------------------------- */

static struct {
	uint64_t x[32], pc, sscratch, sepc, scause, stval;
} cpu;
static uint32_t asm_lock, asm_locks;    /* the lock; how often it was taken */

static uint8_t *text;
static uint64_t text_at, text_size, entry_at, call_slow_at, slow_at;

static void load_elf(const char *path)
{
	static uint8_t file[1 << 20];
	FILE *f = fopen(path, "rb");
	size_t size = f ? fread(file, 1, sizeof(file), f) : 0;
	const Elf64_Ehdr *h = (const Elf64_Ehdr *)file;
	const Elf64_Shdr *s = (const Elf64_Shdr *)(file + h->e_shoff);

	if (!size || size == sizeof(file)) {
		fprintf(stderr, "fast_test: cannot read %s\n", path);
		exit(2);
	}
	fclose(f);
	for (unsigned i = 0; i < h->e_shnum; i++) {
		const Elf64_Sym *symbol = (const Elf64_Sym *)(file + s[i].sh_offset);

		if (s[i].sh_type == SHT_PROGBITS && s[i].sh_flags & SHF_EXECINSTR) {
			text = file + s[i].sh_offset;
			text_at = s[i].sh_addr;
			text_size = s[i].sh_size;
		}
		for (unsigned n = 0; s[i].sh_type == SHT_SYMTAB && n < s[i].sh_size / sizeof(*symbol); n++) {
			const char *name = (const char *)file + s[s[i].sh_link].sh_offset + symbol[n].st_name;

			if (!strcmp(name, "trap_entry"))
				entry_at = symbol[n].st_value;
			if (!strcmp(name, "trap_call_slow"))
				call_slow_at = symbol[n].st_value;
			if (!strcmp(name, "trap_slow"))
				slow_at = symbol[n].st_value;
		}
	}
	CHECK(text && entry_at && call_slow_at && slow_at);
}

/* The lines of the cache that a path touches. */
#define LINES 64
static uint64_t lines[LINES];
static unsigned line_count;

static void line_touch(uint64_t address)
{
	for (unsigned i = 0; i < line_count; i++)
		if (lines[i] == address / 64)
			return;
	CHECK(line_count < LINES);
	lines[line_count++] = address / 64;
}

static void *memory(uint64_t address)
{
	line_touch(address);
	if (address >= AT_LOCK && address < AT_LOCK + sizeof(asm_lock))
		return (char *)&asm_lock + (address - AT_LOCK);
	if (address >= AT_STATS && address < AT_STATS + sizeof(kernel_stats))
		return (char *)&kernel_stats + (address - AT_STATS);
	if (address == AT_SLICE)
		return &timer_slice;
	if (address >= KERNEL_WINDOW)
		address -= KERNEL_WINDOW;
	return (void *)address;
}

static uint64_t *csr(unsigned number)
{
	static uint64_t *const other = &host_csr.sstatus;

	switch (number) {
	case 0x104:
		return &host_csr.sie;
	case 0x140:
		return &cpu.sscratch;
	case 0x141:
		return &cpu.sepc;
	case 0x142:
		return &cpu.scause;
	case 0x143:
		return &cpu.stval;
	case 0x180:
		return &host_csr.satp;
	case 0xc01:
		return &host_csr.time;
	default:
		CHECK(number == 0x100);
		return other;
	}
}

static int64_t bits(uint32_t i, unsigned from, unsigned count)
{
	return (int64_t)((uint64_t)i << (64 - from - count)) >> (64 - count);
}

static uint64_t arith(uint32_t i, uint64_t a, uint64_t b, bool immediate)
{
	bool other = i >> 30 & 1;

	switch (i >> 12 & 7) {
	case 0:
		return !immediate && other ? a - b : a + b;
	case 1:
		return a << (b & 63);
	case 2:
		return (int64_t)a < (int64_t)b;
	case 3:
		return a < b;
	case 4:
		return a ^ b;
	case 5:
		return other ? (uint64_t)((int64_t)a >> (b & 63)) : a >> (b & 63);
	case 6:
		return a | b;
	default:
		return a & b;
	}
}

static bool branch_taken(unsigned how, uint64_t a, uint64_t b)
{
	switch (how >> 1) {
	case 0:
		return (a == b) != (how & 1);
	case 2:
		return ((int64_t)a < (int64_t)b) != (how & 1);
	default:
		CHECK(how >> 1 == 3);
		return (a < b) != (how & 1);
	}
}

static void do_csr(uint32_t i, uint64_t *rd, uint64_t rs)
{
	uint64_t *c = csr(i >> 20), was = *c;

	switch (i >> 12 & 7) {
	case 1:
		*c = rs;
		break;
	case 2:
		*c |= rs;
		break;
	default:
		CHECK((i >> 12 & 7) == 3);
		*c &= ~rs;
		break;
	}
	*rd = was;
}

static void do_amo(uint32_t i, uint64_t *rd, uint64_t rs1, uint64_t rs2)
{
	uint32_t *p = memory(rs1);

	if (i >> 27 == 3) {            /* sc: there is no reservation */
		*rd = 1;
		return;
	}
	CHECK(i >> 27 == 1 && (i >> 12 & 7) == 2);      /* amoswap.w */
	*rd = (uint64_t)(int32_t)*p;
	*p = (uint32_t)rs2;
	asm_locks += p == &asm_lock;
}

/* One instruction. False at sret. */
static bool step(void)
{
	uint64_t *x = cpu.x, next = cpu.pc + 4, zero, *rd;
	uint32_t i;

	CHECK(cpu.pc >= text_at && cpu.pc + 4 <= text_at + text_size);
	memcpy(&i, text + (cpu.pc - text_at), 4);
	rd = i >> 7 & 31 ? &x[i >> 7 & 31] : &zero;
	uint64_t a = x[i >> 15 & 31], b = x[i >> 20 & 31], imm = (uint64_t)bits(i, 20, 12);
	uint64_t store = (imm & ~31UL) | (i >> 7 & 31);

	switch (i & 127) {
	case 0x37:
		*rd = (uint64_t)bits(i, 12, 20) << 12;
		break;
	case 0x17:
		*rd = cpu.pc + ((uint64_t)bits(i, 12, 20) << 12);
		break;
	case 0x6f:
		*rd = next;
		next = cpu.pc + ((uint64_t)bits(i, 31, 1) << 20 | (i & 0xff000) | (i >> 9 & 0x800) | (i >> 20 & 0x7fe));
		break;
	case 0x67:
		*rd = next;
		next = (a + imm) & ~1UL;
		break;
	case 0x63:
		if (branch_taken(i >> 12 & 7, a, b))
			next = cpu.pc + ((uint64_t)bits(i, 31, 1) << 12 | (i << 4 & 0x800) | (i >> 20 & 0x7e0) |
					 (i >> 7 & 0x1e));
		break;
	case 0x03:
		CHECK((i >> 12 & 7) == 3 || (i >> 12 & 7) == 2);
		*rd = (i >> 12 & 7) == 3 ? *(uint64_t *)memory(a + imm) : (uint64_t)*(int32_t *)memory(a + imm);
		break;
	case 0x23:
		CHECK((i >> 12 & 7) == 3 || (i >> 12 & 7) == 2);
		memcpy(memory(a + store), &b, 1U << (i >> 12 & 7));
		break;
	case 0x13:
		*rd = arith(i, a, (i >> 12 & 3) == 1 ? imm & 63 : imm, true);
		break;
	case 0x1b:
		CHECK((i >> 12 & 7) == 0);
		*rd = (uint64_t)(int32_t)(a + imm);
		break;
	case 0x33:
		*rd = arith(i, a, b, false);
		break;
	case 0x2f:
		do_amo(i, rd, a, b);
		break;
	case 0x0f:
		break;
	default:
		CHECK((i & 127) == 0x73);
		if (i == 0x10200073)
			return false;
		do_csr(i, rd, a);
		break;
	}
	cpu.pc = next;
	return true;
}

/* ---- the state, and what of it counts -------------------------------------------------------------- */

#define THREADS 3
#define A_THREAD(n) (PAGE + 4 + 4 * (n))
#define A_CNODE(n)  (PAGE + 5 + 4 * (n))
#define ENDPOINTS   FREE               /* two */
#define EXCHANGE    (PAGE + 20)
#define FRAME       PAGE2              /* to map */
#define FRAMES      40
/* In each thread's own CNode, of each endpoint: */
#define CALLS(e)    (1 + 4 * (e))
#define RECEIVES(e) (2 + 4 * (e))
#define SIGNALS(e)  (3 + 4 * (e))
#define ALL(e)      (4 + 4 * (e))
#define ROOT        10                 /* the root's CNode */
#define OWN_FRAME   11

static struct thread *threads[THREADS];

/* All memory that a system call without capability items may change. */
static struct {
	void *at;
	uint64_t size;
	uint8_t *before, *after;
} parts[6];

static void part(unsigned n, void *at, uint64_t size)
{
	parts[n].at = at;
	parts[n].size = size;
	parts[n].before = malloc(size);
	parts[n].after = malloc(size);
}

static void save(bool after)
{
	for (unsigned i = 0; i < sizeof(parts) / sizeof(*parts); i++)
		memcpy(after ? parts[i].after : parts[i].before, parts[i].at, parts[i].size);
}

static void back(void)
{
	for (unsigned i = 0; i < sizeof(parts) / sizeof(*parts); i++)
		memcpy(parts[i].at, parts[i].before, parts[i].size);
}

static void compare(bool after, const char *what)
{
	for (unsigned i = 0; i < sizeof(parts) / sizeof(*parts); i++) {
		const uint8_t *was = after ? parts[i].after : parts[i].before, *is = parts[i].at;

		for (uint64_t n = 0; n < parts[i].size; n++)
			if (was[n] != is[n])
				host_fail(__FILE__, __LINE__, "%s: byte %#lx of part %u differs: %#x, C %#x", what,
					  n, i, was[n], is[n]);
	}
}

/* Registers that no longer mean anything, links of a thread in no queue. */
static void forget(struct thread *t)
{
	bool waits = (t->state == STATE_RECEIVE || t->state == STATE_REPLY) && !t->faulted;
	bool runs = host_hart->current == t;

	for (unsigned i = 0; i < 32; i++)
		if (runs || (waits && i && i != 2 && i != 3 && i != 4 && i != 8 && i != 9 && !(i >= 18 && i <= 27)))
			t->regs[i] = 0;
	if (runs)
		t->full = 0;
	if (runs || t->state == STATE_REPLY || t->state == STATE_STOPPED)
		t->next = t->prev = NULL;
	if (t->state != STATE_SEND && t->state != STATE_RECEIVE)
		t->endpoint = NULL;
	if (t->state != STATE_SEND)
		t->badge = 0;
	/* The tail of an empty queue. */
	for (unsigned i = 0; i < PRIO_COUNT; i++)
		if (!host_hart->ready[i].head)
			host_hart->ready[i].tail = NULL;
	for (unsigned i = 0; i < 2; i++) {
		struct endpoint *e = slot_object(root_slot(ENDPOINTS + i));

		if (!e->receivers.head)
			e->receivers.tail = NULL;
		if (!e->senders.head)
			e->senders.tail = NULL;
	}
}

static void forget_all(void)
{
	for (unsigned i = 0; i < THREADS; i++)
		forget(threads[i]);
	forget(root);
	kernel_stats.switches = 0;
}

/* ---- one step both ways ----------------------------------------------------------------------------- */

enum { PATH_CALL, PATH_ANSWER, PATH_SIGNAL, PATH_FAULT, PATH_MAP, PATH_SIGNAL_WAIT, PATHS };
static const char *const names[] = { "call", "reply_recv", "signal", "fault", "map in reply", "signal and wait" };
static uint64_t taken[PATHS], refused[PATHS];

static bool preserved(unsigned i)
{
	return i == 2 || i == 3 || i == 4 || i == 8 || i == 9 || (i >= 18 && i <= 27);
}

/* The trap by the assembly. False: it refused. */
static bool run_fast(struct thread *t, const uint64_t *x, uint64_t pc, uint64_t cause, uint64_t va)
{
	memcpy(cpu.x, x, sizeof(cpu.x));
	cpu.pc = entry_at;
	cpu.sscratch = (uint64_t)t;
	cpu.sepc = pc;
	cpu.scause = cause;
	cpu.stval = va;
	asm_lock = asm_locks = line_count = 0;
	do {
		if (cpu.pc == call_slow_at || cpu.pc == slow_at) {
			EXPECT(asm_lock, cpu.pc == slow_at);
			return false;
		}
	} while (step());
	EXPECT(asm_lock, 0);
	EXPECT(asm_locks, 1);
	return true;
}

/* The same by C; the registers with which the next thread runs on in x, its pc in x[0]. */
static struct thread *run_slow(struct thread *t, uint64_t *x, uint64_t pc, uint64_t cause, uint64_t va)
{
	struct hart *h = host_hart;
	bool call = cause == CAUSE_ECALL_U;

	for (unsigned i = 1; i < 32; i++)
		if (!call || preserved(i) || (i >= 10 && i <= 17) || i == 5 || i == 6)
			t->regs[i] = x[i];
	t->regs[0] = call ? pc + 4 : pc;
	t->full = !call;
	if (call)
		syscall_enter(t);
	else
		trap_enter(t, cause, va);
	if (!h->current)
		sched_pick();
	t = h->current;
	for (unsigned i = 0; i < 32; i++)
		x[i] = t->full || !i || preserved(i) || (i >= 10 && i <= 17) ? t->regs[i] : 0;
	h->satp = host_csr.satp = t->satp;
	return t;
}

/* docs/bench.md: a message in registers touches 8 lines of each side and 3 that both share. */
static void lines_check(const char *what)
{
	if (line_count > 8 + 8 + 3)
		host_fail(__FILE__, __LINE__, "%s: %u lines", what, line_count);
}

static void both(unsigned path, struct thread *t, uint64_t *x, uint64_t cause, uint64_t va)
{
	uint64_t pc = 0x10000 + host_below(1000) * 2, was[32], opened;
	struct thread *next;
	bool fast;

	x[0] = 0;
	host_hart->satp = host_csr.satp = t->satp;
	host_csr.sie = 0;
	forget(t);
	save(false);
	fast = run_fast(t, x, pc, cause, va);
	++*(fast ? &taken[path] : &refused[path]);
	if (fast && path <= PATH_ANSWER && (x[11] & INFO_WORDS_MASK) <= MESSAGE_REGS)
		lines_check(names[path]);
	if (!fast) {
		memcpy(t->regs, &parts[0].before[(char *)t - (char *)parts[0].at], sizeof(t->regs));
		t->full = 0;
		compare(false, names[path]);
	}
	next = (struct thread *)cpu.sscratch;
	memcpy(was, cpu.x, sizeof(was));
	was[0] = cpu.sepc;
	if (fast) {
		EXPECT(next, host_hart->current);
		forget_all();
		save(true);
	}
	back();
	opened = host_csr.sie;
	host_csr.sie = 0;
	next = run_slow(t, x, pc, cause, va);
	EXPECT(opened, fast ? host_csr.sie : 0);
	for (unsigned i = 0; fast && i < 32; i++)
		if (was[i] != x[i])
			host_fail(__FILE__, __LINE__, "%s: x%u is %#lx, C %#lx", names[path], i, was[i], x[i]);
	forget_all();
	if (fast)
		compare(true, names[path]);
	debug_check_fences();
	(void)next;
}

/* ---- random states ---------------------------------------------------------------------------------- */

#define OK(...) EXPECT(sys(root, __VA_ARGS__), 0)

static void set_up(void)
{
	host_kit();
	host_endpoints(EXCHANGE, ENDPOINTS, 2);
	for (unsigned i = 0; i < THREADS; i++) {
		threads[i] = host_thread(A_THREAD(i));
		for (unsigned e = 0; e < 2; e++) {
			OK(SYS_GIVE, GIVE_COPY, ENDPOINTS + e, 1, CAP(A_CNODE(i), CALLS(e)), RIGHT_CALL, 7 + i + e);
			OK(SYS_GIVE, GIVE_COPY, ENDPOINTS + e, 1, CAP(A_CNODE(i), RECEIVES(e)), RIGHT_RECV, 0);
			OK(SYS_GIVE, GIVE_COPY, ENDPOINTS + e, 1, CAP(A_CNODE(i), SIGNALS(e)), RIGHT_SIGNAL, 16 + i);
			OK(SYS_GIVE, GIVE_COPY, ENDPOINTS + e, 1, CAP(A_CNODE(i), ALL(e)), RIGHT_ALL, 0);
		}
		OK(SYS_GIVE, GIVE_COPY, ROOT_CNODE, 1, CAP(A_CNODE(i), ROOT), RIGHT_ALL, 0);
		OK(SYS_GIVE, GIVE_SHARE, FRAME + FRAMES + i, 1, CAP(A_CNODE(i), OWN_FRAME), RIGHT_ALL, 0);
		OK(SYS_THREAD_SET, A_THREAD(i), THREAD_STOP);
		OK(SYS_THREAD_SET, A_THREAD(i), THREAD_PAGER, ENDPOINTS + i % 2, 0x90 + i);
		OK(SYS_THREAD_SET, A_THREAD(i), THREAD_RUN);
	}
	OK(SYS_SYSTEM, ROOT_SYSTEM, SYSTEM_IRQ, ENDPOINTS);
	OK(SYS_THREAD_SET, ROOT_THREAD, THREAD_PRIO, 0);
	part(0, (void *)slot_pa(root_slot(PAGE)), PAGES * PAGE_SIZE);
	part(1, (void *)slot_pa(root_slot(PAGE2)), PAGES * PAGE_SIZE);
	part(2, root->slots, ROOT_SLOTS * SLOT_BYTES);
	part(3, root, PAGE_SIZE);
	part(4, harts, sizeof(*harts));
	part(5, &kernel_stats, sizeof(kernel_stats));
}

/* Something else changes first. */
static void disturb(void)
{
	unsigned n = (unsigned)host_below(THREADS), frame = FRAME + (unsigned)host_below(FRAMES);

	switch (host_below(14)) {
	case 0:
		OK(SYS_THREAD_SET, A_THREAD(n), THREAD_PRIO, 10 + host_below(4));
		break;
	case 1:
		OK(SYS_THREAD_SET, A_THREAD(n), THREAD_CALL_TIMEOUT, host_below(4) ? 0 : 1000000);
		break;
	case 2:
		OK(SYS_THREAD_SET, A_THREAD(n), THREAD_FAULT_TIMEOUT, host_below(4) ? 0 : 1000000);
		break;
	case 3:
		OK(SYS_THREAD_SET, A_THREAD(n), THREAD_ABORT);
		break;
	case 4:
		OK(SYS_THREAD_SET, A_THREAD(n), THREAD_STOP);
		OK(SYS_THREAD_SET, A_THREAD(n), THREAD_BUFFER, host_below(3) ? A_THREAD(n) + 2 : 0);
		OK(SYS_THREAD_SET, A_THREAD(n), THREAD_RUN);
		break;
	case 5:
		if (!slot_has_children(root_slot(frame)))
			(void)sys(root, SYS_GIVE, GIVE_SHARE, frame, 1, FREE_END - 1, RIGHT_ALL);
		break;
	case 6:
		(void)sys(root, SYS_DELETE, FREE_END - 1);
		break;
	default:
		OK(SYS_REVOKE, frame);
		break;
	}
}

static void one(void)
{
	static const uint8_t codes[] = { CAUSE_LOAD_PAGE, CAUSE_STORE_PAGE, CAUSE_STORE_PAGE, CAUSE_FETCH_PAGE, 5 };
	unsigned e = (unsigned)host_below(2);
	unsigned n = (unsigned)host_below(THREADS);
	struct thread *t = threads[n];
	uint64_t x[32];

	if (t->state != STATE_READY) {
		if (host_below(3) == 0)
			OK(SYS_THREAD_SET, A_THREAD(n), THREAD_ABORT);
		return;
	}
	/* Who runs is one of the most important that are ready. */
	for (unsigned i = 0; i < THREADS; i++)
		if (threads[i]->state == STATE_READY && threads[i]->prio > t->prio)
			return;
	(void)sys(t, SYS_INSPECT, 0);
	for (unsigned i = 0; i < 32; i++)
		x[i] = host_random();
	x[11] = host_below(7) + (host_below(8) ? 0 : host_below(130)) + (host_below(4) ? 0 : host_random() << 32);
	x[17] = t->caller && host_below(4) ? SYS_REPLY_RECV : host_below(3);
	switch (x[17]) {
	case SYS_CALL:
		x[10] = host_below(12) ? (host_below(2) ? CALLS(e) : ALL(e)) : host_below(16) + (host_below(3) << 31);
		both(PATH_CALL, t, x, CAUSE_ECALL_U, 0);
		return;
	case SYS_SIGNAL:
		if (host_below(3)) {
			uint64_t va = VA + host_below(64) * PAGE_SIZE + host_below(512) * 8;

			if (!host_below(16))
				va += host_below(2) ? MEGAPAGE_SIZE : USER_END;
			both(PATH_FAULT, t, x, codes[host_below(sizeof(codes))], va);
			return;
		}
		x[10] = host_below(8) ? (host_below(2) ? SIGNALS(e) : ALL(e)) : host_below(16);
		both(PATH_SIGNAL, t, x, CAUSE_ECALL_U, 0);
		return;
	default:
		break;
	}
	x[10] = host_below(12) ? (host_below(2) ? RECEIVES(e) : ALL(e)) : host_below(16);
	x[5] = x[6] = 0;
	if (!t->caller && host_below(2)) {
		x[5] = host_below(12) ? (host_below(2) ? SIGNALS(1 - e) : ALL(host_below(2))) : host_below(16);
		x[11] = INFO_SIGNAL;
		both(PATH_SIGNAL_WAIT, t, x, CAUSE_ECALL_U, 0);
		return;
	}
	if (!t->caller || !t->caller->faulted) {
		x[11] |= host_below(6) ? INFO_REPLY : 0;
		both(PATH_ANSWER, t, x, CAUSE_ECALL_U, 0);
		return;
	}
	x[11] = INFO_REPLY | INFO_MAP | (host_below(16) ? 1 : host_below(3));
	x[12] = host_below(8) ? CAP(ROOT, FRAME + host_below(FRAMES)) :
		host_below(2) ? OWN_FRAME : CAP(host_below(12), host_below(1024));
	x[13] = host_below(16) ? 1 : host_below(3);
	x[14] = (t->caller->fault_va & ~(PAGE_SIZE - 1UL)) + (host_below(16) ? 0 : host_below(3) * 2048);
	x[15] = host_below(6) ? (host_below(2) ? 1 : 3) : host_below(9);
	both(PATH_MAP, t, x, CAUSE_ECALL_U, 0);
}

int main(int argc, char **argv)
{
	int bad = 0;
	uint64_t steps = argc > 2 ? strtoull(argv[2], NULL, 0) : 1000;

	if (argc < 2)
		return 2;
	host_seed = argc > 3 ? strtoull(argv[3], NULL, 0) : 1;
	load_elf(argv[1]);
	host_boot();
	host_check_every = 0;
	set_up();
	for (uint64_t i = 0; i < steps; i++) {
		if (host_below(3) == 0)
			disturb();
		one();
		if (i % 1000 == 0)
			host_check();
	}
	for (unsigned i = 0; i < PATHS; i++) {
		bool few = taken[i] < steps / 1000 || refused[i] < steps / 1000;

		printf("%s: taken %lu, refused %lu%s\n", names[i], taken[i], refused[i], few ? ": too few" : "");
		bad |= few;
	}
	return bad;
}
