/*
 * process.c: processes and servers as libc's other files and programs see them: wait and the
 * capabilities to named servers.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>
#include <proc_client.h>
#include <tessera/ipc.h>
#include <tessera/lock.h>
#include <tessera/process.h>
#include "../libc_internal.h"

#define SERVERS_MAX      8
#define SERVER_NAME_MAX  32

static struct lock servers_lock;
static struct server {
	char name[SERVER_NAME_MAX + 1];
	uint32_t version;
	cap_t server;
} servers[SERVERS_MAX];                /* under the lock */
static unsigned server_count;

int process_wait(uint64_t pid, uint64_t *ended, uint64_t *status)
{
	uint64_t who = 0, how = 0;
	int error = proc_wait(SLOT_PROCESS, pid, &who, &how);

	if (error)
		return error;
	if (ended)
		*ended = who;
	if (status)
		*status = how;
	return 0;
}

/* Under servers_lock. */
static int open_locked(const char *name, uint32_t version, cap_t *server)
{
	int error;

	for (unsigned i = 0; i < server_count; i++) {
		if (servers[i].version == version && !strcmp(servers[i].name, name)) {
			*server = servers[i].server;
			return 0;
		}
	}
	if (server_count == SERVERS_MAX || strlen(name) > SERVER_NAME_MAX)
		return E_TOO_BIG;
	error = proc_open(SLOT_PROCESS, name, version, server);
	if (!error && !*server)
		error = E_RECEIVER_FULL;
	if (error)
		return error;
	strcpy(servers[server_count].name, name);
	servers[server_count].version = version;
	servers[server_count++].server = *server;
	return 0;
}

int server_open(const char *name, uint32_t version, cap_t *server)
{
	int error;

	lock_acquire(&servers_lock);
	error = open_locked(name, version, server);
	lock_release(&servers_lock);
	return error;
}

pid_t getpid(void)
{
	return (pid_t)start_info->pid;
}
