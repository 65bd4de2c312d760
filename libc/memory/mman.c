/*
 * mman.c: memory in POSIX' words. mem charges what may be written when it is mapped; PROT_NONE is address space
 * that was reserved and costs nothing.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <sys/mman.h>
#include <mem_client.h>
#include <tessera/ipc.h>
#include <tessera/process.h>
#include "../file/fd.h"

/* Kinds of regions, as mem.idl numbers them. */
#define REGION_ANONYMOUS 1
#define REGION_SHARED    2
#define REGION_RESERVED  7

#define PROT_ALL (PROT_READ | PROT_WRITE | PROT_EXEC)

_Static_assert(PROT_READ == MEM_READ && PROT_WRITE == MEM_WRITE && PROT_EXEC == MEM_EXEC, "as in mem.idl");

static int refuse(int error)
{
	errno = error;
	return -1;
}

static uint64_t pages_up(uint64_t n)
{
	return (n + PAGE_SIZE - 1) & ~(uint64_t)(PAGE_SIZE - 1);
}

/* A range as munmap and the others want it. */
static bool range_good(const void *start, size_t size)
{
	uintptr_t at = (uintptr_t)start;

	return at % PAGE_SIZE == 0 && pages_up(size) >= size && at + size >= at;
}

/* The object of an open file, and whether it may be mapped so: 0 or an errno. */
static int file_object_of(int fd, int prot, int flags, cap_t *object)
{
	struct fd_file *f = fd_get(fd);
	uint64_t size;
	int error = 0;

	if (!f)
		return EBADF;
	if (!fd_readable(f) || (flags & MAP_SHARED && prot & PROT_WRITE && !fd_writable(f)))
		error = EACCES;
	else if (f->kind != FD_REGULAR || file_object(f->cap, object, &size))
		error = ENODEV;
	fd_put(f);
	return error;
}

static int map_file(uint64_t at, size_t size, int prot, int flags, int fd, uint64_t offset, uint64_t *out)
{
	uint32_t how = (flags & MAP_FIXED ? MEM_FIXED : 0) | (flags & MAP_PRIVATE ? MEM_PRIVATE : 0);
	cap_t object = 0;
	int error = file_object_of(fd, prot, flags, &object);

	if (error)
		return error;
	error = mem_map_object(SLOT_SPACE, object, offset, at, size, (uint32_t)prot, how, out);
	cap_free(object);
	return error == E_BAD_RANGE ? ENXIO : error_errno(error);
}

static int map_memory(uint64_t at, size_t size, int prot, int flags, uint64_t *out)
{
	uint32_t how = (flags & MAP_FIXED ? MEM_FIXED : 0) | (flags & MAP_NORESERVE ? MEM_NORESERVE : 0) |
		       (flags & MAP_POPULATE ? MEM_EAGER : 0);
	int error;

	if (prot == PROT_NONE)
		error = mem_reserve(SLOT_SPACE, at, size, 0, how & MEM_FIXED, out);
	else
		error = mem_map(SLOT_SPACE, at, size, (uint32_t)prot, how, out);
	return error == E_BAD_RANGE ? ENOMEM : error_errno(error);
}

void *mmap(void *at, size_t size, int prot, int flags, int fd, off_t offset)
{
	uint64_t out = 0;
	int error;

	if (!size || prot & ~PROT_ALL || offset < 0 || offset % PAGE_SIZE || !pages_up(size) ||
	    !(flags & MAP_SHARED) == !(flags & MAP_PRIVATE) || (flags & MAP_FIXED && !range_good(at, size))) {
		errno = EINVAL;
		return MAP_FAILED;
	}
	size = pages_up(size);
	if (!(flags & MAP_FIXED))
		at = NULL;
	else if (munmap(at, size))
		return MAP_FAILED;
	if (flags & MAP_ANONYMOUS)
		error = map_memory((uint64_t)at, size, prot, flags, &out);
	else
		error = map_file((uint64_t)at, size, prot, flags, fd, (uint64_t)offset, &out);
	if (!error)
		return (void *)out;
	errno = error;
	return MAP_FAILED;
}

/* Where nothing is mapped there is nothing to do. */
int munmap(void *start, size_t size)
{
	struct mem_region region = { 0 };
	int error;

	if (!size || !range_good(start, size))
		return refuse(EINVAL);
	error = mem_unmap(SLOT_SPACE, (uint64_t)start, pages_up(size));
	if (error == E_BAD_RANGE && (mem_query(SLOT_SPACE, (uint64_t)start, &region) ||
				     region.start >= (uint64_t)start + pages_up(size)))
		return 0;
	return errno_result(error);
}

/* The range's regions one after the other, without holes: 0, or ENOMEM, or the errno of `each`. */
static int for_regions(const void *start, size_t size, int (*each)(const struct mem_region *, uint64_t, uint64_t, int),
		       int argument)
{
	uint64_t at = (uint64_t)start, end = at + pages_up(size);

	while (at < end) {
		struct mem_region region = { 0 };
		uint64_t to;
		int error;

		if (mem_query(SLOT_SPACE, at, &region) || region.start > at)
			return ENOMEM;
		to = region.start + region.size < end ? region.start + region.size : end;
		error = each ? each(&region, at, to - at, argument) : 0;
		if (error)
			return error;
		at = to;
	}
	return 0;
}

/* Reserved space becomes memory when it may be used for the first time. */
static int protect_part(const struct mem_region *region, uint64_t at, uint64_t size, int prot)
{
	int error;

	if (region->kind == REGION_RESERVED)
		error = prot == PROT_NONE ? 0 : mem_commit(SLOT_SPACE, at, size, (uint32_t)prot);
	else
		error = mem_protect(SLOT_SPACE, at, size, (uint32_t)prot);
	return error == E_DENIED ? EACCES : error_errno(error);
}

int mprotect(void *start, size_t size, int prot)
{
	int error;

	if ((uintptr_t)start % PAGE_SIZE || prot & ~PROT_ALL)
		return refuse(EINVAL);
	error = range_good(start, size) ? for_regions(start, size, protect_part, prot) : ENOMEM;
	return error ? refuse(error) : 0;
}

/* A shared mapping is the file's own memory: nothing has to be written. */
int msync(void *start, size_t size, int flags)
{
	int error;

	if (!range_good(start, size) || flags & ~(MS_ASYNC | MS_SYNC | MS_INVALIDATE) ||
	    (flags & MS_ASYNC && flags & MS_SYNC))
		return refuse(EINVAL);
	error = for_regions(start, size, NULL, 0);
	return error ? refuse(error) : 0;
}

static int touch_part(const struct mem_region *region, uint64_t at, uint64_t size, int unused)
{
	(void)unused;
	if (!(region->prot & MEM_READ))
		return ENOMEM;
	for (uint64_t end = at + size; at < end; at += PAGE_SIZE)
		(void)*(volatile const char *)at;
	return 0;
}

/* Nothing is ever paged out: what is present stays. */
int mlock(const void *start, size_t size)
{
	const char *from = (const char *)((uintptr_t)start & ~(uintptr_t)(PAGE_SIZE - 1));
	int error = for_regions(from, size + (size_t)((const char *)start - from), touch_part, 0);

	return error ? refuse(error) : 0;
}

int munlock(const void *start, size_t size)
{
	const char *from = (const char *)((uintptr_t)start & ~(uintptr_t)(PAGE_SIZE - 1));
	int error = for_regions(from, size + (size_t)((const char *)start - from), NULL, 0);

	return error ? refuse(error) : 0;
}

/* Private memory reads as zero afterwards; of a shared object nothing is lost. */
static int discard_part(const struct mem_region *region, uint64_t at, uint64_t size, int unused)
{
	uint64_t out;

	(void)unused;
	if (region->kind != REGION_ANONYMOUS)
		return region->kind == REGION_SHARED || region->kind == REGION_RESERVED ? 0 : EINVAL;
	if (mem_unmap(SLOT_SPACE, at, size))
		return ENOMEM;
	return error_errno(mem_map(SLOT_SPACE, at, size, region->prot, MEM_FIXED, &out));
}

int madvise(void *start, size_t size, int advice)
{
	int error;

	if (!range_good(start, size) || advice < 0 || (advice > MADV_DONTNEED && advice != MADV_FREE))
		return refuse(EINVAL);
	error = for_regions(start, size, advice >= MADV_DONTNEED ? discard_part : NULL, 0);
	return error ? refuse(error) : 0;
}

int posix_madvise(void *start, size_t size, int advice)
{
	if (!range_good(start, size) || advice < 0 || advice > MADV_WILLNEED)
		return EINVAL;
	return for_regions(start, size, NULL, 0);
}

/* Of private memory; its pages move with it. */
void *mremap(void *start, size_t old_size, size_t size, int flags, ...)
{
	uint64_t out = 0;
	int error;

	old_size = pages_up(old_size);
	size = pages_up(size);
	if (!size || !old_size || !range_good(start, old_size) || flags & ~MREMAP_MAYMOVE) {
		errno = EINVAL;
		return MAP_FAILED;
	}
	error = mem_remap(SLOT_SPACE, (uint64_t)start, old_size, size, flags & MREMAP_MAYMOVE ? MEM_MOVE : 0, &out);
	if (!error)
		return (void *)out;
	errno = error == E_NO_MEMORY || error == E_EXISTS ? ENOMEM : EFAULT;
	return MAP_FAILED;
}
