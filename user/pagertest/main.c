/*
 * pagertest: are pagers as mem's interface says, and does mem keep what they break from everybody else?
 *
 * squares pagertest object   the suite on the object that the pager gave (SLOT_EXTRA)
 * pagertest file PATH        the same on a file's object
 * pagertest faults           every misbehaviour at every step
 */
#include "test.h"
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <file_client.h>
#include <proc_client.h>
#include <tessera/ipc.h>
#include <tessera/thread.h>

bool probe_read(volatile uint64_t *at, uint64_t *value);
extern char probe_failed[];

__asm__(
	".text\n"
	".globl probe_read\n"
	"probe_read:\n"
	"	ld t0, 0(a0)\n"
	"	sd t0, 0(a1)\n"
	"	li a0, 1\n"
	"	ret\n"
	".globl probe_failed\n"
	"probe_failed:\n"
	"	li a0, 0\n"
	"	ret\n");

bool probe(volatile uint64_t *at, uint64_t *value)
{
	cap_t self = thread_capability();
	bool done;

	if (sys_thread_set(self, THREAD_FAULT_PC, (uint64_t)probe_failed))
		return false;
	done = probe_read(at, value);
	ipc_buffer()->fault.cause = 0;
	(void)sys_thread_set(self, THREAD_FAULT_PC, 0);
	return done;
}

static int conform_file(const char *path)
{
	struct file_stat what;
	uint64_t size;
	cap_t server, file, object;

	DEMAND(!proc_open(SLOT_PROCESS, "file", 1, &server));
	DEMAND(!file_open(server, path, FILE_READ, &file, &what));
	DEMAND(!file_object(file, &object, &size));
	return conform(object);
}

int main(int argc, char **argv)
{
	if (argc == 2 && !strcmp(argv[1], "object"))
		return conform(SLOT_EXTRA);
	if (argc == 3 && !strcmp(argv[1], "file"))
		return conform_file(argv[2]);
	if (argc == 2 && !strcmp(argv[1], "faults"))
		return faults();
	if (argc == 3 && !strcmp(argv[1], "touch"))
		return touch(strtoul(argv[2], NULL, 0));
	if (argc == 4 && !strcmp(argv[1], "pager"))
		return misbehave(argv[2], argv[3]);
	fputs("usage: pagertest object | file PATH | faults\n", stderr);
	return 2;
}
