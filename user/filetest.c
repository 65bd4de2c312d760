/*
 * filetest.c: the file server's calls, one group after the other: `filetest` runs all and says `filetest: ok`,
 * or what is
 * wrong and where. `filetest hold N` opens /tmp/held N times and a pipe, says how many it got and ends without
 * closing;
 * `filetest map N` maps a file of N pages, removes it and ends; `filetest cut` touches what was cut off a
 * mapped file;
 * `filetest lock` locks a range and waits, `filetest locked` says whether it is locked; `filetest fill` writes
 * /tmp/big until there is no space; `filetest loop` writes, reads and pipes until it is
 * killed.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <file_client.h>
#include <mem_client.h>
#include <stream_client.h>
#include <tessera/ipc.h>
#include <tessera/process.h>
#include <tessera/start.h>
#include <tessera/thread.h>

#define NEW (FILE_READ | FILE_WRITE | FILE_CREATE | FILE_TRUNCATE)

static cap_t server;
static struct file_stat what;

static void check(int line, const char *text, int good)
{
	if (good)
		return;
	printf("filetest: line %d: %s\n", line, text);
	exit(1);
}

#define CHECK(condition) check(__LINE__, #condition, (condition) != 0)

static cap_t opened(const char *path, uint32_t how)
{
	cap_t file = 0;
	int error = file_open(server, path, how, &file, &what);

	if (error)
		printf("filetest: %s: %s\n", path, error_text(error));
	CHECK(!error && file);
	return file;
}

static void closed(cap_t file)
{
	CHECK(!file_close(file));
	cap_free(file);
}

static int open_error(const char *path, uint32_t how)
{
	cap_t file = 0;
	int error = file_open(server, path, how, &file, &what);

	if (!error)
		closed(file);
	return error;
}

static void put(cap_t file, const char *text)
{
	uint32_t written = 0;

	CHECK(!stream_write(file, text, strlen(text), &written) && written == strlen(text));
}

static int reads(cap_t file, const char *text)
{
	char data[800];
	size_t got = 0;

	return !stream_read(file, sizeof data, data, sizeof data, &got) && got == strlen(text) &&
	       !memcmp(data, text, got);
}

static void flags_mean_what_they_say(void)
{
	cap_t file = opened("/tmp/a", NEW | FILE_EXCLUSIVE);
	uint64_t end;

	CHECK(what.kind == FILE_REGULAR && what.size == 0);
	put(file, "hello");
	CHECK(!file_write_at(file, 1, "u", 1, &end) && end == 2);
	CHECK(reads(file, ""));
	CHECK(!file_seek(file, -5, FILE_END, &end) && end == 0 && reads(file, "hullo"));
	CHECK(!file_seek(file, 3, FILE_SET, &end) && end == 3 && reads(file, "lo"));
	CHECK(file_seek(file, -1, FILE_SET, &end) == E_BAD_ARG && !file_seek(file, 1, FILE_CURRENT, &end) && end == 6);
	closed(file);
	CHECK(open_error("/tmp/a", NEW | FILE_EXCLUSIVE) == E_EXISTS);
	CHECK(open_error("/tmp/b", FILE_READ) == E_NOT_FOUND && open_error("/tmp/a/b", NEW) == E_NOT_DIRECTORY);
	CHECK(open_error("/no/b", NEW) == E_NOT_FOUND && open_error("/tmp", NEW) == E_IS_DIRECTORY);
	CHECK(open_error("/tmp", FILE_READ) == 0 && open_error("/bin/hello", FILE_WRITE) == E_READ_ONLY);
	file = opened("/tmp/a", FILE_WRITE | FILE_APPEND);
	CHECK(!file_write_at(file, 0, "!", 1, &end) && end == 6 && stream_write(file, "?", 1, &(uint32_t){ 0 }) == 0);
	CHECK(!file_describe(file, &what, &(uint32_t){ 0 }) && what.size == 7 && !reads(file, ""));
	closed(file);
	file = opened("/tmp/a", FILE_READ);
	CHECK(reads(file, "hullo!?") && stream_write(file, "x", 1, &(uint32_t){ 0 }) == E_DENIED);
	CHECK(file_resize(file, 0) == E_DENIED && file_write_at(file, 0, "x", 1, &end) == E_DENIED);
	closed(file);
	file = opened("/tmp/a", FILE_READ | FILE_WRITE | FILE_TRUNCATE);
	CHECK(reads(file, "") && !file_resize(file, 3) && reads(file, "") == 0);
	closed(file);
	CHECK(!file_remove(server, "/tmp/a"));
}

static void a_removed_file_lives_while_it_is_open(void)
{
	cap_t file = opened("/tmp/a", NEW), other, copy = 0;
	uint64_t position;

	put(file, "kept");
	CHECK(!file_remove(server, "/tmp/a") && open_error("/tmp/a", FILE_READ) == E_NOT_FOUND);
	other = opened("/tmp/a", NEW);
	put(other, "new");
	CHECK(!file_duplicate(file, &copy));
	closed(file);
	CHECK(!file_seek(copy, 0, FILE_SET, &position) && reads(copy, "kept"));
	closed(copy);
	closed(other);
	CHECK(!file_remove(server, "/tmp/a"));
}

static void duplicates_share_the_position(void)
{
	cap_t file = opened("/tmp/a", NEW), copy = 0;
	uint64_t position;

	CHECK(!file_duplicate(file, &copy));
	put(file, "one");
	put(copy, "two");
	CHECK(!file_seek(copy, 0, FILE_SET, &position) && reads(file, "onetwo"));
	closed(copy);
	CHECK(stream_write(copy, "x", 1, &(uint32_t){ 0 }) && !file_seek(file, 0, FILE_SET, &position));
	closed(file);
	CHECK(!file_remove(server, "/tmp/a"));
}

static void directories_and_names(void)
{
	char name[256] = "";

	CHECK(!file_make_directory(server, "/tmp/d") && file_make_directory(server, "/tmp/d") == E_EXISTS);
	CHECK(file_make_directory(server, "/tmp/no/d") == E_NOT_FOUND && file_make_directory(server, "/") == E_EXISTS);
	closed(opened("/tmp/d/b", NEW));
	closed(opened("/tmp/d/a", NEW));
	CHECK(!file_list(server, "/tmp/d", "", name, sizeof name, &what) && !strcmp(name, "a"));
	CHECK(!file_list(server, "/tmp/d", "a", name, sizeof name, &what) && !strcmp(name, "b"));
	CHECK(file_list(server, "/tmp/d", "b", name, sizeof name, &what) == E_NOT_FOUND);
	CHECK(file_list(server, "/tmp/d/a", "", name, sizeof name, &what) == E_NOT_DIRECTORY);
	CHECK(file_remove_directory(server, "/tmp/d") == E_DIRECTORY_NOT_EMPTY);
	CHECK(file_remove_directory(server, "/tmp/d/a") == E_NOT_DIRECTORY);
	CHECK(file_remove(server, "/tmp/d") == E_IS_DIRECTORY);
	CHECK(!file_rename(server, "/tmp/d/a", "/tmp/d/b"));
	CHECK(file_stat(server, "/tmp/d/a", &what) == E_NOT_FOUND);
	CHECK(file_rename(server, "/tmp/d", "/tmp/d/e") == E_BAD_ARG);
	CHECK(file_rename(server, "/bin", "/b") == E_READ_ONLY);
	CHECK(!file_rename(server, "/tmp/d", "/tmp/e") && !file_remove(server, "/tmp/e/b"));
	CHECK(!file_remove_directory(server, "/tmp/e") && file_remove_directory(server, "/tmp/e") == E_NOT_FOUND);
	CHECK(file_remove(server, "/bin/hello") == E_READ_ONLY);
	CHECK(file_remove_directory(server, "/bin") == E_READ_ONLY);
}

static void calls_on_the_wrong_capability(void)
{
	uint64_t n;
	char data[16];
	size_t got;

	CHECK(file_seek(server, 0, FILE_SET, &n) == E_BAD_HANDLE && file_close(server) == E_BAD_HANDLE);
	CHECK(file_resize(server, 0) == E_BAD_HANDLE && file_duplicate(server, &(cap_t){ 0 }) == E_BAD_HANDLE);
	CHECK(stream_read(server, 16, data, sizeof data, &got) == E_DENIED);
	CHECK(file_read_at(server, 0, 16, data, sizeof data, &got) == E_BAD_HANDLE);
	CHECK(file_object(server, &(cap_t){ 0 }, &n) == E_BAD_HANDLE);
}

static void fixed_files_are_mapped(void)
{
	cap_t file = opened("/bin/hello", FILE_READ), object = 0;
	uint64_t size = 0, at = 0;
	char data[16];
	size_t got;

	CHECK(!file_object(file, &object, &size) && size == what.size);
	CHECK(!mem_map_object(SLOT_SPACE, object, 0, 0, (size + 4095) & ~4095ull, MEM_READ, 0, &at));
	CHECK(!file_read_at(file, 0, 16, data, sizeof data, &got) && got == 16 && !memcmp(data, (void *)at, 16));
	CHECK(!file_read_at(file, size - 1, 16, data, sizeof data, &got) && got == 1);
	CHECK(!file_read_at(file, size, 16, data, sizeof data, &got) && got == 0);
	CHECK(!mem_unmap(SLOT_SPACE, at, (size + 4095) & ~4095ull));
	cap_free(object);
	closed(file);
}

static void locks_and_times(void)
{
	cap_t file = opened("/tmp/l", NEW), again = opened("/tmp/l", FILE_READ);
	cap_t fixed = opened("/bin/hello", FILE_READ);
	struct file_lock found;

	/* All of one process: its own locks are never in its way, whichever way they were set. */
	CHECK(!file_lock(file, 0, 10, FILE_EXCLUSIVE_LOCK) && !file_lock(again, 5, 10, FILE_SHARED_LOCK));
	CHECK(file_locked(file, 0, 0, FILE_EXCLUSIVE_LOCK, &found) == E_NOT_FOUND);
	CHECK(file_lock(file, 9, UINT64_MAX, FILE_SHARED_LOCK) == E_BAD_ARG);
	CHECK(!file_lock(fixed, 0, 0, FILE_SHARED_LOCK) && file_lock(server, 0, 0, FILE_SHARED_LOCK) == E_BAD_HANDLE);
	CHECK(!file_set_time(file, 1000000000) && !file_stat(server, "/tmp/l", &what) && what.mtime == 1000000000);
	put(file, "x");
	CHECK(!file_stat(server, "/tmp/l", &what) && what.mtime != 1000000000);
	CHECK(file_set_time(fixed, 1) == E_READ_ONLY && file_set_time(server, 1) == E_BAD_HANDLE);
	closed(fixed);
	closed(again);
	closed(file);
	CHECK(!file_remove(server, "/tmp/l"));
}

/* Locks /tmp/locked and waits: `filetest locked` in another process must find that out. */
static void hold_lock(void)
{
	cap_t file = opened("/tmp/locked", NEW);

	CHECK(!file_lock(file, 100, 50, FILE_EXCLUSIVE_LOCK));
	puts("locked");
	fflush(stdout);
	for (;;)
		(void)thread_wait(0, sys_time() + process_start_info()->timebase);
}

static void try_lock(void)
{
	cap_t file = opened("/tmp/locked", FILE_READ | FILE_WRITE);
	struct file_lock found = { 0 };
	int error = file_lock(file, 149, 10, FILE_SHARED_LOCK);

	CHECK(!file_lock(file, 150, 10, FILE_SHARED_LOCK) && !file_lock(file, 0, 100, FILE_EXCLUSIVE_LOCK));
	if (!error) {
		puts("free");
		return;
	}
	CHECK(error == E_BUSY && !file_locked(file, 0, 0, FILE_SHARED_LOCK, &found));
	printf("busy: %d to %d of process %d\n", (int)found.start, (int)(found.start + found.size), (int)found.owner);
}

static uint64_t map_file(cap_t file, uint64_t size, uint32_t access, uint32_t how)
{
	cap_t object = 0;
	uint64_t at = 0, now;
	int error = file_object(file, &object, &now);

	if (!error)
		error = mem_map_object(SLOT_SPACE, object, 0, 0, size, access, how, &at);
	cap_free(object);
	return error ? 0 : at;
}

static void files_in_ram_are_mapped(void)
{
	cap_t file = opened("/tmp/m", NEW), reader;
	char *shared, *private, *seen, data[8];
	uint64_t end;
	size_t got;

	put(file, "shared bytes");
	CHECK(!file_resize(file, 2 * PAGE_SIZE));
	reader = opened("/tmp/m", FILE_READ);
	shared = (char *)map_file(file, 2 * PAGE_SIZE, MEM_READ | MEM_WRITE, 0);
	seen = (char *)map_file(reader, 2 * PAGE_SIZE, MEM_READ, 0);
	private = (char *)map_file(reader, 2 * PAGE_SIZE, MEM_READ | MEM_WRITE, MEM_PRIVATE);
	CHECK(shared && seen && private && !map_file(reader, PAGE_SIZE, MEM_READ | MEM_WRITE, 0));
	CHECK(!memcmp(shared, "shared bytes", 12) && !memcmp(private, "shared bytes", 12));
	memcpy(shared, "SHARED", 6);
	memcpy(private, "mine  ", 6);
	CHECK(!memcmp(seen, "SHARED bytes", 12) && !memcmp(private, "mine   bytes", 12));
	CHECK(!file_read_at(reader, 0, 6, data, sizeof data, &got) && got == 6 && !memcmp(data, "SHARED", 6));
	CHECK(!file_write_at(file, PAGE_SIZE, "second", 6, &end) && !memcmp(seen + PAGE_SIZE, "second", 6));
	CHECK(!file_write_at(file, 5 * PAGE_SIZE, "x", 1, &end) && !memcmp(seen + PAGE_SIZE, "second", 6));
	CHECK(!file_resize(file, PAGE_SIZE + 3) && !memcmp(seen + PAGE_SIZE, "sec\0\0\0", 6));
	CHECK(!file_remove(server, "/tmp/m"));
	closed(reader);
	closed(file);
	CHECK(!memcmp(seen, "SHARED bytes", 12));
	CHECK(!mem_unmap(SLOT_SPACE, (uint64_t)shared, 2 * PAGE_SIZE));
	CHECK(!mem_unmap(SLOT_SPACE, (uint64_t)seen, 2 * PAGE_SIZE));
	CHECK(!mem_unmap(SLOT_SPACE, (uint64_t)private, 2 * PAGE_SIZE));
}

/* Maps a file, cuts it and touches what is gone. */
static void touch_behind_the_end(void)
{
	cap_t file = opened("/tmp/cut", NEW);
	char *at;

	CHECK(!file_resize(file, 2 * PAGE_SIZE));
	at = (char *)map_file(file, 2 * PAGE_SIZE, MEM_READ | MEM_WRITE, 0);
	at[PAGE_SIZE] = 1;
	CHECK(!file_resize(file, PAGE_SIZE) && at[0] == 0);
	puts("cut");
	fflush(stdout);
	at[PAGE_SIZE] = 2;
	puts("touched what is gone");
}

/* Maps a file in RAM of that many pages, removes it and ends: the memory must come back. */
static void map_and_leave(int pages)
{
	cap_t file = opened("/tmp/left", NEW);
	char *at;

	CHECK(!file_resize(file, (uint64_t)pages * PAGE_SIZE));
	at = (char *)map_file(file, (uint64_t)pages * PAGE_SIZE, MEM_READ | MEM_WRITE, 0);
	CHECK(at);
	memset(at, 1, (size_t)pages * PAGE_SIZE);
	CHECK(!file_remove(server, "/tmp/left"));
}

static cap_t pipe_reader, pipe_writer;
static volatile int echoed;

/* Reads the pipe to its end, slowly at first. */
static void read_all(void *arg)
{
	char data[800];
	size_t got;

	(void)arg;
	for (;;) {
		if (stream_read(pipe_reader, sizeof data, data, sizeof data, &got) || !got)
			break;
		echoed += (int)got;
	}
	closed(pipe_reader);
	echoed += 1;
}

static void pipes_carry_and_end(void)
{
	static char block[900];
	uint64_t position;
	uint32_t written;

	CHECK(!file_pipe(server, &pipe_reader, &pipe_writer));
	put(pipe_writer, "through");
	CHECK(reads(pipe_reader, "through"));
	CHECK(file_seek(pipe_reader, 0, FILE_SET, &position) == E_NOT_SEEKABLE);
	CHECK(stream_write(pipe_reader, "x", 1, &written) == E_DENIED);
	CHECK(!thread_start(read_all, NULL, 32, THREAD_STACK));
	for (int i = 0; i < 100; i++)
		CHECK(!stream_write(pipe_writer, block, sizeof block, &written) && written == sizeof block);
	closed(pipe_writer);
	while (echoed != 100 * (int)sizeof block + 1)
		(void)thread_wait(0, sys_time() + process_start_info()->timebase / 100);
	CHECK(!file_pipe(server, &pipe_reader, &pipe_writer));
	closed(pipe_reader);
	CHECK(stream_write(pipe_writer, "x", 1, &written) == E_BROKEN_PIPE);
	closed(pipe_writer);
	CHECK(!file_pipe(server, &pipe_reader, &pipe_writer));
	put(pipe_writer, "last");
	closed(pipe_writer);
	CHECK(reads(pipe_reader, "last") && reads(pipe_reader, ""));
	closed(pipe_reader);
}

static void many_small_files(void)
{
	char path[32];

	for (int i = 0; i < 300; i++) {
		snprintf(path, sizeof path, "/tmp/n%d", i);
		closed(opened(path, NEW));
	}
	for (int i = 0; i < 300; i++) {
		snprintf(path, sizeof path, "/tmp/n%d", i);
		CHECK(!file_remove(server, path));
	}
}

static void all(void)
{
	struct file_space before, after;

	CHECK(!file_space(server, &before));
	flags_mean_what_they_say();
	a_removed_file_lives_while_it_is_open();
	duplicates_share_the_position();
	directories_and_names();
	calls_on_the_wrong_capability();
	fixed_files_are_mapped();
	files_in_ram_are_mapped();
	locks_and_times();
	pipes_carry_and_end();
	many_small_files();
	CHECK(!file_space(server, &after) && after.used == before.used && after.files == before.files);
	puts("filetest: ok");
}

/* Ends without closing: the server finds out. */
static void hold(int count)
{
	cap_t reader = 0, writer = 0;
	int got = 0;

	while (got < count && !file_open(server, "/tmp/held", NEW, &writer, &what))
		got++;
	printf("held %d\n", got);
	(void)!file_pipe(server, &reader, &writer);
	(void)!file_remove(server, "/tmp/held");
}

static void fill(void)
{
	static char block[900];
	cap_t file = opened("/tmp/big", NEW);
	uint32_t written;
	uint64_t total = 0;
	int error;

	while ((error = stream_write(file, block, sizeof block, &written)) == 0)
		total += written;
	printf("filled %llu: %s\n", (unsigned long long)total, error_text(error));
	CHECK(error == E_NO_SPACE && open_error("/tmp/more", NEW) == 0);
	CHECK(!file_remove(server, "/tmp/big"));
}

/* Whatever fails because the server died is begun again: what was in RAM is gone then. */
static void loop(void)
{
	char data[100];
	size_t got;
	uint32_t written;

	for (;;) {
		cap_t file = 0, reader = 0, writer = 0;

		if (!file_open(server, "/tmp/loop", NEW, &file, &what)) {
			(void)!stream_write(file, "x", 1, &written);
			(void)!file_close(file);
		}
		cap_free(file);
		if (!file_pipe(server, &reader, &writer)) {
			(void)!stream_write(writer, "x", 1, &written);
			(void)!stream_read(reader, sizeof data, data, sizeof data, &got);
			(void)!file_close(reader);
			(void)!file_close(writer);
		}
		cap_free(reader);
		cap_free(writer);
	}
}

int main(int argc, char **argv)
{
	CHECK(!server_open("file", FILE_VERSION, &server));
	if (argc == 3 && !strcmp(argv[1], "hold"))
		hold(atoi(argv[2]));
	else if (argc == 3 && !strcmp(argv[1], "map"))
		map_and_leave(atoi(argv[2]));
	else if (argc == 2 && !strcmp(argv[1], "lock"))
		hold_lock();
	else if (argc == 2 && !strcmp(argv[1], "locked"))
		try_lock();
	else if (argc == 2 && !strcmp(argv[1], "cut"))
		touch_behind_the_end();
	else if (argc == 2 && !strcmp(argv[1], "fill"))
		fill();
	else if (argc == 2 && !strcmp(argv[1], "loop"))
		loop();
	else
		all();
	return 0;
}
