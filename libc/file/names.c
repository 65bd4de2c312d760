/* names.c: files by their names: opened, described, made, removed, renamed. */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <mem_client.h>
#include <stream_client.h>
#include <tessera/ipc.h>
#include "fd.h"

#define WRITE_BITS 0222                /* of a mode: whoever may write */

static uint32_t open_how(int flags)
{
	static const uint8_t access[] = {
		[O_RDONLY] = FILE_READ, [O_WRONLY] = FILE_WRITE, [O_RDWR] = FILE_READ | FILE_WRITE, [O_ACCMODE] = 0,
	};
	uint32_t how = access[flags & O_ACCMODE];

	if (flags & O_CREAT)
		how |= FILE_CREATE | (flags & O_EXCL ? FILE_EXCLUSIVE : 0);
	if (flags & O_TRUNC)
		how |= FILE_TRUNCATE;
	if (flags & O_APPEND)
		how |= FILE_APPEND;
	return how;
}

/* A file that nobody can change is read where it lies. */
static void map_file(struct fd_file *f, const struct file_stat *what)
{
	cap_t object = 0;
	uint64_t size = 0, addr = 0;

	if (!what->size || what->mode & WRITE_BITS || file_object(f->cap, &object, &size))
		return;
	if (!mem_map_object(SLOT_SPACE, object, 0, 0, (size + PAGE_SIZE - 1) & ~(uint64_t)(PAGE_SIZE - 1), MEM_READ, 0,
			    &addr)) {
		f->data = (const char *)addr;
		f->size = size;
	}
	cap_free(object);
}

static int open_file(const char *path, struct fd_file *f)
{
	char absolute[PATH_BYTES + 1];
	struct file_stat what = { 0 };
	cap_t server;
	int error;

	if (fd_path(path, absolute, &server))
		return -1;
	error = file_open(server, absolute, open_how(f->flags), &f->cap, &what);
	if (error == E_NO_MEMORY) {     /* too many open files */
		errno = ENFILE;
		return -1;
	}
	if (error)
		return fd_path_result(error);
	f->kind = what.kind == FILE_DIRECTORY ? FD_DIRECTORY : FD_REGULAR;
	if (f->flags & O_DIRECTORY && f->kind != FD_DIRECTORY) {
		(void)!file_close(f->cap);
		cap_free(f->cap);
		errno = ENOTDIR;
		return -1;
	}
	if (f->kind == FD_REGULAR)
		map_file(f, &what);
	return 0;
}

int open(const char *path, int flags, ...)
{
	struct fd_file f = { .flags = flags }, *made;
	int fd;

	if ((flags & O_ACCMODE) == O_ACCMODE) {
		errno = EINVAL;
		return -1;
	}
	/* The number first: what cannot be opened for want of one leaves no new file behind. */
	fd = fd_install(&(struct fd_file){ .cap = 0 }, 0);
	if (fd < 0)
		return -1;
	if (open_file(path, &f)) {
		int saved = errno;

		close(fd);
		errno = saved;
		return -1;
	}
	made = fd_get(fd);
	f.uses = made->uses;
	*made = f;
	fd_put(made);
	return fd;
}

int creat(const char *path, mode_t mode)
{
	return open(path, O_WRONLY | O_CREAT | O_TRUNC, mode);
}

int pipe(int fds[2])
{
	struct fd_file reader = { .flags = O_RDONLY }, writer = { .flags = O_WRONLY };
	cap_t server;
	int error = fd_server(&server);

	if (!error)
		error = file_pipe(server, &reader.cap, &writer.cap);
	if (error)
		return errno_result(error);
	fds[0] = fd_install(&reader, 0);
	fds[1] = fds[0] < 0 ? -1 : fd_install(&writer, 0);
	if (fds[1] >= 0)
		return 0;
	if (fds[0] >= 0) {
		close(fds[0]);
	} else {
		(void)!file_close(reader.cap);
		cap_free(reader.cap);
	}
	(void)!file_close(writer.cap);
	cap_free(writer.cap);
	errno = EMFILE;
	return -1;
}

static void stat_fill(struct stat *to, const struct file_stat *from)
{
	static const mode_t kinds[] = { [FILE_REGULAR] = S_IFREG, [FILE_DIRECTORY] = S_IFDIR, [FILE_PIPE] = S_IFIFO };

	memset(to, 0, sizeof(*to));
	to->st_ino = (ino_t)from->inode;
	to->st_mode = (from->kind <= FILE_PIPE ? kinds[from->kind] : 0) | (from->mode & 07777);
	to->st_nlink = 1;
	to->st_size = (off_t)from->size;
	to->st_blksize = PAGE_SIZE;
	to->st_blocks = (blkcnt_t)((from->size + 511) / 512);
	to->st_mtime = to->st_atime = to->st_ctime = (time_t)from->mtime;
}

int fstat(int fd, struct stat *out)
{
	struct fd_file *f = fd_get(fd);
	struct file_stat what = { 0 };
	uint32_t how;

	if (!f)
		return -1;
	if (!file_describe(f->cap, &what, &how)) {
		stat_fill(out, &what);
	} else {
		memset(out, 0, sizeof(*out));
		out->st_mode = S_IFCHR | 0600;
		out->st_nlink = 1;
	}
	fd_put(f);
	return 0;
}

int stat(const char *restrict path, struct stat *restrict out)
{
	char absolute[PATH_BYTES + 1];
	struct file_stat what = { 0 };
	cap_t server;
	int error;

	if (fd_path(path, absolute, &server))
		return -1;
	error = file_stat(server, absolute, &what);
	if (!error)
		stat_fill(out, &what);
	return fd_path_result(error);
}

/* There are no symbolic links. */
int lstat(const char *restrict path, struct stat *restrict out) __attribute__((alias("stat")));

int access(const char *path, int mode)
{
	struct stat what;

	if (stat(path, &what))
		return -1;
	if (mode & W_OK && !(what.st_mode & WRITE_BITS)) {
		errno = EROFS;
		return -1;
	}
	if (mode & X_OK && !(what.st_mode & 0111)) {
		errno = EACCES;
		return -1;
	}
	return 0;
}

int unlink(const char *path)
{
	char absolute[PATH_BYTES + 1];
	cap_t server;

	return fd_path(path, absolute, &server) ? -1 : fd_path_result(file_remove(server, absolute));
}

int rmdir(const char *path)
{
	char absolute[PATH_BYTES + 1];
	cap_t server;

	return fd_path(path, absolute, &server) ? -1 : fd_path_result(file_remove_directory(server, absolute));
}

int mkdir(const char *path, mode_t mode)
{
	char absolute[PATH_BYTES + 1];
	cap_t server;

	(void)mode;
	return fd_path(path, absolute, &server) ? -1 : fd_path_result(file_make_directory(server, absolute));
}

int remove(const char *path)
{
	if (!unlink(path))
		return 0;
	return errno == EISDIR ? rmdir(path) : -1;
}

int rename(const char *from, const char *to)
{
	char old[PATH_BYTES + 1], new[PATH_BYTES + 1];
	cap_t server;

	if (fd_path(from, old, &server) || fd_path(to, new, &server))
		return -1;
	return fd_path_result(file_rename(server, old, new));
}

int ftruncate(int fd, off_t size)
{
	struct fd_file *f = fd_get(fd);
	int error;

	if (!f)
		return -1;
	if (size < 0 || !fd_writable(f))
		error = E_BAD_ARG;
	else
		error = file_resize(f->cap, (uint64_t)size);
	fd_put(f);
	if (error == E_BAD_ARG || error == E_NOT_SEEKABLE || error == E_BAD_MESSAGE) {
		errno = EINVAL;
		return -1;
	}
	return errno_result(error);
}

int truncate(const char *path, off_t size)
{
	int fd = open(path, O_WRONLY), result, saved;

	if (fd < 0)
		return -1;
	result = ftruncate(fd, size);
	saved = errno;
	close(fd);
	errno = saved;
	return result;
}

/* Of the console and pipes: nothing is kept back. */
int fsync(int fd)
{
	struct fd_file *f = fd_get(fd);
	cap_t server;
	int error;

	if (!f)
		return -1;
	error = f->kind == FD_STREAM ? 0 : fd_server(&server);
	if (!error && f->kind != FD_STREAM)
		error = file_sync(server);
	fd_put(f);
	return errno_result(error);
}

int fdatasync(int fd)
{
	return fsync(fd);
}

int isatty(int fd)
{
	struct fd_file *f = fd_get(fd);
	uint32_t terminal = 0, columns, rows;

	if (!f)
		return 0;
	if (f->kind != FD_STREAM || stream_info(f->cap, &terminal, &columns, &rows))
		terminal = 0;
	fd_put(f);
	if (!terminal)
		errno = ENOTTY;
	return terminal != 0;
}

/* TIOCGWINSZ. */
int ioctl(int fd, unsigned long request, ...)
{
	struct fd_file *f = fd_get(fd);
	uint32_t terminal = 0, columns = 0, rows = 0;
	struct winsize *size;
	va_list args;

	if (!f)
		return -1;
	if (f->kind != FD_STREAM || stream_info(f->cap, &terminal, &columns, &rows))
		terminal = 0;
	fd_put(f);
	if (!terminal || request != TIOCGWINSZ) {
		errno = terminal ? EINVAL : ENOTTY;
		return -1;
	}
	va_start(args, request);
	size = va_arg(args, struct winsize *);
	va_end(args);
	*size = (struct winsize){ .ws_row = (unsigned short)rows, .ws_col = (unsigned short)columns };
	return 0;
}
