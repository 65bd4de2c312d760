/*
 * bench: figures in instructions of the guest, one line `BENCH key value` each. Run under -icount, where the
 * counter is exact and repeatable.
 *
 * bench                all figures but those of the boot and of interrupts
 * bench core           those that the tests check
 * bench malloc ROW     one of the allocator's rows
 * bench boot           the boot's: from the shell's first prompt, so run it at the prompt
 * bench size           bytes of a process, a thread, a page: lines `SIZE key value`
 * bench scale          series: wants 16 GiB
 * bench irq            irq.latency, asked of the server that `grant` gave: tests/bench/driver
 * bench profile KEY    KEY's area, with marks for tools/profile around what KEY is about
 */
#include "bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <mem_client.h>
#include <tessera/process.h>

/* Where the marks are: a page of two functions that only return, at an address no program uses. */
#define MARK_BEGIN 0x3000000000
#define MARK_END   (MARK_BEGIN + 4)
#define RETURN     0x00008067          /* jalr zero, 0(ra) */

static const char *watched;            /* key */

void bench_print(const char *key, uint64_t value)
{
	printf("BENCH %s %llu\n", key, (unsigned long long)value);
}

int bench_failed(const char *key, int error)
{
	fprintf(stderr, "bench: %s: %s\n", key, error_text(error));
	return 1;
}

uint64_t bench_idle(void)
{
	uint64_t least = UINT64_MAX;

	for (int i = 0; i < 64; i++) {
		uint64_t start = sys_instret(), cost = sys_instret() - start;

		if (cost < least)
			least = cost;
	}
	return least;
}

static int compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

uint64_t bench_median(uint64_t *values, size_t count)
{
	qsort(values, count, sizeof(*values), compare);
	return values[count / 2];
}

void bench_warm(void)
{
	struct timespec span = { .tv_nsec = 20000000 };

	nanosleep(&span, NULL);
}

static void mark(const char *key, uint64_t at)
{
	if (watched && !strcmp(watched, key))
		((void (*)(void))at)();
}

void bench_begin(const char *key)
{
	mark(key, MARK_BEGIN);
}

void bench_end(const char *key)
{
	mark(key, MARK_END);
}

static int watch(const char *key)
{
	uint64_t addr = 0;
	int error = mem_map(SLOT_SPACE, MARK_BEGIN, PAGE_SIZE, MEM_READ | MEM_WRITE, MEM_FIXED, &addr);

	if (!error) {
		((volatile uint32_t *)addr)[0] = RETURN;
		((volatile uint32_t *)addr)[1] = RETURN;
		error = mem_protect(SLOT_SPACE, addr, PAGE_SIZE, MEM_READ | MEM_EXEC);
	}
	if (error)
		return bench_failed("profile", error);
	__asm__ volatile("fence.i" : : : "memory");
	watched = key;
	return 0;
}

static int boot(void)
{
	const char *prompt = getenv("PROMPT_AT");
	uint64_t kernel = 0, root = 0;
	int error = mem_begun(SLOT_SPACE, &kernel, &root);

	if (error)
		return bench_failed("boot", error);
	bench_print("boot.to_root", root - kernel);
	if (prompt)
		bench_print("boot.to_prompt", strtoull(prompt, NULL, 10) - kernel);
	return 0;
}

static int irq(void)
{
	struct message m = { 0 };
	int error = (int)-sys_call(SLOT_EXTRA, &m);

	if (!error)
		error = (int)m.w[0];
	if (error)
		return bench_failed("irq.latency", error);
	bench_print("irq.latency", m.w[1]);
	return 0;
}

static int profile(const char *key)
{
	if (watch(key))
		return 1;
	if (!strncmp(key, "ipc.", 4))
		return bench_ipc();
	if (!strcmp(key, "fault.custom_pager"))
		return bench_pager();
	return !strncmp(key, "spawn.", 6) ? bench_process() : bench_memory();
}

int main(int argc, char **argv)
{
	if (argc == 3 && !strcmp(argv[1], "server"))
		return bench_server(argv[2]);
	if (argc == 3 && !strcmp(argv[1], "malloc"))
		return bench_malloc_row(argv[2]);
	if (argc == 2 && !strcmp(argv[1], "boot"))
		return boot();
	if (argc == 2 && !strcmp(argv[1], "scale"))
		return bench_scale();
	if (argc == 2 && !strcmp(argv[1], "size"))
		return bench_size();
	if (argc == 2 && !strcmp(argv[1], "pages"))
		return bench_pages();
	if (argc == 2 && !strcmp(argv[1], "pager"))
		return bench_pager();
	if (argc == 2 && !strcmp(argv[1], "irq"))
		return irq();
	if (argc == 3 && !strcmp(argv[1], "profile"))
		return profile(argv[2]);
	if (argc == 2 && !strcmp(argv[1], "core"))
		return bench_ipc() | bench_memory() | bench_process();
	return bench_ipc() | bench_memory() | bench_process() | bench_library() | bench_malloc() | bench_file()
	       | bench_pager();
}
