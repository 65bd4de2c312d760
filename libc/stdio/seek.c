/* seek.c: streams leaving off reading or writing, and their positions. */
#include <errno.h>
#include <unistd.h>
#include "stdio_internal.h"

static off_t raw_seek(FILE *f, off_t offset, int whence)
{
	if (!f->calls)
		return lseek(f->fd, offset, whence);
	if (f->calls->seek)
		return f->calls->seek(f, offset, whence);
	errno = ESPIPE;
	return -1;
}

/* A stream that cannot seek keeps what it read ahead. */
int file_idle_locked(FILE *f)
{
	int result = 0, saved = errno;

	if (f->flags & FILE_WRITING) {
		result = file_write_out_locked(f);
		f->flags &= ~FILE_WRITING;
	} else if (f->flags & FILE_READING) {
		if (f->next != f->end && raw_seek(f, f->next - f->end, SEEK_CUR) < 0) {
			errno = saved;
			if (!(f->flags & FILE_WRITE))
				return 0;
		}
		f->flags &= ~FILE_READING;
	}
	return result;
}

int file_seek_locked(FILE *f, off_t offset, int whence)
{
	if (whence != SEEK_SET && whence != SEEK_CUR && whence != SEEK_END) {
		errno = EINVAL;
		return -1;
	}
	if (f->flags & FILE_WRITING && file_write_out_locked(f))
		return -1;
	if (f->flags & FILE_READING && whence == SEEK_CUR)
		offset -= f->end - f->next;
	if (raw_seek(f, offset, whence) < 0)
		return -1;
	f->flags &= ~(FILE_READING | FILE_WRITING | FILE_EOF);
	return 0;
}

int fseeko(FILE *f, off_t offset, int whence)
{
	int result;

	file_lock(f);
	result = file_seek_locked(f, offset, whence);
	file_unlock(f);
	return result;
}

int fseek(FILE *f, long offset, int whence)
{
	return fseeko(f, offset, whence);
}

void rewind(FILE *f)
{
	file_lock(f);
	(void)file_seek_locked(f, 0, SEEK_SET);
	f->flags &= ~FILE_ERROR;
	file_unlock(f);
}

static off_t tell_locked(FILE *f)
{
	int to_end = f->flags & FILE_APPEND && f->flags & FILE_WRITING && f->next != f->buffer;
	off_t at = raw_seek(f, 0, to_end ? SEEK_END : SEEK_CUR);

	if (at < 0)
		return -1;
	if (f->flags & FILE_WRITING)
		return at + (f->next - f->buffer);
	if (f->flags & FILE_READING)
		return at - (f->end - f->next);
	return at;
}

off_t ftello(FILE *f)
{
	off_t at;

	file_lock(f);
	at = tell_locked(f);
	file_unlock(f);
	return at;
}

long ftell(FILE *f)
{
	return ftello(f);
}

int fgetpos(FILE *restrict f, fpos_t *restrict at)
{
	return (*at = ftello(f)) < 0 ? -1 : 0;
}

int fsetpos(FILE *f, const fpos_t *at)
{
	return fseeko(f, *at, SEEK_SET);
}
