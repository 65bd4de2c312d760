/*
 * qemu_watch.c: a QEMU plugin (-plugin build/host/qemu_watch.so,key=value...) that watches and interleaves harts.
 *
 *   switch=SEED     with -icount and several harts, which then run by turns in one thread: another hart's turn
 *                   comes after a random number of blocks, and when a hart spins. Both follow from the seed.
 *   low=,high=      addresses of the kernel's text
 *   physical=       where that text lies before paging is on
 *   cover=FILE      at the end: each instruction address of it that ran, and each conditional branch with what it did
 *   entries=FILE    names a list "ADDRESS NAME" of functions; bound=FILE at the end: by the first of these that ran in
 *                   an entry the longest entry in instructions and how many there were
 *   entry=ADDRESS   where traps enter; idle=ADDRESS a block where a hart waits for work: an entry ends there
 *
 * The API is QEMU's plugin version 1; Debian has no header for it, so what is used is declared here.
 */
#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct qemu_plugin_tb;
struct qemu_plugin_insn;
struct qemu_info;
enum flags { NO_REGISTERS };

void qemu_plugin_register_vcpu_tb_trans_cb(uint64_t id, void (*cb)(uint64_t id, struct qemu_plugin_tb *tb));
void qemu_plugin_register_vcpu_tb_exec_cb(struct qemu_plugin_tb *tb, void (*cb)(unsigned hart, void *data),
					  enum flags flags, void *data);
void qemu_plugin_register_atexit_cb(uint64_t id, void (*cb)(uint64_t id, void *data), void *data);
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *tb);
uint64_t qemu_plugin_tb_vaddr(const struct qemu_plugin_tb *tb);
struct qemu_plugin_insn *qemu_plugin_tb_get_insn(const struct qemu_plugin_tb *tb, size_t i);
uint64_t qemu_plugin_insn_vaddr(const struct qemu_plugin_insn *insn);
size_t qemu_plugin_insn_size(const struct qemu_plugin_insn *insn);
const void *qemu_plugin_insn_data(const struct qemu_plugin_insn *insn);
int qemu_plugin_install(uint64_t id, const struct qemu_info *info, int argc, char **argv);

/* QEMU's own: this hart's turn ends before its next block. */
void *qemu_get_cpu(int index);
void cpu_exit(void *cpu);

extern int qemu_plugin_version;
int qemu_plugin_version = 1;

/* A spinning block counts as so many others. */
#define SPIN_COST 60
#define HARTS   8
#define BLOCKS  (1 << 20)
#define NAMES   64
#define USER_END     0x4000000000UL
#define FIRMWARE     0x80000000UL
#define FIRMWARE_END 0x80200000UL

/* A block of instructions that QEMU translated. */
struct block {
	uint64_t start, end, target;    /* target: of the conditional branch it ends with, else 0 */
	uint32_t count;                 /* instructions */
	bool ran, taken, fell, spins;
	int name;                       /* of the function that starts here, or -1 */
};

static struct block *blocks[BLOCKS];
static unsigned block_count;
static struct {
	struct block *last;
	bool inside;
	uint64_t instructions;
	int name;
} harts[HARTS];
static struct {
	uint64_t address, longest, entries;
	char text[40];
} names[NAMES];
static int name_count;
static uint64_t low, high, physical, entry, idle, order;
static unsigned left = 1;
static const char *cover, *bound;

static uint64_t random_word(void)
{
	order ^= order << 13;
	order ^= order >> 7;
	order ^= order << 17;
	return order;
}

static void hart_switch(unsigned hart, const struct block *b)
{
	left -= b->spins && left > SPIN_COST ? SPIN_COST : 1;
	if (left)
		return;
	left = 50 + (unsigned)(random_word() % 1000);
	cpu_exit(qemu_get_cpu((int)hart));
}

static void entry_end(unsigned hart)
{
	int n = harts[hart].name;

	if (!harts[hart].inside)
		return;
	harts[hart].inside = false;
	names[n].entries++;
	if (harts[hart].instructions > names[n].longest)
		names[n].longest = harts[hart].instructions;
}

/* The last name is for entries that reach none of the functions. */
static void entry_count(unsigned hart, const struct block *b)
{
	bool user = b->start < USER_END && (b->start < FIRMWARE || b->start >= FIRMWARE_END);

	if (b->start == entry || user) {
		entry_end(hart);
		harts[hart].inside = b->start == entry;
		harts[hart].instructions = 0;
		harts[hart].name = name_count;
	}
	if (b->start == idle)
		entry_end(hart);
	if (!harts[hart].inside || b->start < low)
		return;
	harts[hart].instructions += b->count;
	if (b->name >= 0 && harts[hart].name == name_count)
		harts[hart].name = b->name;
}

static void block_runs(unsigned hart, void *data)
{
	struct block *b = data, *last = harts[hart].last;

	if (last && last->target) {
		last->taken |= b->start == last->target;
		last->fell |= b->start == last->end;
	}
	harts[hart].last = b;
	b->ran = true;
	if (bound)
		entry_count(hart, b);
	if (order)
		hart_switch(hart, b);
}

static uint32_t word_of(const struct qemu_plugin_insn *insn)
{
	uint32_t w = 0;

	memcpy(&w, qemu_plugin_insn_data(insn), qemu_plugin_insn_size(insn));
	return w;
}

/* Where a conditional branch goes, 0 for any other instruction (RISC-V Unprivileged, 2.5 and 16.4). */
static uint64_t branch_target(const struct qemu_plugin_insn *insn)
{
	uint64_t pc = qemu_plugin_insn_vaddr(insn);
	uint32_t w = word_of(insn);
	int32_t offset;

	if ((w & 0x7f) == 0x63) {
		offset = (int32_t)(w & 0x80000000) >> 19 |
			 (int32_t)((w & 0x80) << 4 | (w >> 20 & 0x7e0) | (w >> 7 & 0x1e));
		return pc + (uint64_t)(int64_t)offset;
	}
	if ((w & 3) == 1 && (w & 0xc000) == 0xc000) {
		offset = (int32_t)((w >> 4 & 0x100) | (w << 1 & 0xc0) | (w << 3 & 0x20) | (w >> 7 & 0x18) |
				   (w >> 2 & 6));
		return pc + (uint64_t)(int64_t)(offset & 0x100 ? offset - 0x200 : offset);
	}
	return 0;
}

/* A short loop that only looks: a lock, or the firmware waiting for another hart. Stores and AMOs are work. */
static bool block_spins(const struct qemu_plugin_tb *tb, uint64_t start, uint64_t target)
{
	size_t n = qemu_plugin_tb_n_insns(tb);

	if (start >= FIRMWARE && start < FIRMWARE_END)
		return true;
	if (target != start || n > 6)
		return false;
	for (size_t i = 0; i < n; i++) {
		uint32_t w = word_of(qemu_plugin_tb_get_insn(tb, i));

		if ((w & 3) == 3 ? (w & 0x7f) == 0x23 || (w & 0x7f) == 0x2f : (w & 0xe000) >= 0xc000 && (w & 3) != 1)
			return false;
	}
	return true;
}

static void block_made(uint64_t id, struct qemu_plugin_tb *tb)
{
	size_t n = qemu_plugin_tb_n_insns(tb);
	const struct qemu_plugin_insn *last = qemu_plugin_tb_get_insn(tb, n - 1);
	struct block *b;

	(void)id;
	if (block_count == BLOCKS) {
		fprintf(stderr, "qemu_watch: too many blocks\n");
		exit(2);
	}
	b = calloc(1, sizeof(*b));
	b->start = qemu_plugin_tb_vaddr(tb);
	b->end = qemu_plugin_insn_vaddr(last) + qemu_plugin_insn_size(last);
	b->target = branch_target(last);
	b->count = (uint32_t)n;
	b->name = -1;
	b->spins = block_spins(tb, b->start, b->target);
	for (int i = 0; i < name_count; i++)
		if (names[i].address == b->start)
			b->name = i;
	if (physical && b->start - physical < high - low) {
		b->start += low - physical;
		b->end += low - physical;
	}
	if (cover && b->start >= low && b->start < high)
		blocks[block_count++] = b;
	qemu_plugin_register_vcpu_tb_exec_cb(tb, block_runs, NO_REGISTERS, b);
}

static void write_cover(void)
{
	FILE *out = fopen(cover, "w");

	if (!out) {
		perror(cover);
		return;
	}
	for (unsigned i = 0; i < block_count; i++) {
		const struct block *b = blocks[i];

		if (b->ran)
			fprintf(out, "ran %" PRIx64 " %" PRIx64 "\n", b->start, b->end);
		if (b->ran && b->target)
			fprintf(out, "branch %" PRIx64 " %d %d\n", b->end, b->taken, b->fell);
	}
	fclose(out);
}

static void write_bound(void)
{
	FILE *out = fopen(bound, "w");

	if (!out) {
		perror(bound);
		return;
	}
	for (int i = 0; i <= name_count; i++)
		fprintf(out, "%s %" PRIu64 " %" PRIu64 "\n", names[i].text, names[i].longest, names[i].entries);
	fclose(out);
}

static void at_end(uint64_t id, void *data)
{
	(void)id;
	(void)data;
	if (cover)
		write_cover();
	if (bound)
		write_bound();
}

static void read_names(const char *path)
{
	FILE *in = fopen(path, "r");

	while (in && name_count < NAMES - 1 &&
	       fscanf(in, "%" SCNx64 " %39s", &names[name_count].address, names[name_count].text) == 2)
		name_count++;
	if (in)
		fclose(in);
	strcpy(names[name_count].text, "other");
}

int qemu_plugin_install(uint64_t id, const struct qemu_info *info, int argc, char **argv)
{
	(void)info;
	for (int i = 0; i < argc; i++) {
		char *value = strchr(argv[i], '=');

		if (!value)
			return -1;
		*value++ = 0;
		if (!strcmp(argv[i], "switch"))
			order = strtoull(value, NULL, 0) * 0x9e3779b97f4a7c15 | 1;
		else if (!strcmp(argv[i], "low"))
			low = strtoull(value, NULL, 0);
		else if (!strcmp(argv[i], "physical"))
			physical = strtoull(value, NULL, 0);
		else if (!strcmp(argv[i], "high"))
			high = strtoull(value, NULL, 0);
		else if (!strcmp(argv[i], "entry"))
			entry = strtoull(value, NULL, 0);
		else if (!strcmp(argv[i], "idle"))
			idle = strtoull(value, NULL, 0);
		else if (!strcmp(argv[i], "cover"))
			cover = strdup(value);
		else if (!strcmp(argv[i], "bound"))
			bound = strdup(value);
		else if (!strcmp(argv[i], "entries"))
			read_names(value);
		else
			return -1;
	}
	qemu_plugin_register_vcpu_tb_trans_cb(id, block_made);
	qemu_plugin_register_atexit_cb(id, at_end, NULL);
	return 0;
}
