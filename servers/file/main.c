/*
 * main.c: the file server's loop and its calls. Serves the boot archive read-only: names and sizes come from
 * the index, bytes as objects of mem that are parts of the archive: whoever opens a file maps the archive's
 * own pages. Never reads a page that it would have to supply itself. Calls mem only.
 */
#include <string.h>
#include <file_server.h>
#include <mem_client.h>
#include <tessera/start.h>
#include <tessera/syscall.h>
#include "index.h"

#define SERVICE       SLOT_EXTRA        /* the endpoint clients call; proc owns it */
#define ARCHIVE       (SLOT_EXTRA + 1)  /* the boot archive's object */
#define READ_MAX      700               /* as in file.idl */
#define STATUS_BROKEN 1                 /* exit: no archive to serve */

/* The object with the file's bytes, made when first asked for and kept for all who come later. */
static int object_of(struct index_entry *file)
{
	uint64_t size;
	cap_t part = 0;
	int error;

	if (file->part)
		return 0;
	error = mem_object_part(SLOT_SPACE, ARCHIVE, file->offset, file->size ? file->size : 1, &part, &size);
	if (error)
		return error == E_NO_MEMORY ? E_NO_MEMORY : E_IO;
	file->part = part;
	return part ? 0 : E_NO_MEMORY;
}

int file_on_open(const struct file_request *request, const char *path, struct send_item *object,
		 struct file_stat *what)
{
	struct index_entry *file = NULL;
	int error = index_file(path, &file);

	(void)request;
	if (!error)
		error = object_of(file);
	if (error)
		return error;
	*object = (struct send_item){ file->part, 1, GIVE_COPY, RIGHT_CALL, 0 };
	return index_stat(path, what);
}

int file_on_stat(const struct file_request *request, const char *path, struct file_stat *what)
{
	(void)request;
	return index_stat(path, what);
}

int file_on_list(const struct file_request *request, const char *path, uint32_t index, char *name,
		 struct file_stat *what)
{
	(void)request;
	return index_list(path, index, name, what);
}

int file_on_read(const struct file_request *request, const char *path, uint64_t offset, uint32_t most,
		 void *data, size_t *data_n)
{
	struct index_entry *file = NULL;
	int error = index_file(path, &file);
	size_t left;

	(void)request;
	if (error)
		return error;
	left = offset < file->size ? file->size - offset : 0;
	*data_n = most < READ_MAX ? most : READ_MAX;
	if (*data_n > left)
		*data_n = left;
	if (*data_n)
		memcpy(data, file->data + offset, *data_n);
	return 0;
}

/* A broken archive is served up to where it breaks. */
static int start(void)
{
	uint64_t size = 0, at = 0;
	int error = mem_object_size(SLOT_SPACE, ARCHIVE, &size);

	if (!error)
		error = mem_map_object(SLOT_SPACE, ARCHIVE, 0, 0, (size + PAGE_SIZE - 1) & ~(uint64_t)(PAGE_SIZE - 1),
				       MEM_READ, 0, &at);
	if (!error)
		(void)!index_build((const void *)at, size);
	return error;
}

int main(void)
{
	struct message m = { .info = 0 };

	if (start())
		return STATUS_BROKEN;
	for (;;) {
		struct file_request r;

		if (sys_reply_recv(SERVICE, &m, 0, 0) || info_kind(m.info) != KIND_MESSAGE) {
			m.info = 0;
			continue;
		}
		r = (struct file_request){ .badge = m.badge, .info = m.info, .buffer = ipc_buffer() };
		memcpy(r.w, m.w, sizeof r.w);
		m.info = file_dispatch(&r);
		memcpy(m.w, r.w, sizeof r.w);
	}
}
