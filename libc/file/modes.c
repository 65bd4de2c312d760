/*
 * modes.c: modes and owners of files. There is one user, 0, who owns everything; the file server gives
 * modes. What is asked to be as it is succeeds, any change is refused with EPERM, as on other file
 * systems that keep none.
 */
#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#define MODE_BITS 0777
#define UNCHANGED ((uid_t)-1)

static mode_t mask = 022;

static int refuse(void)
{
	errno = EPERM;
	return -1;
}

static int same_mode(const struct stat *what, mode_t mode)
{
	return (what->st_mode & MODE_BITS) == (mode & MODE_BITS) ? 0 : refuse();
}

static int same_owner(uid_t owner, gid_t group)
{
	return (owner == 0 || owner == UNCHANGED) && (group == 0 || group == (gid_t)-1) ? 0 : refuse();
}

int chmod(const char *path, mode_t mode)
{
	struct stat what;

	return stat(path, &what) ? -1 : same_mode(&what, mode);
}

int fchmod(int fd, mode_t mode)
{
	struct stat what;

	return fstat(fd, &what) ? -1 : same_mode(&what, mode);
}

int chown(const char *path, uid_t owner, gid_t group)
{
	struct stat what;

	return stat(path, &what) ? -1 : same_owner(owner, group);
}

int lchown(const char *path, uid_t owner, gid_t group) __attribute__((alias("chown")));

int fchown(int fd, uid_t owner, gid_t group)
{
	struct stat what;

	return fstat(fd, &what) ? -1 : same_owner(owner, group);
}

/* Kept, as new files' modes are the server's. */
mode_t umask(mode_t wanted)
{
	return __atomic_exchange_n(&mask, wanted & MODE_BITS, __ATOMIC_RELAXED);
}

uid_t getuid(void)
{
	return 0;
}

uid_t geteuid(void) __attribute__((alias("getuid")));
gid_t getgid(void) __attribute__((alias("getuid")));
gid_t getegid(void) __attribute__((alias("getuid")));

/* What exists is no symbolic link. */
ssize_t readlink(const char *restrict path, char *restrict out, size_t size)
{
	struct stat what;

	(void)out;
	(void)size;
	if (!stat(path, &what))
		errno = EINVAL;
	return -1;
}
