/*
 * host.c: what the kernel's assembly, linker script and machine are on the build machine; checks that are stronger
 * than the kernel's own audit; the runner of claims.
 */
#include "host.h"

#include <errno.h>
#include <stdarg.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define TLB_MAX 4096
#define PTES_MAX 65536

#if COVERAGE
/* clang's: _exit() would not write it. */
int __llvm_profile_write_file(void);
#endif

struct host_csr host_csr;
struct hart *host_hart = &harts[0];
/* Pokes that wait for the hart of the index. */
bool host_poked[HART_MAX];
struct thread *root;
unsigned host_check_every = 1;
uint64_t host_steps;
uint64_t host_seed = 1;

/* ---- what the linker script and the assembly give the kernel ------------------------------------- */

/* The image, as far as the kernel asks: two pages, in front of the RAM. */
char image_start[2 * PAGE_SIZE] __attribute__((aligned(PAGE_SIZE)));
char hart_stacks[HART_MAX * HART_STACK_BYTES] __attribute__((aligned(PAGE_SIZE)));
char boot_secondary[4], trap_entry[4], trap_traced[4];
__asm__(".globl image_end, image_rodata, image_root, image_data, hart_stacks_end, root_image_end\n"
	".set image_end, image_start + 8192\n.set image_rodata, image_start\n.set image_root, image_start\n"
	".set image_data, image_start\n.set hart_stacks_end, hart_stacks + 65536\n.set root_image_end, "
	"root_image + 4096\n");
/* The root server: a header of one page of text. */
uint64_t root_image[512] __attribute__((aligned(PAGE_SIZE))) = { 0x10000, 0x11000, 0x11000, 0x11000 };

static bool answers(const void *p, uint64_t size)
{
	uint64_t pa = window_pa(p);

	return (pa >= HOST_RAM && pa + size <= HOST_RAM_END) || pa < 0x10000000;
}

int memory_clear(void *to, uint64_t size)
{
	if (!answers(to, size))
		return -E_BAD_MEMORY;
	memset(to, 0, size);
	return 0;
}

int memory_copy(void *to, const void *from, uint64_t size)
{
	if (!answers(to, size) || !answers(from, size))
		return -E_BAD_MEMORY;
	memmove(to, from, size);
	return 0;
}

int timer_probe(void)
{
	return -E_BAD_CALL;
}

void lock_acquire(void)
{
}

void fpu_save(uint64_t *fpu)
{
	(void)fpu;
}

void fpu_load(const uint64_t *fpu)
{
	(void)fpu;
}

void riscv_wfi(void)
{
	if (host_hart->armed == ~0UL)
		host_fail(__FILE__, __LINE__, "every thread waits for ever");
	host_csr.time = host_hart->armed;
	host_csr.sip |= SIE_TIMER;
}

void riscv_set_stimecmp(uint64_t t)
{
	sbi_set_timer(t);
}

void sbi_set_timer(uint64_t t)
{
	if (t > host_csr.time)
		host_csr.sip &= ~SIE_TIMER;
}

void sbi_send_ipi(uint64_t hart)
{
	host_poked[hart] = true;
}

long sbi_hart_start(uint64_t hart, uint64_t address, uint64_t opaque)
{
	(void)address;
	(void)opaque;
	return hart < HART_MAX ? 0 : -1;
}

void sbi_putchar(char c)
{
	fputc(c, stderr);
}

void sbi_system_reset(uint64_t type)
{
	(void)type;
	abort();
}

/* ---- a TLB that keeps every translation until a fence -------------------------------------------- */

static struct translation {
	uint64_t va, asid, pte, hart;
} tlb[TLB_MAX];
static unsigned tlb_count;

void host_remote_fence(uint64_t hart, uint64_t va, uint64_t asid)
{
	unsigned kept = 0;

	for (unsigned i = 0; i < tlb_count; i++) {
		bool page = tlb[i].hart == hart && (va == HOST_FENCE_ALL || tlb[i].va == va);

		if (!page || (asid != HOST_FENCE_ALL && tlb[i].asid != asid))
			tlb[kept++] = tlb[i];
	}
	tlb_count = kept;
}

uint32_t host_remote_fences;

void host_fence(uint64_t va, uint64_t asid)
{
	host_remote_fence(host_hart->index, va, asid);
}

void host_forget_tlb(void)
{
	tlb_count = 0;
}

/* A leaf as the hardware may keep it. A stale one may only allow less than the page tables do now. */
static void tlb_fill(uint64_t va, uint64_t asid, uint64_t pte)
{
	for (unsigned i = 0; i < tlb_count; i++) {
		if (tlb[i].va != va || tlb[i].asid != asid || tlb[i].hart != host_hart->index)
			continue;
		tlb[i].pte = pte;
		return;
	}
	if (tlb_count < TLB_MAX)
		tlb[tlb_count++] = (struct translation){ va, asid, pte, host_hart->index };
}

/* ---- every leaf PTE ------------------------------------------------------------------------------ */

static const pte_t *named[PTES_MAX];
static unsigned named_count;

/* The leaves of one space, each by va and level: visit answers what was visited. */
static unsigned space_leaves(const struct slot *vspace,
			     void (*visit)(const struct slot *, uint64_t, const pte_t *, unsigned))
{
	const pte_t *root_table = slot_object(vspace);
	unsigned n = 0;

	for (uint64_t i = 0; i < 256; i++) {
		const pte_t *t1 = (const pte_t *)(root_table[i] >> 10 << 12);

		if (!(root_table[i] & PTE_V))
			continue;
		if (root_table[i] & PTE_RWX) {
			visit(vspace, i << 30, &root_table[i], 2), n++;
			continue;
		}
		for (uint64_t k = 0; k < 512; k++) {
			const pte_t *t0 = (const pte_t *)(t1[k] >> 10 << 12);

			if (!(t1[k] & PTE_V))
				continue;
			if (t1[k] & PTE_RWX) {
				visit(vspace, i << 30 | k << 21, &t1[k], 1), n++;
				continue;
			}
			for (uint64_t m = 0; m < 512; m++)
				if (t0[m] & PTE_V)
					visit(vspace, i << 30 | k << 21 | m << 12, &t0[m], 0), n++;
		}
	}
	return n;
}

static bool of_image(pte_t pte)
{
	return pte >> 10 << 12 < 0x10000000;
}

/* Invariant 2: named by a slot. Invariant 4: no object, no table. */
static void visit_leaf(const struct slot *vspace, uint64_t va, const pte_t *pte, unsigned level)
{
	uint64_t pa = *pte >> 10 << 12, size = frame_size(level);
	bool found = of_image(*pte);

	for (unsigned i = 0; i < named_count && !found; i++)
		found = named[i] == pte;
	if (!found)
		host_fail(__FILE__, __LINE__, "no slot names the mapping of %#lx at %#lx", pa, va);
	for (const struct slot *s = slot_next(&cap_origin); s && !of_image(*pte); s = slot_next(s)) {
		uint64_t at = s->type == TYPE_TABLE ? slot_pa(s) : window_pa(slot_object(s));

		if ((s->type == TYPE_TABLE || (s->type >= TYPE_CNODE && s->type <= TYPE_ENDPOINT)) &&
		    at >= pa && at < pa + size)
			host_fail(__FILE__, __LINE__, "memory of an object, %#lx, is mapped at %#lx", at, va);
	}
	if ((*pte & (PTE_W | PTE_X)) == (PTE_W | PTE_X) || !(*pte & PTE_U))
		host_fail(__FILE__, __LINE__, "PTE %#lx at %#lx", *pte, va);
	(void)vspace;
}

static void visit_tlb(const struct slot *vspace, uint64_t va, const pte_t *pte, unsigned level)
{
	(void)level;
	if (space_is_run(space_satp(vspace), host_hart->index))
		tlb_fill(va, vspace->space, *pte);
}

static const pte_t *leaf_now(uint64_t asid, uint64_t va)
{
	for (const struct slot *s = slot_next(&cap_origin); s; s = slot_next(s)) {
		const pte_t *t;

		if (s->type != TYPE_VSPACE || s->kind == KIND_COPY || s->space != asid)
			continue;
		t = slot_object(s);
		for (int level = 2; level >= 0; level--) {
			const pte_t *e = &t[va >> (12 + 9 * level) & 511];

			if (!(*e & PTE_V))
				return NULL;
			if (*e & PTE_RWX)
				return e;
			t = (const pte_t *)(*e >> 10 << 12);
		}
	}
	return NULL;
}

static void check_tlb(void)
{
	for (unsigned i = 0; i < hart_count; i++)
		if (harts[i].current && !space_is_run(harts[i].current->satp, i))
			host_fail(__FILE__, __LINE__, "fences do not reach hart %u, which runs the space", i);
	for (unsigned i = 0; i < tlb_count; i++) {
		const pte_t *now = leaf_now(tlb[i].asid, tlb[i].va);

		if (!now || *now >> 10 != tlb[i].pte >> 10 || (tlb[i].pte & ~*now & (PTE_RWX | PTE_A | PTE_D)))
			host_fail(__FILE__, __LINE__, "no fence: the TLB of space %lu still has %#lx at %#lx",
				  tlb[i].asid, tlb[i].pte, tlb[i].va);
	}
}

/* Invariant 3, by what a frame's ancestors and children may not have mapped. */
static void check_family(const struct slot *s)
{
	const pte_t *pte = space_mapping(s);
	unsigned children = slot_children(s);

	if (pte && named_count < PTES_MAX)
		named[named_count++] = pte;
	if (pte && (children == KIND_LOAN || children == KIND_SPLIT))
		host_fail(__FILE__, __LINE__, "a lent or split frame %#lx is mapped", slot_pa(s));
	if (pte && *pte & PTE_W && (children == KIND_FROZEN || s->kind == KIND_FROZEN))
		host_fail(__FILE__, __LINE__, "a frozen frame %#lx is mapped writable", slot_pa(s));
}

/* The kernel counts what is made and unmade, but for the root's CNode and thread. */
static void check_counts(const struct kernel_stats *now)
{
	const struct kernel_stats *k = &kernel_stats;
	uint64_t making = 0;

	for (const struct slot *s = slot_next(&cap_origin); s; s = slot_next(s))
		making += s->type == TYPE_CNODE && s->making;
	if (now->cnodes - making != k->cnodes + 1 || now->vspaces != k->vspaces || now->threads != k->threads + 1 ||
	    now->tables != k->tables || now->endpoints != k->endpoints)
		host_fail(
		    __FILE__, __LINE__,
		    "counted %lu CNodes, %lu VSpaces, %lu Threads, %lu tables, %lu Endpoints; there are "
		    "%lu, %lu, %lu, %lu, %lu",
		    k->cnodes + 1, k->vspaces, k->threads + 1, k->tables, k->endpoints, now->cnodes - making,
		    now->vspaces, now->threads, now->tables, now->endpoints);
}

unsigned host_audit(void)
{
	struct kernel_stats now = kernel_stats;

	CHECK(audit_run(&now));
	if (now.breach)
		fprintf(stderr, "audit: invariant %lu at %#lx\n", now.breach, now.breach_at);
	if (!now.breach)
		check_counts(&now);
	return (unsigned)now.breach;
}

void host_check(void)
{
	EXPECT(host_audit(), 0);
	check_tlb();
	named_count = 0;
	for (const struct slot *s = slot_next(&cap_origin); s; s = slot_next(s))
		if (s->type == TYPE_FRAME)
			check_family(s);
	for (const struct slot *s = slot_next(&cap_origin); s; s = slot_next(s))
		if (s->type == TYPE_VSPACE && s->kind != KIND_COPY) {
			(void)space_leaves(s, visit_leaf);
			(void)space_leaves(s, visit_tlb);
		}
}

/* ---- threads and calls --------------------------------------------------------------------------- */

static void step_done(void)
{
	host_steps++;
	debug_check_fences();
	if (host_check_every && host_steps % host_check_every == 0)
		host_check();
}

/* Makes a ready thread the running one; the one that ran stays ready. */
static void run_as(struct thread *t)
{
	struct hart *h = t->hart;
	struct thread *old = h->current;

	host_hart = h;
	if (old == t)
		return;
	if (t->state != STATE_READY)
		host_fail(__FILE__, __LINE__, "a thread in state %lu can't call", t->state);
	sched_remove(t);
	h->current = NULL;
	if (old)
		sched_ready(old);
	h->current = t;
}

long host_sys(struct thread *t, unsigned number, const uint64_t args[7])
{
	run_as(t);
	memcpy(&t->regs[REG_A0], args, 7 * sizeof(*args));
	t->regs[REG_A7] = number;
	t->full = 0;
	syscall_enter(t);
	step_done();
	return (long)t->regs[REG_A0];
}

long host_sys_all(struct thread *t, unsigned number, const uint64_t args[7], unsigned *pieces)
{
	long error;

	*pieces = 0;
	do {
		error = host_sys(t, number, args);
		++*pieces;
	} while (error == -E_AGAIN);
	return error;
}

void host_fault(struct thread *t, uint64_t cause, uint64_t va)
{
	run_as(t);
	trap_enter(t, cause, va);
	step_done();
}

struct hart *host_start_hart(unsigned index)
{
	EXPECT(sys(root, SYS_SYSTEM, ROOT_SYSTEM, SYSTEM_HART, index), (long)index);
	host_hart = &harts[index];
	hart_init(host_hart, index);
	host_hart = &harts[0];
	return &harts[index];
}

void host_poke(struct hart *h)
{
	struct hart *self = host_hart;

	if (!host_poked[h->index])
		return;
	host_poked[h->index] = false;
	host_hart = h;
	hart_poked();
	if (!h->current && h->ready_bits)
		sched_pick();
	step_done();
	host_hart = self;
}

void host_time_to(uint64_t t)
{
	host_csr.time = t;
	if (host_hart->armed <= t)
		timer_expire();
	step_done();
}

struct slot *root_slot(unsigned index)
{
	return &root->slots[index];
}

void kernel_main(uint64_t hart, uint64_t dtb, uint64_t entry_instret, uint64_t offset);

void host_boot(void)
{
	void *ram = mmap((void *)HOST_RAM, HOST_RAM_END - HOST_RAM, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE, -1, 0);

	if (ram != (void *)HOST_RAM) {
		perror("host memory");
		exit(2);
	}
	kernel_main(0, 0, 0, 0);
	if (!host_hart->current)
		sched_pick();
	root = host_hart->current;
	host_check();
}

void host_kit(void)
{
	EXPECT(sys(root, SYS_SPLIT, ROOT_WORLD, 1, 1, GIGA), 0);
	EXPECT(sys(root, SYS_CARVE, GIGA, 1, MEM_RAM), 0);
	EXPECT(sys(root, SYS_SPLIT, ROOT_WORLD, 2, 1, UNKNOWN_1G), 0);
	EXPECT(sys(root, SYS_SPLIT, UNKNOWN_1G, 0, 1, UNKNOWN_2M), 0);
	EXPECT(sys(root, SYS_SPLIT, GIGA, 0, 8, MEGA), 0);
	EXPECT(sys(root, SYS_SPLIT, MEGA, 0, PAGES, PAGE), 0);
	EXPECT(sys(root, SYS_SPLIT, MEGA + 1, 0, PAGES, PAGE2), 0);
	EXPECT(sys(root, SYS_MAKE, SPACE, TYPE_VSPACE, ROOT_SYSTEM), 0);
	EXPECT(sys(root, SYS_TABLE, SPACE + 1, SPACE, VA), 0);
	EXPECT(sys(root, SYS_TABLE, SPACE + 2, SPACE, VA), 0);
	/* As if a thread had run there. */
	space_runs(root_slot(SPACE), 0);
}

void host_endpoints(unsigned page, unsigned dst, unsigned count)
{
	EXPECT(sys(root, SYS_SPLIT, page, 0, count, dst), 0);
	for (unsigned i = 0; i < count; i++)
		EXPECT(sys(root, SYS_MAKE, dst + i, TYPE_ENDPOINT), 0);
}

struct thread *host_thread(unsigned page)
{
	EXPECT(sys(root, SYS_MAKE, page, TYPE_THREAD), 0);
	EXPECT(sys(root, SYS_MAKE, page + 1, TYPE_CNODE), 0);
	EXPECT(sys(root, SYS_THREAD_SET, page, THREAD_CSPACE, page + 1), 0);
	EXPECT(sys(root, SYS_THREAD_SET, page, THREAD_VSPACE, SPACE), 0);
	EXPECT(sys(root, SYS_THREAD_SET, page, THREAD_BUFFER, page + 2), 0);
	EXPECT(sys(root, SYS_THREAD_SET, page, THREAD_MAX_PRIO, 63), 0);
	EXPECT(sys(root, SYS_THREAD_SET, page, THREAD_PRIO, root->prio), 0);
	EXPECT(sys(root, SYS_THREAD_SET, page, THREAD_WINDOW, WINDOW | 8UL << 32), 0);
	EXPECT(sys(root, SYS_THREAD_SET, page, THREAD_RUN), 0);
	return slot_object(root_slot(page));
}

struct slot *host_slot(unsigned cnode, unsigned index)
{
	return (struct slot *)slot_object(root_slot(cnode)) + index;
}

static uint64_t digest;

static void digest_word(uint64_t w)
{
	digest = (digest ^ w) * 0x9e3779b97f4a7c15;
	digest ^= digest >> 29;
}

static void digest_leaf(const struct slot *vspace, uint64_t va, const pte_t *pte, unsigned level)
{
	digest_word(vspace->record);
	digest_word(va | level);
	digest_word(*pte);
}

uint64_t host_digest(void)
{
	digest = 1;
	for (const struct slot *s = slot_next(&cap_origin); s; s = slot_next(s)) {
		digest_word((uint64_t)s);
		for (unsigned i = 0; i < 4; i++)
			digest_word(((const uint64_t *)s)[i]);
		if (s->type == TYPE_VSPACE && s->kind != KIND_COPY)
			(void)space_leaves(s, digest_leaf);
	}
	return digest;
}

uint64_t host_random(void)
{
	host_seed ^= host_seed << 13;
	host_seed ^= host_seed >> 7;
	host_seed ^= host_seed << 17;
	return host_seed;
}

/* ---- claims -------------------------------------------------------------------------------------- */

static const char *claim_name;

void host_fail(const char *file, int line, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	fprintf(stderr, "%s:%d: %s: ", file, line, claim_name ? claim_name : "");
	vfprintf(stderr, format, args);
	fprintf(stderr, " (step %lu)\n", host_steps);
	va_end(args);
	_exit(1);
}

static bool claim_holds(const struct claim *c)
{
	int status;
	pid_t pid = fork();

	if (pid < 0) {
		perror("fork");
		exit(2);
	}
	if (pid == 0) {
		claim_name = c->name;
		host_boot();
		c->run();
		host_check();
#if COVERAGE
		(void)__llvm_profile_write_file();
#endif
		_exit(0);
	}
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (status)
		fprintf(stderr, "FAILED: %s (status %#x)\n", c->name, status);
	return status == 0;
}

int host_claims(const struct claim *claims, unsigned count, int argc, char **argv)
{
	unsigned failed = 0, run = 0;

	for (unsigned i = 0; i < count; i++) {
		if (argc > 1 && !strstr(claims[i].name, argv[1]))
			continue;
		run++;
		failed += !claim_holds(&claims[i]);
	}
	printf("%u claims, %u failed\n", run, failed);
	return failed || !run;
}
