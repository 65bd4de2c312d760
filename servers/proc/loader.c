/*
 * loader.c: the loader thread, rank 48: takes jobs from the supervisor (job.h) and does them. The only
 * part of proc that calls the console and the supervisor; it keeps nothing between two jobs. The console may
 * be dead, or die while it is called: each call to it has a deadline, and the firmware's console is behind.
 */
#define LOADER_RANK 48
#undef IDL_CLIENT_RANK
#define IDL_CLIENT_RANK LOADER_RANK

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <mem_client.h>
#include <proc_client.h>
#include <stream_client.h>
#include <tessera/process.h>
#include <tessera/syscall.h>
#include <tessera/thread.h>
#include "image.h"
#include "job.h"
#include "loader.h"

#define WRITE_PIECE       900           /* most bytes of one stream.write */
#define CONSOLE_SECONDS   5
#define STACK_PIECE       256           /* bytes of a stack read at once, so many times */
#define STACK_PIECES      16
#define STATUS_BAD_AUDIT  125
#define STATUS_SIGNAL     128           /* shells' custom: 128 + why it died */
#define SIGNAL_SEGV       11

_Static_assert(LOADER_PRIO == LOADER_RANK, "priority = rank");

static void call_timeout(uint64_t ticks)
{
	(void)sys_thread_set(thread_capability(), THREAD_CALL_TIMEOUT, ticks);
}

static void firmware_write(const char *text, size_t size)
{
	for (; size; text++, size--)
		(void)sys_system(SYSTEM, SYSTEM_PUTC, (unsigned char)*text, 0);
}

/* To the console server, and what it does not take to the firmware. */
static void print(const char *text, size_t size)
{
	uint32_t written = 0;

	call_timeout(CONSOLE_SECONDS * boot.timebase);
	while (size && job.console_up) {
		size_t n = size < WRITE_PIECE ? size : WRITE_PIECE;

		if (stream_write(boot.console, text, n, &written) || !written || written > n)
			break;
		text += written;
		size -= written;
	}
	call_timeout(0);
	firmware_write(text, size);
}

/* Waits until what was written has left the machine. */
static void drain(void)
{
	call_timeout(CONSOLE_SECONDS * boot.timebase);
	if (job.console_up)
		(void)!stream_drain(boot.console);
	call_timeout(0);
}

static void report(void)
{
	static char text[REPORT_MAX];
	static uint64_t stack[STACK_PIECES * STACK_PIECE / 8];
	uint64_t sp = job.fault.regs[2];
	size_t got = 0, n;

	while (got < sizeof stack && sp % 8 == 0 &&
	       !mem_space_read(FACTORY, job.fault.space, sp + got, STACK_PIECE, (char *)stack + got, STACK_PIECE, &n))
		got += n;
	job.who.stack = stack;
	job.who.stack_words = got / 8;
	print(text, report_build(text, &job.who, &job.fault));
}

static void spawn(void)
{
	char line[sizeof job.path + sizeof job.why + 32];
	int n;

	if (job.announce && boot.nonce[0]) {
		n = snprintf(line, sizeof line, "\x02%s\n", boot.nonce);
		print(line, (size_t)n);
	}
	image_spawn(&job);
	if (!job.error || !job.tell)
		return;
	n = snprintf(line, sizeof line, "proc: %s: %s\n", job.path, job.why);
	print(line, (size_t)n);
}

static void attach(void)
{
	call_timeout(CONSOLE_SECONDS * boot.timebase);
	(void)!stream_interrupt_to(boot.console, boot.interrupt);
	call_timeout(0);
}

/* 0-255 as a shell would tell it. */
static unsigned exit_code(uint64_t status)
{
	if (status < PROC_STATUS_FAULT)
		return (unsigned)status;
	if (status < PROC_STATUS_KILLED)
		return STATUS_SIGNAL + SIGNAL_SEGV;
	return STATUS_SIGNAL + (status & 0x7f);
}

/* Checks the whole system's books; says what is wrong and gives the status for it. */
static unsigned audit(unsigned status)
{
	struct mem_audit_counts counts;
	char line[96];
	int error = mem_audit(FACTORY, &counts), n;

	if (!error && !counts.breach)
		return status;
	if (error == E_NOT_BUILT)
		return status;
	if (error)
		n = snprintf(line, sizeof line, "audit: %s\n", error_text(error));
	else
		n = snprintf(line, sizeof line, "audit: breach %" PRIu64 " at 0x%" PRIx64 "\n", counts.breach,
			     counts.breach_at);
	print(line, (size_t)n);
	return STATUS_BAD_AUDIT;
}

static void finish(void)
{
	char line[sizeof boot.nonce + 16];

	if (boot.nonce[0]) {
		unsigned status = audit(exit_code(job.status));
		int n = snprintf(line, sizeof line, "\x03%s %u\n", boot.nonce, status);

		print(line, (size_t)n);
	}
	drain();
	(void)!mem_reset(FACTORY, job.how);
}

static void do_job(void)
{
	switch (job.kind) {
	case JOB_SPAWN:
		spawn();
		break;
	case JOB_REPORT:
		report();
		break;
	case JOB_ATTACH:
		attach();
		break;
	case JOB_FINISH:
		finish();
		break;
	case JOB_NONE:
		break;
	}
}

static void next_job(void)
{
	while (proc_job(boot.self))
		;
}

/* The first answer also says that the supervisor is done with starting this thread. */
_Noreturn void loader_run(void)
{
	next_job();
	(void)sys_thread_set(thread_capability(), THREAD_WINDOW, LOADER_WINDOW | (uint64_t)WINDOW_COUNT << 32);
	for (;;) {
		do_job();
		next_job();
	}
}
