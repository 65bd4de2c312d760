/*
 * crash.c: does one forbidden thing: says which, does it, and reports if nothing stopped it. `crash` alone
 * lists the kinds.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WILD         0x3456789000ull       /* in the user half, where nothing is */
#define NONCANONICAL 0x0123456789abcdf0ull
#define KERNEL       0xffffffc000000000ull

typedef void (*function_t)(void);

extern char **environ;

/* A word in data that is a valid function: `ret`. */
static uint32_t code_in_data[2] __attribute__((aligned(8))) = { 0x00008067, 0x00008067 };

static void crash_null(void)
{
	*(volatile int *)(uintptr_t)0 = 1;
}

static void crash_wild(void)
{
	(void)*(volatile int *)(WILD);
}

static void crash_write_text(void)
{
	*(volatile uint32_t *)(uintptr_t)crash_wild = 0;
}

static void crash_exec_data(void)
{
	((function_t)(uintptr_t)code_in_data)();
}

static int recurse(volatile int *below)
{
	volatile int frame[256];

	frame[0] = below[0] + 1;
	return frame[0] ? recurse(frame) + frame[0] : 0;
}

static void crash_stack_overflow(void)
{
	volatile int start = 0;

	recurse(&start);
}

static void crash_misaligned(void)
{
	static uint32_t words[2];

	__asm__ volatile("amoadd.w zero, zero, (%0)" : : "r"((char *)words + 1) : "memory");
}

static void crash_illegal(void)
{
	__asm__ volatile(".4byte 0xffffffff");
}

static void crash_noncanonical(void)
{
	(void)*(volatile int *)NONCANONICAL;
}

static void crash_kernel(void)
{
	(void)*(volatile int *)KERNEL;
}

static void crash_jump_wild(void)
{
	((function_t)(WILD))();
}

static void crash_breakpoint(void)
{
	__asm__ volatile("ebreak");
}

/* Writes over the frame: the stack protector ends the program when the function returns. */
__attribute__((noinline)) static void crash_smash(void)
{
	volatile char bytes[8];
	volatile char *p = bytes;

	for (int i = 0; i < 64; i++)
		p[i] = 'x';
}

/* As after `MALLOC_DEBUG=1` in the environment. */
static void crash_heap_past(void)
{
	static char *debug[] = { "MALLOC_DEBUG=1", NULL };
	volatile size_t size = 32;
	volatile char *block;

	environ = debug;
	block = malloc(size);
	if (block)
		block[32 + 64] = 1;
}

static const struct kind {
	const char *name, *what;
	function_t crash;
} kinds[] = {
	{ "null", "writing to address 0", crash_null },
	{ "wild", "reading where nothing is mapped", crash_wild },
	{ "write-text", "writing to the program's code", crash_write_text },
	{ "exec-data", "jumping into data", crash_exec_data },
	{ "stack-overflow", "recursing without end", crash_stack_overflow },
	{ "misaligned", "an atomic operation on a misaligned address", crash_misaligned },
	{ "illegal", "an illegal instruction", crash_illegal },
	{ "noncanonical", "reading an address that Sv39 does not have", crash_noncanonical },
	{ "kernel", "reading the kernel's half of the address space", crash_kernel },
	{ "jump-wild", "jumping where nothing is mapped", crash_jump_wild },
	{ "breakpoint", "a breakpoint nobody waits for", crash_breakpoint },
	{ "heap-past", "writing past a block with MALLOC_DEBUG=1", crash_heap_past },
	{ "smash", "writing over the own stack frame", crash_smash },
};

#define KINDS (sizeof(kinds) / sizeof(kinds[0]))

int main(int argc, char **argv)
{
	for (size_t i = 0; argc == 2 && i < KINDS; i++) {
		if (strcmp(argv[1], kinds[i].name))
			continue;
		printf("crash: %s\n", kinds[i].what);
		fflush(stdout);
		kinds[i].crash();
		puts("crash: nothing happened");
		return 1;
	}
	fputs("usage: crash KIND, one of:", stdout);
	for (size_t i = 0; i < KINDS; i++)
		printf(" %s", kinds[i].name);
	putchar('\n');
	return 2;
}
