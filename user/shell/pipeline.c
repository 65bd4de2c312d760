/*
 * pipeline.c: commands whose streams are files or pipes. Each runs in a process of its own: what the shell
 * does itself
 * is done by a second shell (`shell -b COMMAND WORDS`). Owns the pipeline that is being made.
 */
#include <stdio.h>
#include <string.h>
#include <file_client.h>
#include <tessera/ipc.h>
#include <tessera/process.h>

#include "shell.h"

#define MEMBERS 32                     /* commands of one pipeline */

static cap_t upstream;                 /* the end to read from what the last command writes; 0: it is the first */
static uint64_t members[MEMBERS];      /* started, not the last */
static unsigned count;

void pipeline_drop(void)
{
	file_end(upstream);
	upstream = 0;
	while (count)
		(void)job_end(members[--count]);
}

static int open_streams(const struct parse_command *c, struct job_streams *s)
{
	unsigned how = FILE_WRITE | FILE_CREATE | (c->append ? FILE_APPEND : FILE_TRUNCATE);
	int error;

	s->input = upstream;
	s->output = 0;
	upstream = 0;
	if (c->input) {
		file_end(s->input);
		s->input = 0;
		error = file_open_path(c->input, FILE_READ, &s->input);
		if (error)
			return say_error(c->input, error);
	}
	if (c->output) {
		error = file_open_path(c->output, how, &s->output);
		if (error)
			return say_error(c->output, error);
	}
	return 0;
}

/* The pipe behind this command: it writes there unless its output goes to a file. */
static int make_pipe(struct job_streams *s)
{
	cap_t server = 0, reader = 0, writer = 0;
	int error = server_open("file", FILE_VERSION, &server);

	if (!error)
		error = file_pipe(server, &reader, &writer);
	if (error)
		return say_error("pipe", error);
	upstream = reader;
	if (s->output)
		file_end(writer);
	else
		s->output = writer;
	return 0;
}

/* The words, with `shell -b` before them if the shell must do it. */
static char **words_of(struct parse_command *c, char *words[PARSE_WORDS + 3])
{
	static char shell_name[] = "shell", flag[] = "-b";

	if (!builtin_knows(c->argv[0]))
		return c->argv;
	words[0] = shell_name;
	words[1] = flag;
	memcpy(words + 2, c->argv, ((unsigned)c->argc + 1) * sizeof(words[0]));
	return words;
}

static int start_member(struct parse_command *c, const struct job_streams *s, uint64_t *pid)
{
	char *words[PARSE_WORDS + 3];

	if (c->after == AFTER_BACKGROUND)
		return job_start(words_of(c, words), s);
	return job_begin(words_of(c, words), s, pid);
}

int pipeline_run(struct parse_command *c)
{
	struct job_streams s;
	uint64_t pid = 0;
	int status = open_streams(c, &s);

	if (c->after == AFTER_PIPE)
		status |= count < MEMBERS ? make_pipe(&s) : say_error("pipe", E_TOO_BIG);
	if (status) {
		file_end(s.input);
		file_end(s.output);
	} else {
		status = start_member(c, &s, &pid);
	}
	if (c->after == AFTER_PIPE) {
		if (pid)
			members[count++] = pid;
		return status;
	}
	if (pid)
		status = job_end(pid);
	while (count && c->after == AFTER_BACKGROUND)
		job_keep(members[--count]);
	pipeline_drop();
	return status;
}
