/*
 * memmap.c: what each page frame of the machine is, as lines for tools/memmap, which draws them. The shell runs it
 * with a capability to the trace server in SLOT_EXTRA.
 *
 *   memmap: dump 1 time MS
 *   n SPACE PID NAME               each process
 *   f FRAME COUNT STATE OWNER      frames in a row (hexadecimal, as all below); mem.idl says what STATE and OWNER are
 *   p SPACE PAGE FRAME COUNT KIND  pages of a space
 *   memmap: end LINES
 */
#include <inttypes.h>
#include <stdio.h>
#include <mem_client.h>
#include <proc_client.h>
#include <trace_client.h>
#include <tessera/process.h>
#include <tessera/start.h>
#include <tessera/syscall.h>

#define SERVER SLOT_EXTRA

static uint64_t lines;

static int print_frames(void)
{
	struct mem_frame_run runs[MEM_RUNS_MOST];
	uint64_t from = 0;
	size_t bytes = 0;
	int error;

	while (!(error = trace_frames(SERVER, from, &from, runs, sizeof runs, &bytes)))
		for (size_t i = 0; i < bytes / sizeof runs[0]; i++, lines++)
			printf("f %" PRIx32 " %" PRIx32 " %" PRIx32 " %" PRIx32 "\n", runs[i].frame, runs[i].count,
			       runs[i].state, runs[i].owner);
	return error == E_NOT_FOUND ? 0 : error;
}

static int print_pages(uint64_t space)
{
	struct mem_page_run runs[MEM_RUNS_MOST];
	uint64_t from = 0;
	size_t bytes = 0;
	int error;

	while (!(error = trace_pages(SERVER, space, from, &from, runs, sizeof runs, &bytes)))
		for (size_t i = 0; i < bytes / sizeof runs[0]; i++, lines++)
			printf("p %" PRIx64 " %" PRIx32 " %" PRIx32 " %" PRIx32 " %" PRIx32 "\n", space, runs[i].page,
			       runs[i].frame, runs[i].count, runs[i].kind);
	return error == E_NOT_FOUND ? 0 : error;
}

int main(int argc, char **argv)
{
	struct proc_info info;
	int error = 0;

	(void)argv;
	if (argc > 1) {
		fputs("usage: memmap\n", stderr);
		return 2;
	}
	printf("memmap: dump 1 time %" PRIu64 "\n", sys_time() / (process_start_info()->timebase / 1000));
	for (uint64_t pid = 0; !error && !proc_next(SLOT_PROCESS, pid, &info); pid = info.pid + 1) {
		/* proc knows no space of its own: it is the first. */
		uint64_t space = info.space ? info.space : 1;

		printf("n %" PRIx64 " %" PRIx64 " %.32s\n", space, info.pid, info.name);
		lines++;
		error = print_pages(space);
	}
	if (!error)
		error = print_frames();
	if (error) {
		fprintf(stderr, "memmap: %s\n", error_text(error));
		return 1;
	}
	printf("memmap: end %" PRIu64 "\n", lines);
	return 0;
}
