/* state.c: asking and changing what a stream says of itself, and its lock. */
#include <errno.h>
#include <string.h>
#include <sys/lock.h>
#include "stdio_internal.h"

int feof(FILE *f)
{
	return !!(f->flags & FILE_EOF);
}

int ferror(FILE *f)
{
	return !!(f->flags & FILE_ERROR);
}

void clearerr(FILE *f)
{
	file_lock(f);
	f->flags &= ~(FILE_EOF | FILE_ERROR);
	file_unlock(f);
}

int fileno(FILE *f)
{
	if (f->fd < 0)
		errno = EBADF;
	return f->fd;
}

void flockfile(FILE *f)
{
	file_lock(f);
}

int ftrylockfile(FILE *f)
{
	return !__retarget_lock_try_acquire_recursive(&f->lock);
}

void funlockfile(FILE *f)
{
	file_unlock(f);
}

int getc_unlocked(FILE *f)
{
	return file_getc_locked(f);
}

int getchar_unlocked(void)
{
	return file_getc_locked(stdin);
}

int putc_unlocked(int c, FILE *f)
{
	return file_putc_locked(c, f);
}

int putchar_unlocked(int c)
{
	return file_putc_locked(c, stdout);
}

/* Taking the lock again costs little: these are the others. */
size_t fread_unlocked(void *restrict data, size_t each, size_t count, FILE *restrict f)
{
	return fread(data, each, count, f);
}

size_t fwrite_unlocked(const void *restrict data, size_t each, size_t count, FILE *restrict f)
{
	return fwrite(data, each, count, f);
}

int fputs_unlocked(const char *restrict text, FILE *restrict f)
{
	return fputs(text, f);
}

int fgetc_unlocked(FILE *f) __attribute__((alias("getc_unlocked")));
int fputc_unlocked(int c, FILE *f) __attribute__((alias("putc_unlocked")));
int feof_unlocked(FILE *f) __attribute__((alias("feof")));
int ferror_unlocked(FILE *f) __attribute__((alias("ferror")));
void clearerr_unlocked(FILE *f) __attribute__((alias("clearerr")));

int fflush_unlocked(FILE *f)
{
	return fflush(f);
}

void perror(const char *what)
{
	const char *text = strerror(errno);

	file_lock(stderr);
	if (what && *what) {
		fputs(what, stderr);
		fputs(": ", stderr);
	}
	fputs(text, stderr);
	fputc('\n', stderr);
	file_unlock(stderr);
}
