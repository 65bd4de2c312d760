/* open.c: streams over descriptors made, changed and closed. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "stdio_internal.h"

int file_mode_flags(const char *mode, int *open_flags)
{
	int plus = strchr(mode, '+') != NULL;
	unsigned flags = plus ? FILE_READ | FILE_WRITE : *mode == 'r' ? FILE_READ : FILE_WRITE;
	int how = plus ? O_RDWR : *mode == 'r' ? O_RDONLY : O_WRONLY;

	if (*mode != 'r' && *mode != 'w' && *mode != 'a') {
		errno = EINVAL;
		return -1;
	}
	if (*mode == 'w')
		how |= O_CREAT | O_TRUNC;
	if (*mode == 'a') {
		how |= O_CREAT | O_APPEND;
		flags |= FILE_APPEND;
	}
	if (strchr(mode, 'x'))
		how |= O_EXCL;
	*open_flags = how;
	return (int)flags;
}

FILE *file_new(unsigned flags, size_t buffer_size, size_t extra)
{
	FILE *f = malloc(sizeof(*f) + extra + UNGET_BYTES + buffer_size);

	if (!f)
		return NULL;
	memset(f, 0, sizeof(*f) + extra);
	f->buffer = (unsigned char *)(f + 1) + extra + UNGET_BYTES;
	f->size = buffer_size;
	f->fd = -1;
	f->flags = flags | FILE_OWN;
	f->mode = buffer_size ? _IOFBF : _IONBF;
	return f;
}

FILE *fdopen(int fd, const char *mode)
{
	int how, flags = file_mode_flags(mode, &how);
	FILE *f;

	if (flags < 0)
		return NULL;
	if (lseek(fd, 0, SEEK_CUR) < 0 && errno == EBADF)
		return NULL;
	f = file_new((unsigned)flags, BUFSIZ, 0);
	if (!f)
		return NULL;
	f->fd = fd;
	file_list_add(f);
	return f;
}

FILE *fopen(const char *restrict path, const char *restrict mode)
{
	int how, flags = file_mode_flags(mode, &how), fd;
	FILE *f;

	if (flags < 0)
		return NULL;
	fd = open(path, how, 0666);
	if (fd < 0)
		return NULL;
	f = file_new((unsigned)flags, BUFSIZ, 0);
	if (!f) {
		close(fd);
		return NULL;
	}
	f->fd = fd;
	file_list_add(f);
	return f;
}

/* Empties it and closes what is below. */
static int close_below(FILE *f)
{
	int result = file_idle_locked(f);

	if (f->calls ? f->calls->close && f->calls->close(f) : close(f->fd))
		result = EOF;
	f->fd = -1;
	f->flags &= FILE_OWN;
	return result;
}

int fclose(FILE *f)
{
	int result;

	file_lock(f);
	if (f->flags & FILE_OWN)
		file_list_remove(f);
	result = close_below(f);
	file_unlock(f);
	if (f->flags & FILE_OWN)
		free(f);
	return result;
}

/* Without a path: another mode for the same file, which is not known here. */
FILE *freopen(const char *restrict path, const char *restrict mode, FILE *restrict f)
{
	int how, flags = file_mode_flags(mode, &how), wanted, fd;

	if (flags < 0 || !path) {
		errno = path ? EINVAL : EBADF;
		return NULL;
	}
	file_lock(f);
	wanted = f->calls ? -1 : f->fd;
	(void)close_below(f);
	fd = open(path, how, 0666);
	if (fd >= 0 && wanted >= 0 && fd != wanted && dup2(fd, wanted) == wanted) {
		close(fd);
		fd = wanted;
	}
	f->fd = fd;
	f->calls = NULL;
	f->flags = (f->flags & FILE_OWN) | (fd >= 0 ? (unsigned)flags : 0);
	file_unlock(f);
	if (fd >= 0)
		return f;
	fclose(f);
	return NULL;
}

int setvbuf(FILE *restrict f, char *restrict buffer, int mode, size_t size)
{
	if (mode != _IOFBF && mode != _IOLBF && mode != _IONBF)
		return -1;
	file_lock(f);
	(void)file_idle_locked(f);
	f->mode = mode;
	if (mode == _IONBF) {
		f->size = 0;
	} else if (buffer && size > UNGET_BYTES) {
		f->buffer = (unsigned char *)buffer + UNGET_BYTES;
		f->size = size - UNGET_BYTES;
	}
	f->flags &= ~(FILE_READING | FILE_WRITING);
	file_unlock(f);
	return 0;
}

void setbuffer(FILE *f, char *buffer, size_t size)
{
	(void)setvbuf(f, buffer, buffer ? _IOFBF : _IONBF, size);
}

void setbuf(FILE *restrict f, char *restrict buffer)
{
	setbuffer(f, buffer, BUFSIZ);
}

void setlinebuf(FILE *f)
{
	(void)setvbuf(f, NULL, _IOLBF, 0);
}

/* A file of nobody's name, gone with the stream. */
FILE *tmpfile(void)
{
	char name[] = P_tmpdir "/tmp.XXXXXX";
	int fd = mkstemp(name);
	FILE *f;

	if (fd < 0)
		return NULL;
	(void)unlink(name);
	f = fdopen(fd, "w+");
	if (!f)
		close(fd);
	return f;
}

char *tmpnam(char *out)
{
	static _Atomic unsigned last;
	static char own[L_tmpnam];
	char *name = out ? out : own;

	(void)snprintf(name, L_tmpnam, P_tmpdir "/t%d.%u", (int)getpid() % 10000, last++ % 1000000);
	return name;
}
