/* printf_string.c: formatted output into memory and to descriptors. */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include "stdio_internal.h"

/* A stream whose bytes go to `text`, as many as it has room for. */
struct string_file {
	struct __file file;
	char *text;
	size_t room, kept;
};

static ssize_t keep(FILE *f, const void *data, size_t size)
{
	struct string_file *s = (struct string_file *)f;
	size_t most = s->room - s->kept;

	if (most > size)
		most = size;
	if (most)
		memcpy(s->text + s->kept, data, most);
	s->kept += most;
	return (ssize_t)size;
}

static const struct file_calls keep_calls = { .write = keep };

int vsnprintf(char *restrict text, size_t size, const char *restrict format, va_list args)
{
	unsigned char piece[64];
	struct string_file s = {
		.file = { .buffer = piece, .size = sizeof(piece), .mode = _IOFBF, .flags = FILE_WRITE, .fd = -1,
			  .calls = &keep_calls },
		.text = text, .room = size ? size - 1 : 0,
	};
	int n = vfprintf(&s.file, format, args);

	(void)file_idle_locked(&s.file);
	if (size)
		text[s.kept] = 0;
	return n;
}

int snprintf(char *restrict text, size_t size, const char *restrict format, ...)
{
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(text, size, format, args);
	va_end(args);
	return n;
}

int vsprintf(char *restrict text, const char *restrict format, va_list args)
{
	return vsnprintf(text, INT_MAX, format, args);
}

int sprintf(char *restrict text, const char *restrict format, ...)
{
	va_list args;
	int n;

	va_start(args, format);
	n = vsprintf(text, format, args);
	va_end(args);
	return n;
}

int vasprintf(char **restrict out, const char *restrict format, va_list args)
{
	va_list copy;
	int n;

	va_copy(copy, args);
	n = vsnprintf(NULL, 0, format, copy);
	va_end(copy);
	*out = n < 0 ? NULL : malloc((size_t)n + 1);
	return *out ? vsnprintf(*out, (size_t)n + 1, format, args) : -1;
}

int asprintf(char **restrict out, const char *restrict format, ...)
{
	va_list args;
	int n;

	va_start(args, format);
	n = vasprintf(out, format, args);
	va_end(args);
	return n;
}

int vdprintf(int fd, const char *restrict format, va_list args)
{
	unsigned char piece[256];
	struct __file f = { .buffer = piece, .size = sizeof(piece), .mode = _IOFBF, .flags = FILE_WRITE, .fd = fd };
	int n = vfprintf(&f, format, args);

	return file_idle_locked(&f) ? -1 : n;
}

int dprintf(int fd, const char *restrict format, ...)
{
	va_list args;
	int n;

	va_start(args, format);
	n = vdprintf(fd, format, args);
	va_end(args);
	return n;
}
