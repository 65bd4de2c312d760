/* read.c: bytes, lines and blocks coming in. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "stdio_internal.h"

#define LINE_START 120                 /* bytes of getdelim's first buffer */

static ssize_t raw_read(FILE *f, void *data, size_t size)
{
	if (!f->calls)
		return read(f->fd, data, size);
	if (f->calls->read)
		return f->calls->read(f, data, size);
	errno = EBADF;
	return -1;
}

static int reading_locked(FILE *f)
{
	if (f->flags & FILE_READING)
		return 0;
	if (!(f->flags & FILE_READ)) {
		errno = EBADF;
		f->flags |= FILE_ERROR;
		return EOF;
	}
	if (f->flags & FILE_WRITING && file_idle_locked(f))
		return EOF;
	f->flags |= FILE_READING;
	f->next = f->end = f->buffer;
	return 0;
}

/* Who waits for input has seen what was written before. */
static void show_output(FILE *f)
{
	if (f == stdin && stdout->mode == _IOLBF)
		(void)fflush(stdout);
}

static ssize_t read_some(FILE *f, void *data, size_t size)
{
	ssize_t n;

	show_output(f);
	n = raw_read(f, data, size);
	if (n <= 0)
		f->flags |= n ? FILE_ERROR : FILE_EOF;
	return n;
}

int file_fill_locked(FILE *f)
{
	unsigned char byte;
	ssize_t n;

	if (reading_locked(f))
		return EOF;
	if (f->next < f->end)
		return *f->next++;
	if (f->flags & FILE_EOF)
		return EOF;
	if (!f->size)
		return read_some(f, &byte, 1) == 1 ? byte : EOF;
	n = read_some(f, f->buffer, f->size);
	f->next = f->buffer;
	f->end = f->buffer + (n > 0 ? n : 0);
	return n > 0 ? *f->next++ : EOF;
}

static size_t take(FILE *f, unsigned char *to, size_t size)
{
	size_t there = (size_t)(f->end - f->next);

	if (size > there)
		size = there;
	memcpy(to, f->next, size);
	f->next += size;
	return size;
}

/* Large pieces go past the buffer. */
size_t file_get_locked(FILE *f, void *data, size_t size)
{
	unsigned char *to = data;
	size_t done = 0;

	if (!size || reading_locked(f))
		return 0;
	done = take(f, to, size);
	while (done < size) {
		if (size - done >= f->size) {
			ssize_t n = read_some(f, to + done, size - done);

			if (n <= 0)
				break;
			done += (size_t)n;
		} else {
			int c = file_fill_locked(f);

			if (c == EOF)
				break;
			to[done++] = (unsigned char)c;
			done += take(f, to + done, size - done);
		}
	}
	return done;
}

size_t fread(void *restrict data, size_t each, size_t count, FILE *restrict f)
{
	size_t size, got;

	if (!each || !count)
		return 0;
	if (__builtin_mul_overflow(each, count, &size)) {
		errno = EOVERFLOW;
		return 0;
	}
	file_lock(f);
	got = file_get_locked(f, data, size);
	file_unlock(f);
	return got == size ? count : got / each;
}

int fgetc(FILE *f)
{
	int c;

	file_lock(f);
	c = file_getc_locked(f);
	file_unlock(f);
	return c;
}

int getc(FILE *f) __attribute__((alias("fgetc")));

int getchar(void)
{
	return fgetc(stdin);
}

int file_unget_locked(int c, FILE *f)
{
	if (c == EOF || reading_locked(f) || f->next == f->buffer - UNGET_BYTES)
		return EOF;
	*--f->next = (unsigned char)c;
	f->flags &= ~FILE_EOF;
	return (unsigned char)c;
}

int ungetc(int c, FILE *f)
{
	file_lock(f);
	c = file_unget_locked(c, f);
	file_unlock(f);
	return c;
}

/* Appends bytes up to and with `last` from the buffer: how many. *found: it was there. */
static size_t take_to(FILE *f, char *to, size_t most, int last, bool *found)
{
	size_t there = (size_t)(f->end - f->next), size = there < most ? there : most;
	const unsigned char *at = memchr(f->next, last, size);

	*found = at != NULL;
	return take(f, (unsigned char *)to, at ? (size_t)(at - f->next) + 1 : size);
}

char *fgets(char *restrict line, int size, FILE *restrict f)
{
	size_t most = size > 0 ? (size_t)size - 1 : 0, n = 0;
	bool found = false;

	if (size <= 0)
		return NULL;
	file_lock(f);
	while (n < most && !found) {
		int c = file_getc_locked(f);

		if (c == EOF)
			break;
		line[n++] = (char)c;
		if (c == '\n')
			break;
		n += take_to(f, line + n, most - n, '\n', &found);
	}
	file_unlock(f);
	line[n] = 0;
	return n || !most ? line : NULL;
}

char *gets(char *line)
{
	char *at = line;
	int c;

	file_lock(stdin);
	while ((c = file_getc_locked(stdin)) != EOF && c != '\n')
		*at++ = (char)c;
	file_unlock(stdin);
	*at = 0;
	return c == EOF && at == line ? NULL : line;
}

/* Room for n bytes in the caller's malloc'ed line. */
static bool line_room(char **line, size_t *size, size_t n)
{
	size_t wanted = *line && *size ? *size : LINE_START;
	char *larger;

	if (*line && n <= *size)
		return true;
	while (wanted < n)
		wanted *= 2;
	larger = realloc(*line, wanted);
	if (!larger)
		return false;
	*line = larger;
	*size = wanted;
	return true;
}

static ssize_t get_delim_locked(char **line, size_t *size, int last, FILE *f)
{
	size_t n = 0;
	int c;

	do {
		c = file_getc_locked(f);
		if (c == EOF)
			break;
		if (!line_room(line, size, n + 2)) {
			f->flags |= FILE_ERROR;
			return -1;
		}
		(*line)[n++] = (char)c;
	} while (c != last);
	if (!n)
		return -1;
	(*line)[n] = 0;
	return (ssize_t)n;
}

ssize_t getdelim(char **restrict line, size_t *restrict size, int last, FILE *restrict f)
{
	ssize_t n;

	if (!line || !size) {
		errno = EINVAL;
		return -1;
	}
	file_lock(f);
	n = get_delim_locked(line, size, last, f);
	file_unlock(f);
	return n;
}

ssize_t getline(char **restrict line, size_t *restrict size, FILE *restrict f)
{
	return getdelim(line, size, '\n', f);
}
