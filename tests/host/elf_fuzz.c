/*
 * elf_fuzz: libFuzzer on the check of executables: any bytes at all. Besides the sanitizers, it checks what a plan
 * promises to who maps by it.
 */
// SOURCES: libc/elf.c
// ARGS: build/corpus/elf -max_len=32768 -rss_limit_mb=1024
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <tessera/elf.h>

static void require(bool truth)
{
	if (!truth)
		abort();
}

static void check_segment(const struct elf_plan *plan, const struct elf_segment *s, size_t size, uint64_t from)
{
	require(s->start % ELF_PAGE == 0 && s->map_size % ELF_PAGE == 0 && s->map_size != 0);
	require(s->start >= from && s->start <= plan->span && s->map_size <= plan->span - s->start);
	require(s->file_pages <= s->map_size / ELF_PAGE);
	require(s->file_pages == 0 || (s->file_offset % ELF_PAGE == 0 && s->file_offset < size));
	require(s->file_pages == 0 || (s->file_pages - 1) * ELF_PAGE < size - s->file_offset);
	require((s->prot & (ELF_WRITE | ELF_EXEC)) != (ELF_WRITE | ELF_EXEC));
}

static void check_plan(const struct elf_plan *plan, size_t size)
{
	uint64_t from = 0;
	bool entry = false;

	require(plan->count > 0 && plan->count <= ELF_SEGMENTS_MAX && plan->span <= ELF_SPAN_MAX);
	for (unsigned i = 0; i < plan->count; i++) {
		const struct elf_segment *s = &plan->segments[i];

		check_segment(plan, s, size, from);
		from = s->start + s->map_size;
		entry |= s->prot & ELF_EXEC && plan->entry >= s->start && plan->entry < from;
	}
	require(entry);
	require(plan->dynamic <= plan->span && plan->dynamic_size <= plan->span - plan->dynamic);
	require(plan->relro <= plan->span && plan->relro_size <= plan->span - plan->relro);
	require(plan->tls_size <= ELF_TLS_MAX && plan->tls_file_size <= plan->tls_size);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	/* In memory of its own, page-aligned as a file is mapped, so that reading past its end is seen. */
	uint8_t *copy = aligned_alloc(ELF_PAGE, (size + ELF_PAGE) & ~(size_t)(ELF_PAGE - 1));
	struct elf_plan plan;
	uint64_t offset, where = 0;

	memset(copy, 0, (size + ELF_PAGE) & ~(size_t)(ELF_PAGE - 1));
	memcpy(copy, data, size);
	if (!elf_check(copy, size, &plan))
		check_plan(&plan, size);
	if (size >= sizeof(where))
		memcpy(&where, data + size - sizeof(where), sizeof(where));
	for (unsigned i = 0; i < 2; i++, where &= 0xffff) {
		const char *name = elf_symbol(copy, size, where, &offset);

		const uint8_t *at = (const uint8_t *)name;

		require(!at || (at >= copy && memchr(at, 0, size - (size_t)(at - copy))));
	}
	free(copy);
	return 0;
}
