/*
 * say.c: see shell.h.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tessera/process.h>

#include "shell.h"

int say_error(const char *what, int error)
{
	fflush(stdout);
	fprintf(stderr, "shell: %s: %s\n", what, error_text(error));
	return STATUS_FAILED;
}

int say_usage(const char *usage)
{
	fflush(stdout);
	fprintf(stderr, "usage: %s\n", usage);
	return STATUS_USAGE;
}

int say_name(const char *name, size_t most)
{
	int columns = 0;

	for (size_t i = 0; i < most && name[i]; i++) {
		unsigned char c = (unsigned char)name[i];

		if (c < ' ' || c >= 0x7f)
			columns += printf("\\x%02x", c);
		else
			columns += printf("%c", c);
	}
	return columns;
}

bool parse_number(const char *text, uint64_t *number)
{
	char *end;

	if (*text < '0' || *text > '9')
		return false;
	errno = 0;
	*number = strtoull(text, &end, 10);
	return !*end && !errno;
}
