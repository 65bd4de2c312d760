/*
 * pager.c: a page from somebody else's process: from the touch to the next instruction. The pager is this program
 * again, started as `bench pages`; it writes one word of each page.
 */
#include "bench.h"

#include <signal.h>
#include <mem_client.h>
#include <tessera/ipc.h>
#include <tessera/process.h>

#define PAGES    4096ul
#define DEADLINE 1000

int bench_pages(void)
{
	struct mem_pager_request todo[MEM_PAGER_MOST];
	struct mem_pager_result done[MEM_PAGER_MOST];
	struct message m = { .info = info_make(0, 0, 1) };
	uint64_t address, window;
	size_t n = 0, bytes;
	cap_t object;
	int error = mem_object_create(SLOT_SPACE, PAGES * PAGE_SIZE, MEM_DROPPABLE, &object, &address);

	if (!error)
		error = mem_pager_start(SLOT_SPACE, MEM_WINDOW, DEADLINE, &window);
	if (!error)
		error = mem_pager_attach(SLOT_SPACE, object, 0, 1);
	if (error)
		return bench_failed("pages", error);
	ipc_buffer()->send[0] = (struct send_item){ object, 1, GIVE_COPY, RIGHT_ALL, 0 };
	if (sys_call(SLOT_EXTRA, &m))
		return 1;
	while (!mem_pager_turn(SLOT_SPACE, done, n * sizeof *done, 1, todo, sizeof todo, &bytes)) {
		n = bytes / sizeof *todo;
		for (size_t i = 0; i < n; i++) {
			*(volatile uint64_t *)todo[i].at = todo[i].page;
			done[i] = (struct mem_pager_result){ todo[i].token, MEM_SUPPLY, 0 };
		}
	}
	return 1;
}

/* The object that the pager sends to the endpoint: 0 or an error. */
static int take_object(cap_t endpoint, cap_t *object)
{
	struct message m = { .info = 0 };
	int error = (int)-sys_reply_recv(endpoint, &m, 0, 0);

	if (error)
		return error;
	*object = cap_take(ipc_buffer()->recv[0].value);
	m.info = INFO_REPLY;
	return (int)-sys_reply_recv(0, &m, 0, 0);
}

int bench_pager(void)
{
	const char *const argv[] = { "bench", "pages", NULL };
	uint64_t pid, at, next;
	cap_t endpoint, object;
	int error = mem_endpoint_create(SLOT_SPACE, &endpoint);

	if (!error)
		error = process_spawn_with(argv, 0, endpoint, &pid);
	if (!error)
		error = take_object(endpoint, &object);
	if (!error)
		error = mem_map_object(SLOT_SPACE, object, 0, 0, PAGES * PAGE_SIZE, MEM_READ, 0, &at);
	if (error)
		return bench_failed("fault.custom_pager", error);
	bench_warm();
	next = at;
	bench_begin("fault.custom_pager");
	bench_print("fault.custom_pager", BENCH_LEAST((void)*(volatile uint64_t *)next; next += PAGE_SIZE));
	bench_end("fault.custom_pager");
	(void)!kill((pid_t)pid, SIGKILL);
	return process_wait(pid, NULL, NULL) ? bench_failed("fault.custom_pager", E_NOT_FOUND) : 0;
}
