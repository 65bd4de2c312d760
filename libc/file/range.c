/*
 * range.c: locks on ranges of a file's bytes (fcntl): advice among those who ask, kept by the file server for the
 * process, until it closes any descriptor of the file. A range taken by another process is asked for again
 * after a while, as the server does not keep those who wait.
 */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>
#include <tessera/process.h>
#include "fd.h"

#define FIRST_NAP 1000                 /* microseconds */
#define LAST_NAP  16000

struct range {
	uint64_t start, size;          /* size 0: to the end of all */
	uint32_t kind;
};

static int refuse(int error)
{
	errno = error;
	return -1;
}

/* Where l_start counts from; -1 with errno. */
static off_t base_of(struct fd_file *f, int whence)
{
	struct file_stat what = { 0 };
	uint64_t position = 0;
	uint32_t how;
	int error = 0;

	if (whence == SEEK_SET)
		return 0;
	if (whence == SEEK_END)
		error = file_describe(f->cap, &what, &how);
	else if (whence == SEEK_CUR && f->kind == FD_REGULAR)
		position = __atomic_load_n(&f->position, __ATOMIC_RELAXED);
	else if (whence == SEEK_CUR)
		error = file_seek(f->cap, 0, FILE_CURRENT, &position);
	else
		error = E_BAD_ARG;
	return error ? errno_result(error) : (off_t)(whence == SEEK_END ? what.size : position);
}

/* A negative length ends where the range was said to start. */
static int range_of(struct fd_file *f, const struct flock *lock, struct range *r)
{
	static const uint32_t kinds[] = {
		[F_RDLCK] = FILE_SHARED_LOCK, [F_WRLCK] = FILE_EXCLUSIVE_LOCK, [F_UNLCK] = FILE_NO_LOCK,
	};
	off_t start = base_of(f, lock->l_whence);

	if (start < 0)
		return -1;
	if (lock->l_type < F_RDLCK || lock->l_type > F_UNLCK)
		return refuse(EINVAL);
	if (__builtin_add_overflow(start, lock->l_start, &start))
		return refuse(EOVERFLOW);
	if (lock->l_len < 0)
		start += lock->l_len;
	if (start < 0)
		return refuse(EINVAL);
	*r = (struct range){ (uint64_t)start, (uint64_t)(lock->l_len < 0 ? -lock->l_len : lock->l_len),
			     kinds[lock->l_type] };
	return 0;
}

static int set(struct fd_file *f, const struct range *r, bool wait)
{
	useconds_t nap = FIRST_NAP;
	int error;

	if ((r->kind == FILE_SHARED_LOCK && !fd_readable(f)) || (r->kind == FILE_EXCLUSIVE_LOCK && !fd_writable(f)))
		return refuse(EBADF);
	while ((error = file_lock(f->cap, r->start, r->size, r->kind)) == E_BUSY && wait) {
		(void)usleep(nap);
		if (nap < LAST_NAP)
			nap *= 2;
	}
	if (error == E_BUSY)
		return refuse(EAGAIN);
	if (error == E_NO_SPACE)
		return refuse(ENOLCK);
	return error ? refuse(EINVAL) : 0;
}

static int get(struct fd_file *f, const struct range *r, struct flock *lock)
{
	struct file_lock found = { 0 };
	int error = file_locked(f->cap, r->start, r->size, r->kind, &found);

	if (error == E_NOT_FOUND)
		lock->l_type = F_UNLCK;
	else if (!error)
		*lock = (struct flock){ .l_type = found.kind == FILE_SHARED_LOCK ? F_RDLCK : F_WRLCK,
					.l_whence = SEEK_SET, .l_start = (off_t)found.start,
					.l_len = (off_t)found.size, .l_pid = (short)found.owner };
	return error && error != E_NOT_FOUND ? refuse(EINVAL) : 0;
}

int fd_lock(struct fd_file *f, int command, struct flock *lock)
{
	struct range r;

	if (range_of(f, lock, &r))
		return -1;
	return command == F_GETLK ? get(f, &r, lock) : set(f, &r, command == F_SETLKW);
}
