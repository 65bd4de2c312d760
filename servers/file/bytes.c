/*
 * bytes.c: the calls on open files: those of file.idl's second half, at a place of the caller's choice, and
 * those of
 * stream.idl, at the position that the duplicates of an open file share.
 */
#include <string.h>
#include <file_server.h>
#include <mem_client.h>
#include <stream_server.h>
#include <tessera/start.h>
#include "cache.h"
#include "describe.h"
#include "main.h"
#include "open.h"
#include "slots.h"

#define READ_MOST   900                /* as in file.idl */
#define STREAM_MOST 800                /* as in stream.idl */

/* The open regular file that a badge names; `right`: one of READ, WRITE that it must be open for, or 0. */
static int regular(uint64_t badge, uint32_t right, struct open_file **file)
{
	struct open_file *f = open_find(badge);

	if (!f)
		return E_BAD_HANDLE;
	if (f->pipe)
		return E_NOT_SEEKABLE;
	if (f->node->kind == FILE_DIRECTORY)
		return E_IS_DIRECTORY;
	if (right && !(f->how & right))
		return E_DENIED;
	*file = f;
	return 0;
}

/* Bytes of a file: 0, or E_AGAIN or E_IO of the disk; *size: how many. */
static int get(const struct node *n, uint64_t offset, void *data, size_t most, size_t *size)
{
	uint64_t left = offset < node_size(n) ? node_size(n) - offset : 0;

	*size = most < left ? most : (size_t)left;
	if (!*size)
		return 0;
	if (n->fixed && !n->data)
		return cache_read(n->offset + offset, data, *size);
	if (n->fixed)
		memcpy(data, n->data + offset, *size);
	else
		(void)store_read(&n->store, offset, data, *size);
	return 0;
}

/* Writes at the offset, or at the end if the file is open for that; *end: behind what was written. */
static int put(struct open_file *f, uint64_t offset, const void *data, size_t size, uint64_t *end)
{
	uint64_t at = f->how & FILE_APPEND ? f->node->store.size : offset;
	int error = store_write(&f->node->store, at, data, size);

	if (error) {
		window_sweep();
		error = store_write(&f->node->store, at, data, size);
	}
	if (error)
		return error;
	*end = at + size;
	f->node->mtime = describe_now();
	return 0;
}

int file_on_describe(const struct file_request *request, struct file_stat *what, uint32_t *how)
{
	const struct open_file *f = open_find(request->badge);

	if (!f)
		return E_BAD_HANDLE;
	*how = f->how;
	if (f->node)
		describe_node(f->node, what);
	else
		*what = (struct file_stat){ .kind = FILE_PIPE, .mode = 0600, .size = pipe_used(f->pipe) };
	return 0;
}

int file_on_seek(const struct file_request *request, int64_t offset, uint32_t from, uint64_t *position)
{
	struct open_file *f = NULL;
	int error = regular(request->badge, 0, &f);
	int64_t start, to;

	if (error)
		return error;
	start = from == FILE_SET ? 0 : from == FILE_CURRENT ? (int64_t)f->position : (int64_t)node_size(f->node);
	if (__builtin_add_overflow(start, offset, &to) || to < 0)
		return E_BAD_ARG;
	*position = f->position = (uint64_t)to;
	return 0;
}

int file_on_read_at(const struct file_request *request, uint64_t offset, uint32_t most, void *data,
		    size_t *data_n)
{
	struct open_file *f = NULL;
	int error = regular(request->badge, FILE_READ, &f);

	return error ? error : get(f->node, offset, data, most < READ_MOST ? most : READ_MOST, data_n);
}

int file_on_write_at(const struct file_request *request, uint64_t offset, const void *data, size_t data_n,
		     uint64_t *end)
{
	struct open_file *f = NULL;
	int error = regular(request->badge, FILE_WRITE, &f);

	return error ? error : put(f, offset, data, data_n, end);
}

int file_on_resize(const struct file_request *request, uint64_t size)
{
	struct open_file *f = NULL;
	int error = regular(request->badge, FILE_WRITE, &f);

	if (!error)
		error = store_resize(&f->node->store, size);
	if (!error)
		f->node->mtime = describe_now();
	return error;
}

/*
 * The object with the bytes of a fixed file, made when first asked for and kept for all who come later; 0: no
 * memory.
 */
static cap_t fixed_object(struct node *n)
{
	uint64_t size;
	cap_t part = 0;

	if (!n->part && !mem_object_part(SLOT_SPACE, ARCHIVE, n->offset, n->size ? n->size : 1, &part, &size))
		n->part = slots_keep(part);
	return n->part;
}

int file_on_object(const struct file_request *request, struct send_item *object, uint64_t *size)
{
	struct open_file *f = NULL;
	int error = regular(request->badge, 0, &f);
	cap_t cap;

	if (error)
		return error;
	*size = node_size(f->node);
	if (f->node->fixed && !f->node->data)
		return E_NOT_FOUND;
	cap = f->node->fixed ? fixed_object(f->node) : store_object(&f->node->store, f->how & FILE_WRITE);
	if (!cap)
		return E_NO_SPACE;
	*object = (struct send_item){ cap, 1, GIVE_COPY, RIGHT_CALL, 0 };
	return 0;
}

int file_on_lock(const struct file_request *request, uint64_t start, uint64_t size, uint32_t kind)
{
	struct open_file *f = NULL;
	int error = regular(request->badge, 0, &f);

	return error ? error : lock_set(&f->node->locks, open_owner(request->badge), start, size, kind);
}

int file_on_locked(const struct file_request *request, uint64_t start, uint64_t size, uint32_t kind,
		   struct file_lock *found)
{
	struct open_file *f = NULL;
	int error = regular(request->badge, 0, &f);

	return error ? error : lock_test(f->node->locks, open_owner(request->badge), start, size, kind, found);
}

int file_on_set_time(const struct file_request *request, uint64_t mtime)
{
	struct open_file *f = open_find(request->badge);

	if (!f)
		return E_BAD_HANDLE;
	if (f->pipe)
		return E_NOT_SEEKABLE;
	if (f->node->fixed)
		return E_READ_ONLY;
	f->node->mtime = mtime;
	return 0;
}

int file_on_duplicate(const struct file_request *request, struct send_item *file)
{
	cap_t source;

	if (!open_find(request->badge))
		return E_BAD_HANDLE;
	source = open_duplicate(request->badge);
	*file = (struct send_item){ source, 1, GIVE_COPY, RIGHT_CALL, 0 };
	return source ? 0 : E_NO_MEMORY;
}

int file_on_close(const struct file_request *request)
{
	if (!open_find(request->badge))
		return E_BAD_HANDLE;
	open_close(request->badge);
	return 0;
}

int stream_on_read(const struct stream_request *request, uint32_t most, void *data, size_t *data_n)
{
	struct open_file *f = open_find(request->badge);
	int error;

	if (!f || !(f->how & FILE_READ))
		return E_DENIED;
	if (f->pipe)
		return pipe_read(f->pipe, open_owner(request->badge), most, data, data_n);
	error = regular(request->badge, FILE_READ, &f);
	if (error)
		return error;
	error = get(f->node, f->position, data, most < STREAM_MOST ? most : STREAM_MOST, data_n);
	if (!error)
		f->position += *data_n;
	return error;
}

int stream_on_write(const struct stream_request *request, const void *data, size_t data_n, uint32_t *written)
{
	struct open_file *f = open_find(request->badge);
	int error;

	if (!f || !(f->how & FILE_WRITE))
		return E_DENIED;
	*written = (uint32_t)data_n;
	if (f->pipe)
		return pipe_write(f->pipe, open_owner(request->badge), data, data_n);
	error = regular(request->badge, FILE_WRITE, &f);
	return error ? error : put(f, f->position, data, data_n, &f->position);
}

int stream_on_info(const struct stream_request *request, uint32_t *terminal, uint32_t *columns, uint32_t *rows)
{
	*terminal = *columns = *rows = 0;
	return open_find(request->badge) ? 0 : E_DENIED;
}

/* The rest is a terminal's. */
int stream_on_set_mode(const struct stream_request *request, uint32_t next, uint32_t *old)
{
	(void)request;
	(void)next;
	(void)old;
	return E_DENIED;
}

int stream_on_interrupt_to(const struct stream_request *request, struct idl_cap notify)
{
	(void)request;
	(void)notify;
	return E_DENIED;
}

int stream_on_flush(const struct stream_request *request)
{
	(void)request;
	return E_DENIED;
}

int stream_on_drain(const struct stream_request *request)
{
	return open_find(request->badge) ? 0 : E_DENIED;
}
