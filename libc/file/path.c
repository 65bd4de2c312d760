/* path.c: the current directory, which is the process's alone, and paths from the root made of it. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <tessera/process.h>
#include "fd.h"

static struct lock lock;
static char current[PATH_BYTES + 1] = "/";     /* under the lock; no '/' at its end but the root's */

/* Appends the parts of a path to `out`, of `size` bytes: the new size, or -1. */
static long append_parts(char *out, long size, const char *path)
{
	while (*path) {
		size_t part = strcspn(path, "/");

		if (part == 2 && path[0] == '.' && path[1] == '.') {
			while (size && out[--size] != '/')
				;
		} else if (part && !(part == 1 && *path == '.')) {
			if (size + 1 + (long)part > PATH_BYTES)
				return -1;
			out[size++] = '/';
			memcpy(out + size, path, part);
			size += (long)part;
		}
		path += part;
		path += *path == '/';
	}
	return size;
}

static int make_absolute(const char *path, char *out)
{
	long size = 0;

	if (!*path) {
		errno = ENOENT;
		return -1;
	}
	if (*path != '/') {
		lock_acquire(&lock);
		size = append_parts(out, 0, current);
		lock_release(&lock);
	}
	if (size >= 0)
		size = append_parts(out, size, path);
	if (size < 0) {
		errno = ENAMETOOLONG;
		return -1;
	}
	if (!size)
		out[size++] = '/';
	out[size] = 0;
	return 0;
}

int fd_server(cap_t *server)
{
	return server_open("file", FILE_VERSION, server);
}

int fd_path_result(int error)
{
	if (error == E_TOO_BIG) {
		errno = ENAMETOOLONG;
		return -1;
	}
	return errno_result(error);
}

int fd_path(const char *path, char absolute[PATH_BYTES + 1], cap_t *server)
{
	return make_absolute(path, absolute) ? -1 : errno_result(fd_server(server));
}

int chdir(const char *path)
{
	char absolute[PATH_BYTES + 1];
	struct stat what;

	if (stat(path, &what) || make_absolute(path, absolute))
		return -1;
	if (!S_ISDIR(what.st_mode)) {
		errno = ENOTDIR;
		return -1;
	}
	lock_acquire(&lock);
	strcpy(current, absolute);
	lock_release(&lock);
	return 0;
}

char *getcwd(char *out, size_t size)
{
	char here[PATH_BYTES + 1];
	char *to = out;

	lock_acquire(&lock);
	strcpy(here, current);
	lock_release(&lock);
	if (!out) {
		size = size ? size : sizeof(here);
		to = malloc(size);
		if (!to)
			return NULL;
	}
	if (!size || strlen(here) >= size) {
		errno = size ? ERANGE : EINVAL;
		if (!out)
			free(to);
		return NULL;
	}
	return strcpy(to, here);
}

char *realpath(const char *restrict path, char *restrict out)
{
	char absolute[PATH_BYTES + 1];
	struct stat what;

	if (stat(path, &what) || make_absolute(path, absolute))
		return NULL;
	return out ? strcpy(out, absolute) : strdup(absolute);
}
