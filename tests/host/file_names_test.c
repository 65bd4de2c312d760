/*
 * file_names_test.c: the file server's names and bytes: what an archive becomes, odd paths, broken archives;
 * names made, moved
 * and removed against a model of ours; bytes written, cut and read against a plain array; locks; the limit, to
 * the byte.
 */
// SOURCES: servers/file/node.c servers/file/store.c servers/file/archive.c servers/file/lock.c libc/cpio.c
// CFLAGS: -Iservers/file
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tessera/abi.h>
#include "archive.h"
#include "node.h"

#define LIMIT (1u << 20)

static char archive[1 << 17];
static size_t archive_size;

/* The windows of this machine: memory of our own. */
bool window_make(struct window *w, size_t pages)
{
	*w = (struct window){ calloc(pages, STORE_PAGE), pages, 1, 0 };
	return store_take((uint64_t)pages * STORE_PAGE);
}

bool window_resize(struct window *w, size_t pages)
{
	unsigned char *bytes;

	if (pages > w->pages && !store_take((uint64_t)(pages - w->pages) * STORE_PAGE))
		return false;
	if (pages < w->pages)
		store_give((uint64_t)(w->pages - pages) * STORE_PAGE);
	bytes = calloc(pages, STORE_PAGE);
	memcpy(bytes, w->bytes, (pages < w->pages ? pages : w->pages) * STORE_PAGE);
	free(w->bytes);
	w->bytes = bytes;
	w->pages = pages;
	return true;
}

void window_end(struct window *w)
{
	if (w->bytes)
		store_give((uint64_t)w->pages * STORE_PAGE);
	free(w->bytes);
	*w = (struct window){ .bytes = NULL };
}

uint64_t window_object(struct window *w, bool write)
{
	return w->object + write;
}

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

static void begin(void)
{
	assert(node_start(1, LIMIT));
}

static struct node *at(const char *path)
{
	struct node *n = NULL;

	assert(node_find(path, &n) == 0);
	return n;
}

static int find_error(const char *path)
{
	struct node *n = NULL;

	return node_find(path, &n);
}

static void listing_is(const char *path, const char *expected)
{
	char all[512] = "", last[NODE_NAME + 1] = "";
	struct node *n, *directory = at(path);

	while ((n = node_after(directory, last)) != NULL) {
		strcat(strcat(all, n->name), n->kind == FILE_DIRECTORY ? "/ " : " ");
		strcpy(last, n->name);
	}
	if (strcmp(all, expected) != 0) {
		fprintf(stderr, "%s: got `%s`, expected `%s`\n", path, all, expected);
		abort();
	}
}

static void an_archive_becomes_a_tree(void)
{
	begin();
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
	add("bin/hello", 0100755, "again");
	add("a0/under", 0100644, "a file is in the way");
	add("TRAILER!!!", 0, "");
	assert(archive_read(archive, archive_size) == 0);
	listing_is("/", "a/ a-b/ a0 bin/ boot/ empty/ etc/ ");
	listing_is("", "a/ a-b/ a0 bin/ boot/ empty/ etc/ ");
	listing_is("/bin//./", "hello shell ");
	listing_is("empty", "");
	listing_is("etc/deep/../deep", "motd ");
	listing_is("../../etc", "deep/ ");
	assert(at("/etc/deep/motd")->size == 6 && !memcmp(at("/etc/deep/motd")->data, "hello\n", 6));
	assert((const char *)at("etc/deep/motd")->data == archive + at("etc/deep/motd")->offset);
	assert(at("bin/hello")->size == 0);
	assert(at("a0")->mtime == 77 && at("a0")->fixed && at("a")->fixed);
	assert(find_error("a0/") == E_NOT_DIRECTORY && find_error("a/x/y") == E_NOT_DIRECTORY);
	assert(find_error("etc/dee") == E_NOT_FOUND);
	assert(find_error("dev") == E_NOT_FOUND && find_error("b") == E_NOT_FOUND);
	assert(node_remove(at("a0"), FILE_REGULAR) == E_READ_ONLY);
	assert(node_remove(at("empty"), FILE_DIRECTORY) == E_READ_ONLY);
	assert(store_used() == 0);
}

static void long_paths_are_not_found(void)
{
	char path[1000];
	struct place place;

	begin();
	memset(path, 'x', sizeof path);
	path[sizeof path - 1] = 0;
	assert(find_error(path) == E_NOT_FOUND && node_place(path, &place) == E_TOO_BIG);
	path[NODE_NAME] = 0;
	assert(node_place(path, &place) == 0);
	memset(path, '/', sizeof path - 1);
	assert(at(path)->kind == FILE_DIRECTORY && node_place(path, &place) == E_BAD_ARG);
	assert(node_place(".", &place) == E_BAD_ARG && node_place("/..", &place) == E_BAD_ARG);
}

static void a_broken_archive_is_served_up_to_the_break(void)
{
	begin();
	archive_size = 0;
	add("good", 0100644, "x");
	add("bad", 0100644, "y");
	assert(archive_read(archive, archive_size - 4) == E_BAD_ARCHIVE);
	assert(find_error("good") == 0 && find_error("bad") == E_NOT_FOUND);
	begin();
	assert(archive_read(archive, 0) == E_BAD_ARCHIVE);
	listing_is("/", "");
}

static int make(const char *path, uint32_t kind)
{
	struct place place;
	struct node *made;
	int error = node_place(path, &place);

	if (error)
		return error;
	return place.there ? E_EXISTS : node_make(&place, kind, false, 0, &made);
}

static int move(const char *from, const char *to)
{
	struct node *n = NULL;
	struct place place;
	int error = node_find(from, &n);

	if (!error)
		error = node_place(to, &place);
	return error ? error : node_rename(n, &place);
}

static void names_move_and_go(void)
{
	struct node *n;

	begin();
	assert(make("d", FILE_DIRECTORY) == 0 && make("d/e", FILE_DIRECTORY) == 0 && make("d/e/f", FILE_REGULAR) == 0);
	assert(make("g", FILE_REGULAR) == 0 && make("d", FILE_REGULAR) == E_EXISTS);
	assert(make("no/x", FILE_REGULAR) == E_NOT_FOUND && make("g/x", FILE_REGULAR) == E_NOT_DIRECTORY);
	assert(move("d", "d/e/x") == E_BAD_ARG && move("d", "d") == 0 && move("d/e", "d/e/f") == E_BAD_ARG);
	assert(move("d/e", "/h") == 0 && find_error("h/f") == 0);
	listing_is("/", "d/ g h/ ");
	assert(move("g", "d") == E_IS_DIRECTORY && move("d", "g") == E_NOT_DIRECTORY);
	assert(move("d", "h") == E_DIRECTORY_NOT_EMPTY && move("h", "d") == 0 && find_error("d/f") == 0);
	assert(node_remove(at("d"), FILE_DIRECTORY) == E_DIRECTORY_NOT_EMPTY);
	assert(node_remove(at("d"), FILE_REGULAR) == E_IS_DIRECTORY);
	assert(node_remove(at("g"), FILE_DIRECTORY) == E_NOT_DIRECTORY);
	assert(store_write(&at("g")->store, 0, "abc", 3) == 0);
	n = at("d/f");
	node_open(n);
	assert(store_write(&n->store, 5000, "xyz", 3) == 0);
	assert(move("g", "d/f") == 0 && !n->named && node_size(n) == 5003);
	assert(node_size(at("d/f")) == 3);
	node_close(n);
	assert(node_remove(at("d/f"), FILE_REGULAR) == 0 && node_remove(at("d"), FILE_DIRECTORY) == 0);
	assert(node_count() == 1 && store_used() == 0);
}

static void the_limit_holds_and_all_comes_back(void)
{
	static char page[STORE_PAGE];
	struct node *n;
	uint64_t used;
	uint64_t end = 0;

	begin();
	assert(make("f", FILE_REGULAR) == 0);
	n = at("f");
	used = store_used();
	while (store_write(&n->store, end, page, sizeof page) == 0)
		end += sizeof page;
	assert(node_size(n) == end && store_used() <= LIMIT && LIMIT - store_used() < 4 * STORE_PAGE);
	assert(store_write(&n->store, end - 10, page, 20) == E_NO_SPACE && node_size(n) == end);
	assert(store_write(&n->store, 0, "x", 1) == 0);
	assert(store_resize(&n->store, 1ull << 40) == 0);
	assert(store_write(&n->store, (1ull << 40) - 1, "x", 1) == E_NO_SPACE);
	assert(store_resize(&n->store, UINT64_MAX) == E_NO_SPACE);
	assert(store_write(&n->store, UINT64_MAX, "ab", 2) == E_NO_SPACE);
	assert(store_resize(&n->store, 0) == 0 && store_used() == used);
	assert(node_remove(n, FILE_REGULAR) == 0 && store_used() == 0);
	for (end = 0; make((char[]){ 'a' + (char)(end % 26), 'a' + (char)(end / 26 % 26), 'a' + (char)(end / 676), 0 },
			   FILE_REGULAR) == 0; end++)
		;
	assert(end > 1000 && end < 26 * 676 && node_count() == end + 1);
}

/* Random writes, cuts and reads of one file beside an array; with a window from that step on. */
static void bytes_are_what_was_written(int window_from)
{
	static unsigned char model[40000], got[40000], data[3000];
	struct store s = { .size = 0 };
	size_t size = 0;

	memset(model, 0, sizeof model);
	store_start(LIMIT);
	srand(2);
	for (int i = 0; i < 10000; i++) {
		size_t offset = (size_t)rand() % 36000, n = (size_t)rand() % sizeof data;

		if (i == window_from)
			assert(store_object(&s, true) == 2 && store_object(&s, false) == 1);
		for (size_t k = 0; k < n; k++)
			data[k] = (unsigned char)rand();
		if (rand() % 4 == 0) {
			assert(store_resize(&s, offset) == 0);
			if (offset < size)
				memset(model + offset, 0, size - offset);
			size = offset;
		} else {
			assert(store_write(&s, offset, data, n) == 0);
			memcpy(model + offset, data, n);
			if (n && offset + n > size)
				size = offset + n;
		}
		assert(s.size == size && store_read(&s, 0, got, sizeof got) == size && !memcmp(got, model, size));
		assert(store_read(&s, size, got, 1) == 0 && store_read(&s, UINT64_MAX, got, 1) == 0);
	}
	store_end(&s);
	assert(store_used() == 0);
}

/* Behind the end a window is zero, whatever was there. */
static void a_window_ends_with_zeros(void)
{
	static const char text[] = "0123456789";
	struct store s = { .size = 0 };

	store_start(LIMIT);
	assert(store_write(&s, 0, text, 10) == 0 && store_object(&s, true));
	assert(store_resize(&s, 4) == 0 && !memcmp(s.window.bytes, "0123\0\0\0\0\0\0\0", 11));
	assert(store_write(&s, 6000, text, 10) == 0 && s.window.pages == 2 && store_used() == 2 * STORE_PAGE);
	assert(store_resize(&s, 0) == 0 && s.window.pages == 1 && s.window.bytes[0] == 0);
	assert(store_write(&s, 2u << 20, text, 1) == E_NO_SPACE && s.size == 0);
	store_end(&s);
	assert(store_resize(&s, 1ull << 40) == 0 && !store_object(&s, true));
	store_end(&s);
	assert(store_used() == 0);
}

/* Random locks of three owners on 60 bytes, beside a table of who has what. */
static void locks_are_what_was_asked_for(void)
{
	static uint32_t model[3][60];
	struct lock_record *locks = NULL;
	struct file_lock found;

	store_start(LIMIT);
	assert(lock_set(&locks, 1, UINT64_MAX, 1, FILE_SHARED_LOCK) == E_BAD_ARG);
	assert(lock_set(&locks, 1, 5, UINT64_MAX, FILE_SHARED_LOCK) == E_BAD_ARG);
	srand(4);
	for (int i = 0; i < 100000; i++) {
		unsigned owner = (unsigned)rand() % 3, start = (unsigned)rand() % 60, kind = (unsigned)rand() % 3;
		unsigned size = (unsigned)rand() % (60 - start) + 1;
		bool busy = false;

		for (unsigned o = 0; o < 3; o++)
			for (unsigned k = start; k < start + size; k++)
				busy |= o != owner && kind && model[o][k] && (kind == 2 || model[o][k] == 2);
		assert(lock_test(locks, owner, start, size, kind, &found) == (busy ? 0 : E_NOT_FOUND));
		if (busy)
			assert(found.owner != owner && model[found.owner][found.start] == found.kind);
		assert(lock_set(&locks, owner, start, size, kind) == (busy ? E_BUSY : 0));
		for (unsigned k = start; !busy && k < start + size; k++)
			model[owner][k] = kind;
		if (rand() % 50 == 0) {
			lock_drop(&locks, owner);
			memset(model[owner], 0, sizeof model[owner]);
		}
	}
	for (unsigned owner = 0; owner < 3; owner++)
		lock_drop(&locks, owner);
	assert(!locks && store_used() == 0);
	assert(lock_set(&locks, 1, 10, 0, FILE_EXCLUSIVE_LOCK) == 0);
	assert(lock_test(locks, 2, 1ull << 60, 1, FILE_SHARED_LOCK, &found) == 0);
	assert(found.size == 0 && found.start == 10);
	lock_drop(&locks, 1);
	store_start(0);
	assert(lock_set(&locks, 1, 0, 1, FILE_SHARED_LOCK) == E_NO_SPACE && !locks);
}

/* Random names in two directories beside a table. */
static void names_are_what_was_made(void)
{
	static bool model[2][100];
	char path[16], to[16];

	begin();
	assert(make("0", FILE_DIRECTORY) == 0 && make("1", FILE_DIRECTORY) == 0);
	srand(3);
	for (int i = 0; i < 100000; i++) {
		int d = rand() % 2, n = rand() % 100, d2 = rand() % 2, n2 = rand() % 100;

		snprintf(path, sizeof path, "%d/%d", d, n);
		snprintf(to, sizeof to, "%d/%d", d2, n2);
		assert(find_error(path) == (model[d][n] ? 0 : E_NOT_FOUND));
		if (rand() % 3 == 0) {
			assert(make(path, FILE_REGULAR) == (model[d][n] ? E_EXISTS : 0));
			model[d][n] = true;
		} else if (rand() % 2 && model[d][n]) {
			assert(move(path, to) == 0);
			model[d][n] = false;
			model[d2][n2] = true;
		} else if (model[d][n]) {
			assert(node_remove(at(path), FILE_REGULAR) == 0);
			model[d][n] = false;
		}
	}
	for (int d = 0; d < 2; d++) {
		char last[NODE_NAME + 1] = "";
		struct node *e, *directory = at(d ? "1" : "0");
		int seen = 0, have = 0;

		for (int n = 0; n < 100; n++)
			have += model[d][n];
		for (; (e = node_after(directory, last)) != NULL; seen++) {
			assert(strcmp(e->name, last) > 0 && model[d][atoi(e->name)]);
			strcpy(last, e->name);
		}
		assert(seen == have);
	}
}

int main(void)
{
	an_archive_becomes_a_tree();
	long_paths_are_not_found();
	a_broken_archive_is_served_up_to_the_break();
	names_move_and_go();
	the_limit_holds_and_all_comes_back();
	bytes_are_what_was_written(-1);
	bytes_are_what_was_written(0);
	bytes_are_what_was_written(3000);
	a_window_ends_with_zeros();
	names_are_what_was_made();
	locks_are_what_was_asked_for();
	puts("file_names: ok");
	return 0;
}
