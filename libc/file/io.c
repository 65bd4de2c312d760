/* io.c: bytes of descriptors. A stream's position is its server's; a file of this process alone has its own. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>
#include <stream_client.h>
#include <tessera/process.h>
#include "fd.h"

#define STREAM_READ 800                /* most bytes of one read, as in stream.idl */

static ssize_t refuse(int error)
{
	errno = error;
	return -1;
}

static ssize_t stream_get(cap_t stream, void *data, size_t size)
{
	size_t got = 0;
	uint32_t most = size < STREAM_READ ? (uint32_t)size : STREAM_READ;
	int error = stream_read(stream, most, data, most, &got);

	if (error == E_END_OF_FILE)
		return 0;
	return error == E_DENIED ? refuse(EBADF) : error ? errno_result(error) : (ssize_t)got;
}

ssize_t fd_read_at(struct fd_file *f, void *data, size_t size, uint64_t offset)
{
	size_t done = 0, got = 0;
	int error = 0;

	if (f->data) {
		uint64_t left = offset < f->size ? f->size - offset : 0;

		size = size < left ? size : left;
		memcpy(data, f->data + offset, size);
		return (ssize_t)size;
	}
	while (done < size) {
		size_t most = size - done < STREAM_BYTES ? size - done : STREAM_BYTES;

		error = file_read_at(f->cap, offset + done, (uint32_t)most, (char *)data + done, most, &got);
		if (error || !got)
			break;
		done += got;
	}
	return error && !done ? errno_result(error) : (ssize_t)done;
}

static ssize_t read_locked(struct fd_file *f, void *data, size_t size)
{
	ssize_t n = fd_read_at(f, data, size, f->position);

	if (n > 0)
		f->position += (uint64_t)n;
	return n;
}

ssize_t read(int fd, void *data, size_t size)
{
	struct fd_file *f = fd_get(fd);
	ssize_t n;

	if (!f)
		return -1;
	if (f->kind == FD_DIRECTORY) {
		n = refuse(EISDIR);
	} else if (!fd_readable(f)) {
		n = refuse(EBADF);
	} else if (f->kind == FD_STREAM) {
		n = size ? stream_get(f->cap, data, size) : 0;
	} else {
		lock_acquire(&f->lock);
		n = read_locked(f, data, size);
		lock_release(&f->lock);
	}
	fd_put(f);
	return n;
}

int stream_put(cap_t stream, const void *data, size_t size)
{
	const char *p = data;

	while (size) {
		size_t piece = size < STREAM_BYTES ? size : STREAM_BYTES;
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

/* Nobody reads any more: the signal, then the error. */
static ssize_t stream_result(int error, size_t size)
{
	if (!error)
		return (ssize_t)size;
	if (error == E_BROKEN_PIPE)
		(void)raise(SIGPIPE);
	return error == E_DENIED ? refuse(EBADF) : errno_result(error);
}

ssize_t fd_write_at(struct fd_file *f, const void *data, size_t size, uint64_t offset, uint64_t *end)
{
	size_t done = 0;
	int error = 0;

	*end = offset;
	while (done < size) {
		size_t piece = size - done < STREAM_BYTES ? size - done : STREAM_BYTES;

		error = file_write_at(f->cap, offset + done, (const char *)data + done, piece, end);
		if (error)
			break;
		done += piece;
	}
	return error && !done ? errno_result(error) : (ssize_t)done;
}

ssize_t write(int fd, const void *data, size_t size)
{
	struct fd_file *f = fd_get(fd);
	ssize_t n;

	if (!f)
		return -1;
	if (!fd_writable(f)) {
		n = refuse(EBADF);
	} else if (f->kind == FD_STREAM) {
		n = stream_result(stream_put(f->cap, data, size), size);
	} else {
		lock_acquire(&f->lock);
		n = fd_write_at(f, data, size, f->position, &f->position);
		lock_release(&f->lock);
	}
	fd_put(f);
	return n;
}

static ssize_t move_at(int fd, void *into, const void *from, size_t size, off_t offset)
{
	struct fd_file *f = fd_get(fd);
	uint64_t end;
	ssize_t n;

	if (!f)
		return -1;
	if (into ? !fd_readable(f) : !fd_writable(f))
		n = refuse(EBADF);
	else if (offset < 0)
		n = refuse(EINVAL);
	else if (into)
		n = fd_read_at(f, into, size, (uint64_t)offset);
	else
		n = fd_write_at(f, from, size, (uint64_t)offset, &end);
	if (n < 0 && (errno == EPROTO || errno == ENOSYS))
		errno = ESPIPE;
	fd_put(f);
	return n;
}

ssize_t pread(int fd, void *data, size_t size, off_t offset)
{
	return move_at(fd, data, NULL, size, offset);
}

ssize_t pwrite(int fd, const void *data, size_t size, off_t offset)
{
	return move_at(fd, NULL, data, size, offset);
}

/* One after the other, up to the first that is not moved whole. */
ssize_t readv(int fd, const struct iovec *pieces, int count)
{
	ssize_t all = 0, n;

	for (int i = 0; i < count; i++) {
		n = read(fd, pieces[i].iov_base, pieces[i].iov_len);
		if (n < 0)
			return all ? all : -1;
		all += n;
		if ((size_t)n < pieces[i].iov_len)
			break;
	}
	return all;
}

ssize_t writev(int fd, const struct iovec *pieces, int count)
{
	ssize_t all = 0, n;

	for (int i = 0; i < count; i++) {
		n = write(fd, pieces[i].iov_base, pieces[i].iov_len);
		if (n < 0)
			return all ? all : -1;
		all += n;
		if ((size_t)n < pieces[i].iov_len)
			break;
	}
	return all;
}

/* In the server: what is no file there does not seek. */
static off_t seek_stream(struct fd_file *f, off_t offset, int whence)
{
	uint64_t position = 0;
	int error = file_seek(f->cap, offset, (uint32_t)whence, &position);

	if (error)
		return refuse(error == E_BAD_ARG ? EINVAL : ESPIPE);
	return (off_t)position;
}

static off_t seek_locked(struct fd_file *f, off_t offset, int whence)
{
	struct file_stat what = { .size = f->size };
	uint64_t from = whence == SEEK_SET ? 0 : f->position;
	uint32_t how;
	off_t to;
	int error = 0;

	if (whence == SEEK_END) {
		if (!f->data)
			error = file_describe(f->cap, &what, &how);
		from = what.size;
	}
	if (error)
		return errno_result(error);
	if (__builtin_add_overflow((off_t)from, offset, &to) || to < 0)
		return refuse(EINVAL);
	f->position = (uint64_t)to;
	return to;
}

off_t lseek(int fd, off_t offset, int whence)
{
	struct fd_file *f = fd_get(fd);
	off_t to;

	if (!f)
		return -1;
	if (whence < SEEK_SET || whence > SEEK_END) {
		to = refuse(EINVAL);
	} else if (f->kind == FD_STREAM) {
		to = seek_stream(f, offset, whence);
	} else {
		lock_acquire(&f->lock);
		to = seek_locked(f, offset, whence);
		lock_release(&f->lock);
	}
	fd_put(f);
	return to;
}
