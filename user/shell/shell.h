/*
 * shell.h: what the shell's files share. Commands return their exit status; they print results on stdout and
 * complaints on stderr.
 *
 * Exit status: a program's own 0-255; 128 + a signal's number when it was stopped: 139 by touching memory it
 * has not (SIGSEGV), 132 by an illegal instruction (SIGILL), 133 by a breakpoint (SIGTRAP), 135 by a
 * misaligned or failing access (SIGBUS), 130 by Ctrl-C, 137 by kill; of the shell's own: 127 no such program,
 * 126 not a program, 2 used wrongly or not understood, 1 any other failure.
 */
#ifndef SHELL_H
#define SHELL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <tessera/abi.h>

#include "parse.h"

#define STATUS_FAILED      1
#define STATUS_USAGE       2
#define STATUS_NOT_PROGRAM 126
#define STATUS_NOT_FOUND   127
#define STATUS_INTERRUPTED 130

/* Between commands. */
struct shell {
	unsigned status;               /* of the last command */
	uint64_t background;           /* pid of the last program started with & */
	bool beside;                   /* the command that runs is one with & */
	bool interactive;
	bool leave;                    /* exit was asked for */
};

extern struct shell shell;             /* main.c */

/* main.c: runs all commands of the text; the status is in shell.status too. */
int run_text(const char *text);

/* builtin.c: runs one command that the shell knows itself; false: it is none. */
bool builtin_run(int argc, char **argv, int *status);
bool builtin_knows(const char *name);
/* pipeline.c: runs a command whose streams are redirected, or that is part of a pipeline. */
int pipeline_run(struct parse_command *c);
/* Ends the pipeline that is being made, if there is one: what follows could not be run. */
void pipeline_drop(void);

/* job.c: programs. */
/* Streams that a program gets in place of the shell's own, 0: none. Given away with the call, also if it fails. */
struct job_streams {
	cap_t input, output;
};
int job_run(char **argv);              /* and waits for its end */
int job_start(char **argv, const struct job_streams *streams);  /* & */
int job_grant(const char *server, char **argv);  /* run with a capability to that server as SLOT_EXTRA */
/* Starts one command of a pipeline; 0 and its pid, or an exit status. */
int job_begin(char **argv, const struct job_streams *streams, uint64_t *pid);
int job_end(uint64_t pid);             /* waits for it: its exit status */
void job_keep(uint64_t pid);           /* it goes on beside the shell, as one started with & */
int job_wait(uint64_t pid);            /* pid 0: all started with & */
void job_reap(void);                   /* tells which of those have ended */

/* report.c: what the system is doing. */
int report_mem(void);
int report_audit(void);
int report_ps(void);
int report_maps(uint64_t pid);
int report_uptime(void);
int report_why(uint64_t address);

/* file.c: what the file server has. A path NULL: the standard input. */
int file_list_directory(const char *path);
int file_print(const char *path);
int file_count(const char *path);
int file_copy(const char *from, const char *to);
int file_move(const char *from, const char *to);
int file_delete(const char *path);
int file_new_directory(const char *path);
int file_delete_directory(const char *path);
int file_space_left(void);
void file_print_programs(void);        /* the names in /bin, in columns */
/* All of a file, as text to be freed; NULL: said why not. */
char *file_text(const char *path);
/* An open file (how: enum file_open_flag), 0 or an error number; and its end. */
int file_open_path(const char *path, unsigned how, cap_t *file);
void file_end(cap_t file);

/* say.c: complaints and names. */
/* "shell: WHAT: text of the error" on stderr; gives STATUS_FAILED. */
int say_error(const char *what, int error);
int say_usage(const char *usage);
/* A name that others chose, `most` bytes or up to a NUL, on stdout; not ASCII as \xNN: its columns. */
int say_name(const char *name, size_t most);
/* A decimal number and nothing else. */
bool parse_number(const char *text, uint64_t *number);

#endif
