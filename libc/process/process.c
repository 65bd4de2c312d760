/*
 * process.c: processes and servers as libc's other files and programs see them: spawn, wait, kill and the
 * capabilities to named servers. Packs what proc.idl wants; proc decides.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>
#include <proc_client.h>
#include <tessera/ipc.h>
#include <tessera/lock.h>
#include <tessera/process.h>
#include "../libc_internal.h"

#define SPAWN_BYTES      600           /* as in proc.idl */
#define SPAWN_WITH_BYTES 500
#define SERVERS_MAX      8
#define SERVER_NAME_MAX  32

/* Arguments and environment: NUL-terminated strings one behind the other. */
struct packed {
	char bytes[SPAWN_BYTES];
	size_t size, most;
};

static struct lock servers_lock;
static struct server {
	char name[SERVER_NAME_MAX + 1];
	uint32_t version;
	cap_t server;
} servers[SERVERS_MAX];                /* under the lock */
static unsigned server_count;

extern char **environ;

/* Adds the strings up to NULL; *count of them. */
static int pack_strings(struct packed *p, const char *const strings[], uint32_t *count)
{
	for (*count = 0; strings && strings[*count]; (*count)++) {
		size_t size = strlen(strings[*count]) + 1;

		if (size > p->most - p->size)
			return E_TOO_BIG;
		memcpy(p->bytes + p->size, strings[*count], size);
		p->size += size;
	}
	return 0;
}

static int pack_spawn(struct packed *p, const char *const argv[], uint32_t *argc, uint32_t *envc)
{
	int error = pack_strings(p, argv, argc);

	if (!error && !*argc)
		error = E_BAD_ARG;
	if (!error)
		error = pack_strings(p, (const char *const *)environ, envc);
	return error;
}

int process_spawn(const char *const argv[], unsigned flags, uint64_t *pid)
{
	struct packed p = { .most = SPAWN_BYTES };
	uint32_t argc, envc;
	int error = pack_spawn(&p, argv, &argc, &envc);

	return error ? error : proc_spawn(SLOT_PROCESS, p.bytes, p.size, argc, envc, flags, pid);
}

int process_spawn_with(const char *const argv[], unsigned flags, cap_t extra, uint64_t *pid)
{
	struct packed p = { .most = SPAWN_WITH_BYTES };
	uint32_t argc, envc;
	int error = pack_spawn(&p, argv, &argc, &envc);

	return error ? error : proc_spawn_with(SLOT_PROCESS, p.bytes, p.size, argc, envc, flags, extra, pid);
}

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
