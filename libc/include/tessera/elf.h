/*
 * tessera/elf.h: checking an executable before it is loaded, and naming a place in it. Only what the
 * system runs is accepted: ELF64, little-endian, RISC-V, static PIE linked at 0 with whole pages a segment
 * and no segment both writable and executable. The file is not trusted. Nothing is copied or allocated;
 * plain C: the build machine's tests use it too.
 */
#ifndef TESSERA_ELF_H
#define TESSERA_ELF_H

#include <stddef.h>
#include <stdint.h>

#define ELF_PAGE         4096
#define ELF_SEGMENTS_MAX 8
#define ELF_SPAN_MAX     0x40000000    /* bytes from the first to the last page of an executable */
#define ELF_TLS_MAX      0x10000       /* bytes of thread-local storage */

#define ELF_READ         1             /* same numbers as RIGHT_R, _W, _X and MEM_READ, ... */
#define ELF_WRITE        2
#define ELF_EXEC         4

/*
 * One loadable segment, ascending, no two on a page. Its pages are [start, start + map_size); the first
 * file_pages of them show the file from file_offset on, the others are zero. What the file has behind the
 * segment's own bytes on the last file page must be cleared: [zero_start, start + file_pages * ELF_PAGE),
 * for a writable segment; the others end with their file bytes.
 */
struct elf_segment {
	uint64_t start, map_size;      /* page-aligned, relative to the load address */
	uint64_t file_offset;          /* page-aligned */
	uint64_t file_pages;           /* 0: nothing comes from the file */
	uint64_t zero_start;           /* relative to the load address */
	uint32_t prot;
};

/* What to map and where things are; addresses relative to the load address. */
struct elf_plan {
	uint64_t entry;
	uint64_t span;                 /* bytes of address space from 0 on, whole pages */
	uint64_t dynamic, dynamic_size;        /* 0: none */
	uint64_t relro, relro_size;    /* for the program to make read-only after relocation; 0: none */
	uint64_t tls, tls_file_size, tls_size, tls_align;
	unsigned count;
	struct elf_segment segments[ELF_SEGMENTS_MAX];
};

/* Checks the whole file: NULL and *plan, or the reason for the refusal in words. */
__attribute__((warn_unused_result))
const char *elf_check(const void *image, size_t size, struct elf_plan *plan);

/*
 * The function that holds `address` (relative to the load address): its name, NUL-terminated inside the
 * image, and how far into it, or NULL when the symbol table has none. Safe on any bytes.
 */
const char *elf_symbol(const void *image, size_t size, uint64_t address, uint64_t *offset);
#endif
