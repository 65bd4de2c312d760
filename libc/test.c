/*
 * test.c: runs tests and prints TAP. Owns the count of failed checks of the test that runs. Lines begin with what
 * is fixed (`ok`, `not ok`, `#`), so that other output between them does no harm.
 */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <tessera/test.h>

#define SEPARATORS ", "

static unsigned failed_checks;

int test_check(int ok, const char *text, const char *file, int line)
{
	if (!ok) {
		failed_checks++;
		printf("# %s:%d: %s\n", file, line, text);
	}
	return ok;
}

/* Whether the arguments name this test, or name none. */
static bool wanted(int argc, char **argv, const char *name, size_t length)
{
	for (int i = 1; i < argc; i++)
		if (strlen(argv[i]) == length && !strncmp(argv[i], name, length))
			return true;
	return argc < 2;
}

/* The next name of the list, its length in *length; NULL behind the last. */
static const char *next_name(const char *names, size_t *length)
{
	names += strspn(names, SEPARATORS);
	*length = strcspn(names, SEPARATORS);
	return *length ? names : NULL;
}

int test_main(int argc, char **argv, const char *names, void (*const tests[])(void))
{
	unsigned count = 0, number = 0, failed = 0, test = 0;
	size_t length = 0;

	for (const char *name = names; (name = next_name(name, &length)); name += length)
		count += wanted(argc, argv, name, length);
	if (count < (unsigned)argc - 1 || !count) {
		fprintf(stderr, "%s: no such test; there are: %s\n", argv[0], names);
		return 2;
	}
	printf("1..%u\n", count);
	for (const char *name = names; (name = next_name(name, &length)); name += length, test++) {
		if (!wanted(argc, argv, name, length))
			continue;
		failed_checks = 0;
		tests[test]();
		failed += failed_checks != 0;
		printf("%s %u - %.*s\n", failed_checks ? "not ok" : "ok", ++number, (int)length, name);
	}
	return failed != 0;
}
