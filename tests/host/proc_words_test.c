/*
 * proc_words_test.c: what proc makes of other people's bytes: program names, boot arguments, argument
 * strings, the manifest, fault reports.
 */
// SOURCES: servers/proc/lookup.c servers/proc/argpage.c servers/proc/manifest.c
// SOURCES: servers/proc/report.c libc/elf.c
// CFLAGS: -Iservers/proc
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <proc_idl.h>
#include "argpage.h"
#include "lookup.h"
#include "manifest.h"
#include "report.h"

static void path_is(const char *word, const char *expected)
{
	char path[24];
	bool good = lookup_path(word, path, sizeof path);

	assert(good == (expected != NULL));
	assert(!good || strcmp(path, expected) == 0);
}

static void programs_are_found_in_bin_or_by_path(void)
{
	path_is("hello", "bin/hello");
	path_is("/bin/hello", "bin/hello");
	path_is("bin/hello", "bin/hello");
	path_is("servers/irq", "servers/irq");
	path_is("a/.b/...", "a/.b/...");
	path_is("", NULL);
	path_is("/", NULL);
	path_is("//x", NULL);
	path_is("bin/", NULL);
	path_is("bin/../x", NULL);
	path_is(".", NULL);
	path_is("..", NULL);
	path_is("nineteen-characters", "bin/nineteen-characters");
	path_is("twenty-characters-xx", NULL);
	path_is("/twenty-three/characters", "twenty-three/characters");
	path_is("/twenty-four-/characters-", NULL);
	assert(strcmp(lookup_name("a/b/c"), "c") == 0 && strcmp(lookup_name("c"), "c") == 0);
}

static void bootarg_is(const char *args, const char *name, const char *expected)
{
	char value[32];
	bool found = lookup_bootarg(args, name, value, sizeof value);

	assert(found == (expected != NULL));
	assert(!found || strcmp(value, expected) == 0);
}

static void exec_takes_the_rest_of_the_line(void)
{
	const char *args = "debug seed=5  nonce=ab12 exec=ps; echo seed=7 debug";

	bootarg_is(args, "seed", "5");
	bootarg_is(args, "nonce", "ab12");
	bootarg_is(args, "debug", "");
	bootarg_is(args, "exec", "ps; echo seed=7 debug");
	bootarg_is(args, "see", NULL);
	bootarg_is(args, "echo", NULL);
	bootarg_is(args, "", NULL);
	bootarg_is("", "exec", NULL);
	bootarg_is("   ", "exec", NULL);
	bootarg_is("exec=", "exec", "");
	bootarg_is("exec=0123456789012345678901234567890", "exec", "0123456789012345678901234567890");
	bootarg_is("exec=01234567890123456789012345678901", "exec", NULL);
}

static void unprintable_bytes_are_escaped_and_never_cut_in_half(void)
{
	char out[8];

	assert(lookup_printable(out, sizeof out, "a\x1b[2J") == 7 && strcmp(out, "a\\x1b[2") == 0);
	assert(lookup_printable(out, sizeof out, "abcd\x1b") == 4 && strcmp(out, "abcd") == 0);
	assert(lookup_printable(out, sizeof out, "\\") == 4 && strcmp(out, "\\x5c") == 0);
	assert(lookup_printable(out, sizeof out, "\xff") == 4 && strcmp(out, "\\xff") == 0);
	assert(lookup_printable(out, 1, "abc") == 0 && !*out);
}

static void argument_strings_must_be_counted_right(void)
{
	assert(argpage_check("a\0b\0X=1", 8, 2, 1) == 0);
	assert(argpage_check("a\0b\0X=1", 8, 3, 0) == 0);
	assert(argpage_check("a\0b\0X=1", 8, 2, 0) == E_BAD_MESSAGE);
	assert(argpage_check("a\0b\0X=1", 8, 2, 2) == E_BAD_MESSAGE);
	assert(argpage_check("a\0b\0X=1", 7, 2, 1) == E_BAD_MESSAGE);
	assert(argpage_check("a\0b\0X=1", 8, 0, 3) == E_BAD_MESSAGE);
	assert(argpage_check("\0b", 3, 2, 0) == E_BAD_MESSAGE);
	assert(argpage_check("a", 2, UINT32_MAX, UINT32_MAX) == E_BAD_MESSAGE);
	assert(argpage_check("", 0, 0, 0) == E_BAD_MESSAGE);
	assert(argpage_check("a", 2, 1, 0) == 0);
	assert(argpage_check("a", ARGS_MAX + 1, 1, 0) == E_TOO_BIG);
}

static void the_argument_page_holds_what_crt0_reads(void)
{
	static unsigned char page[PAGE_SIZE];
	struct start_info info = { .pid = 7, .random = { 1, 2, 3, 4 } }, read;
	char strings[ARGS_MAX];
	size_t size = 0, used;

	assert(argpage_add(strings, &size, "shell") && argpage_add(strings, &size, "-c"));
	assert(argpage_add(strings, &size, "A=b"));
	used = argpage_build(page, &info, strings, size, 2, 1);
	memcpy(&read, page, sizeof read);
	assert(used == sizeof read + size && read.magic == START_MAGIC && read.pid == 7 && read.random[3] == 4);
	assert(read.argc == 2 && read.envc == 1);
	assert(strcmp((char *)page + read.argv_offset, "shell") == 0);
	assert(strcmp((char *)page + read.argv_offset + 6, "-c") == 0);
	assert(strcmp((char *)page + read.env_offset, "A=b") == 0);
	for (size_t i = used; i < PAGE_SIZE; i++)
		assert(!page[i]);
	while (argpage_add(strings, &size, "12345678901234567890"))
		assert(size <= ARGS_MAX);
	assert(size > ARGS_MAX - 21 && argpage_check(strings, size, 2, 1) == E_BAD_MESSAGE);
}

static void long_arguments_are_checked_by_their_shape(void)
{
	static unsigned char page[PAGE_SIZE];
	struct start_info info = { .pid = 7 }, read;

	assert(argpage_check_long(10, 2, 1, 6) == 0 && argpage_check_long(1, 1, 0, 1) == 0);
	assert(argpage_check_long(10, 0, 1, 6) == E_BAD_MESSAGE && argpage_check_long(10, 7, 1, 6) == E_BAD_MESSAGE);
	assert(argpage_check_long(10, 2, 1, 11) == E_BAD_MESSAGE && argpage_check_long(10, 5, 6, 5) == E_BAD_MESSAGE);
	assert(argpage_check_long(PROC_ARGS_MOST - 8, 1, 0, PROC_ARGS_MOST - 8) == 0);
	assert(argpage_check_long(PROC_ARGS_MOST - 7, 1, 0, 1) == E_TOO_BIG);
	assert(argpage_check_long(100, UINT32_MAX, UINT32_MAX, 1) == E_TOO_BIG);
	assert(argpage_build_long(page, &info, 2, 1, 6) == sizeof read);
	memcpy(&read, page, sizeof read);
	assert(read.argc == 2 && read.envc == 1 && read.argv_offset == PAGE_SIZE && read.env_offset == PAGE_SIZE + 6);
}

static void three_deaths_in_ten_seconds_end_a_server(void)
{
	struct deaths d = { { 0 } };

	assert(manifest_restart(&d, 100, 10) && manifest_restart(&d, 150, 10));
	assert(!manifest_restart(&d, 200, 10));
	assert(manifest_restart(&d, 251, 10) && !manifest_restart(&d, 260, 10));
}

static void the_manifest_starts_servers_before_those_who_need_them(void)
{
	const struct manifest *line;
	unsigned last = 64;

	for (unsigned i = 0; (line = manifest_line(i)) != NULL; i++) {
		assert(line->prio < last && manifest_find(line->name) == line);
		last = line->prio;
		for (unsigned k = 0; k < MANIFEST_EXTRAS; k++)
			assert(line->extras[k].kind != EXTRA_SERVER ||
			       manifest_find(line->extras[k].server)->prio > line->prio);
	}
	assert(manifest_find("unheard-of")->prio == DEFAULT_PRIO && !manifest_find("unheard-of")->devices);
}

static const char *report(const struct mem_fault *fault, const char *expected)
{
	static char text[REPORT_MAX];
	struct report_who who = { .name = "hello", .pid = 7 };
	size_t n = report_build(text, &who, fault);

	assert(n == strlen(text) && text[n - 1] == '\n');
	if (strncmp(text, expected, strlen(expected)) != 0) {
		fprintf(stderr, "got:      %sexpected: %s\n", text, expected);
		abort();
	}
	return text;
}

static void a_report_says_who_what_where_and_why(void)
{
	struct mem_fault f = { .va = 0x2010, .access = RIGHT_W, .cause = 15, .region_start = 0x1000,
			       .region_size = 0x1000, .region_prot = MEM_READ | MEM_WRITE, .distance = 0x10,
			       .regs = { 0x400, 0x500, 3, 4 } };
	const char *text;

	text = report(&f, "fault: hello (pid 7) thread 0: write at 0x2010, 16 bytes above the nearest region "
			  "0x1000-0x2000 rw-, pc 0x400, ra 0x500, cause store page fault\n");
	assert(strstr(text, "\n   pc 0000000000000400  ra 0000000000000500  "
			    "sp 0000000000000003  gp 0000000000000004\n"));
	f.va = 0;
	f.distance = 0x1000;
	f.cause = 13;
	f.access = RIGHT_R;
	report(&f, "fault: hello (pid 7) thread 0: read at 0x0, 4096 bytes below the nearest region "
		   "0x1000-0x2000 rw-,");
	f.va = 0x1800;
	f.cause = 12;
	f.access = RIGHT_X;
	report(&f, "fault: hello (pid 7) thread 0: fetch at 0x1800 in region 0x1000-0x2000 rw-, pc");
	f.why = E_NO_MEMORY;
	report(&f, "fault: hello (pid 7) thread 0: fetch at 0x1800 in region 0x1000-0x2000 rw-, out of memory, pc");
	f.region_size = 0;
	report(&f, "fault: hello (pid 7) thread 0: fetch at 0x1800, no region anywhere, pc");
	f.cause = 2;
	report(&f, "fault: hello (pid 7) thread 0: illegal instruction, pc 0x400, ra 0x500, "
		   "cause illegal instruction\n");
	f.cause = UINT64_MAX;
	f.thread = UINT64_MAX;
	memset(f.regs, 0xff, sizeof f.regs);
	text = report(&f, "fault: hello (pid 7) thread 18446744073709551615: fetch at");
	assert(strstr(text, "cause unknown exception\n"));
}

int main(void)
{
	programs_are_found_in_bin_or_by_path();
	exec_takes_the_rest_of_the_line();
	unprintable_bytes_are_escaped_and_never_cut_in_half();
	argument_strings_must_be_counted_right();
	the_argument_page_holds_what_crt0_reads();
	long_arguments_are_checked_by_their_shape();
	three_deaths_in_ten_seconds_end_a_server();
	the_manifest_starts_servers_before_those_who_need_them();
	a_report_says_who_what_where_and_why();
	puts("proc_words: ok");
	return 0;
}
