/*
 * times.c: the time when a file was changed last, set by hand. The file server keeps that one, in seconds: the time of
 * the last access is not kept, and what is asked for it is passed over.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>
#include <utime.h>
#include "fd.h"

#define NANOSECONDS 1000000000l
#define MICRO       1000l

static int refuse(int error)
{
	errno = error;
	return -1;
}

static bool bad(const struct timespec *t)
{
	return t->tv_nsec != UTIME_NOW && t->tv_nsec != UTIME_OMIT && (t->tv_nsec < 0 || t->tv_nsec >= NANOSECONDS);
}

int futimens(int fd, const struct timespec times[2])
{
	struct fd_file *f = fd_get(fd);
	struct timespec now = { 0 };
	int error = 0;

	if (!f)
		return -1;
	if (times && (bad(&times[0]) || bad(&times[1])))
		error = E_BAD_ARG;
	else if (!times || times[1].tv_nsec == UTIME_NOW)
		(void)clock_gettime(CLOCK_REALTIME, &now);
	else
		now = times[1];
	if (!error && now.tv_nsec != UTIME_OMIT)
		error = file_set_time(f->cap, (uint64_t)now.tv_sec);
	fd_put(f);
	return error == E_NOT_SEEKABLE || error == E_BAD_MESSAGE ? refuse(EINVAL) : errno_result(error);
}

/* Paths below another directory than the current one are not offered. There are no symbolic links. */
int utimensat(int directory, const char *path, const struct timespec times[2], int flags)
{
	int fd, result, saved;

	if (flags & ~AT_SYMLINK_NOFOLLOW)
		return refuse(EINVAL);
	if (directory != AT_FDCWD && *path != '/')
		return refuse(ENOTSUP);
	fd = open(path, O_RDONLY);
	if (fd < 0)
		return -1;
	result = futimens(fd, times);
	saved = errno;
	close(fd);
	errno = saved;
	return result;
}

int utimes(const char *path, const struct timeval times[2])
{
	struct timespec both[2];

	for (int i = 0; times && i < 2; i++) {
		if (times[i].tv_usec < 0 || times[i].tv_usec >= NANOSECONDS / MICRO)
			return refuse(EINVAL);
		both[i] = (struct timespec){ times[i].tv_sec, times[i].tv_usec * MICRO };
	}
	return utimensat(AT_FDCWD, path, times ? both : NULL, 0);
}

int utime(const char *path, const struct utimbuf *times)
{
	struct timespec both[2] = { 0 };

	if (times) {
		both[0].tv_sec = times->actime;
		both[1].tv_sec = times->modtime;
	}
	return utimensat(AT_FDCWD, path, times ? both : NULL, 0);
}
