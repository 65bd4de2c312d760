/*
 * bystander.c: asks the servers for what it knows the answers of, round after round, while others attack
 * them: its own bytes of a file, through a pipe, of its memory; its own process and region. An answer that
 * is not its own, or none, is noted. That memory or room is short is no fault: the others take what they
 * can get.
 */
#include <string.h>
#include <file_client.h>
#include <mem_client.h>
#include <proc_client.h>
#include <stream_client.h>
#include <tessera/process.h>
#include <tessera/thread.h>
#include "shared.h"

#define FILE_NAME "/bystander-of-the-attack"
#define BYTES     2048
#define PIECE     256
#define PAUSE     5000 /* ticks between rounds */

static volatile struct shared *shared;
static cap_t service, file, reader, writer;
static unsigned char bytes[BYTES];

static void wrong(uint32_t where, int error)
{
	if (shared->wrongs)
		return;
	shared->wrong[0].kind = WRONG_ANSWER;
	shared->wrong[0].label = where;
	shared->wrong[0].status = error;
	shared->wrongs = 1;
}

static void check_file(uint64_t at)
{
	unsigned char got[900];
	size_t n = 0;
	int error = file_read_at(file, at, PIECE, got, sizeof got, &n);

	if (error || n != PIECE || memcmp(got, bytes + at, PIECE))
		wrong(1, error);
}

static void check_pipe(uint64_t round)
{
	uint64_t got[113] = {0};
	uint32_t written = 0;
	size_t n = 0;
	int error = stream_write(writer, &round, sizeof round, &written);

	if (!error)
		error = stream_read(reader, sizeof round, got, sizeof got, &n);
	if (error || written != sizeof round || n != sizeof round || got[0] != round)
		wrong(2, error);
}

static void check_process(void)
{
	struct proc_info info = {0};
	uint64_t pid = process_start_info()->pid;
	int error = proc_next(SLOT_PROCESS, pid, &info);

	if (error || info.pid != pid || info.state != PROC_RUNNING)
		wrong(3, error);
}

static void check_region(void)
{
	struct mem_region found = {0};
	uint64_t at = (uint64_t)shared;
	int error = mem_query(SLOT_SPACE, at, &found);

	if (error || found.start != at || found.size != PAGE_SIZE || found.prot != (MEM_READ | MEM_WRITE))
		wrong(4, error);
}

static void check_memory(uint64_t seed)
{
	for (unsigned i = 0; i < BYTES; i++)
		if (bytes[i] != (unsigned char)(seed + i * 7))
			wrong(5, 0);
}

static void furnish(uint64_t seed)
{
	struct file_stat what;
	uint64_t end;

	for (unsigned i = 0; i < BYTES; i++)
		bytes[i] = (unsigned char)(seed + i * 7);
	if (server_open("file", FILE_VERSION, &service) || file_pipe(service, &reader, &writer) ||
	    file_open(service, FILE_NAME, FILE_READ | FILE_WRITE | FILE_CREATE, &file, &what))
		wrong(6, 0);
	for (unsigned at = 0; at < BYTES; at += PIECE)
		if (file_write_at(file, at, bytes + at, PIECE, &end))
			wrong(7, 0);
	(void)!file_remove(service, FILE_NAME);
}

_Noreturn void bystander_run(volatile struct shared *s)
{
	shared = s;
	furnish(s->seed);
	for (uint64_t round = 0;; round++) {
		check_file(round * 64 % (BYTES - PIECE));
		check_pipe(round);
		check_process();
		check_region();
		check_memory(s->seed);
		s->calls[0] = round + 1;
		(void)thread_wait(2, sys_time() + PAUSE);
	}
}
