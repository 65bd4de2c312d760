/* elf.c: see tessera/elf.h. Reads fields by copying: the image may lie at any address. */
#include <stdbool.h>
#include <string.h>
#include <tessera/elf.h>

struct elf_header {
	unsigned char ident[16];
	uint16_t type, machine;
	uint32_t version;
	uint64_t entry, phoff, shoff;
	uint32_t flags;
	uint16_t ehsize, phentsize, phnum, shentsize, shnum, shstrndx;
};

struct program_header {
	uint32_t type, flags;
	uint64_t offset, vaddr, paddr, filesz, memsz, align;
};

struct section_header {
	uint32_t name, type;
	uint64_t flags, addr, offset, size;
	uint32_t link, info;
	uint64_t addralign, entsize;
};

struct symbol {
	uint32_t name;
	unsigned char info, other;
	uint16_t shndx;
	uint64_t value, size;
};

_Static_assert(sizeof(struct elf_header) == 64, "ELF64 header");
_Static_assert(sizeof(struct program_header) == 56, "ELF64 program header");
_Static_assert(sizeof(struct section_header) == 64, "ELF64 section header");
_Static_assert(sizeof(struct symbol) == 24, "ELF64 symbol");

#define TYPE_DYN        3
#define MACHINE_RISCV   243
#define PT_LOAD         1
#define PT_DYNAMIC      2
#define PT_INTERP       3
#define PT_TLS          7
#define PT_GNU_STACK    0x6474e551
#define PT_GNU_RELRO    0x6474e552
#define PF_X            1
#define PF_W            2
#define PF_R            4
#define PHNUM_MAX       32
#define SHNUM_MAX       256
#define SHT_SYMTAB      2
#define SHT_STRTAB      3
#define SHF_EXECINSTR   4
#define STT_FUNC        2
#define STT_NOTYPE      0
#define STT_MASK        15

/* [offset, offset + count) lies within [0, size). */
static bool range_within(uint64_t offset, uint64_t count, uint64_t size)
{
	return offset <= size && count <= size - offset;
}

static uint64_t page_down(uint64_t n)
{
	return n & ~(uint64_t)(ELF_PAGE - 1);
}

static uint64_t page_up(uint64_t n)
{
	return page_down(n + ELF_PAGE - 1);
}

static const char *check_header(const void *image, size_t size, struct elf_header *h)
{
	if (size < sizeof(*h))
		return "shorter than an ELF header";
	memcpy(h, image, sizeof(*h));
	if (memcmp(h->ident, "\177ELF", 4))
		return "not an ELF file";
	if (h->ident[4] != 2 || h->ident[5] != 1 || h->ident[6] != 1)
		return "not a 64-bit little-endian ELF file";
	if (h->machine != MACHINE_RISCV)
		return "made for another machine than RISC-V";
	if (h->type != TYPE_DYN)
		return "not a position-independent executable";
	if (h->phentsize != sizeof(struct program_header) || !h->phnum || h->phnum > PHNUM_MAX)
		return "bad number or size of program headers";
	if (!range_within(h->phoff, (uint64_t)h->phnum * sizeof(struct program_header), size))
		return "the program headers reach past the end of the file";
	return NULL;
}

/* Checks a PT_LOAD by itself and behind the segments before it, and adds it to the plan. */
static const char *plan_segment(const struct program_header *p, size_t size, struct elf_plan *plan)
{
	struct elf_segment *s = &plan->segments[plan->count];

	if (!p->memsz)
		return "a segment is empty";
	if (plan->count == ELF_SEGMENTS_MAX)
		return "too many segments";
	if (p->filesz > p->memsz || !range_within(p->offset, p->filesz, size))
		return "a segment reaches past the end of the file";
	if (!range_within(p->vaddr, p->memsz, ELF_SPAN_MAX))
		return "a segment's address or size is too large";
	if ((p->vaddr - p->offset) % ELF_PAGE)
		return "a segment's address and file offset do not fit one page";
	if (!(p->flags & PF_R) || p->flags & ~(PF_R | PF_W | PF_X))
		return "a segment has bad access rights";
	if (p->flags & PF_W && p->flags & PF_X)
		return "a segment is both writable and executable";
	if (!(p->flags & PF_W) && p->filesz != p->memsz)
		return "a read-only segment is longer than its bytes";
	s->start = page_down(p->vaddr);
	if (s->start < plan->span)
		return "segments overlap or are out of order";
	s->map_size = page_up(p->vaddr + p->memsz) - s->start;
	s->file_offset = page_down(p->offset);
	s->file_pages = p->filesz ? (page_up(p->vaddr + p->filesz) - s->start) / ELF_PAGE : 0;
	s->zero_start = p->vaddr + p->filesz;
	s->prot = ELF_READ | (p->flags & PF_W ? ELF_WRITE : 0) | (p->flags & PF_X ? ELF_EXEC : 0);
	plan->span = s->start + s->map_size;
	plan->count++;
	return NULL;
}

/* The segment with all of [start, start + size) and all of these rights. */
static const struct elf_segment *segment_of(const struct elf_plan *plan, uint64_t start, uint64_t size,
					    uint32_t prot)
{
	for (unsigned i = 0; i < plan->count; i++) {
		const struct elf_segment *s = &plan->segments[i];

		if (start >= s->start && range_within(start - s->start, size, s->map_size))
			return (s->prot & prot) == prot ? s : NULL;
	}
	return NULL;
}

static const char *plan_tls(const struct program_header *p, struct elf_plan *plan)
{
	if (p->memsz > ELF_TLS_MAX || p->filesz > p->memsz)
		return "too much thread-local storage";
	if (p->align > ELF_PAGE || p->align & (p->align - 1))
		return "bad alignment of thread-local storage";
	if (p->filesz && !segment_of(plan, p->vaddr, p->filesz, ELF_READ))
		return "thread-local storage lies outside the segments";
	plan->tls = p->vaddr;
	plan->tls_file_size = p->filesz;
	plan->tls_size = p->memsz;
	plan->tls_align = p->align ? p->align : 1;
	return NULL;
}

static const char *plan_relro(const struct program_header *p, struct elf_plan *plan)
{
	uint64_t end;

	if (!range_within(p->vaddr, p->memsz, ELF_SPAN_MAX) || !segment_of(plan, p->vaddr, p->memsz, ELF_WRITE))
		return "the read-only data lies outside the writable segments";
	end = page_down(p->vaddr + p->memsz);
	plan->relro = page_down(p->vaddr);
	plan->relro_size = end > plan->relro ? end - plan->relro : 0;
	return NULL;
}

/* A header that is not PT_LOAD; all segments are planned. */
static const char *plan_other(const struct program_header *p, struct elf_plan *plan)
{
	switch (p->type) {
	case PT_INTERP:
		return "needs a dynamic linker";
	case PT_DYNAMIC:
		if (!segment_of(plan, p->vaddr, p->memsz, ELF_READ))
			return "the dynamic section lies outside the segments";
		plan->dynamic = p->vaddr;
		plan->dynamic_size = p->memsz;
		return NULL;
	case PT_TLS:
		return plan_tls(p, plan);
	case PT_GNU_RELRO:
		return plan_relro(p, plan);
	case PT_GNU_STACK:
		return p->flags & PF_X ? "asks for an executable stack" : NULL;
	default:
		return NULL;
	}
}

static void read_program_header(const void *image, const struct elf_header *h, unsigned i,
				struct program_header *p)
{
	memcpy(p, (const unsigned char *)image + h->phoff + i * sizeof(*p), sizeof(*p));
}

const char *elf_check(const void *image, size_t size, struct elf_plan *plan)
{
	struct elf_header h;
	struct program_header p;
	const char *why = check_header(image, size, &h);

	memset(plan, 0, sizeof(*plan));
	for (unsigned i = 0; !why && i < h.phnum; i++) {
		read_program_header(image, &h, i, &p);
		if (p.type == PT_LOAD)
			why = plan_segment(&p, size, plan);
	}
	for (unsigned i = 0; !why && i < h.phnum; i++) {
		read_program_header(image, &h, i, &p);
		if (p.type != PT_LOAD)
			why = plan_other(&p, plan);
	}
	if (why)
		return why;
	if (!plan->count)
		return "has no segment to load";
	if (h.entry & 1 || !segment_of(plan, h.entry, 2, ELF_EXEC))
		return "the entry point is not in executable code";
	plan->entry = h.entry;
	return NULL;
}

/* Section i of the file, if all of its bytes are there. */
static bool read_section(const void *image, size_t size, const struct elf_header *h, unsigned i,
			 struct section_header *s)
{
	if (i >= h->shnum)
		return false;
	memcpy(s, (const unsigned char *)image + h->shoff + i * sizeof(*s), sizeof(*s));
	return range_within(s->offset, s->size, size);
}

/* The symbol table, its strings, and the file's header. */
static bool find_symbols(const void *image, size_t size, struct elf_header *header,
			 struct section_header *symbols, struct section_header *strings)
{
	struct elf_header h;

	if (check_header(image, size, &h) || h.shentsize != sizeof(*symbols) || h.shnum > SHNUM_MAX)
		return false;
	if (!range_within(h.shoff, (uint64_t)h.shnum * sizeof(*symbols), size))
		return false;
	*header = h;
	for (unsigned i = 0; i < h.shnum; i++) {
		if (!read_section(image, size, &h, i, symbols) || symbols->type != SHT_SYMTAB)
			continue;
		return symbols->entsize == sizeof(struct symbol) &&
		       read_section(image, size, &h, symbols->link, strings) && strings->type == SHT_STRTAB;
	}
	return false;
}

/* A label that can hold code at `address`: a function, or an assembly label, with its size if it has one. */
static bool symbol_holds(const struct symbol *s, uint64_t address)
{
	unsigned type = s->info & STT_MASK;

	if (type != STT_FUNC && type != STT_NOTYPE)
		return false;
	return s->value <= address && (!s->size || address - s->value < s->size);
}

/* The symbol's section has code at `address`. */
static bool section_holds(const void *image, size_t size, const struct elf_header *h, unsigned i,
			  uint64_t address)
{
	struct section_header section;

	return i && read_section(image, size, h, i, &section) && section.flags & SHF_EXECINSTR &&
	       address >= section.addr && address - section.addr < section.size;
}

/* Sized functions are preferred to labels, then the nearest below. */
static bool symbol_better(const struct symbol *s, const struct symbol *best)
{
	if (!s->size != !best->size)
		return s->size;
	return s->value > best->value;
}

const char *elf_symbol(const void *image, size_t size, uint64_t address, uint64_t *offset)
{
	struct section_header symbols, strings;
	struct elf_header h;
	struct symbol s, best = {0};
	const char *base = image, *name = NULL;

	if (!find_symbols(image, size, &h, &symbols, &strings))
		return NULL;
	for (uint64_t at = 0; range_within(at, sizeof(s), symbols.size); at += sizeof(s)) {
		const char *text;

		memcpy(&s, base + symbols.offset + at, sizeof(s));
		if (!symbol_holds(&s, address) || s.name >= strings.size || (name && !symbol_better(&s, &best)))
			continue;
		text = base + strings.offset + s.name;
		if (!section_holds(image, size, &h, s.shndx, address))
			continue;
		if (!*text || *text == '.' || *text == '$' || !memchr(text, 0, strings.size - s.name))
			continue;
		name = text;
		best = s;
	}
	if (name)
		*offset = address - best.value;
	return name;
}
