/*
 * victim.c: a process with four threads under load, made to be killed: one maps, one talks to servers and
 * into pipes, one faults all the time, one shares memory with the partner, which maps it and answers now,
 * later or never.
 */
#include <string.h>
#include <file_client.h>
#include <mem_client.h>
#include <proc_client.h>
#include <stream_client.h>
#include <tessera/idl.h>
#include <tessera/process.h>
#include <tessera/thread.h>
#include "partner.h"
#include "shared.h"

#define PRIO        32 /* of programs */
#define PLACES      4
#define FAULT_PAGES 64
#define PAUSE       300 /* ticks */

static volatile struct shared *shared;
static cap_t service, reader, writer; /* the file server, a pipe */

static void touch(uint64_t at, uint64_t size, uint64_t *state)
{
	for (unsigned i = 0; i < 4 && size; i++)
		*(volatile uint64_t *)(at + random_next(state) % (size / PAGE_SIZE) * PAGE_SIZE) = 1;
}

/* One step done. The threads have one priority: one that never waited would leave the others nothing until
 * its slice ends. */
static void step(unsigned number, uint64_t *state)
{
	shared->calls[number]++;
	if (random_next(state) % 4 == 0)
		(void)thread_wait(2, sys_time() + random_next(state) % PAUSE);
}

static void mapper(void *argument)
{
	uint64_t state = random_seeded(shared->seed, 0), at[PLACES] = {0}, size[PLACES] = {0};

	(void)argument;
	for (;; step(0, &state)) {
		unsigned i = (unsigned)(random_next(&state) % PLACES);
		uint64_t old = size[i];

		switch (random_next(&state) % 4) {
		case 0:
			if (old)
				(void)!mem_unmap(SLOT_SPACE, at[i], old);
			size[i] = (1 + random_next(&state) % 40) * PAGE_SIZE;
			if (mem_map(SLOT_SPACE, 0, size[i], MEM_READ | MEM_WRITE,
				    (uint32_t)random_next(&state) & MEM_EAGER, &at[i]))
				size[i] = 0;
			break;
		case 1:
			size[i] = (1 + random_next(&state) % 40) * PAGE_SIZE;
			if (!old || mem_remap(SLOT_SPACE, at[i], old, size[i], MEM_MOVE, &at[i]))
				size[i] = old;
			break;
		case 2:
			(void)!mem_protect(SLOT_SPACE, at[i], old, MEM_READ);
			(void)!mem_protect(SLOT_SPACE, at[i], old, MEM_READ | MEM_WRITE);
			break;
		default:
			break;
		}
		touch(at[i], size[i], &state);
	}
}

static void use_file(uint64_t *state)
{
	static const char *const names[] = {"/v0", "/v1", "/v2"};
	const char *name = names[random_next(state) % 3];
	struct file_stat what;
	char bytes[900] = "";
	uint64_t end;
	size_t n;
	cap_t file;

	if (file_open(service, name, FILE_READ | FILE_WRITE | FILE_CREATE, &file, &what))
		return;
	(void)!file_write_at(file, random_next(state) % 20000, bytes, 500, &end);
	(void)!file_read_at(file, 0, 500, bytes, sizeof bytes, &n);
	(void)!file_lock(file, 0, 0, FILE_EXCLUSIVE_LOCK);
	(void)!file_remove(service, name);
	if (random_next(state) % 2)
		(void)!file_close(file);
	cap_free(file);
}

/* Sometimes the pipe is full or empty: the thread waits there until it is killed, with others' help. */
static void use_pipe(uint64_t *state)
{
	char bytes[900] = "";
	uint32_t written;
	size_t n;

	(void)!stream_write(writer, bytes, 1 + random_next(state) % 800, &written);
	if (random_next(state) % 16)
		(void)!stream_read(reader, 800, bytes, sizeof bytes, &n);
}

static void talker(void *argument)
{
	uint64_t state = random_seeded(shared->seed, 1), pid;
	struct proc_info info;

	(void)argument;
	for (;; step(1, &state)) {
		switch (random_next(&state) % 8) {
		case 0:
			(void)!proc_next(SLOT_PROCESS, random_next(&state) % 20, &info);
			break;
		case 1:
			if (random_next(&state) % 16 == 0)
				(void)!proc_spawn(SLOT_PROCESS, "captest", 8, 1, 0, 0, &pid);
			break;
		case 2:
		case 3:
			use_file(&state);
			break;
		default:
			use_pipe(&state);
		}
	}
}

static void faulter(void *argument)
{
	uint64_t state = random_seeded(shared->seed, 2), at = 0;

	(void)argument;
	if (mem_map(SLOT_SPACE, 0, FAULT_PAGES * PAGE_SIZE, MEM_READ | MEM_WRITE, 0, &at))
		__builtin_trap();
	for (;; step(2, &state)) {
		uint64_t range[2] = {at, FAULT_PAGES * PAGE_SIZE};

		for (unsigned i = 0; i < FAULT_PAGES; i++)
			*(volatile uint64_t *)(at + random_next(&state) % FAULT_PAGES * PAGE_SIZE) = 1;
		(void)!mem_decommit(SLOT_SPACE, range, sizeof range);
		(void)!mem_commit(SLOT_SPACE, at, FAULT_PAGES * PAGE_SIZE, MEM_READ | MEM_WRITE);
	}
}

/* A message with the object to the partner. */
static void lend(cap_t object)
{
	struct message m = {.info = info_make(PARTNER_MAP, 1, 1), .w = {PARTNER_PAGES * PAGE_SIZE}};

	ipc_buffer()->send[0] = (struct send_item){object, 1, GIVE_COPY, RIGHT_CALL, 0};
	if (!sys_call(SLOT_GIVEN, &m) && info_items(m.info))
		idl_drop(m.info, ipc_buffer());
}

static void lender(void *argument)
{
	uint64_t state = random_seeded(shared->seed, 3), physical, at = 0, copy = 0;

	(void)argument;
	for (;; step(3, &state)) {
		cap_t object = 0, limited = 0;

		if (mem_object_create(SLOT_SPACE, PARTNER_PAGES * PAGE_SIZE, 0, &object, &physical))
			continue; /* for want of memory */
		if (!mem_map_object(SLOT_SPACE, object, 0, 0, PARTNER_PAGES * PAGE_SIZE,
				    MEM_READ | MEM_WRITE, 0, &at))
			touch(at, PARTNER_PAGES * PAGE_SIZE, &state);
		if (!mem_map_object(SLOT_SPACE, object, 0, 0, PARTNER_PAGES * PAGE_SIZE,
				    MEM_READ | MEM_WRITE, MEM_PRIVATE, &copy))
			touch(copy, PARTNER_PAGES * PAGE_SIZE, &state);
		lend(object);
		touch(at, PARTNER_PAGES * PAGE_SIZE, &state);
		if (!mem_object_limit(SLOT_SPACE, object, MEM_READ, &limited)) {
			lend(limited);
			cap_free(limited);
		}
		(void)!mem_unmap(SLOT_SPACE, at, PARTNER_PAGES * PAGE_SIZE);
		(void)!mem_unmap(SLOT_SPACE, copy, PARTNER_PAGES * PAGE_SIZE);
		if (random_next(&state) % 4)
			(void)!mem_object_destroy(SLOT_SPACE, object);
		cap_free(object);
	}
}

_Noreturn void victim_run(volatile struct shared *s)
{
	shared = s;
	if (server_open("file", FILE_VERSION, &service) || file_pipe(service, &reader, &writer))
		__builtin_trap();
	if (thread_start(talker, NULL, PRIO, THREAD_STACK) ||
	    thread_start(faulter, NULL, PRIO, THREAD_STACK) ||
	    thread_start(lender, NULL, PRIO, THREAD_STACK))
		__builtin_trap();
	mapper(NULL);
	__builtin_trap();
}
