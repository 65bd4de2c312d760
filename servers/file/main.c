/*
 * main.c: the file server's loop: one request after the other. What needs the disk is put off (later.c) and
 * the next is served. names.c has the calls that name
 * files, bytes.c those on open files; node.c keeps the names, store.c the bytes of files in RAM, open.c who
 * has what
 * open, pipe.c pipes. cache.c what is known of the
 * disk, disk.c the archive there. Calls mem, blk, and proc to open blk. Never reads a page that it would have
 * to supply itself.
 *
 * Started by proc with: SLOT_EXTRA its service endpoint, SLOT_EXTRA + 1 the boot archive's object. proc signals
 * SIGNAL_DEATH when a process has ended: what it had open is closed then.
 */
#include <string.h>
#include <file_server.h>
#include <mem_client.h>
#include <stream_server.h>
#include <tessera/process.h>
#include <tessera/start.h>
#include "archive.h"
#include "cache.h"
#include "disk.h"
#include "later.h"
#include "main.h"
#include "node.h"
#include "open.h"

#define SHARE_OF_RAM   4                /* files may take up so much of RAM: a fourth */
#define DIRECTORY_TMP  "/tmp"
#define STATUS_BROKEN  1                /* exit: nothing to serve, or no memory */
#define STATUS_GONE    2                /* exit: the endpoint is gone */

/* Files in RAM may take a share of it. */
static int start_names(void)
{
	struct mem_total total = { 0 };
	int error = mem_total(SLOT_SPACE, &total);

	if (error)
		return error;
	return node_start(process_start_info()->random[1], total.ram / SHARE_OF_RAM) ? 0 : E_NO_MEMORY;
}

/* A broken archive is served up to where it breaks; without one there is RAM. */
static int read_archive(void)
{
	uint64_t size = 0, at = 0;
	int error = mem_object_size(SLOT_SPACE, ARCHIVE, &size);

	if (error)
		return 0;
	error = mem_map_object(SLOT_SPACE, ARCHIVE, 0, 0, (size + PAGE_SIZE - 1) & ~(uint64_t)(PAGE_SIZE - 1), MEM_READ,
			       0, &at);
	if (!error)
		error = archive_read((const void *)at, size);
	return error == E_BAD_ARCHIVE ? 0 : error;
}

static int start(void)
{
	struct place place;
	struct node *made;
	int error = start_names();

	if (!error)
		error = read_archive();
	if (!error && !node_place(DIRECTORY_TMP, &place) && !place.there)
		error = node_make(&place, FILE_DIRECTORY, false, 0, &made);
	return error ? error : disk_start();
}

/* Answers one request: the words go to m, the result is its info. */
static uint64_t dispatch(struct message *m)
{
	if (info_label(m->info) >> 16 == STREAM_INTERFACE) {
		struct stream_request r = { .badge = m->badge, .info = m->info, .buffer = ipc_buffer() };
		uint64_t info;

		memcpy(r.w, m->w, sizeof r.w);
		info = stream_dispatch(&r);
		memcpy(m->w, r.w, sizeof r.w);
		return info;
	} else {
		struct file_request r = { .badge = m->badge, .info = m->info, .buffer = ipc_buffer() };
		uint64_t info;

		memcpy(r.w, m->w, sizeof r.w);
		info = file_dispatch(&r);
		memcpy(m->w, r.w, sizeof r.w);
		return info;
	}
}

/* What to send after a reply_recv that failed: an answer whose capability is gone becomes an error alone. */
static uint64_t after_failure(uint64_t answer)
{
	return answer & INFO_REPLY && info_items(answer) ? INFO_REPLY | info_make(E_BAD_HANDLE, 0, 0) : 0;
}

/* As dispatch; a request that needs something from the disk is kept for later. */
static uint64_t serve(struct message *m)
{
	uint64_t words[MESSAGE_BUFFER];
	unsigned count = info_words(m->info) > MESSAGE_REGS ? info_words(m->info) - MESSAGE_REGS : 0;
	const struct message came = *m;
	uint64_t answer;

	memcpy(words, ipc_buffer()->words, count * sizeof words[0]);
	answer = dispatch(m);
	if (info_label(answer) != E_AGAIN)
		return answer;
	return later_keep(&came, words) ? 0 : INFO_REPLY | info_make(E_NO_MEMORY, 0, 0);
}

static void signalled(uint64_t bits)
{
	bool retry = false;

	if (bits & SIGNAL_DEATH) {
		open_sweep();
		window_sweep();
	}
	if (bits & SIGNAL_RESTARTED) {
		cache_restarted();
		retry = true;
	}
	if (bits & SIGNAL_DISK)
		retry |= cache_news();
	if (retry)
		later_retry(dispatch);
}

int main(void)
{
	struct message m = { .info = 0 };

	if (start())
		return STATUS_BROKEN;
	for (;;) {
		uint64_t answer = m.info;
		long status = sys_reply_recv(SERVICE, &m, 0, 0);

		if (status == -E_SERVER_GONE)
			return STATUS_GONE;
		open_request();
		if (status) {
			m.info = after_failure(answer);
		} else if (info_kind(m.info) == KIND_MESSAGE) {
			m.info = serve(&m);
		} else {
			signalled(m.w[0]);
			m.info = 0;
		}
	}
}
