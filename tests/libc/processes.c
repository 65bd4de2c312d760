/* processes.c: posix_spawn, waitpid, kill, system, environment, options, random bytes: results, errno, edges. */
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "check.h"

extern char **environ;

static pid_t run(const char *how, posix_spawn_file_actions_t *actions, char **env)
{
	char *const argv[] = { "processes", (char *)how, NULL };
	pid_t pid = -1;

	CHECK(!posix_spawn(&pid, "bin/processes", actions, NULL, argv, env));
	return pid;
}

static int status_of(const char *how)
{
	int status = -1;
	pid_t pid = run(how, NULL, environ);

	CHECK(waitpid(pid, &status, 0) == pid);
	return status;
}

static void statuses(void)
{
	int status = status_of("exit");
	char *none[] = { NULL };
	pid_t pid;

	CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 42);
	status = status_of("abort");
	CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
	status = status_of("fault");
	CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV);
	status = status_of("term");
	CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM);
	pid = run("sleep", NULL, environ);
	CHECK(waitpid(pid, &status, WNOHANG) == 0 && waitpid(-1, &status, WNOHANG) == 0 && !kill(pid, 0));
	CHECK(!kill(pid, SIGKILL) && wait(&status) == pid && WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	CHECK_ERRNO(waitpid(pid, &status, 0), -1, ECHILD);
	CHECK_ERRNO(waitpid(-1, &status, WNOHANG), -1, ECHILD);
	CHECK_ERRNO(waitpid(1, &status, 1234), -1, EINVAL);
	CHECK_ERRNO(kill(pid, SIGTERM), -1, ESRCH);
	CHECK(posix_spawn(&pid, "/bin/none", NULL, NULL, none, NULL) == ENOENT);
	CHECK(posix_spawn(&pid, "/etc/motd", NULL, NULL, none, NULL) == ENOEXEC);
	CHECK(posix_spawnp(&pid, "no-such-program", NULL, NULL, none, NULL) == ENOENT);
	CHECK(getppid() > 0 && getppid() != getpid());
	CHECK(system(NULL) && system("exit 3") == 3 << 8);
}

static void redirected(void)
{
	char *env[] = { "WORD=from the parent", NULL }, text[100];
	posix_spawn_file_actions_t actions;
	int fds[2], fd = open("/tmp/in", O_RDWR | O_CREAT | O_TRUNC, 0644), status;
	ssize_t n;
	pid_t pid;

	CHECK(write(fd, "skipinput line", 14) == 14 && lseek(fd, 4, SEEK_SET) == 4 && !pipe(fds));
	CHECK(!posix_spawn_file_actions_init(&actions) && !posix_spawn_file_actions_adddup2(&actions, fd, 0));
	CHECK(!posix_spawn_file_actions_adddup2(&actions, fds[1], 1) &&
		!posix_spawn_file_actions_addclose(&actions, fds[0]));
	CHECK(!posix_spawn_file_actions_addopen(&actions, 2, "/tmp/err", O_WRONLY | O_CREAT | O_TRUNC, 0644));
	CHECK(posix_spawn_file_actions_adddup2(&actions, -1, 0) == EBADF);
	pid = run("copy", &actions, env);
	CHECK(!close(fds[1]));
	for (n = 0; n < 31;)
		n += read(fds[0], text + n, sizeof(text) - (size_t)n);
	CHECK(n == 31 && !memcmp(text, "from the parent: input line\nout", 31));
	CHECK(read(fds[0], text, sizeof(text)) == 0 && waitpid(pid, &status, 0) == pid && status == 0);
	CHECK(lseek(fd, 0, SEEK_CUR) == 14 && !close(fd) && !close(fds[0]) &&
		!posix_spawn_file_actions_destroy(&actions));
	fd = open("/tmp/err", O_RDONLY);
	CHECK(read(fd, text, sizeof(text)) == 8 && !memcmp(text, "complain", 8) && !close(fd));
	CHECK(!posix_spawn_file_actions_init(&actions) && !posix_spawn_file_actions_adddup2(&actions, 40, 1));
	CHECK(posix_spawn(&pid, "/bin/processes", &actions, NULL, env, env) == EBADF);
	posix_spawn_file_actions_destroy(&actions);
	unlink("/tmp/in");
	unlink("/tmp/err");
}

/* A hash of all arguments and the environment, with their numbers, in 7 bits. */
static int sum(char *const strings[], unsigned n)
{
	for (; *strings; strings++, n++) {
		for (const char *c = *strings; *c; c++)
			n = n * 31 + (unsigned char)*c;
	}
	return (int)(n % 127);
}

static int spawn_and_wait(char *const argv[], char *const env[])
{
	int status = -1;
	pid_t pid = -1;
	int error = posix_spawn(&pid, "/bin/processes", NULL, NULL, argv, env);

	if (error)
		return -error;
	CHECK(waitpid(pid, &status, 0) == pid && WIFEXITED(status));
	return WEXITSTATUS(status);
}

/* Up to what ARG_MAX says, as they were given, argv[0] too. */
static void long_arguments(void)
{
	static char text[100000], *argv[5000] = { "any name", "sum" }, *env[3000];
	static const size_t counts[] = { 0, 1, 60, 1000, 3000 };
	char *large[] = { "processes", "sum", text, "", NULL }, *one[] = { "A=1", NULL };

	for (size_t i = 0; i < sizeof(text) - 1; i++)
		text[i] = (char)('a' + i * 7 % 26);
	for (size_t n = 0; n < sizeof(counts) / sizeof(counts[0]); n++) {
		for (size_t i = 0; i <= counts[n]; i++)
			argv[2 + i] = i < counts[n] ? text + sizeof(text) - 1 - i % 20 : NULL;
		for (size_t i = 0; i <= counts[n] / 2; i++)
			env[i] = i < counts[n] / 2 ? text + sizeof(text) - 1 - i % 9 : NULL;
		CHECK(spawn_and_wait(argv, env) == sum(env, (unsigned)sum(argv, 0)));
	}
	CHECK(spawn_and_wait(large, one) == sum(one, (unsigned)sum(large, 0)));
	for (size_t i = 0; i < 4000; i++)
		argv[2 + i] = text + sizeof(text) - 40;
	argv[4002] = NULL;
	CHECK(spawn_and_wait(argv, one) == -E2BIG);
	large[3] = text;
	CHECK(spawn_and_wait(large, one) == -E2BIG && sysconf(_SC_ARG_MAX) == 131072);
}

static void commands(void)
{
	char line[64];
	FILE *f = popen("echo one; echo two; exit 5", "r");

	CHECK(f && fgets(line, sizeof(line), f) && !strcmp(line, "one\n") && fgets(line, sizeof(line), f));
	CHECK(!fgets(line, sizeof(line), f) && pclose(f) == 5 << 8);
	f = popen("cat > /tmp/typed", "w");
	CHECK(f && fputs("written", f) >= 0 && pclose(f) == 0);
	f = fopen("/tmp/typed", "r");
	CHECK(f && fgets(line, sizeof(line), f) && !strcmp(line, "written") && !fclose(f) && !remove("/tmp/typed"));
	CHECK_ERRNO(popen("echo", "x"), NULL, EINVAL);
}

static void environment(void)
{
	CHECK(!getenv("NOT_THERE") && !setenv("A_NAME", "one", 0) && !setenv("A_NAME", "two", 0));
	CHECK(!strcmp(getenv("A_NAME"), "one") && !setenv("A_NAME", "two", 1) && !strcmp(getenv("A_NAME"), "two"));
	CHECK(!unsetenv("A_NAME") && !getenv("A_NAME"));
	CHECK_ERRNO(setenv("A=B", "x", 1), -1, EINVAL);
}

static void options(void)
{
	char *argv[] = { "p", "-a", "-bvalue", "-c", "next", "--", "-d", NULL };
	char *wrong[] = { "p", "-z", NULL };

	opterr = 0;
	CHECK(getopt(7, argv, "ab:c:") == 'a' && getopt(7, argv, "ab:c:") == 'b' && !strcmp(optarg, "value"));
	CHECK(getopt(7, argv, "ab:c:") == 'c' && !strcmp(optarg, "next") && getopt(7, argv, "ab:c:") == -1 &&
		optind == 6);
	optind = 1;
	CHECK(getopt(2, wrong, "a") == '?' && optopt == 'z');
}

static void long_options(void)
{
	static int flag;
	static const struct option longs[] = {
		{ "size", required_argument, NULL, 's' }, { "verbose", no_argument, &flag, 9 },
		{ "value", optional_argument, NULL, 'v' }, { 0 },
	};
	char *argv[] = { "p", "file", "--size", "12", "-abx", "other", "--ver", "--value=3", "--size", NULL };
	int index = -1;

	optind = 0;
	CHECK(getopt_long(9, argv, "ab:", longs, &index) == 's' && !strcmp(optarg, "12") && index == 0);
	CHECK(getopt_long(9, argv, "ab:", longs, NULL) == 'a');
	CHECK(getopt_long(9, argv, "ab:", longs, NULL) == 'b' && !strcmp(optarg, "x"));
	CHECK(getopt_long(9, argv, "ab:", longs, NULL) == 0 && flag == 9);
	CHECK(getopt_long(9, argv, "ab:", longs, NULL) == 'v' && !strcmp(optarg, "3"));
	CHECK(getopt_long(9, argv, "ab:", longs, NULL) == '?' && optopt == 's');
	CHECK(getopt_long(9, argv, "ab:", longs, NULL) == -1 && optind == 7);
	CHECK(!strcmp(argv[7], "file") && !strcmp(argv[8], "other"));
}

static void random_and_time(void)
{
	unsigned char a[600], b[600];
	struct timespec t, later;
	struct timeval now;
	struct rusage used;

	CHECK(getrandom(a, sizeof(a), 0) == sizeof(a) && getrandom(b, sizeof(b), GRND_NONBLOCK) == sizeof(b));
	CHECK(memcmp(a, b, sizeof(a)) && memcmp(a, a + 300, 300));
	CHECK_ERRNO(getrandom(a, 1, 77), -1, EINVAL);
	CHECK_ERRNO(getentropy(a, 257), -1, EIO);
	CHECK(!clock_gettime(CLOCK_MONOTONIC, &t) && !clock_gettime(CLOCK_REALTIME, &later) &&
		time(NULL) >= t.tv_sec);
	CHECK(!gettimeofday(&now, NULL) && now.tv_usec >= 0 && now.tv_usec < 1000000 && now.tv_sec >= t.tv_sec);
	CHECK_ERRNO(clock_gettime(99, &t), -1, EINVAL);
	t = (struct timespec){ 0, 1000000000 };
	CHECK_ERRNO(nanosleep(&t, NULL), -1, EINVAL);
	t = (struct timespec){ -1, 0 };
	CHECK_ERRNO(nanosleep(&t, NULL), -1, EINVAL);
	CHECK(!clock_getres(CLOCK_MONOTONIC, &t) && t.tv_sec == 0 && t.tv_nsec > 0);
	CHECK(clock() != (clock_t)-1 && sysconf(_SC_PAGESIZE) == 4096);
	CHECK_ERRNO(sysconf(-5), -1, EINVAL);
	CHECK(!getrusage(RUSAGE_SELF, &used) && used.ru_maxrss > 8 && used.ru_utime.tv_sec + used.ru_utime.tv_usec > 0);
	CHECK_ERRNO(getrusage(7, &used), -1, EINVAL);
}

static int child(const char *how)
{
	char line[64] = "";
	struct timespec day = { 86400, 0 };

	if (!strcmp(how, "exit"))
		return 42;
	if (!strcmp(how, "abort"))
		abort();
	if (!strcmp(how, "fault"))
		*(volatile int *)8 = 1;
	if (!strcmp(how, "term"))
		raise(SIGTERM);
	if (!strcmp(how, "sleep"))
		nanosleep(&day, NULL);
	if (strcmp(how, "copy") || !fgets(line, sizeof(line), stdin))
		return 1;
	fprintf(stderr, "complain");
	printf("%s: %s\nout", getenv("WORD"), line);
	return 0;
}

int main(int argc, char **argv)
{
	if (argc > 1 && !strcmp(argv[1], "sum"))
		return sum(environ, (unsigned)sum(argv, 0));
	if (argc > 1)
		return child(argv[1]);
	statuses();
	redirected();
	long_arguments();
	commands();
	environment();
	options();
	long_options();
	random_and_time();
	return check_end("processes");
}
