/*
 * elf_test.c: libc/elf.c on images made here: the plan of a right one, a reason for each kind of wrong one,
 * and nothing read out of bounds whatever the bytes are (the sanitizers watch).
 */
// SOURCES: libc/elf.c
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tessera/elf.h>

#define CHECK(condition)                                                                   \
	do {                                                                               \
		if (!(condition)) {                                                        \
			fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition);    \
			exit(1);                                                           \
		}                                                                          \
	} while (0)

#define IMAGE_SIZE 0x3800
#define PHOFF      64
#define PH(i)      (PHOFF + 56 * (i))
#define SHOFF      0x3400
#define SYMBOLS    0x3100
#define STRINGS    0x3300

enum { TEXT_PH = 1, DATA_PH = 2, TLS_PH = 3, RELRO_PH = 4, DYNAMIC_PH = 5, STACK_PH = 6, PH_COUNT = 7 };
enum { P_TYPE = 0, P_FLAGS = 4, P_OFFSET = 8, P_VADDR = 16, P_FILESZ = 32, P_MEMSZ = 40, P_ALIGN = 48 };

static unsigned char image[IMAGE_SIZE];

static void put(size_t at, uint64_t value, size_t size)
{
	memcpy(image + at, &value, size);
}

static void program_header(int i, uint32_t type, uint32_t flags, uint64_t offset, uint64_t vaddr,
			   uint64_t filesz, uint64_t memsz, uint64_t align)
{
	put(PH(i) + P_TYPE, type, 4);
	put(PH(i) + P_FLAGS, flags, 4);
	put(PH(i) + P_OFFSET, offset, 8);
	put(PH(i) + P_VADDR, vaddr, 8);
	put(PH(i) + P_FILESZ, filesz, 8);
	put(PH(i) + P_MEMSZ, memsz, 8);
	put(PH(i) + P_ALIGN, align, 8);
}

static void section(int i, uint32_t type, uint64_t flags, uint64_t addr, uint64_t offset, uint64_t size,
		    uint32_t link, uint64_t entsize)
{
	size_t at = SHOFF + 64 * (size_t)i;

	put(at + 4, type, 4);
	put(at + 8, flags, 8);
	put(at + 16, addr, 8);
	put(at + 24, offset, 8);
	put(at + 32, size, 8);
	put(at + 40, link, 4);
	put(at + 56, entsize, 8);
}

static void symbol(int i, uint32_t name, unsigned char type, uint64_t value, uint64_t size)
{
	size_t at = SYMBOLS + 24 * (size_t)i;

	put(at, name, 4);
	put(at + 4, type, 1);
	put(at + 6, 1, 2);
	put(at + 8, value, 8);
	put(at + 16, size, 8);
}

/* Constants, code and data; TLS, relro, dynamic section; symbols: functions and a label without size. */
static void make(void)
{
	static const char strings[] = "\0first\0label\0second";

	memset(image, 0, sizeof(image));
	memcpy(image, "\177ELF\2\1\1", 7);
	put(16, 3, 2);
	put(18, 243, 2);
	put(20, 1, 4);
	put(24, 0x1010, 8);
	put(32, PHOFF, 8);
	put(40, SHOFF, 8);
	put(52, 64, 2);
	put(54, 56, 2);
	put(56, PH_COUNT, 2);
	put(58, 64, 2);
	put(60, 4, 2);
	program_header(0, 1, 4, 0, 0, 0x300, 0x300, 4096);
	program_header(TEXT_PH, 1, 5, 0x1000, 0x1000, 0x800, 0x800, 4096);
	program_header(DATA_PH, 1, 6, 0x2100, 0x3100, 0x400, 0x5000, 4096);
	program_header(TLS_PH, 7, 4, 0x2100, 0x3100, 0x10, 0x40, 8);
	program_header(RELRO_PH, 0x6474e552, 4, 0x2100, 0x3100, 0xf00, 0xf00, 1);
	program_header(DYNAMIC_PH, 2, 6, 0x2200, 0x3200, 0x100, 0x100, 8);
	program_header(STACK_PH, 0x6474e551, 6, 0, 0, 0, 0, 0);
	section(1, 1, 6, 0x1000, 0x1000, 0x800, 0, 0);
	section(2, 2, 0, 0, SYMBOLS, 4 * 24, 3, 24);
	section(3, 3, 0, 0, STRINGS, sizeof(strings), 0, 0);
	symbol(1, 1, 2, 0x1000, 0x80);
	symbol(2, 7, 0, 0x1100, 0);
	symbol(3, 13, 2, 0x1200, 0x100);
	memcpy(image + STRINGS, strings, sizeof(strings));
}

static const char *check_copy(size_t size, struct elf_plan *plan)
{
	unsigned char *copy = malloc(size ? size : 1);
	const char *why;
	uint64_t offset;

	CHECK(copy);
	memcpy(copy, image, size);
	why = elf_check(copy, size, plan);
	(void)elf_symbol(copy, size, 0x1010, &offset);
	if (!why) {
		CHECK(plan->count && plan->count <= ELF_SEGMENTS_MAX && plan->span <= ELF_SPAN_MAX + ELF_PAGE);
		for (unsigned i = 0; i < plan->count; i++) {
			const struct elf_segment *s = &plan->segments[i];

			CHECK(s->map_size && s->file_pages * ELF_PAGE <= s->map_size);
			CHECK((s->prot & (ELF_WRITE | ELF_EXEC)) != (ELF_WRITE | ELF_EXEC));
			CHECK(!s->file_pages || s->file_offset < size);
		}
	}
	free(copy);
	return why;
}

static void test_good(void)
{
	struct elf_plan plan;

	make();
	CHECK(!check_copy(IMAGE_SIZE, &plan));
	CHECK(plan.entry == 0x1010 && plan.count == 3 && plan.span == 0x9000);
	CHECK(plan.segments[0].prot == ELF_READ && plan.segments[0].map_size == 0x1000);
	CHECK(plan.segments[1].prot == (ELF_READ | ELF_EXEC) && plan.segments[1].file_offset == 0x1000);
	CHECK(plan.segments[2].start == 0x3000 && plan.segments[2].map_size == 0x6000);
	CHECK(plan.segments[2].file_offset == 0x2000 && plan.segments[2].file_pages == 1);
	CHECK(plan.segments[2].zero_start == 0x3500);
	CHECK(plan.tls == 0x3100 && plan.tls_file_size == 0x10 && plan.tls_size == 0x40 && plan.tls_align == 8);
	CHECK(plan.relro == 0x3000 && plan.relro_size == 0x1000);
	CHECK(plan.dynamic == 0x3200 && plan.dynamic_size == 0x100);
}

static void test_symbols(void)
{
	uint64_t offset = 0;
	const char *name;

	make();
	name = elf_symbol(image, IMAGE_SIZE, 0x1014, &offset);
	CHECK(name && !strcmp(name, "first") && offset == 0x14);
	name = elf_symbol(image, IMAGE_SIZE, 0x1104, &offset);
	CHECK(name && !strcmp(name, "label") && offset == 4);
	name = elf_symbol(image, IMAGE_SIZE, 0x12ff, &offset);
	CHECK(name && !strcmp(name, "second") && offset == 0xff);
	CHECK(!elf_symbol(image, IMAGE_SIZE, 0x10ff, &offset));
	CHECK(!elf_symbol(image, IMAGE_SIZE, 0x3000, &offset));
	CHECK(!elf_symbol(image, 0x3000, 0x1014, &offset));
}

/* One field of the right image changed: refused, for this reason. */
static void refused(size_t at, uint64_t value, size_t size, const char *reason)
{
	struct elf_plan plan;
	const char *why;

	make();
	put(at, value, size);
	why = check_copy(IMAGE_SIZE, &plan);
	if (!why || !strstr(why, reason)) {
		fprintf(stderr, "elf: refused with '%s', not '%s'\n", why ? why : "nothing", reason);
		exit(1);
	}
}

static void test_refused(void)
{
	refused(0, 0, 4, "not an ELF");
	refused(4, 1, 1, "64-bit");
	refused(5, 2, 1, "little-endian");
	refused(18, 62, 2, "another machine");
	refused(16, 2, 2, "position-independent");
	refused(54, 32, 2, "program headers");
	refused(56, 0, 2, "program headers");
	refused(56, 0xffff, 2, "program headers");
	refused(32, IMAGE_SIZE - 8, 8, "past the end");
	refused(32, UINT64_MAX - 8, 8, "past the end");
	refused(24, 0x3100, 8, "entry point");
	refused(24, 0x1011, 8, "entry point");
	refused(PH(0), 3, 4, "dynamic linker");
	refused(PH(TEXT_PH) + P_FLAGS, 7, 4, "both writable and executable");
	refused(PH(TEXT_PH) + P_FLAGS, 1, 4, "access rights");
	refused(PH(TEXT_PH) + P_VADDR, 0, 8, "overlap");
	refused(PH(TEXT_PH) + P_VADDR, 0x1008, 8, "do not fit one page");
	refused(PH(TEXT_PH) + P_VADDR, UINT64_MAX & ~0xfffull, 8, "too large");
	refused(PH(TEXT_PH) + P_MEMSZ, 0x900, 8, "longer than its bytes");
	refused(PH(TEXT_PH) + P_MEMSZ, 0x100, 8, "past the end of the file");
	refused(PH(TEXT_PH) + P_OFFSET, 0x100000, 8, "past the end of the file");
	refused(PH(TEXT_PH) + P_OFFSET, UINT64_MAX & ~0xfffull, 8, "past the end of the file");
	refused(PH(DATA_PH) + P_MEMSZ, (uint64_t)1 << 40, 8, "too large");
	refused(PH(DATA_PH) + P_MEMSZ, 0, 8, "empty");
	refused(PH(DATA_PH) + P_FILESZ, UINT64_MAX, 8, "past the end of the file");
	refused(PH(TLS_PH) + P_MEMSZ, 1 << 20, 8, "thread-local");
	refused(PH(TLS_PH) + P_ALIGN, 24, 8, "alignment");
	refused(PH(TLS_PH) + P_VADDR, 0x100000, 8, "thread-local storage lies");
	refused(PH(RELRO_PH) + P_VADDR, 0x1000, 8, "read-only data");
	refused(PH(RELRO_PH) + P_MEMSZ, UINT64_MAX, 8, "read-only data");
	refused(PH(DYNAMIC_PH) + P_VADDR, UINT64_MAX, 8, "dynamic section");
	refused(PH(STACK_PH) + P_FLAGS, 7, 4, "executable stack");
}

static void test_truncated(void)
{
	struct elf_plan plan;

	make();
	for (size_t size = 0; size < 0x2500; size += size < 0x400 ? 1 : 61)
		CHECK(check_copy(size, &plan));
}

/* Every byte of the headers and tables set to a few values: nothing reads out of bounds. */
static void test_changed(void)
{
	static const unsigned char values[] = { 0, 1, 7, 0x7f, 0x80, 0xff };
	static const size_t ranges[][2] = { { 0, PH(PH_COUNT) }, { SYMBOLS, STRINGS + 32 }, { SHOFF, SHOFF + 256 } };
	struct elf_plan plan;

	make();
	for (size_t r = 0; r < 3; r++) {
		for (size_t at = ranges[r][0]; at < ranges[r][1]; at++) {
			unsigned char old = image[at];

			for (size_t i = 0; i < sizeof(values); i++) {
				image[at] = values[i];
				(void)check_copy(IMAGE_SIZE, &plan);
			}
			image[at] = old;
		}
	}
}

int main(void)
{
	test_good();
	test_symbols();
	test_refused();
	test_truncated();
	test_changed();
	puts("elf: ok");
	return 0;
}
