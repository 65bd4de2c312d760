/*
 * lookup.c: see lookup.h. All input is somebody else's: program names, boot arguments.
 */
#include <string.h>
#include "lookup.h"

#define PROGRAM_DIRECTORY "bin/"

/* Copies n characters and a NUL if they fit. */
static bool copy_text(char *out, size_t size, const char *text, size_t n)
{
	if (n >= size)
		return false;
	memcpy(out, text, n);
	out[n] = 0;
	return true;
}

/* Every part between slashes has a name, and none leads back. */
static bool parts_good(const char *path)
{
	for (;;) {
		size_t n = strcspn(path, "/");

		if (n == 0 || (n <= 2 && strspn(path, ".") >= n))
			return false;
		if (!path[n])
			return true;
		path += n + 1;
	}
}

bool lookup_path(const char *word, char *path, size_t size)
{
	size_t prefix = strlen(PROGRAM_DIRECTORY);

	if (strchr(word, '/'))
		return parts_good(word + (*word == '/')) &&
		       copy_text(path, size, word + (*word == '/'), strlen(word) - (*word == '/'));
	return parts_good(word) && copy_text(path, size, PROGRAM_DIRECTORY, prefix) &&
	       copy_text(path + prefix, size - prefix, word, strlen(word));
}

const char *lookup_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

bool lookup_bootarg(const char *bootargs, const char *name, char *value, size_t size)
{
	size_t n = strlen(name);

	for (const char *at = bootargs; n;) {
		size_t word;

		at += strspn(at, " ");
		if (!*at)
			return false;
		word = strncmp(at, "exec=", 5) == 0 ? strlen(at) : strcspn(at, " ");
		if (word >= n && strncmp(at, name, n) == 0 && (word == n || at[n] == '='))
			return copy_text(value, size, at + n + (word > n), word - n - (word > n));
		at += word;
	}
	return false;
}

size_t lookup_printable(char *out, size_t size, const char *text)
{
	static const char digits[] = "0123456789abcdef";
	size_t n = 0;

	for (; *text; text++) {
		unsigned char c = (unsigned char)*text;

		if (c >= ' ' && c < 0x7f && c != '\\') {
			if (n + 1 >= size)
				break;
			out[n++] = (char)c;
			continue;
		}
		if (n + 4 >= size)
			break;
		out[n++] = '\\';
		out[n++] = 'x';
		out[n++] = digits[c >> 4];
		out[n++] = digits[c & 15];
	}
	if (size)
		out[n] = 0;
	return n;
}
