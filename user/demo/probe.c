/* probe.c: figures of the own space, and a touch that may fail. */
#include "demo.h"
#include <tessera/ipc.h>

struct mem_usage demo_usage(void)
{
	struct mem_usage now = { 0 };

	if (mem_usage(SLOT_SPACE, &now))
		fputs("demo: no usage\n", stderr);
	return now;
}

/* Reads the word: 0; where a fault that is not resolved continues: 1. */
int demo_probe(volatile uint64_t *at);
extern char demo_probe_failed[];

__asm__(
	".text\n"
	".globl demo_probe\n"
	"demo_probe:\n"
	"	ld a0, 0(a0)\n"
	"	li a0, 0\n"
	"	ret\n"
	".globl demo_probe_failed\n"
	"demo_probe_failed:\n"
	"	li a0, 1\n"
	"	ret\n");

bool demo_faults(volatile uint64_t *at)
{
	bool failed;

	if (sys_thread_set(SLOT_THREAD, THREAD_FAULT_PC, (uint64_t)demo_probe_failed))
		return false;
	failed = demo_probe(at);
	ipc_buffer()->fault.cause = 0;
	if (sys_thread_set(SLOT_THREAD, THREAD_FAULT_PC, 0))
		fputs("demo: the fault address stays\n", stderr);
	return failed;
}
