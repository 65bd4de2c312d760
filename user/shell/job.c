/*
 * job.c: programs: started through proc, waited for, their ends told. Owns the list of those started with &.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <file_client.h>
#include <proc_client.h>
#include <stream_client.h>
#include <tessera/ipc.h>
#include <tessera/process.h>

#include "shell.h"

#define JOBS 32

extern char **environ;

static uint64_t jobs[JOBS];            /* pids of programs started with & and not waited for; 0: free */

/* The number of the signal that a fault would be elsewhere, by the cause as in scause. */
static int signal_of_cause(uint64_t cause)
{
	switch (cause) {
	case 2:                        /* illegal instruction: SIGILL */
		return 4;
	case 3:                        /* breakpoint: SIGTRAP */
		return 5;
	case 0:
	case 4:
	case 6:                        /* misaligned, */
	case 1:
	case 5:
	case 7:                        /* or no memory answers there: SIGBUS */
		return 7;
	default:                       /* page faults: SIGSEGV */
		return 11;
	}
}

/* From what proc.wait tells. */
static int exit_status(uint64_t status)
{
	if (status >= STATUS_KILLED)
		return 128 + (int)((status - STATUS_KILLED) & 127);
	if (status >= STATUS_FAULT)
		return 128 + signal_of_cause(status - STATUS_FAULT);
	return (int)status;
}

static int complain(const char *name, int error)
{
	char why[201];
	bool explained = !proc_why(SLOT_PROCESS, why, sizeof(why)) && why[0];

	if (error == E_NOT_FOUND)
		fprintf(stderr, "shell: %s: no such program\n", name);
	else
		fprintf(stderr, "shell: %s: %s\n", name, explained ? why : error_text(error));
	return error == E_NOT_FOUND ? STATUS_NOT_FOUND : STATUS_NOT_PROGRAM;
}

/* What a program gets that shares a stream of the shell's: the console's stand-in, or one more hold on a file. */
static int share_stream(cap_t own, cap_t *stream)
{
	uint32_t terminal = 0, columns, rows;
	int error = stream_info(own, &terminal, &columns, &rows);

	if (error || terminal) {
		*stream = SLOT_PROCESS;
		return 0;
	}
	return file_duplicate(own, stream);
}

/* Takes over the streams given, whatever comes of it. */
static int spawn_streams(char **argv, unsigned flags, const struct job_streams *given, uint64_t *pid)
{
	cap_t stream[3] = { given->input, given->output, 0 };
	int error = 0;

	for (unsigned i = 0; !error && i < 3; i++)
		if (!stream[i])
			error = share_stream(SLOT_STDIN + i, &stream[i]);
	if (!error)
		error = process_spawn_streams(argv[0], argv, environ, flags, stream, pid);
	for (unsigned i = 0; i < 3; i++)
		if (stream[i] != SLOT_PROCESS)
			file_end(stream[i]);    /* nothing is there any more if it was given away */
	return error;
}

static int spawn(char **argv, unsigned flags, const struct job_streams *streams, uint64_t *pid)
{
	int error;

	fflush(stdout);
	error = spawn_streams(argv, flags, streams, pid);
	return error ? complain(argv[0], error) : 0;
}

/* Until that process has ended: its status; Ctrl-C may end the wait early. */
static int wait_for(uint64_t pid)
{
	uint64_t status = 0;
	int error = process_wait(pid, NULL, &status);

	if (error == E_INTERRUPTED)
		return STATUS_INTERRUPTED;
	return error ? say_error("wait", error) : exit_status(status);
}

int job_run(char **argv)
{
	const struct job_streams console = { 0, 0 };
	uint64_t pid = 0;
	int status = spawn(argv, PROCESS_FOREGROUND, &console, &pid);

	return status ? status : wait_for(pid);
}

void job_keep(uint64_t pid)
{
	for (unsigned i = 0; i < JOBS; i++)
		if (!jobs[i]) {
			jobs[i] = pid;
			return;
		}
}

/* Says the pid of a program that goes on beside the shell. */
static int begun_beside(uint64_t pid)
{
	job_keep(pid);
	shell.background = pid;
	printf("[%" PRIu64 "]\n", pid);
	return 0;
}

int job_grant(const char *server, char **argv)
{
	uint64_t pid = 0;
	cap_t cap = 0;
	int error = server_open(server, 1, &cap);       /* kept: the program's copy lives as long as this one */

	if (error)
		return say_error(server, error);
	fflush(stdout);
	error = process_spawn_with((const char *const *)argv, shell.beside ? 0 : PROCESS_FOREGROUND, cap, &pid);
	if (error)
		return complain(argv[0], error);
	return shell.beside ? begun_beside(pid) : wait_for(pid);
}

int job_begin(char **argv, const struct job_streams *streams, uint64_t *pid)
{
	return spawn(argv, PROCESS_FOREGROUND, streams, pid);
}

int job_end(uint64_t pid)
{
	return wait_for(pid);
}

int job_start(char **argv, const struct job_streams *streams)
{
	uint64_t pid = 0;
	int status = spawn(argv, 0, streams, &pid);

	if (status)
		return status;
	return begun_beside(pid);
}

static void forget(uint64_t pid)
{
	for (unsigned i = 0; i < JOBS; i++)
		if (jobs[i] == pid)
			jobs[i] = 0;
}

int job_wait(uint64_t pid)
{
	int status = 0;

	if (pid) {
		forget(pid);
		return wait_for(pid);
	}
	for (unsigned i = 0; i < JOBS; i++)
		if (jobs[i]) {
			status = wait_for(jobs[i]);
			jobs[i] = 0;
		}
	return status;
}

static bool has_ended(uint64_t pid)
{
	struct proc_info info;

	return proc_next(SLOT_PROCESS, pid, &info) || info.pid != pid || info.state == PROC_ZOMBIE;
}

void job_reap(void)
{
	for (unsigned i = 0; i < JOBS; i++)
		if (jobs[i] && has_ended(jobs[i])) {
			printf("[%" PRIu64 "] ended: %d\n", jobs[i], wait_for(jobs[i]));
			jobs[i] = 0;
		}
}
