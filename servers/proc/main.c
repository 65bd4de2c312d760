/*
 * main.c: proc's start: reads what mem says about the boot, makes the capabilities both threads use, starts
 * the loader and becomes the supervisor. A failure here is the system's: it is said and the machine stops.
 */
#include <stdio.h>
#include <string.h>
#include <mem_client.h>
#include <tessera/process.h>
#include <tessera/syscall.h>
#include <tessera/thread.h>
#include "job.h"
#include "loader.h"
#include "lookup.h"
#include "service.h"
#include "supervisor.h"

#define LOADER_STACK 0x10000

struct boot boot;
struct job job;

static _Noreturn void die(const char *what, int error)
{
	char line[160];

	snprintf(line, sizeof line, "PANIC: proc: %s: %s\n", what, error_text(error));
	for (const char *c = line; *c; c++)
		(void)sys_system(SYSTEM, SYSTEM_PUTC, (unsigned char)*c, 0);
	for (;;)
		(void)!mem_reset(FACTORY, 0);
}

static void check(const char *what, int error)
{
	if (error)
		die(what, error);
}

static void read_archive(void)
{
	uint64_t at = 0;

	check("boot archive", mem_archive(FACTORY, &boot.archive, &boot.archive_size));
	check("mapping the boot archive", mem_map_object(SLOT_SPACE, boot.archive, 0, 0,
			(boot.archive_size + PAGE_SIZE - 1) & ~(uint64_t)(PAGE_SIZE - 1), MEM_READ, 0, &at));
	boot.archive_data = (const void *)at;
}

static void read_bootargs(void)
{
	uint64_t ignored[4];

	check("entropy", mem_entropy(FACTORY, &ignored[0], &ignored[1], &ignored[2], &ignored[3], &boot.timebase));
	if (mem_bootargs(FACTORY, boot.bootargs, sizeof boot.bootargs))
		boot.bootargs[0] = 0;
	boot.exec = lookup_bootarg(boot.bootargs, "exec", boot.commands, sizeof boot.commands);
	if (!lookup_bootarg(boot.bootargs, "nonce", boot.nonce, sizeof boot.nonce))
		boot.nonce[0] = 0;
}

/* A copy of an endpoint with one right and a badge, in a slot of its own. */
static cap_t mint(cap_t endpoint, unsigned right, uint64_t badge)
{
	cap_t slot = cap_alloc();

	check("capability", slot ? (int)-sys_give(GIVE_COPY, endpoint, 1, slot, right, badge, 0) : E_NO_MEMORY);
	return slot;
}

static void make_capabilities(void)
{
	struct service *console = service_find("console"), *file = service_find("file");
	cap_t fault = mint(SLOT_PROCESS, RIGHT_SIGNAL, SIGNAL_FAULT);

	boot.self = mint(SLOT_PROCESS, RIGHT_CALL, PID_PROC);
	boot.interrupt = mint(SLOT_PROCESS, RIGHT_SIGNAL, SIGNAL_INTERRUPT);
	if (console)
		boot.console = mint(console->endpoint, RIGHT_CALL, PID_PROC);
	if (file)
		boot.file = mint(file->endpoint, RIGHT_CALL, PID_PROC);
	check("supervising", mem_supervise(FACTORY, fault));
}

static void loader_main(void *arg)
{
	(void)arg;
	loader_run();
}

int main(void)
{
	read_archive();
	read_bootargs();
	check("servers", supervisor_start());
	make_capabilities();
	check("loader", thread_start(loader_main, NULL, LOADER_PRIO, LOADER_STACK));
	supervisor_run();
}
