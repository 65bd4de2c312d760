/*
 * files.c: a file in RAM seen three ways: by messages, through a shared mapping, through a private one; cut
 * under the mapping;
 * and the text of a program in the archive, which costs nobody a page.
 */
#include "demo.h"
#include <string.h>
#include <file_client.h>
#include <stream_client.h>
#include <tessera/ipc.h>
#include <tessera/process.h>

#define PATH  "/tmp/demo"
#define PAGES 64ul

static cap_t server;

static int map_file(cap_t file, uint64_t size, uint32_t access, uint32_t how, uint64_t *at)
{
	uint64_t now;
	cap_t object;
	int error = file_object(file, &object, &now);

	if (error)
		return error;
	error = mem_map_object(SLOT_SPACE, object, 0, 0, size, access, how, at);
	cap_free(object);
	return error;
}

static int three_ways(cap_t file)
{
	uint64_t shared, private, word = 7, end, got_word = 0;
	size_t got = 0;

	DEMAND(!file_resize(file, PAGES * PAGE));
	DEMAND(!map_file(file, PAGES * PAGE, RW, 0, &shared));
	DEMAND(!map_file(file, PAGES * PAGE, RW, MEM_PRIVATE, &private));
	for (uint64_t i = 0; i < PAGES; i++)
		*demo_page(shared, i) = i + 1;
	for (uint64_t i = 0; i < PAGES; i++) {
		DEMAND(!file_read_at(file, i * PAGE, 8, &got_word, 8, &got) && got == 8 && got_word == i + 1);
		DEMAND(*demo_page(private, i) == i + 1);
	}
	DEMAND(!file_write_at(file, 3 * PAGE, &word, 8, &end) && *demo_page(shared, 3) == 7);
	*demo_page(private, 3) = 99;
	DEMAND(*demo_page(shared, 3) == 7);
	printf("files: %lu pages written through a shared mapping, read by messages; a private one keeps its own\n",
	       PAGES);
	DEMAND(!file_resize(file, 10 * PAGE));
	DEMAND(!demo_faults(demo_page(shared, 9)) && demo_faults(demo_page(shared, 10)));
	DEMAND(!file_read_at(file, 10 * PAGE, 8, &got_word, 8, &got) && got == 0);
	printf("files: cut to 10 pages, a touch behind them faults and a read gives 0 bytes\n");
	DEMAND(!mem_unmap(SLOT_SPACE, shared, PAGES * PAGE) && !mem_unmap(SLOT_SPACE, private, PAGES * PAGE));
	return 0;
}

/* Maps a program of the archive as proc does: its pages are the archive's. */
static int text_is_shared(void)
{
	uint64_t before = demo_usage().resident, size, at, sum = 0;
	struct file_stat what;
	cap_t file;

	DEMAND(!file_open(server, "/bin/demo", FILE_READ, &file, &what));
	size = (what.size + PAGE - 1) & ~(PAGE - 1);
	DEMAND(!map_file(file, size, MEM_READ, 0, &at));
	for (uint64_t i = 0; i < size / PAGE; i++)
		sum += *demo_page(at, i);
	DEMAND(sum && demo_usage().resident == before);
	printf("files: %lu pages of /bin/demo mapped and read, 0 pages of memory taken\n", size / PAGE);
	DEMAND(!mem_unmap(SLOT_SPACE, at, size) && !file_close(file));
	cap_free(file);
	return 0;
}

int demo_files(void)
{
	struct file_space before, after;
	struct file_stat what;
	cap_t file;

	DEMAND(!server_open("file", FILE_VERSION, &server));
	DEMAND(!file_space(server, &before));
	DEMAND(!file_open(server, PATH, FILE_READ | FILE_WRITE | FILE_CREATE | FILE_TRUNCATE, &file, &what));
	if (three_ways(file) || text_is_shared())
		return 1;
	DEMAND(!file_remove(server, PATH) && !file_close(file) && !file_space(server, &after));
	cap_free(file);
	DEMAND(after.used == before.used && after.files == before.files);
	return 0;
}
