/*
 * stdio_internal.h: what a FILE is, for libc/stdio. A stream is idle, reading (bytes at [next, end) are there
 * to be given out) or writing (bytes at [buffer, next) are to be written, room up to end). All but the list
 * of open streams is under the stream's lock; `_locked` functions want it held.
 */
#ifndef STDIO_INTERNAL_H
#define STDIO_INTERNAL_H

#include <stdio.h>
#include "../libc_internal.h"

#define UNGET_BYTES 8                  /* lie before the buffer */

#define FILE_READ    1u                /* may be read */
#define FILE_WRITE   2u
#define FILE_EOF     4u
#define FILE_ERROR   8u
#define FILE_READING 16u
#define FILE_WRITING 32u
#define FILE_APPEND  64u
#define FILE_OWN     128u              /* the FILE came from malloc */

/* How a stream that is no descriptor moves bytes; as read, write, lseek, close. NULL: it can't. */
struct file_calls {
	ssize_t (*read)(FILE *f, void *data, size_t size);
	ssize_t (*write)(FILE *f, const void *data, size_t size);
	off_t (*seek)(FILE *f, off_t offset, int whence);
	int (*close)(FILE *f);
};

struct __file {
	unsigned char *next, *end;
	unsigned char *buffer;         /* UNGET_BYTES before it are the stream's too */
	size_t size;                   /* 0: unbuffered */
	unsigned flags;
	int mode;                      /* _IOFBF ... */
	int fd;                        /* -1 with calls */
	const struct file_calls *calls;        /* NULL: fd */
	void *cookie;                  /* for the calls */
	struct __lock lock;
	FILE *newer, *older;           /* list of open streams, under the list's lock */
};

void file_lock(FILE *f) LIBC_HIDDEN;
void file_unlock(FILE *f) LIBC_HIDDEN;

/* Into and out of the list of streams that exit writes out. */
void file_list_add(FILE *f) LIBC_HIDDEN;
void file_list_remove(FILE *f) LIBC_HIDDEN;

/* Writes out what waits, or forgets what was read ahead (and seeks back): the stream is idle. 0 or EOF. */
int file_idle_locked(FILE *f) LIBC_HIDDEN;

/* Makes it ready to write: 0, or EOF with errno. */
int file_writing_locked(FILE *f) LIBC_HIDDEN;

/* Writes what is in the buffer: 0 or EOF. */
int file_write_out_locked(FILE *f) LIBC_HIDDEN;

/* Takes all bytes or fewer on an error; line ends are written out as the mode asks. */
size_t file_put_locked(FILE *f, const void *data, size_t size) LIBC_HIDDEN;

/* Reads more; the next byte, which is taken, or EOF. */
int file_fill_locked(FILE *f) LIBC_HIDDEN;

/* Up to `size` bytes that are there or come. */
size_t file_get_locked(FILE *f, void *data, size_t size) LIBC_HIDDEN;

int file_unget_locked(int c, FILE *f) LIBC_HIDDEN;
int file_seek_locked(FILE *f, off_t offset, int whence) LIBC_HIDDEN;

/* Says write through the stream's calls or its descriptor. */
ssize_t file_raw_write(FILE *f, const void *data, size_t size) LIBC_HIDDEN;

/* FILE_READ, ... and open flags of fopen's mode; -1 with errno. */
int file_mode_flags(const char *mode, int *open_flags) LIBC_HIDDEN;

/* A FILE from malloc, with `extra` bytes behind it, or NULL. It is not in the list. */
FILE *file_new(unsigned flags, size_t buffer_size, size_t extra) LIBC_HIDDEN;

static inline int file_getc_locked(FILE *f)
{
	return f->flags & FILE_READING && f->next < f->end ? *f->next++ : file_fill_locked(f);
}

static inline int file_putc_locked(int c, FILE *f)
{
	unsigned char byte = (unsigned char)c;

	if (f->flags & FILE_WRITING && f->next < f->end && (byte != '\n' || f->mode == _IOFBF))
		return *f->next++ = byte;
	return file_put_locked(f, &byte, 1) ? byte : EOF;
}
#define NUMBERED_MOST 64               /* numbered arguments of a format */

/* "3$" in a format: *position, more than NUMBERED_MOST if it is too large; 0: there is none. */
static inline const char *format_position(const char *at, unsigned *position)
{
	const char *end = at;
	unsigned n = 0;

	for (; *end >= '0' && *end <= '9'; end++)
		n = n <= NUMBERED_MOST ? n * 10 + (unsigned)(*end - '0') : n;
	*position = *end == '$' ? n : 0;
	return *position ? end + 1 : at;
}
#endif
