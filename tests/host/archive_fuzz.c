/*
 * archive_fuzz: libFuzzer on the reader of archives: any bytes at all, read entry by entry and by name. Besides the
 * sanitizers, it checks that an entry lies inside the archive and that finding a name agrees with reading them all.
 */
// SOURCES: libc/cpio.c
// ARGS: build/corpus/archive -max_len=16384 -rss_limit_mb=1024
#include <stdlib.h>
#include <string.h>

#include <tessera/cpio.h>

static void require(int truth)
{
	if (!truth)
		abort();
}

static void check_entry(const struct cpio_entry *e, const uint8_t *base, size_t size)
{
	const uint8_t *name = (const uint8_t *)e->name;

	require(e->offset <= size && e->size <= size - e->offset);
	require((const uint8_t *)e->data == base + e->offset);
	require(name > base && name < base + size && memchr(name, 0, size - (size_t)(name - base)) != NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *copy = malloc(size ? size : 1);
	struct cpio reader;
	struct cpio_entry entry, found;
	const char *why = NULL;
	size_t at = 0;
	int got;

	if (size)
		memcpy(copy, data, size);
	cpio_start(&reader, copy, size);
	while ((got = cpio_next(&reader, &entry)) == 1) {
		check_entry(&entry, copy, size);
		require(entry.offset > at);
		at = entry.offset;
		if (cpio_find(copy, size, entry.name, &found, &why) == 1)
			check_entry(&found, copy, size);
	}
	require(got == 0 || (got == -1 && reader.why && cpio_next(&reader, &entry) == -1));
	require(cpio_find(copy, size, "no/such/name/at/all", &found, &why) <= 0 || size > 110);
	if (size >= 110)
		(void)cpio_span(copy);
	free(copy);
	return 0;
}
