/* sys/uio.h: reading and writing several pieces. */
#ifndef _SYS_UIO_H_
#define _SYS_UIO_H_ 1

#include <sys/types.h>

#ifdef __cplusplus
extern "C" {
#endif

struct iovec {
	void *iov_base;
	size_t iov_len;
};

ssize_t readv(int, const struct iovec *, int);
ssize_t writev(int, const struct iovec *, int);

#ifdef __cplusplus
}
#endif
#endif
