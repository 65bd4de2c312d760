/*
 * cpio.c: see tessera/cpio.h. An entry is a header of 110 bytes in ASCII, the name with its NUL (more NULs
 * may follow: the archive tool aligns the data that way), padding to 4, the data, padding to 4.
 */
#include <stdbool.h>
#include <string.h>
#include <tessera/cpio.h>

#define HEADER_SIZE 110
#define FIELD_SIZE  8
#define MAGIC       "070701"
#define MAGIC_SIZE  6
#define TRAILER     "TRAILER!!!"

enum field {
	FIELD_INODE, FIELD_MODE, FIELD_UID, FIELD_GID, FIELD_NLINK, FIELD_MTIME, FIELD_FILE_SIZE, FIELD_DEV_MAJOR,
	FIELD_DEV_MINOR, FIELD_RDEV_MAJOR, FIELD_RDEV_MINOR, FIELD_NAME_SIZE, FIELD_CHECK, FIELD_COUNT
};

_Static_assert(MAGIC_SIZE + FIELD_COUNT * FIELD_SIZE == HEADER_SIZE, "a header is magic and fields");

static int digit_value(unsigned char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/* All fields of a header in hexadecimal; false: some character is none. */
static bool read_fields(const unsigned char *header, uint32_t fields[FIELD_COUNT])
{
	const unsigned char *p = header + MAGIC_SIZE;

	for (int f = 0; f < FIELD_COUNT; f++) {
		uint32_t value = 0;

		for (int i = 0; i < FIELD_SIZE; i++) {
			int digit = digit_value(*p++);

			if (digit < 0)
				return false;
			value = value << 4 | (uint32_t)digit;
		}
		fields[f] = value;
	}
	return true;
}

static size_t round_up4(size_t n)
{
	return (n + 3) & ~(size_t)3;
}

static int refuse(struct cpio *reader, const char *why)
{
	reader->why = why;
	return -1;
}

void cpio_start(struct cpio *reader, const void *base, size_t size)
{
	reader->base = base;
	reader->size = size;
	reader->at = 0;
	reader->why = NULL;
}

size_t cpio_span(const void *header)
{
	uint32_t fields[FIELD_COUNT];

	return memcmp(header, MAGIC, MAGIC_SIZE) || !read_fields(header, fields)
	       ? 0 : HEADER_SIZE + (size_t)fields[FIELD_NAME_SIZE];
}

int cpio_next(struct cpio *reader, struct cpio_entry *entry)
{
	const unsigned char *header = reader->base + reader->at;
	size_t left = reader->size - reader->at, name_size, data_at;
	uint32_t fields[FIELD_COUNT];

	if (reader->why)
		return -1;
	if (left < HEADER_SIZE)
		return refuse(reader, "the archive ends without a trailer");
	if (memcmp(header, MAGIC, MAGIC_SIZE))
		return refuse(reader, "not a newc header");
	if (!read_fields(header, fields))
		return refuse(reader, "a header field is not hexadecimal");
	name_size = fields[FIELD_NAME_SIZE];
	if (!name_size || name_size > left - HEADER_SIZE)
		return refuse(reader, "a name is empty or reaches past the end");
	if (header[HEADER_SIZE + name_size - 1])
		return refuse(reader, "a name is not terminated");

	entry->name = (const char *)header + HEADER_SIZE;
	if (!strcmp(entry->name, TRAILER))
		return 0;
	if (!*entry->name)
		return refuse(reader, "a name is empty or reaches past the end");
	data_at = round_up4(HEADER_SIZE + name_size);
	if (data_at > left || fields[FIELD_FILE_SIZE] > left - data_at)
		return refuse(reader, "a file reaches past the end");

	entry->offset = reader->at + data_at;
	entry->data = reader->base + entry->offset;
	entry->size = fields[FIELD_FILE_SIZE];
	entry->mode = fields[FIELD_MODE];
	entry->inode = fields[FIELD_INODE];
	entry->mtime = fields[FIELD_MTIME];
	data_at = round_up4(data_at + entry->size);
	reader->at += data_at < left ? data_at : left;
	return 1;
}

static const char *without_root(const char *name)
{
	for (;;) {
		if (*name == '/')
			name++;
		else if (name[0] == '.' && name[1] == '/')
			name += 2;
		else
			return name;
	}
}

int cpio_find(const void *base, size_t size, const char *name, struct cpio_entry *entry, const char **why)
{
	struct cpio reader;
	int got;

	cpio_start(&reader, base, size);
	name = without_root(name);
	do
		got = cpio_next(&reader, entry);
	while (got == 1 && strcmp(without_root(entry->name), name));
	if (why)
		*why = reader.why;
	return got;
}
