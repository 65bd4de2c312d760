/*
 * start.c: starting a process: arguments and environment as proc.idl wants them, in the message or, where they do not
 * fit or argv[0] is not the program's path, in an object of mem. proc decides.
 */
#include <stdbool.h>
#include <string.h>
#include <mem_client.h>
#include <proc_client.h>
#include <tessera/ipc.h>
#include <tessera/process.h>

#define SPAWN_BYTES         600        /* as in proc.idl */
#define SPAWN_WITH_BYTES    500
#define SPAWN_STREAMS_BYTES 450

/* NUL-terminated strings one behind the other: argc arguments, then envc of the environment, `env` bytes behind. */
struct packed {
	char *const *argv, *const *env;
	size_t size, env_at;
	uint32_t argc, envc;
};

extern char **environ;

/* Counts strings up to NULL and their bytes; false: they are more than any process may have. */
static bool count(char *const strings[], size_t *size, uint32_t *n)
{
	for (*n = 0; strings && strings[*n]; (*n)++) {
		*size += strlen(strings[*n]) + 1;
		if (*size + *n * sizeof(char *) > PROC_ARGS_MOST)
			return false;
	}
	return true;
}

static int measure(struct packed *p, char *const argv[], char *const env[])
{
	*p = (struct packed){ .argv = argv, .env = env };
	if (!count(argv, &p->size, &p->argc))
		return E_TOO_BIG;
	p->env_at = p->size;
	if (!count(env, &p->size, &p->envc))
		return E_TOO_BIG;
	return p->argc ? 0 : E_BAD_ARG;
}

static void pack(const struct packed *p, char *to)
{
	for (uint32_t i = 0; i < p->argc + p->envc; i++) {
		const char *string = i < p->argc ? p->argv[i] : p->env[i - p->argc];
		size_t size = strlen(string) + 1;

		memcpy(to, string, size);
		to += size;
	}
}

/* The strings behind the first page of a new object. */
static int pack_object(const struct packed *p, cap_t *object)
{
	uint64_t size = (PAGE_SIZE + p->size + PAGE_SIZE - 1) & ~(uint64_t)(PAGE_SIZE - 1), at = 0, ignored;
	int error = mem_object_create(SLOT_SPACE, size, 0, object, &ignored);

	if (error)
		return error;
	error = mem_map_object(SLOT_SPACE, *object, 0, 0, size, MEM_READ | MEM_WRITE, 0, &at);
	if (!error) {
		pack(p, (char *)at + PAGE_SIZE);
		(void)!mem_unmap(SLOT_SPACE, at, size);
	}
	return error;
}

static int spawn_long(const char *path, const struct packed *p, unsigned flags, const cap_t streams[3], uint64_t *pid)
{
	cap_t object = 0;
	int error = pack_object(p, &object);

	if (!error)
		error = proc_spawn_long(SLOT_PROCESS, path, (uint32_t)p->size, p->argc, p->envc, (uint32_t)p->env_at,
					flags, object, streams[0], streams[1], streams[2], pid);
	if (object) {
		(void)!mem_object_destroy(SLOT_SPACE, object);
		cap_free(object);
	}
	return error;
}

int process_spawn_streams(const char *path, char *const argv[], char *const env[], unsigned flags,
			  const cap_t streams[3], uint64_t *pid)
{
	char bytes[SPAWN_STREAMS_BYTES];
	struct packed p;
	int error = measure(&p, argv, env);

	if (error)
		return error;
	if (p.size > sizeof(bytes) || strcmp(path, argv[0]))
		return spawn_long(path, &p, flags, streams, pid);
	pack(&p, bytes);
	return proc_spawn_streams(SLOT_PROCESS, bytes, p.size, p.argc, p.envc, flags, streams[0], streams[1],
				  streams[2], pid);
}

int process_spawn(const char *const argv[], unsigned flags, uint64_t *pid)
{
	static const cap_t console[3] = { SLOT_PROCESS, SLOT_PROCESS, SLOT_PROCESS };
	char bytes[SPAWN_BYTES];
	struct packed p;
	int error = measure(&p, (char *const *)argv, environ);

	if (error)
		return error;
	if (p.size > sizeof(bytes))
		return spawn_long(argv[0], &p, flags, console, pid);
	pack(&p, bytes);
	return proc_spawn(SLOT_PROCESS, bytes, p.size, p.argc, p.envc, flags, pid);
}

int process_spawn_with(const char *const argv[], unsigned flags, cap_t extra, uint64_t *pid)
{
	char bytes[SPAWN_WITH_BYTES];
	struct packed p;
	int error = measure(&p, (char *const *)argv, environ);

	if (error || p.size > sizeof(bytes))
		return error ? error : E_TOO_BIG;
	pack(&p, bytes);
	return proc_spawn_with(SLOT_PROCESS, bytes, p.size, p.argc, p.envc, flags, extra, pid);
}
