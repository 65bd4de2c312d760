/*
 * file.c: what the shell does with files, straight by the file server's calls. Each function gives an exit
 * status and
 * says on stderr what went wrong.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <file_client.h>
#include <stream_client.h>
#include <tessera/ipc.h>
#include <tessera/process.h>

#include "shell.h"

#define NAME_BYTES  256                /* file.idl: 255 and a NUL */
#define PATH_BYTES  441                /* file.idl: 440 and a NUL */
#define PIECE_MOST  800                /* bytes of one read: stream.idl */
#define LIST_COLUMN 16
#define LIST_WIDTH  78

static int file_server(cap_t *server)
{
	return server_open("file", FILE_VERSION, server);
}

int file_open_path(const char *path, unsigned how, cap_t *file)
{
	struct file_stat what;
	cap_t server = 0;
	int error = file_server(&server);

	return error ? error : file_open(server, path, how, file, &what);
}

void file_end(cap_t file)
{
	if (!file)
		return;
	(void)!file_close(file);
	cap_free(file);
}

static void print_entry(const char *name, const struct file_stat *what)
{
	if (what->kind == FILE_DIRECTORY)
		printf("%12s  ", "directory");
	else
		printf("%12" PRIu64 "  ", what->size);
	say_name(name, NAME_BYTES);
	putchar('\n');
}

/* A file is listed as itself. */
int file_list_directory(const char *path)
{
	struct file_stat what;
	char name[NAME_BYTES] = "";
	cap_t server = 0;
	int error = file_server(&server);

	if (!error)
		error = file_stat(server, path, &what);
	if (!error && what.kind != FILE_DIRECTORY) {
		print_entry(path, &what);
		return 0;
	}
	while (!error) {
		error = file_list(server, path, name, name, sizeof(name), &what);
		if (!error)
			print_entry(name, &what);
		else if (error == E_NOT_FOUND)
			return 0;
	}
	return say_error(path, error);
}

/* Passes on all bytes of a stream until its end; 0 or an error. */
static int pass_on(cap_t from, int (*to)(void *context, const char *data, size_t size), void *context)
{
	char data[PIECE_MOST];
	size_t got = 0;
	int error = 0;

	while (!error) {
		error = stream_read(from, sizeof(data), data, sizeof(data), &got);
		if (!error && !got)
			break;
		if (!error)
			error = to(context, data, got);
	}
	return error;
}

static int to_stdout(void *context, const char *data, size_t size)
{
	(void)context;
	return fwrite(data, 1, size, stdout) == size ? 0 : E_IO;
}

static int to_stream(void *context, const char *data, size_t size)
{
	uint32_t written = 0;
	int error = stream_write(*(cap_t *)context, data, size, &written);

	return error ? error : written == size ? 0 : E_IO;
}

/* Does something with the bytes of a file, or of the standard input when path is NULL. */
static int with_file(const char *path, int (*to)(void *context, const char *data, size_t size), void *context)
{
	cap_t file = SLOT_STDIN;
	int error = path ? file_open_path(path, FILE_READ, &file) : 0;

	if (!error)
		error = pass_on(file, to, context);
	if (path)
		file_end(file);
	return error ? say_error(path ? path : "input", error) : 0;
}

int file_print(const char *path)
{
	return with_file(path, to_stdout, NULL);
}

/* What wc counts. */
struct counts {
	uint64_t lines, words, bytes;
	bool in_word;
};

static int count(void *context, const char *data, size_t size)
{
	struct counts *c = context;

	c->bytes += size;
	for (size_t i = 0; i < size; i++) {
		bool blank = data[i] == ' ' || (data[i] >= '\t' && data[i] <= '\r');

		c->lines += data[i] == '\n';
		c->words += !blank && !c->in_word;
		c->in_word = !blank;
	}
	return 0;
}

int file_count(const char *path)
{
	struct counts c = { 0 };
	int status = with_file(path, count, &c);

	if (!status)
		printf("%8" PRIu64 "%8" PRIu64 "%9" PRIu64 "%s%s\n", c.lines, c.words, c.bytes, path ? " " : "",
		       path ? path : "");
	return status;
}

int file_copy(const char *from, const char *to)
{
	cap_t file = 0;
	int error = file_open_path(to, FILE_WRITE | FILE_CREATE | FILE_TRUNCATE, &file);
	int status = error ? say_error(to, error) : with_file(from, to_stream, &file);

	file_end(file);
	return status;
}

/* One of the file server's calls that take a path. */
static int with_path(const char *path, int (*call)(cap_t server, const char *path))
{
	cap_t server = 0;
	int error = file_server(&server);

	if (!error)
		error = call(server, path);
	return error ? say_error(path, error) : 0;
}

int file_delete(const char *path)
{
	return with_path(path, file_remove);
}

int file_new_directory(const char *path)
{
	return with_path(path, file_make_directory);
}

int file_delete_directory(const char *path)
{
	return with_path(path, file_remove_directory);
}

/* Where FROM goes: TO, or TO/name when TO is a directory. false: too long. */
static bool target(cap_t server, const char *from, const char *to, char path[PATH_BYTES])
{
	const char *slash = strrchr(from, '/'), *name = slash ? slash + 1 : from;
	struct file_stat what;
	bool inside = !file_stat(server, to, &what) && what.kind == FILE_DIRECTORY;

	return snprintf(path, PATH_BYTES, "%s%s%s", to, inside ? "/" : "", inside ? name : "") < PATH_BYTES;
}

int file_move(const char *from, const char *to)
{
	char path[PATH_BYTES];
	cap_t server = 0;
	int error = file_server(&server);

	if (!error)
		error = target(server, from, to, path) ? file_rename(server, from, path) : E_TOO_BIG;
	return error ? say_error(from, error) : 0;
}

int file_space_left(void)
{
	struct file_space now;
	cap_t server = 0;
	int error = file_server(&server);

	if (!error)
		error = file_space(server, &now);
	if (error)
		return say_error("file", error);
	printf("%" PRIu64 " of %" PRIu64 " bytes used by files in RAM; %" PRIu64 " files and directories\n", now.used,
	       now.limit, now.files);
	return 0;
}

char *file_text(const char *path)
{
	struct file_stat what = { 0 };
	cap_t server = 0, file = 0;
	char *text = NULL;
	size_t at = 0, got = 0;
	int error = file_server(&server);

	if (!error)
		error = file_open(server, path, FILE_READ, &file, &what);
	if (!error)
		text = malloc(what.size + 1);
	while (!error && text && at < what.size) {
		error = file_read_at(file, at, PIECE_MOST, text + at, what.size - at, &got);
		if (error || !got)
			break;
		at += got;
	}
	if (text)
		text[at] = 0;
	file_end(file);
	if (!error && text)
		return text;
	free(text);
	(void)say_error(path, error ? error : E_NO_MEMORY);
	return NULL;
}

void file_print_programs(void)
{
	struct file_stat what;
	char name[NAME_BYTES] = "";
	cap_t server = 0;
	int column = 0;

	if (file_server(&server))
		return;
	while (!file_list(server, "/bin", name, name, sizeof(name), &what)) {
		if (column + LIST_COLUMN > LIST_WIDTH) {
			putchar('\n');
			column = 0;
		}
		column += printf("  ");
		column += say_name(name, sizeof(name));
		do
			column += printf(" ");
		while (column % LIST_COLUMN);
	}
	if (column)
		putchar('\n');
}
