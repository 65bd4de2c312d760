/* memory.c: streams over memory: fmemopen, open_memstream. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include "stdio_internal.h"

/* The bytes of a stream over memory. */
struct memory {
	char *bytes;
	size_t size, used, at;         /* room, up to the end of what was written, the position */
	char **out;                    /* open_memstream's caller; NULL: fmemopen */
	size_t *out_size;
	bool append, own;
};

static ssize_t memory_read(FILE *f, void *data, size_t size)
{
	struct memory *m = f->cookie;
	size_t left = m->at < m->used ? m->used - m->at : 0;

	if (size > left)
		size = left;
	memcpy(data, m->bytes + m->at, size);
	m->at += size;
	return (ssize_t)size;
}

/* A NUL follows what was written, where there is room for it. */
static ssize_t memory_write(FILE *f, const void *data, size_t size)
{
	struct memory *m = f->cookie;
	size_t left;

	if (m->append)
		m->at = m->used;
	left = m->at < m->size ? m->size - m->at : 0;
	if (size > left)
		size = left;
	if (!size) {
		errno = ENOSPC;
		return -1;
	}
	memcpy(m->bytes + m->at, data, size);
	m->at += size;
	if (m->at > m->used) {
		m->used = m->at;
		if (m->used < m->size)
			m->bytes[m->used] = 0;
	}
	return (ssize_t)size;
}

static off_t memory_seek(FILE *f, off_t offset, int whence)
{
	struct memory *m = f->cookie;
	size_t from = whence == SEEK_SET ? 0 : whence == SEEK_CUR ? m->at : m->used;
	off_t to;

	if (__builtin_add_overflow((off_t)from, offset, &to) || to < 0 || (!m->out && (size_t)to > m->size)) {
		errno = EINVAL;
		return -1;
	}
	m->at = (size_t)to;
	return to;
}

static int memory_close(FILE *f)
{
	struct memory *m = f->cookie;

	if (m->own)
		free(m->bytes);
	return 0;
}

static const struct file_calls fixed_calls = { memory_read, memory_write, memory_seek, memory_close };

FILE *fmemopen(void *restrict bytes, size_t size, const char *restrict mode)
{
	int how, flags = file_mode_flags(mode, &how);
	struct memory *m;
	FILE *f;

	if (flags < 0 || !size) {
		errno = EINVAL;
		return NULL;
	}
	f = file_new((unsigned)flags, BUFSIZ, sizeof(*m));
	if (!f)
		return NULL;
	m = (struct memory *)(f + 1);
	*m = (struct memory){ .bytes = bytes, .size = size, .append = how & O_APPEND, .own = !bytes };
	if (!bytes && !(m->bytes = calloc(1, size))) {
		free(f);
		return NULL;
	}
	if (how & O_TRUNC)
		m->bytes[0] = 0;
	else
		m->used = how & O_APPEND || flags & FILE_WRITE ? strnlen(m->bytes, size) : size;
	m->at = m->append ? m->used : 0;
	f->calls = &fixed_calls;
	f->cookie = m;
	file_list_add(f);
	return f;
}

static ssize_t growing_write(FILE *f, const void *data, size_t size)
{
	struct memory *m = f->cookie;
	size_t wanted = m->at + size + 1, room = m->size;
	char *larger;

	if (wanted > room) {
		room = wanted > 2 * room ? wanted : 2 * room;
		larger = realloc(m->bytes, room);
		if (!larger)
			return -1;
		memset(larger + m->used, 0, room - m->used);
		m->bytes = larger;
		m->size = room;
	}
	memcpy(m->bytes + m->at, data, size);
	m->at += size;
	if (m->at > m->used)
		m->used = m->at;
	m->bytes[m->used] = 0;
	*m->out = m->bytes;
	*m->out_size = m->at;
	return (ssize_t)size;
}

static off_t growing_seek(FILE *f, off_t offset, int whence)
{
	struct memory *m = f->cookie;
	off_t to = memory_seek(f, offset, whence);

	if (to >= 0)
		*m->out_size = m->at < m->used ? m->at : m->used;
	return to;
}

static const struct file_calls growing_calls = { NULL, growing_write, growing_seek, NULL };

FILE *open_memstream(char **out, size_t *size)
{
	FILE *f = file_new(FILE_WRITE, BUFSIZ, sizeof(struct memory));
	struct memory *m;

	if (!f)
		return NULL;
	m = (struct memory *)(f + 1);
	*m = (struct memory){ .bytes = calloc(1, 1), .size = 1, .out = out, .out_size = size };
	if (!m->bytes) {
		free(f);
		return NULL;
	}
	*out = m->bytes;
	*size = 0;
	f->calls = &growing_calls;
	f->cookie = m;
	file_list_add(f);
	return f;
}
