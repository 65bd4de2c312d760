/*
 * stdio.c: stdin, stdout and stderr as picolibc's buffered FILEs over descriptors 0-2, each with a buffer
 * of one message. Output is line-buffered: what reads the other end is a person.
 */
#include <stdio.h>
#include <stdio-bufio.h>
#include <unistd.h>
#include "libc_internal.h"

#define READ_BYTES  800                /* of one message, as in stream.idl */
#define WRITE_BYTES 900

static char in_bytes[READ_BYTES], out_bytes[WRITE_BYTES], error_bytes[WRITE_BYTES];
static struct __lock in_lock, out_lock, error_lock;

#define STANDARD_FILE(descriptor, bytes, mutex, access)                                                     \
	{                                                                                                   \
		.xfile = FDEV_SETUP_EXT(__bufio_put, __bufio_get, __bufio_flush, __bufio_close, __bufio_seek,       \
					__bufio_setvbuf, (access) | __SBUF),                                \
		.fd = (descriptor), .bflags = __BLBF, .buf = (bytes), .size = sizeof(bytes), .read = read,          \
		.write = write, .lseek = lseek, .close = close, .lock = &(mutex),                              \
	}

static struct __file_bufio in_file = STANDARD_FILE(STDIN_FILENO, in_bytes, in_lock, __SRD);
static struct __file_bufio out_file = STANDARD_FILE(STDOUT_FILENO, out_bytes, out_lock, __SWR);
static struct __file_bufio error_file = STANDARD_FILE(STDERR_FILENO, error_bytes, error_lock, __SWR);

FILE *const stdin = (FILE *)&in_file;
FILE *const stdout = (FILE *)&out_file;
FILE *const stderr = (FILE *)&error_file;

void stdio_finish(void)
{
	(void)fflush(stdout);
	(void)fflush(stderr);
}
