/*
 * parse.h: the shell's language, one command at a time. Pure: text in, words out; it starts nothing and
 * prints nothing, and runs on the build machine as it does here.
 *
 *   words        separated by blanks; 'as is', "with $?", \c
 *   a; b         one after the other (a newline does the same)
 *   a && b       b if a gave 0;   a || b  b if it did not
 *   a &          does not wait for a
 *   a | b        b reads what a writes
 *   a < f, a > f, a >> f   input from a file, output to a file, behind what is in a file
 *   $? $$ $!     last status, own pid, pid of the last command started with &
 *   # ...        nothing, to the end of the line
 */
#ifndef SHELL_PARSE_H
#define SHELL_PARSE_H

#include <stdbool.h>
#include <stdint.h>

#define PARSE_WORDS 64
#define PARSE_BYTES 4096

enum parse_after {                     /* what stands behind a command */
	AFTER_NEXT,                    /* ; or a newline or the end */
	AFTER_BACKGROUND,
	AFTER_AND,
	AFTER_OR,
	AFTER_PIPE,
};

struct parse_values {
	unsigned status;               /* $? */
	uint64_t self, background;     /* $$ $! */
};

struct parse_command {
	int argc;                      /* at least 1 */
	char *argv[PARSE_WORDS + 1];   /* into bytes; NULL at the end */
	char *input, *output;          /* into bytes; NULL: not redirected */
	bool append;                   /* to the output */
	enum parse_after after;
	char bytes[PARSE_BYTES];
};

/*
 * Takes the next command off *text. 1: it is in *c; 0: there is none left; -1: *why says what is wrong
 * (nothing in *c counts then).
 */
int parse_next(const char **text, const struct parse_values *values, struct parse_command *c,
	       const char **why);

/* What is wrong with the whole text, or NULL. *scratch is overwritten. */
const char *parse_check(const char *text, struct parse_command *scratch);

#endif
