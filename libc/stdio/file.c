/*
 * file.c: the three standard streams, the list of open ones, and how bytes go out: the part of stdio that a
 * program which only prints needs.
 */
#include <errno.h>
#include <string.h>
#include <sys/lock.h>
#include <unistd.h>
#include "stdio_internal.h"

#define STREAM_BYTES 900               /* one message to the console */

static unsigned char in_bytes[UNGET_BYTES + STREAM_BYTES], out_bytes[UNGET_BYTES + STREAM_BYTES];
static unsigned char error_bytes[UNGET_BYTES];

static struct __file in_file = {
	.buffer = in_bytes + UNGET_BYTES, .size = STREAM_BYTES, .fd = STDIN_FILENO, .flags = FILE_READ, .mode = _IOLBF,
};
static struct __file error_file = {
	.buffer = error_bytes + UNGET_BYTES, .fd = STDERR_FILENO, .flags = FILE_WRITE, .mode = _IONBF,
};
static struct __file out_file = {
	.buffer = out_bytes + UNGET_BYTES, .size = STREAM_BYTES, .fd = STDOUT_FILENO, .flags = FILE_WRITE,
	.mode = _IOLBF, .older = &error_file,
};

#undef stdin
#undef stdout
#undef stderr
FILE *const stdin = &in_file;
FILE *const stdout = &out_file;
FILE *const stderr = &error_file;

static struct lock list_lock;
static FILE *newest = &out_file;       /* under the lock; stdin keeps nothing to write */

void file_lock(FILE *f)
{
	__retarget_lock_acquire_recursive(&f->lock);
}

void file_unlock(FILE *f)
{
	__retarget_lock_release_recursive(&f->lock);
}

void file_list_add(FILE *f)
{
	lock_acquire(&list_lock);
	f->older = newest;
	newest->newer = f;
	newest = f;
	lock_release(&list_lock);
}

void file_list_remove(FILE *f)
{
	lock_acquire(&list_lock);
	if (f->newer)
		f->newer->older = f->older;
	else
		newest = f->older;
	if (f->older)
		f->older->newer = f->newer;
	lock_release(&list_lock);
}

ssize_t file_raw_write(FILE *f, const void *data, size_t size)
{
	if (!f->calls)
		return write(f->fd, data, size);
	if (f->calls->write)
		return f->calls->write(f, data, size);
	errno = EBADF;
	return -1;
}

static int write_all(FILE *f, const unsigned char *data, size_t size)
{
	while (size) {
		ssize_t n = file_raw_write(f, data, size);

		if (n <= 0) {
			f->flags |= FILE_ERROR;
			return EOF;
		}
		data += n;
		size -= (size_t)n;
	}
	return 0;
}

int file_write_out_locked(FILE *f)
{
	size_t size = (size_t)(f->next - f->buffer);

	f->next = f->buffer;
	return write_all(f, f->buffer, size);
}

int file_writing_locked(FILE *f)
{
	if (f->flags & FILE_WRITING)
		return 0;
	if (!(f->flags & FILE_WRITE)) {
		errno = EBADF;
		f->flags |= FILE_ERROR;
		return EOF;
	}
	if (f->flags & FILE_READING && file_idle_locked(f))
		return EOF;
	f->flags |= FILE_WRITING;
	f->next = f->buffer;
	f->end = f->buffer + f->size;
	return 0;
}

/* Bytes that are not to stay in the buffer: up to the last line end, or all. */
static size_t bytes_due(const FILE *f, const unsigned char *data, size_t size)
{
	if (f->mode == _IONBF)
		return size;
	if (f->mode == _IOLBF) {
		while (size && data[size - 1] != '\n')
			size--;
		return size;
	}
	return 0;
}

static int put_buffered(FILE *f, const unsigned char *data, size_t size)
{
	if (size > (size_t)(f->end - f->next) && file_write_out_locked(f))
		return EOF;
	if (size >= f->size)
		return write_all(f, data, size);
	memcpy(f->next, data, size);
	f->next += size;
	return 0;
}

size_t file_put_locked(FILE *f, const void *data, size_t size)
{
	const unsigned char *bytes = data;
	size_t due;

	if (!size || file_writing_locked(f))
		return 0;
	due = bytes_due(f, bytes, size);
	if (due && (put_buffered(f, bytes, due) || file_write_out_locked(f)))
		return 0;
	if (size > due && put_buffered(f, bytes + due, size - due))
		return due;
	return size;
}

/* Who waits in a read holds its stream's lock: only streams with something to write are asked for it. */
static int write_out_all(void)
{
	int result = 0;

	for (FILE *f = newest; f; f = f->older) {
		if (!(__atomic_load_n(&f->flags, __ATOMIC_RELAXED) & FILE_WRITING) || f->next == f->buffer)
			continue;
		file_lock(f);
		if (f->flags & FILE_WRITING && file_write_out_locked(f))
			result = EOF;
		file_unlock(f);
	}
	return result;
}

int fflush(FILE *f)
{
	int result;

	if (!f) {
		lock_acquire(&list_lock);
		result = write_out_all();
		lock_release(&list_lock);
		return result;
	}
	file_lock(f);
	result = file_idle_locked(f);
	file_unlock(f);
	return result;
}

void stdio_finish(void)
{
	(void)write_out_all();
}

size_t fwrite(const void *restrict data, size_t each, size_t count, FILE *restrict f)
{
	size_t size, put;

	if (!each || !count)
		return 0;
	if (__builtin_mul_overflow(each, count, &size)) {
		errno = EOVERFLOW;
		return 0;
	}
	file_lock(f);
	put = file_put_locked(f, data, size);
	file_unlock(f);
	return put == size ? count : put / each;
}

int fputs(const char *restrict text, FILE *restrict f)
{
	size_t size = strlen(text);

	return fwrite(text, 1, size, f) == size ? 0 : EOF;
}

int puts(const char *text)
{
	size_t size = strlen(text);
	int result;

	file_lock(&out_file);
	result = file_put_locked(&out_file, text, size) == size && file_putc_locked('\n', &out_file) != EOF ? 0 : EOF;
	file_unlock(&out_file);
	return result;
}

int fputc(int c, FILE *f)
{
	file_lock(f);
	c = file_putc_locked(c, f);
	file_unlock(f);
	return c;
}

int putc(int c, FILE *f) __attribute__((alias("fputc")));

int putchar(int c)
{
	return fputc(c, &out_file);
}
