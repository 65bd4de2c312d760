/*
 * file.c: ls, cat and the list of programs, straight from the file server.
 */
#include <inttypes.h>
#include <stdio.h>
#include <file_client.h>
#include <tessera/process.h>

#include "shell.h"

#define NAME_BYTES  201                /* file.idl: 200 and a NUL */
#define READ_MOST   700
#define LIST_COLUMN 16
#define LIST_WIDTH  78

static int file_server(cap_t *server)
{
	return server_open("file", FILE_VERSION, server);
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
	char name[NAME_BYTES];
	cap_t server = 0;
	int error = file_server(&server);

	for (uint32_t i = 0; !error; i++) {
		error = file_list(server, path, i, name, sizeof(name), &what);
		if (!error)
			print_entry(name, &what);
		else if (error == E_NOT_FOUND && i)
			return 0;
	}
	if (error == E_NOT_DIRECTORY || error == E_NOT_FOUND) {
		error = file_stat(server, path, &what);
		if (!error && what.kind == FILE_REGULAR)
			print_entry(path, &what);
	}
	return error ? say_error(path, error) : 0;
}

int file_print(const char *path)
{
	char data[READ_MOST];
	uint64_t offset = 0;
	size_t got = 0;
	cap_t server = 0;
	int error = file_server(&server);

	while (!error) {
		error = file_read(server, path, offset, sizeof(data), data, sizeof(data), &got);
		if (error || !got)
			break;
		fwrite(data, 1, got, stdout);
		offset += got;
	}
	return error ? say_error(path, error) : 0;
}

void file_print_programs(void)
{
	struct file_stat what;
	char name[NAME_BYTES];
	cap_t server = 0;
	int column = 0;

	if (file_server(&server))
		return;
	for (uint32_t i = 0; !file_list(server, "/bin", i, name, sizeof(name), &what); i++) {
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
