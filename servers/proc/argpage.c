/*
 * argpage.c: see argpage.h. The strings come from a program and are checked here once; what follows
 * may rely on their number and their NULs.
 */
#include <string.h>
#include <proc_idl.h>
#include "argpage.h"

_Static_assert(sizeof(struct start_info) + ARGS_MAX <= PAGE_SIZE, "everything fits into the page");

/* The offset behind count strings from `at` on; size + 1 if there are not so many. */
static size_t skip_strings(const char *strings, size_t at, size_t size, uint32_t count)
{
	for (; count; count--) {
		const char *end = at < size ? memchr(strings + at, 0, size - at) : NULL;

		if (!end)
			return size + 1;
		at = (size_t)(end - strings) + 1;
	}
	return at;
}

int argpage_check(const char *strings, size_t size, uint32_t argc, uint32_t envc)
{
	size_t env;

	if (size > ARGS_MAX)
		return E_TOO_BIG;
	env = skip_strings(strings, 0, size, argc);
	if (!argc || env > size || !*strings || skip_strings(strings, env, size, envc) != size)
		return E_BAD_MESSAGE;
	return 0;
}

/* Each string takes a pointer on the new process's stack too. */
int argpage_check_long(uint32_t size, uint32_t argc, uint32_t envc, uint32_t env)
{
	uint64_t strings = (uint64_t)argc + envc;

	if (size + strings * sizeof(char *) > PROC_ARGS_MOST)
		return E_TOO_BIG;
	return !argc || strings > size || env < argc || env > size ? E_BAD_MESSAGE : 0;
}

int argpage_add(char *strings, size_t *size, const char *text)
{
	size_t n = strlen(text) + 1;

	if (n > ARGS_MAX - *size)
		return 0;
	memcpy(strings + *size, text, n);
	*size += n;
	return 1;
}

size_t argpage_build(unsigned char page[PAGE_SIZE], const struct start_info *info, const char *strings,
		     size_t size, uint32_t argc, uint32_t envc)
{
	struct start_info filled = *info;

	filled.magic = START_MAGIC;
	filled.argc = argc;
	filled.envc = envc;
	filled.argv_offset = sizeof filled;
	filled.env_offset = (uint32_t)(sizeof filled + skip_strings(strings, 0, size, argc));
	memset(page, 0, PAGE_SIZE);
	memcpy(page, &filled, sizeof filled);
	memcpy(page + sizeof filled, strings, size);
	return sizeof filled + size;
}

size_t argpage_build_long(unsigned char page[PAGE_SIZE], const struct start_info *info, uint32_t argc, uint32_t envc,
			  uint32_t env)
{
	struct start_info filled = *info;

	filled.magic = START_MAGIC;
	filled.argc = argc;
	filled.envc = envc;
	filled.argv_offset = PAGE_SIZE;
	filled.env_offset = PAGE_SIZE + env;
	memset(page, 0, PAGE_SIZE);
	memcpy(page, &filled, sizeof filled);
	return sizeof filled;
}
