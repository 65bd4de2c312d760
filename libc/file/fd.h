/*
 * fd.h: descriptors, and the open files they stand for. A descriptor is a number; several may stand for one
 * open file, which lives until the last is closed and nobody uses it any more.
 */
#ifndef LIBC_FD_H
#define LIBC_FD_H

#include <sys/types.h>
#include <file_client.h>
#include "../libc_internal.h"

#define DESCRIPTORS  1024
#define STREAM_BYTES 900               /* most of one write, as in stream.idl and file.idl */

enum fd_kind {
	FD_STREAM,                     /* console, pipe, file others share: the server has the position */
	FD_REGULAR,                    /* a file of this process alone: the position is here */
	FD_DIRECTORY,
};

struct fd_file {
	unsigned uses;                 /* descriptors and calls under way; under the table's lock; 0: free */
	enum fd_kind kind;
	cap_t cap;
	int flags;                     /* open's */
	struct lock lock;              /* of what follows */
	uint64_t position;
	const char *data;              /* of a file that never changes: mapped; NULL: is asked for */
	uint64_t size;                 /* of data */
};

/* The open file of a descriptor, to be given back; NULL and EBADF. */
struct fd_file *fd_get(int fd) LIBC_HIDDEN;
void fd_put(struct fd_file *f) LIBC_HIDDEN;

/* A descriptor, the lowest free from `from` on, for a new open file, or a further use of one. -1 and EMFILE. */
int fd_install(const struct fd_file *made, int from) LIBC_HIDDEN;
int fd_share(struct fd_file *f, int from) LIBC_HIDDEN;

/* Makes `fd` stand for f, whose use it takes over, in place of what it stood for. */
void fd_replace(int fd, struct fd_file *f) LIBC_HIDDEN;

struct flock;

/* fcntl's F_GETLK, F_SETLK, F_SETLKW. */
int fd_lock(struct fd_file *f, int command, struct flock *wanted) LIBC_HIDDEN;

/* All descriptors that stand for something are below it. */
int fd_end(void) LIBC_HIDDEN;

/* Reads and writes at an offset: bytes moved, or -1 with errno. Writing gives the end of what it wrote. */
ssize_t fd_read_at(struct fd_file *f, void *data, size_t size, uint64_t offset) LIBC_HIDDEN;
ssize_t fd_write_at(struct fd_file *f, const void *data, size_t size, uint64_t offset, uint64_t *end) LIBC_HIDDEN;

/* errno from an error of the file server where a path was said. */
int fd_path_result(int error) LIBC_HIDDEN;

/* The file server. */
int fd_server(cap_t *server) LIBC_HIDDEN;

/* The path from the root without "." and "..", and the file server; -1 with errno. */
int fd_path(const char *path, char absolute[PATH_BYTES + 1], cap_t *server) LIBC_HIDDEN;

/* Whether the descriptor may do that. */
static inline bool fd_readable(const struct fd_file *f)
{
	return (f->flags & 3) != 1;
}

static inline bool fd_writable(const struct fd_file *f)
{
	return (f->flags & 3) != 0;
}
#endif
