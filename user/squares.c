/* squares PROGRAM ...: a pager: runs the program with an object in SLOT_EXTRA whose word i is i * i. */
#include <stdio.h>
#include <stdlib.h>
#include <mem_client.h>
#include <tessera/process.h>
#include <tessera/thread.h>

#define PAGES    (1ul << 16)
#define WORDS    (4096 / sizeof(uint64_t))
#define CLUSTER  4
#define DEADLINE 1000                   /* ms */

static uint64_t client;

static void end_with_client(void *unused)
{
	uint64_t status = 1;

	(void)unused;
	exit(process_wait(client, NULL, &status) || status ? 1 : 0);
}

static void serve(void)
{
	struct mem_pager_request todo[MEM_PAGER_MOST];
	struct mem_pager_result done[MEM_PAGER_MOST];
	size_t n = 0, bytes;

	while (!mem_pager_turn(SLOT_SPACE, done, n * sizeof *done, 1, todo, sizeof todo, &bytes)) {
		n = bytes / sizeof *todo;
		for (size_t i = 0; i < n; i++) {
			uint64_t *word = (uint64_t *)todo[i].at, first = todo[i].page * WORDS;

			for (uint64_t k = 0; k < todo[i].count * WORDS; k++)
				word[k] = (first + k) * (first + k);
			done[i] = (struct mem_pager_result){ todo[i].token, MEM_SUPPLY, 0 };
		}
	}
}

int main(int argc, char **argv)
{
	uint64_t address, window;
	cap_t object;
	int error = argc < 2 ? E_BAD_ARG : 0;

	if (!error)
		error = mem_object_create(SLOT_SPACE, PAGES * 4096, MEM_DROPPABLE, &object, &address);
	if (!error)
		error = mem_pager_start(SLOT_SPACE, MEM_WINDOW, DEADLINE, &window);
	if (!error)
		error = mem_pager_attach(SLOT_SPACE, object, 0, CLUSTER);
	if (!error)
		error = process_spawn_with((const char *const *)argv + 1, PROCESS_FOREGROUND, object, &client);
	if (!error)
		error = thread_start(end_with_client, NULL, 20, THREAD_STACK);
	if (!error)
		serve();
	fprintf(stderr, "squares: %s\n", error_text(error));
	return 1;
}
