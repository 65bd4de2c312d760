/* popen.c: a command of the shell at the other end of a stream. */
#include <errno.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include "stdio_internal.h"

#define COMMANDS 64                    /* as many as descriptors */

static struct lock lock;
static struct command {
	FILE *file;
	pid_t pid;
} commands[COMMANDS];                  /* under the lock */

extern char **environ;

static bool add_command(FILE *file, pid_t pid)
{
	bool added = false;

	lock_acquire(&lock);
	for (int i = 0; i < COMMANDS && !added; i++) {
		if (!commands[i].file) {
			commands[i] = (struct command){ file, pid };
			added = true;
		}
	}
	lock_release(&lock);
	return added;
}

/* 0: no such command. */
static pid_t take_command(const FILE *file)
{
	pid_t pid = 0;

	lock_acquire(&lock);
	for (int i = 0; i < COMMANDS; i++) {
		if (commands[i].file == file) {
			pid = commands[i].pid;
			commands[i].file = NULL;
		}
	}
	lock_release(&lock);
	return pid;
}

/* Starts the shell with its stream number `end` at the pipe's far end. */
static int start(const char *text, int far, int end, pid_t *pid)
{
	char *const argv[] = { "shell", "-c", (char *)text, NULL };
	posix_spawn_file_actions_t actions;
	int error;

	(void)posix_spawn_file_actions_init(&actions);
	error = posix_spawn_file_actions_adddup2(&actions, far, end);
	if (!error)
		error = posix_spawnp(pid, argv[0], &actions, NULL, argv, environ);
	(void)posix_spawn_file_actions_destroy(&actions);
	return error;
}

FILE *popen(const char *text, const char *mode)
{
	int fds[2], near, error;
	FILE *f = NULL;
	pid_t pid;

	if (*mode != 'r' && *mode != 'w') {
		errno = EINVAL;
		return NULL;
	}
	if (pipe(fds))
		return NULL;
	near = fds[*mode == 'w'];
	error = start(text, fds[*mode == 'r'], *mode == 'r' ? STDOUT_FILENO : STDIN_FILENO, &pid);
	close(fds[*mode == 'r']);
	if (!error)
		f = fdopen(near, mode);
	if (f && add_command(f, pid))
		return f;
	if (f)
		(void)fclose(f);
	else
		close(near);
	if (error)
		errno = error;
	return NULL;
}

int pclose(FILE *file)
{
	pid_t pid = take_command(file);
	int status;

	if (!pid) {
		errno = ECHILD;
		return -1;
	}
	(void)fclose(file);
	return waitpid(pid, &status, 0) < 0 ? -1 : status;
}
