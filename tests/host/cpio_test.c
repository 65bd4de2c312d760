/*
 * cpio_test.c: libc/cpio.c on archives made here: what is right is read, every truncation and every changed
 * byte is either read within bounds or refused with a reason (the sanitizers watch the bounds).
 */
// SOURCES: libc/cpio.c
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tessera/cpio.h>

#define CHECK(condition)                                                                   \
	do {                                                                               \
		if (!(condition)) {                                                        \
			fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition);    \
			exit(1);                                                           \
		}                                                                          \
	} while (0)

struct archive {
	unsigned char bytes[4096];
	size_t size;
};

/* Adds an entry whose name field is name_size bytes: the name and NULs. */
static void add(struct archive *a, const char *name, size_t name_size, const char *data, unsigned mode)
{
	size_t size = strlen(data);
	int n = sprintf((char *)a->bytes + a->size, "070701%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x", 3u,
			mode, 0u, 0u, 1u, 77u, (unsigned)size, 0u, 0u, 0u, 0u, (unsigned)name_size, 0u);

	CHECK(n == 110);
	memset(a->bytes + a->size + 110, 0, name_size);
	memcpy(a->bytes + a->size + 110, name, strlen(name));
	a->size = (a->size + 110 + name_size + 3) & ~(size_t)3;
	memcpy(a->bytes + a->size, data, size);
	a->size = (a->size + size + 3) & ~(size_t)3;
}

static void make(struct archive *a)
{
	memset(a, 0, sizeof(*a));
	add(a, "bin/hello", 10, "hello", CPIO_REGULAR | 0755);
	add(a, "./etc/padded", 300, "with NULs behind the name", CPIO_REGULAR | 0644);
	add(a, "dir", 4, "", CPIO_DIRECTORY | 0755);
	add(a, "TRAILER!!!", 11, "", 0);
}

/* Reads to the end or refusal; the number of entries in *count, and the result of the last call. */
static int read_all(const unsigned char *bytes, size_t size, int *count, const char **why)
{
	struct cpio reader;
	struct cpio_entry entry;
	int got;

	cpio_start(&reader, bytes, size);
	for (*count = 0; (got = cpio_next(&reader, &entry)) == 1; (*count)++) {
		CHECK(entry.offset <= size && entry.size <= size - entry.offset);
		CHECK(*entry.name && strlen(entry.name) < size);
		for (size_t i = 0; i < entry.size; i++)
			(void)((const volatile unsigned char *)entry.data)[i];
	}
	*why = reader.why;
	CHECK((got < 0) == (reader.why != NULL));
	CHECK(got == 0 || cpio_next(&reader, &entry) == -1);
	return got;
}

/* The same from a block of exactly this size. */
static int read_copy(const unsigned char *bytes, size_t size, int *count, const char **why)
{
	unsigned char *copy = malloc(size ? size : 1);
	int got;

	CHECK(copy);
	memcpy(copy, bytes, size);
	got = read_all(copy, size, count, why);
	free(copy);
	return got;
}

static void test_good(void)
{
	struct archive a;
	struct cpio_entry entry;
	const char *why;
	int count;

	make(&a);
	CHECK(read_copy(a.bytes, a.size, &count, &why) == 0 && count == 3);
	CHECK(cpio_find(a.bytes, a.size, "/bin/hello", &entry, &why) == 1);
	CHECK(entry.size == 5 && !memcmp(entry.data, "hello", 5) && entry.mtime == 77 && entry.inode == 3);
	CHECK(entry.mode == (CPIO_REGULAR | 0755));
	CHECK(cpio_find(a.bytes, a.size, "etc/padded", &entry, &why) == 1 && entry.size == 25);
	CHECK(cpio_find(a.bytes, a.size, "no", &entry, &why) == 0);
}

static void test_truncated(void)
{
	struct archive a;
	const char *why;
	int count;
	size_t end;

	make(&a);
	end = a.size - 3;              /* the trailer's padding may be missing, its name not */
	for (size_t size = 0; size < end; size++)
		CHECK(read_copy(a.bytes, size, &count, &why) == -1 && why);
}

static void refused(size_t at, const char *field, const char *reason)
{
	struct archive a;
	const char *why;
	int count;

	make(&a);
	memcpy(a.bytes + at, field, strlen(field));
	CHECK(read_copy(a.bytes, a.size, &count, &why) == -1);
	if (!strstr(why, reason)) {
		fprintf(stderr, "cpio: refused with '%s', not '%s'\n", why, reason);
		exit(1);
	}
}

static void test_refused(void)
{
	refused(0, "070707", "not a newc header");
	refused(6, "0000000g", "not hexadecimal");
	refused(54, "ffffffff", "a file reaches");
	refused(94, "ffffffff", "name is empty or reaches");
	refused(94, "00000000", "name is empty or reaches");
	refused(94, "00000005", "not terminated");
}

/* Every byte set to a few values: whatever comes of it stays within bounds. */
static void test_changed(void)
{
	static const unsigned char values[] = { 0, '0', '1', '7', 'f', 'F', 0x80, 0xff };
	struct archive a;
	const char *why;
	int count;

	make(&a);
	for (size_t at = 0; at < a.size; at++) {
		unsigned char old = a.bytes[at];

		for (size_t i = 0; i < sizeof(values); i++) {
			a.bytes[at] = values[i];
			(void)read_copy(a.bytes, a.size, &count, &why);
		}
		a.bytes[at] = old;
	}
}

int main(void)
{
	test_good();
	test_truncated();
	test_refused();
	test_changed();
	puts("cpio: ok");
	return 0;
}
