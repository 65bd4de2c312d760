/*
 * spawn.c: posix_spawn: the standard streams of the child are worked out here, each becomes a capability of its
 * own that is given away. The console is not given: the child has its own to it.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <proc_client.h>
#include <stream_client.h>
#include <tessera/ipc.h>
#include <tessera/process.h>
#include "../file/fd.h"

#define STREAMS 3

enum action { ACTION_OPEN, ACTION_DUP2, ACTION_CLOSE };

struct __spawn_action {
	struct __spawn_action *next;
	enum action kind;
	int fd, to, flags;
	char path[];
};

/* Descriptors as the child would have them, each with a use of its file; NULL: closed. */
struct child {
	struct fd_file *files[DESCRIPTORS];
};

static int add_action(posix_spawn_file_actions_t *actions, struct __spawn_action wanted, const char *path)
{
	struct __spawn_action **last = &actions->__actions, *a;

	if (wanted.fd < 0 || wanted.fd >= DESCRIPTORS || wanted.to < 0 || wanted.to >= DESCRIPTORS)
		return EBADF;
	a = malloc(sizeof(*a) + strlen(path) + 1);
	if (!a)
		return ENOMEM;
	*a = wanted;
	strcpy(a->path, path);
	while (*last)
		last = &(*last)->next;
	*last = a;
	return 0;
}

int posix_spawn_file_actions_init(posix_spawn_file_actions_t *actions)
{
	actions->__actions = NULL;
	return 0;
}

int posix_spawn_file_actions_destroy(posix_spawn_file_actions_t *actions)
{
	struct __spawn_action *a;

	while ((a = actions->__actions)) {
		actions->__actions = a->next;
		free(a);
	}
	return 0;
}

int posix_spawn_file_actions_addopen(posix_spawn_file_actions_t *restrict actions, int fd, const char *restrict path,
				     int flags, mode_t mode)
{
	(void)mode;
	return add_action(actions, (struct __spawn_action){ .kind = ACTION_OPEN, .fd = fd, .flags = flags }, path);
}

int posix_spawn_file_actions_adddup2(posix_spawn_file_actions_t *actions, int fd, int to)
{
	return add_action(actions, (struct __spawn_action){ .kind = ACTION_DUP2, .fd = fd, .to = to }, "");
}

int posix_spawn_file_actions_addclose(posix_spawn_file_actions_t *actions, int fd)
{
	return add_action(actions, (struct __spawn_action){ .kind = ACTION_CLOSE, .fd = fd }, "");
}

int posix_spawnattr_init(posix_spawnattr_t *attributes)
{
	attributes->__flags = 0;
	return 0;
}

int posix_spawnattr_destroy(posix_spawnattr_t *attributes)
{
	(void)attributes;
	return 0;
}

static void set_file(struct child *c, int fd, struct fd_file *f)
{
	if (c->files[fd])
		fd_put(c->files[fd]);
	c->files[fd] = f;
}

static int do_action(struct child *c, const struct __spawn_action *a)
{
	struct fd_file *f = NULL;
	int fd;

	if (a->kind == ACTION_OPEN) {
		fd = open(a->path, a->flags, 0666);
		f = fd < 0 ? NULL : fd_get(fd);
		if (fd >= 0)
			close(fd);
		if (!f)
			return errno;
		set_file(c, a->fd, f);
	} else if (a->kind == ACTION_CLOSE) {
		set_file(c, a->fd, NULL);
	} else {
		f = c->files[a->fd];
		if (!f)
			return EBADF;
		if (a->fd == a->to)
			return 0;
		/* One more use: as by a descriptor that is closed at once. */
		fd = fd_share(f, 0);
		if (fd < 0)
			return errno;
		f = fd_get(fd);
		close(fd);
		set_file(c, a->to, f);
	}
	return 0;
}

/* What the child gets for a descriptor: SLOT_PROCESS stands for the console. */
static int give_stream(struct fd_file *f, cap_t *stream)
{
	uint32_t terminal = 0, columns, rows;
	uint64_t position;
	int error;

	*stream = SLOT_PROCESS;
	if (!f || (f->kind == FD_STREAM && !stream_info(f->cap, &terminal, &columns, &rows) && terminal))
		return 0;
	lock_acquire(&f->lock);
	error = f->kind == FD_REGULAR ? file_seek(f->cap, (int64_t)f->position, FILE_SET, &position) : 0;
	if (!error)
		error = file_duplicate(f->cap, stream);
	/* From now on the position is where both see it. */
	if (!error && f->kind == FD_REGULAR)
		f->kind = FD_STREAM;
	lock_release(&f->lock);
	return error;
}

static int start(const char *path, char *const argv[], char *const env[], struct child *c, uint64_t *pid)
{
	char *const alone[] = { (char *)path, NULL };
	cap_t streams[STREAMS] = { 0 };
	int error = 0;

	for (int i = 0; !error && i < STREAMS; i++)
		error = give_stream(c->files[i], &streams[i]);
	if (!error)
		error = process_spawn_streams(path, argv[0] ? argv : alone, env, 0, streams, pid);
	for (int i = 0; i < STREAMS; i++) {
		if (streams[i] && streams[i] != SLOT_PROCESS) {
			(void)!file_close(streams[i]);  /* gone if it was given away */
			cap_free(streams[i]);
		}
	}
	return error_errno(error);
}

static int spawn(pid_t *out, const char *path, const posix_spawn_file_actions_t *actions, char *const argv[],
		 char *const env[])
{
	struct child *c = calloc(1, sizeof(*c));
	uint64_t pid = 0;
	int error = 0, saved = errno;

	if (!c)
		return ENOMEM;
	for (int fd = 0; fd < fd_end(); fd++)
		c->files[fd] = fd_get(fd);
	for (const struct __spawn_action *a = actions ? actions->__actions : NULL; a && !error; a = a->next)
		error = do_action(c, a);
	if (!error)
		error = start(path, argv, env, c, &pid);
	for (int fd = 0; fd < DESCRIPTORS; fd++)
		set_file(c, fd, NULL);
	free(c);
	errno = saved;
	if (!error && out)
		*out = (pid_t)pid;
	return error;
}

int posix_spawn(pid_t *restrict out, const char *restrict path, const posix_spawn_file_actions_t *actions,
		const posix_spawnattr_t *restrict attributes, char *const argv[], char *const env[])
{
	char absolute[PATH_BYTES + 1];
	cap_t server;

	(void)attributes;
	return fd_path(path, absolute, &server) ? errno : spawn(out, absolute, actions, argv, env);
}

/* A name without '/' is looked for where the shell looks. */
int posix_spawnp(pid_t *restrict out, const char *restrict path, const posix_spawn_file_actions_t *actions,
		 const posix_spawnattr_t *restrict attributes, char *const argv[], char *const env[])
{
	if (strchr(path, '/') || !*path)
		return posix_spawn(out, path, actions, attributes, argv, env);
	return spawn(out, path, actions, argv, env);
}

/* Status as sys/wait.h takes it apart. */
static int wait_status(uint64_t status)
{
	static const uint8_t signals[] = { SIGBUS, SIGSEGV, SIGILL, SIGTRAP, SIGBUS, SIGSEGV, SIGBUS, SIGSEGV };

	if (status > STATUS_KILLED)
		return (int)(status - STATUS_KILLED) & 0x7f;
	if (status < STATUS_FAULT)
		return (int)status << 8;
	return status - STATUS_FAULT < sizeof(signals) ? signals[status - STATUS_FAULT] : SIGSEGV;
}

/* Looks at the children without waiting: one that has ended, 0 if there are only others, -1 if there are none. */
static int64_t ended_child(uint64_t wanted)
{
	struct proc_info info = { 0 };
	int64_t found = -1;

	for (uint64_t pid = wanted; !proc_next(SLOT_PROCESS, pid, &info); pid = info.pid + 1) {
		if (wanted && info.pid != wanted)
			break;
		if (info.parent != (uint64_t)getpid())
			continue;
		if (info.state == PROC_ZOMBIE)
			return (int64_t)info.pid;
		found = 0;
	}
	return found;
}

pid_t waitpid(pid_t pid, int *status, int flags)
{
	uint64_t wanted = pid > 0 ? (uint64_t)pid : 0, ended = 0, how = 0;
	int64_t there;
	int error;

	if (flags & ~WNOHANG || (pid < -1)) {
		errno = EINVAL;
		return -1;
	}
	if (flags & WNOHANG) {
		there = ended_child(wanted);
		if (there == 0)
			return 0;
		wanted = there > 0 ? (uint64_t)there : wanted;
	}
	error = process_wait(wanted, &ended, &how);
	if (error == E_NOT_FOUND) {
		errno = ECHILD;
		return -1;
	}
	if (error)
		return errno_result(error);
	if (status)
		*status = wait_status(how);
	return (pid_t)ended;
}

pid_t wait(int *status)
{
	return waitpid(-1, status, 0);
}

pid_t getppid(void)
{
	struct proc_info info = { 0 };

	return proc_next(SLOT_PROCESS, (uint64_t)getpid(), &info) ? 0 : (pid_t)info.parent;
}

/* The shell runs it. */
int system(const char *command)
{
	extern char **environ;
	char *const argv[] = { "shell", "-c", (char *)command, NULL };
	int status, error;
	pid_t pid;

	if (!command)
		return 1;
	error = posix_spawnp(&pid, "shell", NULL, NULL, argv, environ);
	if (error) {
		errno = error;
		return -1;
	}
	return waitpid(pid, &status, 0) < 0 ? -1 : status;
}
