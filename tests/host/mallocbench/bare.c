/*
 * bare.c: the platform of the workloads without an operating system: console, end of the run, arguments, and a page
 * source over plain memory that counts. Its instructions are counted apart.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../../libc/malloc/pages.h"
#include "plat.h"
#include "ps.h"

#define UART ((volatile uint8_t *)0x10000000)
#define TEST_DEVICE ((volatile uint32_t *)0x100000)
#define HEAP_BASE 0x90000000ul
#define HEAP_SIZE 0x30000000ul

struct ps_stats ps;
const char *bench_phase = "";

int main(void);

static int put(char c, FILE *file)
{
	(void)file;
	*UART = c;
	return (unsigned char)c;
}

static FILE out = FDEV_SETUP_STREAM(put, NULL, NULL, _FDEV_SETUP_WRITE);
FILE *const stdout = &out;
FILE *const stderr = &out;

void plat_exit(int status)
{
	*TEST_DEVICE = status ? (uint32_t)status << 16 | 0x3333 : 0x5555;
	for (;;)
		;
}

long plat_arg(int i)
{
	(void)i;
	return WORKLOAD;
}

void bare_main(void)
{
	plat_exit(main());
}

void bare_trap(unsigned long cause, unsigned long pc, unsigned long va)
{
	printf("T stopped=trap phase=%s cause=%lu pc=%lx va=%lx\n", bench_phase, cause, pc, va);
	plat_exit(3);
}

void *pages_reserve(size_t *size)
{
	*size = HEAP_SIZE;
	return (void *)HEAP_BASE;
}

bool pages_commit(void *start, size_t size)
{
	uint64_t begin = rdinstret();

	(void)start;
	ps.n_commit++;
	ps.cur += size;
	ps.total += size;
	if (ps.cur > ps.peak)
		ps.peak = ps.cur;
	ps.instr += rdinstret() - begin;
	return true;
}

void pages_decommit(const struct page_range *range, unsigned n)
{
	uint64_t begin = rdinstret();

	ps.n_decommit++;
	for (unsigned i = 0; i < n; i++) {
		ps.cur -= range[i].size;
		memset((void *)range[i].start, 0, range[i].size);
	}
	ps.instr += rdinstret() - begin;
}

bool pages_debug(void)
{
	return false;
}

uint64_t pages_random(void)
{
	return 0x243f6a8885a308d3;
}

void pages_lock_wait(uintptr_t *word)
{
	(void)word;
	plat_exit(4);
}

void pages_lock_hand_over(uintptr_t *word)
{
	(void)word;
	plat_exit(4);
}

void pages_print(const char *line)
{
	printf("%s\n", line);
}

void pages_abort(const char *line)
{
	printf("T stopped=abort phase=%s line=%s\n", bench_phase, line);
	plat_exit(1);
}

unsigned long __stack_chk_guard = 0x5bd1e995;

void __stack_chk_fail(void)
{
	plat_exit(5);
}
