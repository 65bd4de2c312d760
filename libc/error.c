/*
 * error.c: the system's error numbers (errors.def) as texts and as errno values. The texts lie in one block
 * with offsets beside it: no pointers, so nothing to relocate at start.
 */
#include <errno.h>
#include <stddef.h>
#include <tessera/process.h>
#include "libc_internal.h"

struct texts {
#define ERROR(number, name, text) char name[sizeof(text)];
#include <tessera/errors.def>
#undef ERROR
};

static const struct texts texts = {
#define ERROR(number, name, text) .name = text,
#include <tessera/errors.def>
#undef ERROR
};

static const uint16_t text_offsets[] = {
#define ERROR(number, name, text) [number] = offsetof(struct texts, name) + 1,
#include <tessera/errors.def>
#undef ERROR
};

#define ERRNO_BAD_CALL       ENOSYS
#define ERRNO_OK             0
#define ERRNO_BAD_SLOT       EBADF
#define ERRNO_BAD_TYPE       EBADF
#define ERRNO_NO_RIGHT       EACCES
#define ERRNO_BAD_ARG        EINVAL
#define ERRNO_SERVER_GONE    EPIPE
#define ERRNO_RECEIVER_FULL  EMFILE
#define ERRNO_ABORTED        EINTR
#define ERRNO_TIMEOUT        ETIMEDOUT
#define ERRNO_HELD           EDEADLK
#define ERRNO_NEED_TABLE     ENOMEM
#define ERRNO_NOT_FREE       EBUSY
#define ERRNO_NO_REPLY       EINVAL
#define ERRNO_NOT_EMPTY      EEXIST
#define ERRNO_BUSY           EBUSY
#define ERRNO_REVOKED        EBADF
#define ERRNO_TOO_DEEP       EMLINK
#define ERRNO_AGAIN          EAGAIN
#define ERRNO_IMAGE          EACCES
#define ERRNO_OUT_OF_WINDOW  EFAULT
#define ERRNO_NO_SPACE_ID    EAGAIN
#define ERRNO_BAD_MEMORY     EIO
#define ERRNO_TABLE_PRESENT  EEXIST
#define ERRNO_OCCUPIED       EEXIST
#define ERRNO_FROZEN         EACCES
#define ERRNO_PRIO           EPERM
#define ERRNO_RUNNING        EBUSY
#define ERRNO_NOT_BUILT      ENOSYS
#define ERRNO_NO_MEMORY      ENOMEM
#define ERRNO_BAD_RANGE      EINVAL
#define ERRNO_BAD_MESSAGE    EPROTO
#define ERRNO_DENIED         EPERM
#define ERRNO_NOT_FOUND      ENOENT
#define ERRNO_EXISTS         EEXIST
#define ERRNO_BAD_EXECUTABLE ENOEXEC
#define ERRNO_BAD_ARCHIVE    EILSEQ
#define ERRNO_BAD_HANDLE     EBADF
#define ERRNO_TOO_BIG        E2BIG
#define ERRNO_IO             EIO
#define ERRNO_INTERRUPTED    EINTR
#define ERRNO_END_OF_FILE    ENODATA
#define ERRNO_NOT_DIRECTORY  ENOTDIR
#define ERRNO_IS_DIRECTORY   EISDIR
#define ERRNO_READ_ONLY      EROFS
#define ERRNO_BAD_VERSION    EPROTONOSUPPORT
#define ERRNO_NO_SPACE       ENOSPC
#define ERRNO_NOT_SEEKABLE   ESPIPE
#define ERRNO_BROKEN_PIPE    EPIPE
#define ERRNO_DIRECTORY_NOT_EMPTY ENOTEMPTY

/* A new line of errors.def without an ERRNO_ above does not compile. */
static const uint8_t errno_values[] = {
#define ERROR(number, name, text) [number] = ERRNO_##name,
#include <tessera/errors.def>
#undef ERROR
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

const char *error_text(int error)
{
	if (error < 0 || (size_t)error >= COUNT(text_offsets) || !text_offsets[error])
		return "unknown error";
	return (const char *)&texts + text_offsets[error] - 1;
}

int error_errno(int error)
{
	if (error < 0 || (size_t)error >= COUNT(errno_values) || !text_offsets[error])
		return EPROTO;
	return errno_values[error];
}

int errno_result(int error)
{
	if (!error)
		return 0;
	errno = error_errno(error);
	return -1;
}
