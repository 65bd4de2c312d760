/* memory.c: sys/mman.h: results, errno, and that the memory is as it was asked for. */
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>
#include "check.h"

#define PAGE 4096ul

static sigjmp_buf place;

static void jump(int n)
{
	siglongjmp(place, n);
}

static int reads(const volatile char *at)
{
	if (sigsetjmp(place, 1))
		return 0;
	(void)*at;
	return 1;
}

static int writes(volatile char *at)
{
	if (sigsetjmp(place, 1))
		return 0;
	*at = 1;
	return 1;
}

static void anonymous(void)
{
	char *p = mmap(NULL, 5 * PAGE - 7, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), *q;

	CHECK(p != MAP_FAILED && !((unsigned long)p % PAGE) && !p[5 * PAGE - 1]);
	for (size_t i = 0; i < 5; i++)
		p[i * PAGE] = (char)(i + 1);
	CHECK(!munmap(p + PAGE, PAGE) && !reads(p + PAGE) && reads(p) && p[2 * PAGE] == 3 && !munmap(p + PAGE,
		PAGE));
	CHECK(!mprotect(p + 2 * PAGE, PAGE, PROT_READ) && !writes(p + 2 * PAGE) && reads(p + 2 * PAGE));
	CHECK(!mprotect(p + 2 * PAGE, PAGE, PROT_NONE) && !reads(p + 2 * PAGE));
	CHECK(!mprotect(p + 2 * PAGE, PAGE, PROT_READ | PROT_WRITE) && p[2 * PAGE] == 3 && writes(p + 2 * PAGE));
	q = mmap(p + PAGE, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
	CHECK(q == p + PAGE && !q[0] && !q[PAGE] && p[3 * PAGE] == 4);
	CHECK(!madvise(p, 5 * PAGE, MADV_DONTNEED) && !p[0] && !p[3 * PAGE] && writes(p));
	CHECK(!madvise(p, PAGE, MADV_WILLNEED) && !posix_madvise(p, PAGE, POSIX_MADV_RANDOM) && !mlock(p,
		5 * PAGE));
	CHECK(!munlock(p + 3, 9) && !msync(p, PAGE, MS_SYNC) && !munmap(p, 5 * PAGE) && !reads(p));
	CHECK_ERRNO(mmap(NULL, 0, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), MAP_FAILED, EINVAL);
	CHECK_ERRNO(mmap(NULL, PAGE, PROT_READ, MAP_ANONYMOUS, -1, 0), MAP_FAILED, EINVAL);
	CHECK_ERRNO(mmap(NULL, (size_t)1 << 45, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), MAP_FAILED, ENOMEM);
	CHECK_ERRNO(mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, 99, 0), MAP_FAILED, EBADF);
	CHECK_ERRNO(mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, 1, 1), MAP_FAILED, EINVAL);
	CHECK_ERRNO(mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, 1, 0), MAP_FAILED, ENODEV);
	CHECK_ERRNO(munmap(p + 1, PAGE), -1, EINVAL);
	CHECK_ERRNO(munmap(p, 0), -1, EINVAL);
	CHECK_ERRNO(mprotect(p, PAGE, PROT_READ), -1, ENOMEM);
	CHECK_ERRNO(mprotect(p + 1, PAGE, PROT_READ), -1, EINVAL);
	CHECK_ERRNO(mlock(p, PAGE), -1, ENOMEM);
	CHECK_ERRNO(madvise(p, PAGE, 77), -1, EINVAL);
	CHECK_ERRNO(madvise(p, PAGE, MADV_NORMAL), -1, ENOMEM);
	CHECK_ERRNO(msync(p, PAGE, MS_SYNC | MS_ASYNC), -1, EINVAL);
}

static void reserved(void)
{
	char *p = mmap(NULL, 1ul << 32, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	CHECK(p != MAP_FAILED && !reads(p) && !mprotect(p + (1ul << 31), 3 * PAGE, PROT_READ | PROT_WRITE));
	CHECK(writes(p + (1ul << 31) + 2 * PAGE) && !reads(p + (1ul << 31) + 3 * PAGE) && !munmap(p, 1ul << 32));
	CHECK(!reads(p + (1ul << 31)));
}

static void files(void)
{
	int fd = open("/bin/hello", O_RDONLY);
	char *p = mmap(NULL, 2 * PAGE, PROT_READ, MAP_SHARED, fd, 0), head[8];
	char *q = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, PAGE);

	CHECK(p != MAP_FAILED && !memcmp(p, "\177ELF", 4) && q != MAP_FAILED && !memcmp(p + PAGE, q, PAGE));
	CHECK_ERRNO(mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0), MAP_FAILED, EACCES);
	CHECK(!close(fd));
	q[0] ^= 1;
	CHECK(q[0] != p[PAGE] && !writes(p) && !munmap(p, 2 * PAGE) && !munmap(q, PAGE));
	fd = open("/bin/hello", O_RDONLY);
	CHECK(read(fd, head, 4) == 4 && !memcmp(head, "\177ELF", 4) && !close(fd));
}

static void moved(void)
{
	char *p = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), *q;

	memset(p, 7, 2 * PAGE);
	q = mremap(p, 2 * PAGE, 300 * PAGE, MREMAP_MAYMOVE);
	CHECK(q != MAP_FAILED && q[0] == 7 && q[2 * PAGE - 1] == 7 && !q[2 * PAGE] && writes(q + 299 * PAGE));
	CHECK(mremap(q, 300 * PAGE, PAGE, 0) == q && reads(q) && !reads(q + PAGE));
	CHECK_ERRNO(mremap(q, PAGE, 0, 0), MAP_FAILED, EINVAL);
	CHECK_ERRNO(mremap(q + PAGE, PAGE, PAGE, 0), MAP_FAILED, EFAULT);
	CHECK(!munmap(q, PAGE));
}

int main(void)
{
	signal(SIGSEGV, jump);
	anonymous();
	reserved();
	files();
	moved();
	return check_end("memory");
}
