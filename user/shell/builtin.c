/*
 * builtin.c: the commands that the shell runs itself: one table, a function each.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <proc_client.h>
#include <tessera/start.h>

#include "shell.h"

struct builtin {
	const char *name;
	const char *arguments;         /* for help */
	const char *does;
	int (*run)(const struct builtin *b, int argc, char **argv);
};

static int usage(const struct builtin *b)
{
	char text[80];

	snprintf(text, sizeof(text), "%s%s%s", b->name, *b->arguments ? " " : "", b->arguments);
	return say_usage(text);
}

/* The one argument, a number; false: there is another number of them, or it is none. */
static bool one_number(int argc, char **argv, uint64_t *number)
{
	return argc == 2 && parse_number(argv[1], number);
}

static int run_echo(const struct builtin *b, int argc, char **argv)
{
	(void)b;
	for (int i = 1; i < argc; i++)
		printf("%s%s", i > 1 ? " " : "", argv[i]);
	putchar('\n');
	return 0;
}

static int run_exit(const struct builtin *b, int argc, char **argv)
{
	uint64_t status = shell.status;

	if (argc > 1 && !one_number(argc, argv, &status))
		return usage(b);
	shell.leave = true;
	return (int)(status & 255);
}

static int run_program(const struct builtin *b, int argc, char **argv)
{
	return argc > 1 ? job_run(argv + 1) : usage(b);
}

static bool is_hopeless(int status)
{
	return status == STATUS_NOT_FOUND || status == STATUS_NOT_PROGRAM || status == STATUS_INTERRUPTED;
}

/* Ends early when the command can't be run or was interrupted. */
static int run_repeat(const struct builtin *b, int argc, char **argv)
{
	uint64_t times;
	int status = 0;

	if (argc < 3 || !parse_number(argv[1], &times))
		return usage(b);
	for (; times && !shell.leave && !is_hopeless(status); times--)
		if (!builtin_run(argc - 2, argv + 2, &status))
			status = job_run(argv + 2);
	return status;
}

static int run_kill(const struct builtin *b, int argc, char **argv)
{
	uint64_t pid;
	int error;

	if (!one_number(argc, argv, &pid))
		return usage(b);
	error = proc_kill(SLOT_PROCESS, pid);
	return error ? say_error(argv[1], error) : 0;
}

static int run_grant(const struct builtin *b, int argc, char **argv)
{
	return argc > 2 ? job_grant(argv[1], argv + 2) : usage(b);
}

/* The program of that name, which may call the trace server. */
static int run_traced(const struct builtin *b, int argc, char **argv)
{
	(void)b;
	(void)argc;
	return job_grant("trace", argv);
}

static int run_wait(const struct builtin *b, int argc, char **argv)
{
	uint64_t pid = 0;

	if (argc > 1 && !one_number(argc, argv, &pid))
		return usage(b);
	return job_wait(pid);
}

static int run_ps(const struct builtin *b, int argc, char **argv)
{
	(void)argv;
	return argc == 1 ? report_ps() : usage(b);
}

static int run_mem(const struct builtin *b, int argc, char **argv)
{
	(void)argv;
	return argc == 1 ? report_mem() : usage(b);
}

static int run_audit(const struct builtin *b, int argc, char **argv)
{
	(void)argv;
	return argc == 1 ? report_audit() : usage(b);
}

static int run_uptime(const struct builtin *b, int argc, char **argv)
{
	(void)argv;
	return argc == 1 ? report_uptime() : usage(b);
}

static int run_maps(const struct builtin *b, int argc, char **argv)
{
	uint64_t pid;

	return one_number(argc, argv, &pid) ? report_maps(pid) : usage(b);
}

static int run_why(const struct builtin *b, int argc, char **argv)
{
	char *end = NULL;
	uint64_t address = argc == 2 ? strtoull(argv[1], &end, 0) : 0;

	return end && end != argv[1] && !*end ? report_why(address) : usage(b);
}

static int run_ls(const struct builtin *b, int argc, char **argv)
{
	return argc <= 2 ? file_list_directory(argc == 2 ? argv[1] : "/") : usage(b);
}

static int run_cat(const struct builtin *b, int argc, char **argv)
{
	int status = 0;

	(void)b;
	if (argc == 1)
		return file_print(NULL);
	for (int i = 1; i < argc; i++)
		status |= file_print(argv[i]);
	return status;
}

static int run_wc(const struct builtin *b, int argc, char **argv)
{
	int status = 0;

	(void)b;
	if (argc == 1)
		return file_count(NULL);
	for (int i = 1; i < argc; i++)
		status |= file_count(argv[i]);
	return status;
}

static int run_cp(const struct builtin *b, int argc, char **argv)
{
	return argc == 3 ? file_copy(argv[1], argv[2]) : usage(b);
}

static int run_mv(const struct builtin *b, int argc, char **argv)
{
	return argc == 3 ? file_move(argv[1], argv[2]) : usage(b);
}

/* Does something with each of the paths. */
static int each(const struct builtin *b, int argc, char **argv, int (*with)(const char *path))
{
	int status = 0;

	if (argc == 1)
		return usage(b);
	for (int i = 1; i < argc; i++)
		status |= with(argv[i]);
	return status;
}

static int run_rm(const struct builtin *b, int argc, char **argv)
{
	return each(b, argc, argv, file_delete);
}

static int run_mkdir(const struct builtin *b, int argc, char **argv)
{
	return each(b, argc, argv, file_new_directory);
}

static int run_rmdir(const struct builtin *b, int argc, char **argv)
{
	return each(b, argc, argv, file_delete_directory);
}

static int run_df(const struct builtin *b, int argc, char **argv)
{
	(void)argv;
	return argc == 1 ? file_space_left() : usage(b);
}

/* how: as in proc.shutdown. It does not come back unless it failed. */
static int end_machine(const char *name, uint32_t how, uint64_t status)
{
	int error;

	fflush(stdout);
	error = proc_shutdown(SLOT_PROCESS, how, status);
	return error ? say_error(name, error) : 0;
}

static int run_shutdown(const struct builtin *b, int argc, char **argv)
{
	uint64_t status = 0;

	if (argc > 1 && (!one_number(argc, argv, &status) || status > 255))
		return usage(b);
	return end_machine(b->name, 0, status);
}

static int run_reboot(const struct builtin *b, int argc, char **argv)
{
	(void)argv;
	return argc == 1 ? end_machine(b->name, 1, 0) : usage(b);
}

static int run_help(const struct builtin *b, int argc, char **argv);

static const struct builtin builtins[] = {
	{ "help",     "",               "this list", run_help },
	{ "run",      "NAME [ARGS]",    "start a program and wait; NAME alone does too", run_program },
	{ "grant",    "SERVER NAME [ARGS]", "run a program that may call a private server", run_grant },
	{ "repeat",   "N NAME [ARGS]",  "the same N times", run_repeat },
	{ "wait",     "[PID]",          "until the programs started with & have ended", run_wait },
	{ "kill",     "PID",            "end a process", run_kill },
	{ "ps",       "",               "processes", run_ps },
	{ "mem",      "",               "where all memory is, to the byte", run_mem },
	{ "maps",     "PID",            "the regions of a process", run_maps },
	{ "why",      "PA",             "who can reach the memory at a physical address (debug kernels)", run_why },
	{ "top",      "[SECONDS [TIMES]]", "who uses processor and memory, live; ^C ends it", run_traced },
	{ "trace",    "on|off|dump [N]|clear", "record what happens on all harts", run_traced },
	{ "memmap",   "",               "what each page frame is, for tools/memmap", run_traced },
	{ "audit",    "",               "check every invariant of memory and kernel", run_audit },
	{ "uptime",   "",               "time since power-on", run_uptime },
	{ "ls",       "[PATH]",         "files", run_ls },
	{ "cat",      "[FILE...]",      "what is in files, or comes in", run_cat },
	{ "wc",       "[FILE...]",      "lines, words and bytes of files, or of what comes in", run_wc },
	{ "cp",       "FROM TO",        "copy a file", run_cp },
	{ "mv",       "FROM TO",        "rename a file or directory", run_mv },
	{ "rm",       "FILE...",        "remove files", run_rm },
	{ "mkdir",    "PATH...",        "make directories", run_mkdir },
	{ "rmdir",    "PATH...",        "remove empty directories", run_rmdir },
	{ "df",       "",               "how much of RAM files take", run_df },
	{ "echo",     "[WORDS]",        "print words; $? the last status, $! the pid of the last &", run_echo },
	{ "shutdown", "[STATUS]",       "power off", run_shutdown },
	{ "reboot",   "",               "start anew", run_reboot },
	{ "exit",     "[STATUS]",       "leave the shell", run_exit },
};

#define BUILTINS (sizeof(builtins) / sizeof(builtins[0]))

static int run_help(const struct builtin *b, int argc, char **argv)
{
	char head[40];

	(void)argv;
	if (argc > 1)
		return usage(b);
	for (unsigned i = 0; i < BUILTINS; i++) {
		snprintf(head, sizeof(head), "%s %s", builtins[i].name, builtins[i].arguments);
		printf("  %-22s%s\n", head, builtins[i].does);
	}
	puts("  a; b   a && b   a || b   a &   a | b   a < f   a > f   a >> f   'as is'   \"with $?\"   # comment");
	puts("  keys: arrows, Home, End, ^A ^E ^K ^U ^W, ^C ends the program, ^D ends input");
	puts("programs:");
	file_print_programs();
	return 0;
}

bool builtin_knows(const char *name)
{
	for (unsigned i = 0; i < BUILTINS; i++)
		if (!strcmp(name, builtins[i].name))
			return true;
	return false;
}

bool builtin_run(int argc, char **argv, int *status)
{
	for (unsigned i = 0; i < BUILTINS; i++)
		if (!strcmp(argv[0], builtins[i].name)) {
			*status = builtins[i].run(&builtins[i], argc, argv);
			return true;
		}
	return false;
}
