/* table.c: the table of descriptors. */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <unistd.h>
#include <mem_client.h>
#include <tessera/ipc.h>
#include "fd.h"

static struct lock lock;               /* of the table and the files' uses; never held over a call */
static struct fd_file files[DESCRIPTORS] = {
	[STDIN_FILENO] = { .uses = 1, .cap = SLOT_STDIN, .flags = O_RDWR },
	[STDOUT_FILENO] = { .uses = 1, .cap = SLOT_STDOUT, .flags = O_RDWR },
	[STDERR_FILENO] = { .uses = 1, .cap = SLOT_STDERR, .flags = O_RDWR },
};
static struct fd_file *table[DESCRIPTORS] = { &files[STDIN_FILENO], &files[STDOUT_FILENO], &files[STDERR_FILENO] };

struct fd_file *fd_get(int fd)
{
	struct fd_file *f;

	lock_acquire(&lock);
	f = fd >= 0 && fd < DESCRIPTORS ? table[fd] : NULL;
	if (f)
		f->uses++;
	lock_release(&lock);
	if (!f)
		errno = EBADF;
	return f;
}

/* Nobody uses it any more. The three that the process began with keep their slots. */
static void end(const struct fd_file *f)
{
	int saved = errno;

	if (f->data)
		(void)!mem_unmap(SLOT_SPACE, (uint64_t)f->data, (f->size + PAGE_SIZE - 1) & ~(uint64_t)(PAGE_SIZE - 1));
	(void)!file_close(f->cap);
	cap_free(f->cap);
	errno = saved;
}

void fd_put(struct fd_file *f)
{
	struct fd_file last = { 0 };

	lock_acquire(&lock);
	if (f->uses == 1) {
		last = *f;
		*f = (struct fd_file){ 0 };
	} else {
		f->uses--;
	}
	lock_release(&lock);
	if (last.uses)
		end(&last);
}

/* Under the lock: the lowest free number from `from` on, or -1. */
static int free_number(int from)
{
	while (from < DESCRIPTORS && table[from])
		from++;
	return from < DESCRIPTORS ? from : -1;
}

int fd_share(struct fd_file *f, int from)
{
	int fd;

	lock_acquire(&lock);
	fd = free_number(from);
	if (fd >= 0) {
		table[fd] = f;
		f->uses++;
	}
	lock_release(&lock);
	if (fd < 0)
		errno = EMFILE;
	return fd;
}

int fd_install(const struct fd_file *made, int from)
{
	struct fd_file *f = files;
	int fd;

	lock_acquire(&lock);
	fd = free_number(from);
	while (f->uses && f < files + DESCRIPTORS - 1)
		f++;
	if (f->uses)
		fd = -1;
	if (fd >= 0) {
		*f = *made;
		f->uses = 1;
		table[fd] = f;
	}
	lock_release(&lock);
	if (fd < 0)
		errno = EMFILE;
	return fd;
}

void fd_replace(int fd, struct fd_file *f)
{
	struct fd_file *old;

	lock_acquire(&lock);
	old = table[fd];
	table[fd] = f;
	lock_release(&lock);
	if (old)
		fd_put(old);
}

int close(int fd)
{
	struct fd_file *f;

	lock_acquire(&lock);
	f = fd >= 0 && fd < DESCRIPTORS ? table[fd] : NULL;
	if (f)
		table[fd] = NULL;
	lock_release(&lock);
	if (!f) {
		errno = EBADF;
		return -1;
	}
	fd_put(f);
	return 0;
}

int dup2(int from, int to)
{
	struct fd_file *f = fd_get(from);

	if (!f)
		return -1;
	if (to < 0 || to >= DESCRIPTORS) {
		fd_put(f);
		errno = EBADF;
		return -1;
	}
	if (from == to)
		fd_put(f);
	else
		fd_replace(to, f);
	return to;
}

static int share_from(int fd, int from)
{
	struct fd_file *f = fd_get(fd);
	int made;

	if (!f)
		return -1;
	made = fd_share(f, from);
	fd_put(f);
	return made;
}

int dup(int fd)
{
	return share_from(fd, 0);
}

/* Children get streams only by posix_spawn's file actions: FD_CLOEXEC always holds. Files cannot be locked. */
int fcntl(int fd, int command, ...)
{
	struct fd_file *f = fd_get(fd);
	va_list args;
	int argument, result = 0;

	if (!f)
		return -1;
	va_start(args, command);
	argument = va_arg(args, int);
	va_end(args);
	if (command == F_DUPFD || command == F_DUPFD_CLOEXEC) {
		result = argument < 0 || argument >= DESCRIPTORS ? -1 : fd_share(f, argument);
		if (argument < 0 || argument >= DESCRIPTORS)
			errno = EINVAL;
	} else if (command == F_GETFD) {
		result = fd > STDERR_FILENO ? FD_CLOEXEC : 0;
	} else if (command == F_GETFL) {
		result = f->flags & (O_ACCMODE | O_APPEND);
	} else if (command == F_GETLK || command == F_SETLK || command == F_SETLKW) {
		errno = ENOLCK;
		result = -1;
	} else if (command != F_SETFD || (argument & ~FD_CLOEXEC)) {
		errno = EINVAL;
		result = -1;
	}
	fd_put(f);
	return result;
}
