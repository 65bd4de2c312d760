/*
 * report.c: one line that says who did what where and why it was wrong, then the registers. Function
 * names come from executables and are printed escaped. Tests look for these words: see docs/servers.md.
 */
#include <inttypes.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <tessera/elf.h>
#include "lookup.h"
#include "report.h"

#define REGISTERS 32
#define CALLERS   12                    /* shown at most */

struct text {
	char *at;
	size_t used;
};

__attribute__((format(printf, 2, 3))) static void put(struct text *t, const char *format, ...)
{
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(t->at + t->used, REPORT_MAX - t->used, format, args);
	va_end(args);
	if (n < 0)
		return;
	t->used += (size_t)n;
	if (t->used >= REPORT_MAX)
		t->used = REPORT_MAX - 1;
}

const char *report_cause(uint64_t cause)
{
	static const char *const names[] = {
		"instruction address misaligned", "instruction access fault", "illegal instruction", "breakpoint",
		"load address misaligned", "load access fault", "store address misaligned", "store access fault",
		"system call", "system call", "system call", "system call", "instruction page fault",
		"load page fault", NULL, "store page fault",
	};

	return cause < sizeof names / sizeof names[0] && names[cause] ? names[cause] : "unknown exception";
}

static const char *access_word(uint64_t access)
{
	if (access & RIGHT_X)
		return "fetch";
	return access & RIGHT_W ? "write" : "read";
}

/* Traps that name no data address: what was executed is the matter. */
static bool is_access(uint64_t cause)
{
	return cause != 2 && cause != 3 && !(cause >= 8 && cause <= 11);
}

static void put_region(struct text *t, const struct mem_fault *f)
{
	uint64_t end = f->region_start + f->region_size;

	if (!f->region_size) {
		put(t, ", no region anywhere");
		return;
	}
	if (f->va >= f->region_start && f->va < end)
		put(t, " in region");
	else
		put(t, ", %" PRIu64 " bytes %s the nearest region", f->distance,
		    f->va < f->region_start ? "below" : "above");
	put(t, " 0x%" PRIx64 "-0x%" PRIx64 " %c%c%c", f->region_start, end, f->region_prot & MEM_READ ? 'r' : '-',
	    f->region_prot & MEM_WRITE ? 'w' : '-', f->region_prot & MEM_EXEC ? 'x' : '-');
	if (f->why == E_NO_MEMORY)
		put(t, ", out of memory");
}

static void put_place(struct text *t, const struct report_who *who, uint64_t pc)
{
	uint64_t offset = 0;
	const char *function = NULL;
	char name[48];

	if (who->image && pc >= who->image_base)
		function = elf_symbol(who->image, who->image_size, pc - who->image_base, &offset);
	if (!function) {
		put(t, "0x%" PRIx64, pc);
		return;
	}
	lookup_printable(name, sizeof name, function);
	put(t, "%s+0x%" PRIx64 " (0x%" PRIx64 ")", name, offset, pc);
}

static void put_registers(struct text *t, const uint64_t *regs)
{
	static const char names[REGISTERS][4] = {
		"pc", "ra", "sp", "gp", "tp", "t0", "t1", "t2", "s0", "s1", "a0", "a1", "a2", "a3", "a4", "a5", "a6",
		"a7", "s2", "s3", "s4", "s5", "s6", "s7", "s8", "s9", "s10", "s11", "t3", "t4", "t5", "t6",
	};

	for (unsigned i = 0; i < REGISTERS; i++)
		put(t, "%s%3.4s %016" PRIx64 "%s", i % 4 ? " " : "  ", names[i], regs[i], i % 4 == 3 ? "\n" : "");
}

/* Bytes of the executable by address relative to where it was loaded; NULL: no code there. */
static const uint8_t *code_at(const struct report_who *who, const struct elf_plan *plan, uint64_t address, size_t n)
{
	for (unsigned i = 0; i < plan->count; i++) {
		const struct elf_segment *s = &plan->segments[i];
		uint64_t size = s->file_pages * ELF_PAGE;

		if (!(s->prot & ELF_EXEC) || address < s->start || address - s->start >= size ||
		    size - (address - s->start) < n || s->file_offset + (address - s->start) + n > who->image_size)
			continue;
		return (const uint8_t *)who->image + s->file_offset + (address - s->start);
	}
	return NULL;
}

/* Whether a call ends right before the address: jal or jalr with ra, or c.jalr. */
static bool follows_call(const struct report_who *who, const struct elf_plan *plan, uint64_t address)
{
	const uint8_t *code = address >= 4 && address % 2 == 0 ? code_at(who, plan, address - 4, 4) : NULL;
	uint32_t word, half;

	if (!code)
		return false;
	word = (uint32_t)(code[0] | code[1] << 8 | code[2] << 16) | (uint32_t)code[3] << 24;
	half = word >> 16;
	return (word & 0xfff) == 0x0ef || (word & 0x7fff) == 0x00e7 || ((half & 0xf07f) == 0x9002 && half & 0xf80);
}

/* The places on the stack to which a function may return, the innermost first. */
static void put_stack(struct text *t, const struct report_who *who, uint64_t ra)
{
	struct elf_plan plan;
	unsigned shown = 0;

	if (!who->stack || !who->image || elf_check(who->image, who->image_size, &plan))
		return;
	for (size_t i = 0; i < who->stack_words && shown < CALLERS; i++) {
		uint64_t to = who->stack[i];

		if (to < who->image_base || to == ra || !follows_call(who, &plan, to - who->image_base))
			continue;
		put(t, "%s", shown++ ? "   from " : "   on its stack:\n   from ");
		put_place(t, who, to);
		put(t, "\n");
	}
}

size_t report_build(char *text, const struct report_who *who, const struct mem_fault *fault)
{
	struct text t = { text, 0 };

	put(&t, "fault: %s (pid %" PRIu64 ") thread %" PRIu64 ": ", who->name, who->pid, fault->thread);
	if (is_access(fault->cause)) {
		put(&t, "%s at 0x%" PRIx64, access_word(fault->access), fault->va);
		put_region(&t, fault);
	} else {
		put(&t, "%s", report_cause(fault->cause));
	}
	put(&t, ", pc ");
	put_place(&t, who, fault->regs[0]);
	put(&t, ", ra ");
	put_place(&t, who, fault->regs[1]);
	put(&t, ", cause %s\n", report_cause(fault->cause));
	put_registers(&t, fault->regs);
	put_stack(&t, who, fault->regs[1]);
	return t.used;
}
