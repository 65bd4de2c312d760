/*
 * shell: reads commands from the console, or takes them from `shell -c COMMANDS` or `shell FILE`, and runs them one
 * after the other; `shell -b COMMAND WORDS` is one of its own commands. This file reads and sequences; parse.c
 * is the
 * language, builtin.c what the shell does itself, job.c programs, pipeline.c their streams, file.c files.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <stream_client.h>
#include <tessera/process.h>
#include <tessera/syscall.h>

#include "parse.h"
#include "shell.h"

#define PROMPT     "$ "
#define LINE_MOST  4096
#define PIECE_MOST 800                 /* bytes of one read: stream.idl */

struct shell shell;

static int run_command(struct parse_command *c, bool in_pipeline)
{
	const struct job_streams own = { 0, 0 };
	int status;

	shell.beside = c->after == AFTER_BACKGROUND;
	if (in_pipeline || c->after == AFTER_PIPE || c->input || c->output)
		return pipeline_run(c);
	if (shell.beside && !builtin_knows(c->argv[0]))
		return job_start(c->argv, &own);
	if (shell.beside && strcmp(c->argv[0], "grant"))
		return pipeline_run(c);
	return builtin_run(c->argc, c->argv, &status) ? status : job_run(c->argv);
}

/* A pipeline is run or skipped as a whole. */
static bool is_skipped(enum parse_after before, bool was_skipped)
{
	if (before == AFTER_PIPE)
		return was_skipped;
	return (before == AFTER_AND && shell.status) || (before == AFTER_OR && !shell.status);
}

int run_text(const char *text)
{
	struct parse_command command;
	enum parse_after before = AFTER_NEXT;
	const char *why = parse_check(text, &command);
	bool skipped = false;

	while (!why && !shell.leave) {
		const struct parse_values values = {
			.status = shell.status,
			.self = process_start_info()->pid,
			.background = shell.background,
		};

		if (parse_next(&text, &values, &command, &why) <= 0)
			break;
		skipped = is_skipped(before, skipped);
		if (!skipped)
			shell.status = (unsigned)run_command(&command, before == AFTER_PIPE);
		before = command.after;
		fflush(stdout);
		if (shell.status == STATUS_INTERRUPTED && shell.interactive)
			break;
	}
	pipeline_drop();
	if (why) {
		fprintf(stderr, "shell: %s\n", why);
		shell.status = STATUS_USAGE;
	}
	return (int)shell.status;
}

enum line { LINE_READ, LINE_AGAIN, LINE_END };

/* A line without its newline in text[LINE_MOST + 1]; AGAIN: Ctrl-C was typed, or it was too long. */
static enum line read_line(char *text)
{
	size_t length = 0, got = 0;

	for (;;) {
		int error = stream_read(SLOT_STDIN, PIECE_MOST, text + length, LINE_MOST - length, &got);

		if (error == E_INTERRUPTED)
			return LINE_AGAIN;
		if (error == E_TOO_BIG) {
			fprintf(stderr, "shell: the line is too long\n");
			return LINE_AGAIN;
		}
		if (error || (!got && !length))
			return LINE_END;
		length += got;
		if (!got || text[length - 1] == '\n')
			break;
	}
	text[length - (got != 0)] = 0;
	return strlen(text) == length - (got != 0) ? LINE_READ : LINE_AGAIN;
}

/* PROMPT_AT in the environment: rdinstret when the first prompt was written. Figures of the boot are made of it. */
static void note_prompt(void)
{
	char text[24];

	snprintf(text, sizeof(text), "%llu", (unsigned long long)sys_instret());
	(void)setenv("PROMPT_AT", text, 1);
}

static void interact(void)
{
	static char text[LINE_MOST + 1];
	bool noted = false;

	shell.interactive = true;
	while (!shell.leave) {
		enum line line;

		job_reap();
		fputs(PROMPT, stdout);
		fflush(stdout);
		if (!noted)
			note_prompt();
		noted = true;
		line = read_line(text);
		if (line == LINE_END) {
			putchar('\n');
			break;
		}
		if (line == LINE_READ)
			run_text(text);
	}
}

/* The commands in a file. */
static int run_file(const char *path)
{
	char *text = file_text(path);
	int status = text ? run_text(text) : STATUS_FAILED;

	free(text);
	return status;
}

static int run_builtin(int argc, char **argv)
{
	int status = STATUS_NOT_FOUND;

	(void)builtin_run(argc, argv, &status);
	return status;
}

int main(int argc, char **argv)
{
	if (argc == 3 && !strcmp(argv[1], "-c"))
		return run_text(argv[2]);
	if (argc > 2 && !strcmp(argv[1], "-b"))
		return run_builtin(argc - 2, argv + 2);
	if (argc == 2 && argv[1][0] != '-')
		return run_file(argv[1]);
	if (argc != 1)
		return say_usage("shell [FILE | -c COMMANDS]");
	interact();
	return (int)shell.status;
}
