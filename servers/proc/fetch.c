/*
 * fetch.c: see fetch.h. The bytes are a copy: whoever may write to the file can change nothing in what has
 * been checked.
 */
#define LOADER_RANK 48
#undef IDL_CLIENT_RANK
#define IDL_CLIENT_RANK LOADER_RANK

#include <string.h>
#include <file_client.h>
#include <mem_client.h>
#include <tessera/ipc.h>
#include <tessera/syscall.h>
#include <tessera/thread.h>
#include "fetch.h"
#include "job.h"

#define SIZE_MOST     (16u << 20)
#define PIECE         900              /* most bytes of one read: file.idl */
#define CALL_SECONDS  5

static int read_all(cap_t file, unsigned char *bytes, size_t size)
{
	size_t at = 0, got = 0;
	int error = 0;

	for (; !error && at < size; at += got) {
		error = file_read_at(file, at, PIECE, bytes + at, size - at, &got);
		if (!error && !got)
			error = E_IO;   /* it was cut meanwhile */
	}
	return error;
}

/* At least a page. */
static uint64_t map_size(size_t size)
{
	return (size + PAGE_SIZE) & ~(uint64_t)(PAGE_SIZE - 1);
}

void fetch_free(unsigned char *bytes, size_t size)
{
	if (bytes)
		(void)!mem_unmap(SLOT_SPACE, (uint64_t)bytes, map_size(size));
}

static int fetch(const char *path, unsigned char **bytes, size_t *size)
{
	struct file_stat what = { 0 };
	uint64_t at = 0;
	cap_t file = 0;
	int error = file_open(boot.file, path, FILE_READ, &file, &what);

	if (error)
		return error == E_NOT_DIRECTORY ? E_NOT_FOUND : error;
	*bytes = NULL;
	*size = (size_t)what.size;
	if (what.kind != FILE_REGULAR)
		error = E_NOT_FOUND;
	else if (what.size > SIZE_MOST)
		error = E_TOO_BIG;
	else
		error = mem_map(SLOT_SPACE, 0, map_size(*size), MEM_READ | MEM_WRITE, 0, &at);
	if (at) {
		*bytes = (unsigned char *)at;
		error = read_all(file, *bytes, *size);
	}
	(void)!file_close(file);
	cap_free(file);
	if (error && at)
		fetch_free(*bytes, *size);
	return error;
}

int fetch_file(const char *path, unsigned char **bytes, size_t *size)
{
	char from_root[PATH_MAX_BYTES + 1] = "/";
	int error;

	if (!boot.file)
		return E_NOT_FOUND;
	strcpy(from_root + 1, path);
	(void)sys_thread_set(thread_capability(), THREAD_CALL_TIMEOUT, CALL_SECONDS * boot.timebase);
	error = fetch(from_root, bytes, size);
	(void)sys_thread_set(thread_capability(), THREAD_CALL_TIMEOUT, 0);
	return error;
}
