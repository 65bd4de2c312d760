/*
 * start.c: from the first instruction to main, and from exit to the end. Before `relocate` is done
 * nothing here may use a pointer that lies in data; before the TLS block stands, nothing may send a
 * message; the stack protector's canary changes on the way, so the functions active then have none.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <mem_client.h>
#include <proc_client.h>
#include <tessera/process.h>
#include <tessera/syscall.h>
#include "libc_internal.h"

#define NO_CANARY __attribute__((no_stack_protector))

#define DT_NULL       0
#define DT_RELA       7
#define DT_RELASZ     8
#define DT_RELRSZ     35
#define DT_RELR       36
#define DT_COUNT      37
#define R_RELATIVE    3
#define PT_TLS        7
#define PT_GNU_RELRO  0x6474e552
#define EHDR_PHOFF    32
#define EHDR_PHNUM    56
#define TLS_ON_STACK  0x10000          /* most that the first thread's TLS block may take of its stack */
#define STATUS_BROKEN 127              /* the program cannot be started */
#define STATUS_ABORT  (STATUS_KILLED + 6)      /* as of abort() */

struct dynamic {
	uint64_t tag, value;
};

struct rela {
	uint64_t offset, info, addend;
};

struct program_header {
	uint32_t type, flags;
	uint64_t offset, vaddr, paddr, filesz, memsz, align;
};

typedef void (*function_t)(void);

int main(int argc, char **argv, char **environ);

/* Given by the linker; weak: only some of them are there, which own code may test (it asks the GOT). */
extern function_t __preinit_array_start[] __attribute__((weak)), __preinit_array_end[] __attribute__((weak));
extern function_t __init_array_start[] __attribute__((weak)), __init_array_end[] __attribute__((weak));
extern function_t __fini_array_start[] __attribute__((weak)), __fini_array_end[] __attribute__((weak));

/* By the linker script of an image without ELF headers (linker/flat.ld). */
extern char __tls_start[] __attribute__((weak)), __tdata_end[] __attribute__((weak));
extern char __tls_end[] __attribute__((weak));

/* picolibc: only in programs that register functions. */
void __call_exitprocs(int code, void *handle) __attribute__((weak));
void stdio_finish(void) __attribute__((weak));

extern char **environ;

_Thread_local struct thread_self thread_self;
struct tls_template tls_template;
const struct start_info *start_info;
uintptr_t __stack_chk_guard;

_Noreturn void start_process(const struct start_info *info, const struct dynamic *dynamic, const char *header)
	LIBC_HIDDEN;
void __stack_chk_fail(void);

const struct start_info *process_start_info(void)
{
	return start_info;
}

/* RELR: an even word is the address of the next relative place, an odd one a bitmap of the 63 that follow. */
NO_CANARY static void relocate_packed(uint64_t base, const uint64_t *entry, uint64_t size)
{
	uint64_t *place = NULL;

	for (const uint64_t *end = entry + size / sizeof(*entry); entry < end; entry++) {
		if (!(*entry & 1)) {
			place = (uint64_t *)(base + *entry);
			*place++ += base;
			continue;
		}
		for (uint64_t bits = *entry >> 1, i = 0; bits; bits >>= 1, i++) {
			if (bits & 1)
				place[i] += base;
		}
		place += 63;
	}
}

/* Applies the relocations: a static PIE has only relative ones; another kind ends the process. */
NO_CANARY static void relocate(uint64_t base, const struct dynamic *d)
{
	uint64_t rela = 0, rela_size = 0, relr = 0, relr_size = 0;

	for (; d->tag != DT_NULL; d++) {
		if (d->tag == DT_RELA)
			rela = d->value;
		else if (d->tag == DT_RELASZ)
			rela_size = d->value;
		else if (d->tag == DT_RELR)
			relr = d->value;
		else if (d->tag == DT_RELRSZ)
			relr_size = d->value;
	}
	if (rela) {
		const struct rela *r = (const struct rela *)(base + rela);

		for (uint64_t n = rela_size / sizeof(*r); n; n--, r++) {
			if (r->info != R_RELATIVE)
				__builtin_trap();
			*(uint64_t *)(base + r->offset) = base + r->addend;
		}
	}
	if (relr)
		relocate_packed(base, (const uint64_t *)(base + relr), relr_size);
}

NO_CANARY static const struct program_header *find_program_header(const char *header, uint32_t type)
{
	const struct program_header *p = (const void *)(header + *(const uint64_t *)(header + EHDR_PHOFF));

	for (unsigned n = *(const uint16_t *)(header + EHDR_PHNUM); n; n--, p++) {
		if (p->type == type)
			return p;
	}
	return NULL;
}

/* header: NULL for an image without one. */
NO_CANARY static void find_tls(const char *header)
{
	const struct program_header *p = header ? find_program_header(header, PT_TLS) : NULL;

	tls_template.align = 16;
	if (p) {
		tls_template.image = header + p->vaddr;
		tls_template.file_size = p->filesz;
		tls_template.size = p->memsz;
		if (p->align > tls_template.align)
			tls_template.align = p->align;
	} else if (!header) {
		tls_template.image = __tls_start;
		tls_template.file_size = (size_t)(__tdata_end - __tls_start);
		tls_template.size = (size_t)(__tls_end - __tls_start);
		tls_template.align = 64;
	}
}

NO_CANARY void tls_fill(void *block)
{
	memcpy(block, tls_template.image, tls_template.file_size);
	memset((char *)block + tls_template.file_size, 0, tls_template.size - tls_template.file_size);
	memset((char *)block - TLS_BELOW, 0, TLS_BELOW);
}

/* What the linker set aside for relocation only becomes read-only: the GOT and all constant pointers. */
NO_CANARY static void protect_relro(const char *header)
{
	const struct program_header *p = find_program_header(header, PT_GNU_RELRO);
	uint64_t from, to;

	if (!p)
		return;
	from = ((uint64_t)header + p->vaddr) & ~(uint64_t)(PAGE_SIZE - 1);
	to = ((uint64_t)header + p->vaddr + p->memsz) & ~(uint64_t)(PAGE_SIZE - 1);
	if (to > from && mem_protect(SLOT_SPACE, from, to - from, MEM_READ))
		process_end(STATUS_BROKEN);
}

/* Points out[0..count) at the strings that lie one behind the other, NULL behind the last. */
NO_CANARY static char **split_strings(const char *strings, uint32_t count, char **out)
{
	for (; count; count--) {
		*out++ = (char *)strings;
		strings += strlen(strings) + 1;
	}
	*out++ = NULL;
	return out;
}

static void run_all(function_t *from, function_t *to)
{
	for (; from < to; from++)
		(*from)();
}

static _Noreturn void run_program(int argc, char **argv, char **env)
{
	environ = env;
	run_all(__preinit_array_start, __preinit_array_end);
	run_all(__init_array_start, __init_array_end);
	exit(main(argc, argv, env));
}

/* The TLS block and the argument vectors stay in this frame, which is never left. */
NO_CANARY static __attribute__((noinline)) _Noreturn void start_relocated(const struct start_info *info,
									   const char *header)
{
	char **strings, **env;
	void *block;

	if (info->magic != START_MAGIC)
		__builtin_trap();
	start_info = info;
	find_tls(header);
	if (tls_template.size > TLS_ON_STACK || tls_template.align > PAGE_SIZE)
		__builtin_trap();
	block = __builtin_alloca(TLS_BELOW + tls_template.size + tls_template.align);
	block = (void *)(((uintptr_t)block + TLS_BELOW + tls_template.align - 1) & ~(tls_template.align - 1));
	tls_fill(block);
	__asm__ volatile("mv tp, %0" : : "r"(block) : "memory");
	thread_self.buffer = (struct ipc_buffer *)info->ipc_buffer;
	thread_self.endpoint = SLOT_ENDPOINT;
	__stack_chk_guard = info->random[0] & ~(uint64_t)0xff;
	if (header)
		protect_relro(header);
	strings = __builtin_alloca((info->argc + info->envc + 2) * sizeof(*strings));
	env = split_strings((const char *)info + info->argv_offset, info->argc, strings);
	split_strings((const char *)info + info->env_offset, info->envc, env);
	run_program((int)info->argc, strings, env);
}

/*
 * The first C function: dynamic is NULL in an image linked at a fixed address, which has no header
 * either. What needs relocation is in another function: the compiler may read addresses from the GOT
 * at a function's start.
 */
NO_CANARY _Noreturn void start_process(const struct start_info *info, const struct dynamic *dynamic,
					const char *header)
{
	if (dynamic)
		relocate((uint64_t)header, dynamic);
	else
		header = NULL;
	start_relocated(info, header);
}

_Noreturn void process_end(uint64_t status)
{
	(void)!proc_exit(SLOT_PROCESS, status);
	for (;;)
		__builtin_trap();
}

_Noreturn void _exit(int status)
{
	process_end(status & 0xff);
}

/* Runs what atexit registered, then the destructors, writes out stdio, ends. picolibc's does not flush. */
_Noreturn void exit(int status)
{
	if (__call_exitprocs)
		__call_exitprocs(status, NULL);
	for (function_t *f = __fini_array_end; f > __fini_array_start;)
		(*--f)();
	if (stdio_finish)
		stdio_finish();
	_exit(status);
}

/* A function's frame was overwritten: the program must not go on, not even to exit(). */
_Noreturn void __stack_chk_fail(void)
{
	static const char text[] = "stack smashing detected\n";

	(void)!stream_put(SLOT_STDERR, text, sizeof(text) - 1);
	process_end(STATUS_ABORT);
}
