/*
 * names.c: the calls of file.idl that name files: what is where, and what has which name.
 */
#include <string.h>
#include <file_server.h>
#include <tessera/process.h>
#include <tessera/syscall.h>
#include "describe.h"
#include "disk.h"
#include "node.h"
#include "open.h"

uint64_t describe_now(void)
{
	return sys_time() / process_start_info()->timebase;
}

void describe_node(const struct node *n, struct file_stat *what)
{
	*what = (struct file_stat){ .size = n->kind == FILE_DIRECTORY ? 0 : node_size(n), .inode = n->inode,
				    .mtime = n->mtime, .kind = n->kind, .mode = n->mode };
}

/* node.h's, with what is on the disk: E_AGAIN while that is being fetched. */
static int find(const char *path, struct node **n)
{
	int error;

	do
		error = node_find(path, n);
	while (error == E_AGAIN && !(error = disk_mount()));
	return error;
}

static int place_of(const char *path, struct place *place)
{
	int error;

	do
		error = node_place(path, place);
	while (error == E_AGAIN && !(error = disk_mount()));
	return error;
}

/* A capability of ours for the answer; the client gets a copy of it. */
static struct send_item to_send(cap_t source)
{
	return (struct send_item){ source, 1, GIVE_COPY, RIGHT_CALL, 0 };
}

/* A regular file or directory that is there, as a client wants to open it. */
static int check_open(const struct node *n, uint32_t how)
{
	if (how & FILE_CREATE && how & FILE_EXCLUSIVE)
		return E_EXISTS;
	if (!(how & (FILE_WRITE | FILE_TRUNCATE)))
		return 0;
	if (n->kind == FILE_DIRECTORY)
		return E_IS_DIRECTORY;
	return n->fixed ? E_READ_ONLY : 0;
}

/* The node to open, made if need be; *made: it was. */
static int find_or_make(const char *path, uint32_t how, struct node **n, bool *made)
{
	struct place place;
	int error = find(path, n);

	*made = false;
	if (!error)
		return check_open(*n, how);
	if (error != E_NOT_FOUND || !(how & FILE_CREATE))
		return error;
	error = place_of(path, &place);
	if (error)
		return error == E_BAD_ARG ? E_NOT_FOUND : error;
	if (place.slash)
		return E_IS_DIRECTORY;
	*made = true;
	return node_make(&place, FILE_REGULAR, false, describe_now(), n);
}

int file_on_open(const struct file_request *request, const char *path, uint32_t how, struct send_item *file,
		 struct file_stat *what)
{
	struct node *n = NULL;
	cap_t source;
	bool made;
	int error = find_or_make(path, how, &n, &made);

	if (error)
		return error;
	source = open_make(n, NULL, how, open_owner(request->badge));
	if (!source) {
		if (made)
			(void)!node_remove(n, FILE_REGULAR);
		return E_NO_MEMORY;
	}
	if (how & FILE_TRUNCATE && how & FILE_WRITE)
		(void)!store_resize(&n->store, 0);
	*file = to_send(source);
	describe_node(n, what);
	return 0;
}

int file_on_stat(const struct file_request *request, const char *path, struct file_stat *what)
{
	struct node *n = NULL;
	int error = find(path, &n);

	(void)request;
	if (!error)
		describe_node(n, what);
	return error;
}

int file_on_list(const struct file_request *request, const char *path, const char *after, char *name,
		 struct file_stat *what)
{
	struct node *directory = NULL, *n;
	int error = find(path, &directory);

	(void)request;
	if (error)
		return error;
	if (directory->kind != FILE_DIRECTORY)
		return E_NOT_DIRECTORY;
	n = node_after(directory, after);
	if (!n)
		return E_NOT_FOUND;
	strcpy(name, n->name);
	describe_node(n, what);
	return 0;
}

int file_on_make_directory(const struct file_request *request, const char *path)
{
	struct place place;
	struct node *made;
	int error = place_of(path, &place);

	(void)request;
	if (error == E_BAD_ARG || (!error && place.there))
		return E_EXISTS;
	return error ? error : node_make(&place, FILE_DIRECTORY, false, describe_now(), &made);
}

/* What is there under a name that is to go. */
static int find_name(const char *path, struct place *place)
{
	int error = place_of(path, place);

	if (error)
		return error == E_TOO_BIG ? E_NOT_FOUND : error;
	return place->there ? 0 : E_NOT_FOUND;
}

int file_on_remove(const struct file_request *request, const char *path)
{
	struct place place;
	int error = find_name(path, &place);

	(void)request;
	if (error)
		return error == E_BAD_ARG ? E_IS_DIRECTORY : error;
	return node_remove(place.there, FILE_REGULAR);
}

int file_on_remove_directory(const struct file_request *request, const char *path)
{
	struct place place;
	int error = find_name(path, &place);

	(void)request;
	if (error)
		return error == E_BAD_ARG ? E_READ_ONLY : error;
	return node_remove(place.there, FILE_DIRECTORY);
}

int file_on_rename(const struct file_request *request, const char *from, const char *to)
{
	struct place old, new;
	int error = find_name(from, &old);

	(void)request;
	if (!error)
		error = place_of(to, &new);
	return error ? error : node_rename(old.there, &new);
}

/* What is in RAM stays as long as it can. */
int file_on_sync(const struct file_request *request)
{
	(void)request;
	return 0;
}

int file_on_space(const struct file_request *request, struct file_space *space)
{
	(void)request;
	window_sweep();
	*space = (struct file_space){ .limit = store_limit(), .used = store_used(), .files = node_count() };
	return 0;
}

int file_on_pipe(const struct file_request *request, struct send_item *reader, struct send_item *writer)
{
	uint64_t owner = open_owner(request->badge);
	struct pipe *p = pipe_make();
	cap_t read_end, write_end;

	if (!p)
		return E_NO_SPACE;
	read_end = open_make(NULL, p, FILE_READ, owner);
	if (!read_end) {
		pipe_drop(p);
		return E_NO_MEMORY;
	}
	write_end = open_make(NULL, p, FILE_WRITE, owner);
	if (!write_end)
		return E_NO_MEMORY;     /* the next sweep ends the end that nobody was given */
	*reader = to_send(read_end);
	*writer = to_send(write_end);
	return 0;
}
