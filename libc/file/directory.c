/*
 * directory.c: reading directories. The file server gives the entry behind a name, in byte order: a DIR keeps
 * the last one, the server nothing. "." and ".." come first.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "fd.h"

struct __directory {
	int fd;                        /* for dirfd */
	int dots;                      /* of "." and "..", given */
	struct dirent entry;           /* the last one given */
	char last[sizeof(((struct dirent *)0)->d_name)];
	char path[PATH_BYTES + 1];
};

DIR *opendir(const char *path)
{
	DIR *d = calloc(1, sizeof(*d));
	cap_t server;

	if (!d)
		return NULL;
	d->fd = open(path, O_RDONLY | O_DIRECTORY);
	if (d->fd >= 0 && !fd_path(path, d->path, &server))
		return d;
	if (d->fd >= 0)
		close(d->fd);
	free(d);
	return NULL;
}

int closedir(DIR *d)
{
	int result = close(d->fd);

	free(d);
	return result;
}

static struct dirent *give_dots(DIR *d)
{
	memcpy(d->entry.d_name, "..", 3);
	d->entry.d_name[++d->dots] = 0;
	d->entry.d_type = DT_DIR;
	d->entry.d_ino = 1;
	return &d->entry;
}

struct dirent *readdir(DIR *d)
{
	struct file_stat what = { 0 };
	cap_t server;
	int error;

	if (d->dots < 2)
		return give_dots(d);
	error = fd_server(&server);
	if (!error)
		error = file_list(server, d->path, d->last, d->entry.d_name, sizeof(d->entry.d_name), &what);
	if (error) {
		if (error != E_NOT_FOUND)
			(void)errno_result(error);
		return NULL;
	}
	strcpy(d->last, d->entry.d_name);
	d->entry.d_type = what.kind == FILE_DIRECTORY ? DT_DIR : DT_REG;
	d->entry.d_ino = (ino_t)what.inode;
	return &d->entry;
}

void rewinddir(DIR *d)
{
	d->dots = 0;
	d->last[0] = 0;
}

int dirfd(DIR *d)
{
	return d->fd;
}

int alphasort(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

/* Adds a copy of the entry to the list of *count. */
static int keep(struct dirent ***list, size_t *count, const struct dirent *entry)
{
	struct dirent **larger = realloc(*list, (*count + 1) * sizeof(*larger));

	if (!larger)
		return -1;
	*list = larger;
	larger[*count] = malloc(sizeof(*entry));
	if (!larger[*count])
		return -1;
	*larger[(*count)++] = *entry;
	return 0;
}

int scandir(const char *path, struct dirent ***out, int (*wanted)(const struct dirent *),
	    int (*order)(const struct dirent **, const struct dirent **))
{
	DIR *d = opendir(path);
	struct dirent *entry, **list = NULL;
	size_t count = 0;

	if (!d)
		return -1;
	while ((entry = readdir(d))) {
		if ((wanted && !wanted(entry)) || !keep(&list, &count, entry))
			continue;
		while (count)
			free(list[--count]);
		free(list);
		closedir(d);
		errno = ENOMEM;
		return -1;
	}
	closedir(d);
	if (order && count)
		qsort(list, count, sizeof(*list), (int (*)(const void *, const void *))order);
	*out = list;
	return (int)count;
}
