/*
 * file_index_test.c: the file server's view of an archive: implied directories, order of names, odd paths,
 * broken archives.
 */
// SOURCES: servers/file/index.c libc/cpio.c
// CFLAGS: -Iservers/file
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "index.h"

static char archive[1 << 17];
static size_t archive_size;

static void pad(void)
{
	while (archive_size % 4)
		archive[archive_size++] = 0;
}

static void add(const char *name, unsigned mode, const char *data)
{
	static unsigned inode;

	archive_size += (size_t)sprintf(archive + archive_size,
		"070701%08x%08x%08x%08x%08x%08x%08zx%08x%08x%08x%08x%08zx%08x", ++inode, mode, 0, 0, 1, 77,
		strlen(data), 0, 0, 0, 0, strlen(name) + 1, 0);
	strcpy(archive + archive_size, name);
	archive_size += strlen(name) + 1;
	pad();
	memcpy(archive + archive_size, data, strlen(data));
	archive_size += strlen(data);
	pad();
}

static void listing_is(const char *path, const char *expected)
{
	char all[512] = "", name[INDEX_PATH + 1];
	struct file_stat what;
	unsigned n = 0;
	int error;

	while ((error = index_list(path, n, name, &what)) == 0) {
		strcat(strcat(all, name), what.kind == FILE_DIRECTORY ? "/ " : " ");
		n++;
	}
	assert(error == E_NOT_FOUND);
	if (strcmp(all, expected) != 0) {
		fprintf(stderr, "%s: got `%s`, expected `%s`\n", path, all, expected);
		abort();
	}
	assert(index_list(path, n + 100, name, &what) == E_NOT_FOUND);
}

static void an_archive_becomes_a_tree(void)
{
	struct index_entry *file;
	struct file_stat what;
	char name[INDEX_PATH + 1];

	archive_size = 0;
	add("boot/proc", 0100755, "flat");
	add("bin/shell", 0100755, "sh");
	add("a-b/x", 0100644, "1");
	add("./a0", 0100644, "22");
	add("a/x", 0100644, "333");
	add("/etc/deep/motd", 0100644, "hello\n");
	add("empty", 0040755, "");
	add("bin", 0040700, "");
	add("dev/null", 0020666, "");
	add("bin/hello", 0100755, "");
	add("TRAILER!!!", 0, "");
	assert(index_build(archive, archive_size) == 0);
	listing_is("/", "a/ a-b/ a0 bin/ boot/ empty/ etc/ ");
	listing_is("", "a/ a-b/ a0 bin/ boot/ empty/ etc/ ");
	listing_is("bin", "hello shell ");
	listing_is("/bin//./", "hello shell ");
	listing_is("empty", "");
	listing_is("etc", "deep/ ");
	listing_is("etc/deep/../deep", "motd ");
	listing_is("../../etc", "deep/ ");
	assert(index_list("a0", 0, name, &what) == E_NOT_DIRECTORY);
	assert(index_list("nothing", 0, name, &what) == E_NOT_FOUND);

	assert(index_file("/etc/deep/motd", &file) == 0 && file->size == 6 && !memcmp(file->data, "hello\n", 6));
	assert(archive + file->offset == (const char *)file->data);
	assert(index_file("etc/deep", &file) == E_IS_DIRECTORY && index_file("/", &file) == E_IS_DIRECTORY);
	assert(index_file("etc/dee", &file) == E_NOT_FOUND && index_file("dev/null", &file) == E_NOT_FOUND);
	assert(index_stat("a0", &what) == 0 && what.size == 2 && what.kind == FILE_REGULAR && what.mtime == 77);
	assert(index_stat("a", &what) == 0 && what.kind == FILE_DIRECTORY && what.mode == 0040555);
	assert(index_stat("bin", &what) == 0 && what.mode == 0040700);
	assert(index_stat("a/x/y", &what) == E_NOT_FOUND && index_stat("b", &what) == E_NOT_FOUND);
}

static void long_paths_are_not_found(void)
{
	char path[3 * INDEX_PATH];
	struct file_stat what;

	memset(path, 'x', sizeof path);
	path[sizeof path - 1] = 0;
	assert(index_stat(path, &what) == E_NOT_FOUND);
	memset(path, '/', sizeof path - 1);
	assert(index_stat(path, &what) == 0 && what.kind == FILE_DIRECTORY);
}

static void a_broken_archive_is_served_up_to_the_break(void)
{
	struct file_stat what;

	archive_size = 0;
	add("good", 0100644, "x");
	add("bad", 0100644, "y");
	assert(index_build(archive, archive_size - 4) == E_BAD_ARCHIVE);
	assert(index_stat("good", &what) == 0 && index_stat("bad", &what) == E_NOT_FOUND);
	assert(index_build(archive, 0) == E_BAD_ARCHIVE);
	assert(index_stat("good", &what) == E_NOT_FOUND && index_stat("/", &what) == 0);
	listing_is("/", "");
}

static void too_many_files_are_cut_off(void)
{
	struct file_stat what;
	char name[16];

	archive_size = 0;
	for (unsigned i = 0; i < 600; i++) {
		snprintf(name, sizeof name, "f%03u", i);
		add(name, 0100644, "");
	}
	add("TRAILER!!!", 0, "");
	assert(index_build(archive, archive_size) == E_TOO_BIG);
	assert(index_stat("f511", &what) == 0 && index_stat("f512", &what) == E_NOT_FOUND);
}

int main(void)
{
	an_archive_becomes_a_tree();
	long_paths_are_not_found();
	a_broken_archive_is_served_up_to_the_break();
	too_many_files_are_cut_off();
	puts("file_index: ok");
	return 0;
}
