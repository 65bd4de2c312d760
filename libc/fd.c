/*
 * fd.c: file descriptors: streams (console) and files of the file server. A file is read where it lies: its
 * object is mapped when it is opened. The file server is read-only today: what would write says EROFS.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <file_client.h>
#include <mem_client.h>
#include <stream_client.h>
#include <tessera/ipc.h>
#include <tessera/lock.h>
#include <tessera/process.h>
#include "libc_internal.h"

#define DESCRIPTORS  64
#define STREAM_READ  800               /* most bytes of one message, as in stream.idl */
#define STREAM_WRITE 900

enum kind { CLOSED, STREAM, FILE_MAPPED };

struct descriptor {
	enum kind kind;
	cap_t stream;
	const char *data;              /* of a file; NULL when it is empty */
	uint64_t position;
	struct file_stat stat;
};

static struct lock lock;               /* of the table and the positions; never held over a stream's wait */
static struct descriptor descriptors[DESCRIPTORS] = {
	[STDIN_FILENO] = { .kind = STREAM, .stream = SLOT_STDIN },
	[STDOUT_FILENO] = { .kind = STREAM, .stream = SLOT_STDOUT },
	[STDERR_FILENO] = { .kind = STREAM, .stream = SLOT_STDERR },
};

static uint64_t map_size(uint64_t size)
{
	return (size + PAGE_SIZE - 1) & ~(uint64_t)(PAGE_SIZE - 1);
}

/* The open descriptor or NULL with errno. */
static struct descriptor *descriptor_of(int fd)
{
	if (fd >= 0 && fd < DESCRIPTORS && descriptors[fd].kind != CLOSED)
		return &descriptors[fd];
	errno = EBADF;
	return NULL;
}

/* A path error as errno: the stubs call a path that does not fit TOO_BIG. */
static int path_result(int error)
{
	if (error == E_TOO_BIG) {
		errno = ENAMETOOLONG;
		return -1;
	}
	return errno_result(error);
}

static int file_server(cap_t *server)
{
	return server_open("file", FILE_VERSION, server);
}

/* Maps the file at path into *d. */
static int open_file(const char *path, struct descriptor *d)
{
	cap_t server, file = 0, object = 0;
	uint64_t addr = 0, size;
	int error = file_server(&server);

	if (!error)
		error = file_open(server, path, FILE_READ, &file, &d->stat);
	if (error)
		return error;
	if (d->stat.size)
		error = file_object(file, &object, &size);
	if (object)
		error = mem_map_object(SLOT_SPACE, object, 0, 0, map_size(d->stat.size), MEM_READ, 0, &addr);
	if (object)
		cap_free(object);
	(void)!file_close(file);
	cap_free(file);
	d->kind = FILE_MAPPED;
	d->data = (const char *)addr;
	return error;
}

static void close_file(struct descriptor *d)
{
	if (d->data)
		(void)!mem_unmap(SLOT_SPACE, (uint64_t)d->data, map_size(d->stat.size));
}

/* The lowest closed descriptor becomes *d: its number or -1. */
static int install(const struct descriptor *d)
{
	int fd = 0;

	lock_acquire(&lock);
	while (fd < DESCRIPTORS && descriptors[fd].kind != CLOSED)
		fd++;
	if (fd < DESCRIPTORS)
		descriptors[fd] = *d;
	lock_release(&lock);
	return fd < DESCRIPTORS ? fd : -1;
}

int open(const char *path, int flags, ...)
{
	struct descriptor d = { .kind = CLOSED };
	int fd;

	if ((flags & O_ACCMODE) != O_RDONLY || flags & (O_TRUNC | O_APPEND)) {
		errno = EROFS;
		return -1;
	}
	fd = path_result(open_file(path, &d));
	if (fd < 0)
		return fd;
	fd = install(&d);
	if (fd < 0) {
		close_file(&d);
		errno = EMFILE;
	}
	return fd;
}

int close(int fd)
{
	struct descriptor *d, old;

	lock_acquire(&lock);
	d = descriptor_of(fd);
	if (d) {
		old = *d;
		d->kind = CLOSED;
	}
	lock_release(&lock);
	if (!d)
		return -1;
	if (old.kind == FILE_MAPPED)
		close_file(&old);
	return 0;
}

static ssize_t stream_get(cap_t stream, void *data, size_t size)
{
	size_t got = 0;
	uint32_t most = size < STREAM_READ ? (uint32_t)size : STREAM_READ;
	int error = stream_read(stream, most, data, most, &got);

	return error == E_END_OF_FILE ? 0 : error ? errno_result(error) : (ssize_t)got;
}

/* Under the lock. */
static ssize_t file_get(struct descriptor *d, void *data, size_t size)
{
	uint64_t left = d->position < d->stat.size ? d->stat.size - d->position : 0;

	if (size > left)
		size = left;
	memcpy(data, d->data + d->position, size);
	d->position += size;
	return (ssize_t)size;
}

ssize_t read(int fd, void *data, size_t size)
{
	struct descriptor *d;
	cap_t stream = 0;
	ssize_t got = -1;

	lock_acquire(&lock);
	d = descriptor_of(fd);
	if (d && d->kind == STREAM)
		stream = d->stream;
	else if (d)
		got = file_get(d, data, size);
	lock_release(&lock);
	return stream ? size ? stream_get(stream, data, size) : 0 : got;
}

int stream_put(cap_t stream, const void *data, size_t size)
{
	const char *p = data;

	while (size) {
		size_t piece = size < STREAM_WRITE ? size : STREAM_WRITE;
		uint32_t written = 0;
		int error = stream_write(stream, p, piece, &written);

		if (error)
			return error;
		if (!written || written > piece)
			return E_IO;
		p += written;
		size -= written;
	}
	return 0;
}

ssize_t write(int fd, const void *data, size_t size)
{
	struct descriptor *d;
	cap_t stream = 0;
	int error;

	lock_acquire(&lock);
	d = descriptor_of(fd);
	if (d && d->kind == STREAM)
		stream = d->stream;
	else if (d)
		errno = EBADF;
	lock_release(&lock);
	if (!stream)
		return -1;
	error = stream_put(stream, data, size);
	return error ? errno_result(error) : (ssize_t)size;
}

/* Under the lock: the place that the offset means, or -1 with errno. */
static off_t seek_to(struct descriptor *d, off_t offset, int whence)
{
	uint64_t from = whence == SEEK_SET ? 0 : whence == SEEK_CUR ? d->position : d->stat.size;
	off_t to;

	if (d->kind == STREAM) {
		errno = ESPIPE;
		return -1;
	}
	if (whence < SEEK_SET || whence > SEEK_END || __builtin_add_overflow((off_t)from, offset, &to) || to < 0) {
		errno = EINVAL;
		return -1;
	}
	d->position = (uint64_t)to;
	return to;
}

off_t lseek(int fd, off_t offset, int whence)
{
	struct descriptor *d;
	off_t to = -1;

	lock_acquire(&lock);
	d = descriptor_of(fd);
	if (d)
		to = seek_to(d, offset, whence);
	lock_release(&lock);
	return to;
}

static void stat_fill(struct stat *to, const struct file_stat *from)
{
	memset(to, 0, sizeof(*to));
	to->st_ino = (ino_t)from->inode;
	to->st_mode = (from->kind == FILE_DIRECTORY ? S_IFDIR : S_IFREG) | (from->mode & 07777);
	to->st_nlink = 1;
	to->st_size = (off_t)from->size;
	to->st_blksize = PAGE_SIZE;
	to->st_blocks = (blkcnt_t)((from->size + 511) / 512);
	to->st_mtime = (time_t)from->mtime;
}

int fstat(int fd, struct stat *out)
{
	struct descriptor *d;

	lock_acquire(&lock);
	d = descriptor_of(fd);
	if (d && d->kind == STREAM) {
		memset(out, 0, sizeof(*out));
		out->st_mode = S_IFCHR | 0600;
		out->st_nlink = 1;
	} else if (d) {
		stat_fill(out, &d->stat);
	}
	lock_release(&lock);
	return d ? 0 : -1;
}

int stat(const char *path, struct stat *out)
{
	struct file_stat what = { 0 };
	cap_t server;
	int error = file_server(&server);

	if (!error)
		error = file_stat(server, path, &what);
	if (!error)
		stat_fill(out, &what);
	return path_result(error);
}

/* There is nothing yet that could be removed. */
int unlink(const char *path)
{
	struct stat what;

	if (!stat(path, &what))
		errno = EROFS;
	return -1;
}

int isatty(int fd)
{
	struct descriptor *d;
	uint32_t terminal = 0, columns, rows;
	cap_t stream;

	lock_acquire(&lock);
	d = descriptor_of(fd);
	stream = d && d->kind == STREAM ? d->stream : 0;
	lock_release(&lock);
	if (!d)
		return 0;
	if (stream && !stream_info(stream, &terminal, &columns, &rows) && terminal)
		return 1;
	errno = ENOTTY;
	return 0;
}
