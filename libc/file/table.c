/*
 * table.c: the table of descriptors, and the open files. The first files are static; when they are in use, pages with
 * further ones are added, which stay.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <unistd.h>
#include <mem_client.h>
#include <tessera/ipc.h>
#include "fd.h"

#define FIRST     16
#define PAGE_MOST 64                   /* of files, more than descriptors can stand for */

static struct lock lock;               /* of the table and the files' uses; never held over a call to the file server */
static struct fd_file first[FIRST] = {
	[STDIN_FILENO] = { .uses = 1, .cap = SLOT_STDIN, .flags = O_RDWR },
	[STDOUT_FILENO] = { .uses = 1, .cap = SLOT_STDOUT, .flags = O_RDWR },
	[STDERR_FILENO] = { .uses = 1, .cap = SLOT_STDERR, .flags = O_RDWR },
};
static struct fd_file *pages[PAGE_MOST];
static struct fd_file *table[DESCRIPTORS] = { &first[STDIN_FILENO], &first[STDOUT_FILENO], &first[STDERR_FILENO] };
static int end_of_table = STDERR_FILENO + 1;

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

/* Under the lock. */
static void put(int fd, struct fd_file *f)
{
	table[fd] = f;
	if (fd >= end_of_table)
		end_of_table = fd + 1;
}

int fd_end(void)
{
	return __atomic_load_n(&end_of_table, __ATOMIC_RELAXED);
}

int fd_share(struct fd_file *f, int from)
{
	int fd;

	lock_acquire(&lock);
	fd = free_number(from);
	if (fd >= 0) {
		put(fd, f);
		f->uses++;
	}
	lock_release(&lock);
	if (fd < 0)
		errno = EMFILE;
	return fd;
}

static struct fd_file *free_in(struct fd_file *files, unsigned count)
{
	for (; count; files++, count--) {
		if (!files->uses)
			return files;
	}
	return NULL;
}

/* Under the lock: a file that nobody uses; NULL: no memory. */
static struct fd_file *free_file(void)
{
	struct fd_file *f = free_in(first, FIRST);

	for (unsigned n = 0; !f && n < PAGE_MOST; n++) {
		uint64_t page = 0;

		if (!pages[n] && mem_map(SLOT_SPACE, 0, PAGE_SIZE, MEM_READ | MEM_WRITE, 0, &page))
			return NULL;
		if (page)
			pages[n] = (struct fd_file *)page;
		f = free_in(pages[n], PAGE_SIZE / sizeof(*f));
	}
	return f;
}

int fd_install(const struct fd_file *made, int from)
{
	struct fd_file *f = NULL;
	int fd;

	lock_acquire(&lock);
	fd = free_number(from);
	if (fd >= 0)
		f = free_file();
	if (f) {
		*f = *made;
		f->uses = 1;
		put(fd, f);
	}
	lock_release(&lock);
	if (f)
		return fd;
	errno = fd < 0 ? EMFILE : ENOMEM;
	return -1;
}

void fd_replace(int fd, struct fd_file *f)
{
	struct fd_file *old;

	lock_acquire(&lock);
	old = table[fd];
	put(fd, f);
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

static int duplicate_from(struct fd_file *f, int from)
{
	if (from >= 0 && from < DESCRIPTORS)
		return fd_share(f, from);
	errno = EINVAL;
	return -1;
}

static int set_flags(struct fd_file *f, int flags)
{
	const int same = O_APPEND | O_NONBLOCK;

	if ((flags & same) == (f->flags & same))
		return 0;
	errno = EINVAL;
	return -1;
}

/* Children get streams only by posix_spawn's file actions: FD_CLOEXEC always holds. What open said stays. */
int fcntl(int fd, int command, ...)
{
	struct fd_file *f = fd_get(fd);
	va_list args;
	uintptr_t argument;
	int result;

	if (!f)
		return -1;
	va_start(args, command);
	argument = va_arg(args, uintptr_t);
	va_end(args);
	if (command == F_DUPFD || command == F_DUPFD_CLOEXEC) {
		result = duplicate_from(f, (int)argument);
	} else if (command == F_GETFD) {
		result = fd > STDERR_FILENO ? FD_CLOEXEC : 0;
	} else if (command == F_GETFL) {
		result = f->flags & (O_ACCMODE | O_APPEND);
	} else if (command == F_SETFL) {
		result = set_flags(f, (int)argument);
	} else if (command == F_GETLK || command == F_SETLK || command == F_SETLKW) {
		result = fd_lock(f, command, (struct flock *)argument);
	} else if (command == F_SETFD && !((int)argument & ~FD_CLOEXEC)) {
		result = 0;
	} else {
		errno = EINVAL;
		result = -1;
	}
	fd_put(f);
	return result;
}
