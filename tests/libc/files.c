/* files.c: descriptors, files, directories, paths and pipes: results, errno, edges. */
#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>
#include <utime.h>
#include "check.h"

static char big[20000], back[20000];

static void open_and_close(void)
{
	int fd = open("/tmp/a", O_RDWR | O_CREAT | O_EXCL, 0644), other;

	CHECK(fd == 3 && write(fd, "hello", 5) == 5);
	CHECK_ERRNO(open("/tmp/a", O_RDWR | O_CREAT | O_EXCL, 0644), -1, EEXIST);
	CHECK_ERRNO(open("/tmp/none", O_RDONLY), -1, ENOENT);
	CHECK_ERRNO(open("/none/b", O_WRONLY | O_CREAT, 0644), -1, ENOENT);
	CHECK_ERRNO(open("/tmp/a/b", O_RDONLY), -1, ENOTDIR);
	CHECK_ERRNO(open("/tmp", O_WRONLY), -1, EISDIR);
	CHECK_ERRNO(open("/bin/hello", O_WRONLY), -1, EROFS);
	CHECK_ERRNO(open("/tmp/a", O_RDONLY | O_DIRECTORY), -1, ENOTDIR);
	CHECK_ERRNO(open("", O_RDONLY), -1, ENOENT);
	other = open("/tmp/a", O_RDONLY);
	CHECK(other == 4 && read(other, back, 10) == 5 && !memcmp(back, "hello", 5) && read(other, back, 10) == 0);
	CHECK_ERRNO(write(other, "x", 1), -1, EBADF);
	CHECK(!close(fd) && open("/tmp/a", O_WRONLY | O_TRUNC) == 3);
	CHECK_ERRNO(read(3, back, 1), -1, EBADF);
	CHECK(lseek(other, 0, SEEK_SET) == 0 && read(other, back, 10) == 0);
	CHECK(!close(3) && !close(4));
	CHECK_ERRNO(close(3), -1, EBADF);
	CHECK_ERRNO(close(-1), -1, EBADF);
	CHECK_ERRNO(read(99, back, 1), -1, EBADF);
	fd = open("/tmp", O_RDONLY);
	CHECK_ERRNO(read(fd, back, 1), -1, EISDIR);
	CHECK(!close(fd) && !unlink("/tmp/a"));
}

static void positions(void)
{
	int fd = open("/tmp/p", O_RDWR | O_CREAT, 0644), end;
	struct stat what;

	for (size_t i = 0; i < sizeof(big); i++)
		big[i] = (char)(i * 31 + i / 100);
	CHECK(write(fd, big, sizeof(big)) == sizeof(big) && lseek(fd, 0, SEEK_CUR) == sizeof(big));
	CHECK(lseek(fd, -100, SEEK_END) == sizeof(big) - 100 && read(fd, back, 200) == 100);
	CHECK(!memcmp(back, big + sizeof(big) - 100, 100) && lseek(fd, 0, SEEK_SET) == 0);
	CHECK(read(fd, back, sizeof(back)) == sizeof(back) && !memcmp(back, big, sizeof(big)));
	CHECK(pread(fd, back, 50, 7) == 50 && !memcmp(back, big + 7, 50) && lseek(fd, 0, SEEK_CUR) == sizeof(big));
	CHECK(pwrite(fd, "XYZ", 3, 1) == 3 && pread(fd, back, 5, 0) == 5 && !memcmp(back + 1, "XYZ", 3));
	CHECK_ERRNO(lseek(fd, -1, SEEK_SET), -1, EINVAL);
	CHECK_ERRNO(lseek(fd, 0, 9), -1, EINVAL);
	CHECK_ERRNO(pread(fd, back, 5, -1), -1, EINVAL);
	CHECK_ERRNO(pread(fd, back, 5, 30000), 0, 0);
	CHECK(lseek(fd, 30000, SEEK_SET) == 30000 && write(fd, "end", 3) == 3 && pread(fd, back, 2, 25000) == 2);
	CHECK(!back[0] && !back[1] && !fstat(fd, &what) && what.st_size == 30003 && S_ISREG(what.st_mode));
	CHECK(!ftruncate(fd, 5) && !fstat(fd, &what) && what.st_size == 5 && pread(fd, back, 10, 0) == 5);
	CHECK(!ftruncate(fd, 10) && pread(fd, back, 10, 0) == 10 && !back[9]);
	CHECK_ERRNO(ftruncate(fd, -1), -1, EINVAL);
	CHECK_ERRNO(ftruncate(99, 1), -1, EBADF);
	CHECK(!truncate("/tmp/p", 2) && !stat("/tmp/p", &what) && what.st_size == 2);
	end = open("/tmp/p", O_WRONLY | O_APPEND);
	CHECK(write(end, "one", 3) == 3 && lseek(end, 0, SEEK_SET) == 0 && write(end, "two", 3) == 3);
	CHECK(pread(fd, back, 20, 2) == 6 && !memcmp(back, "onetwo", 6));
	CHECK(!fsync(fd) && !fdatasync(fd) && !close(fd) && !close(end) && !unlink("/tmp/p"));
	CHECK_ERRNO(lseek(1, 0, SEEK_CUR), -1, ESPIPE);
	CHECK_ERRNO(lseek(77, 0, SEEK_CUR), -1, EBADF);
}

static void duplicates(void)
{
	int fd = open("/tmp/d", O_RDWR | O_CREAT, 0644), copy = dup(fd);
	struct iovec pieces[2] = { { "ab", 2 }, { "cde", 3 } };

	CHECK(copy == fd + 1 && writev(fd, pieces, 2) == 5 && lseek(copy, 0, SEEK_CUR) == 5);
	CHECK(dup2(fd, 20) == 20 && dup2(fd, fd) == fd && fcntl(fd, F_DUPFD, 30) == 30);
	CHECK_ERRNO(dup2(fd, 1024), -1, EBADF);
	CHECK_ERRNO(dup2(19, 21), -1, EBADF);
	CHECK_ERRNO(dup(19), -1, EBADF);
	CHECK_ERRNO(fcntl(fd, F_DUPFD, 1024), -1, EINVAL);
	CHECK_ERRNO(fcntl(fd, F_DUPFD, -1), -1, EINVAL);
	CHECK(!close(fd) && !close(copy) && lseek(20, 1, SEEK_SET) == 1 && read(30, back, 9) == 4);
	CHECK((fcntl(20, F_GETFL) & O_ACCMODE) == O_RDWR && !close(20) && !close(30));
	for (fd = 0; fd >= 0;) {
		fd = open("/tmp/d", O_RDONLY);
		if (fd >= 0)
			copy = fd;
	}
	CHECK(errno == ENFILE && copy > 500);
	for (fd = copy; fd >= 0;) {
		fd = dup(1);
		if (fd >= 0)
			copy = fd;
	}
	CHECK(errno == EMFILE && copy == 1023);
	for (; copy > 2; copy--)
		CHECK(!close(copy));
	CHECK(!unlink("/tmp/d"));
}

static void names(void)
{
	struct stat what;
	int fd = open("/tmp/x", O_RDWR | O_CREAT, 0644);

	CHECK(write(fd, "kept", 4) == 4 && !rename("/tmp/x", "/tmp/y") && access("/tmp/x", F_OK) == -1);
	CHECK(!access("/tmp/y", R_OK | W_OK) && !unlink("/tmp/y") && pread(fd, back, 4, 0) == 4 && !memcmp(back,
		"kept", 4));
	CHECK(!close(fd));
	CHECK_ERRNO(unlink("/tmp/y"), -1, ENOENT);
	CHECK_ERRNO(unlink("/bin/hello"), -1, EROFS);
	CHECK_ERRNO(access("/bin/hello", W_OK), -1, EROFS);
	CHECK(!access("/bin/hello", X_OK));
	CHECK_ERRNO(rename("/tmp/none", "/tmp/z"), -1, ENOENT);
	CHECK(!mkdir("/tmp/dir", 0755) && !stat("/tmp/dir", &what) && S_ISDIR(what.st_mode));
	CHECK_ERRNO(mkdir("/tmp/dir", 0755), -1, EEXIST);
	CHECK_ERRNO(mkdir("/none/dir", 0755), -1, ENOENT);
	CHECK_ERRNO(unlink("/tmp/dir"), -1, EISDIR);
	CHECK(!close(open("/tmp/dir/f", O_WRONLY | O_CREAT, 0644)));
	CHECK_ERRNO(rmdir("/tmp/dir"), -1, ENOTEMPTY);
	CHECK_ERRNO(rmdir("/tmp/dir/f"), -1, ENOTDIR);
	CHECK(!remove("/tmp/dir/f") && !remove("/tmp/dir"));
	CHECK_ERRNO(stat("/tmp/dir", &what), -1, ENOENT);
	CHECK(!fstat(1, &what) && S_ISCHR(what.st_mode) && isatty(1) == 1);
	fd = open("/bin/hello", O_RDONLY);
	CHECK_ERRNO(isatty(fd), 0, ENOTTY);
	CHECK(read(fd, back, 4) == 4 && !memcmp(back, "\177ELF", 4) && lseek(fd, 0, SEEK_END) > 4096 && !close(fd));
	CHECK_ERRNO(isatty(40), 0, EBADF);
}

static void modes(void)
{
	struct stat what;
	struct winsize size;
	int fd = open("/tmp/m", O_RDWR | O_CREAT, 0644);

	CHECK(!fstat(fd, &what) && !fchmod(fd, what.st_mode) && !chmod("/tmp/m", what.st_mode & 0777));
	CHECK_ERRNO(chmod("/tmp/m", 07), -1, EPERM);
	CHECK_ERRNO(chmod("/tmp/none", 0644), -1, ENOENT);
	CHECK(!fchown(fd, getuid(), getgid()) && !chown("/tmp/m", -1, -1) && what.st_uid == geteuid());
	CHECK_ERRNO(chown("/tmp/m", 1, 1), -1, EPERM);
	CHECK(umask(077) == 022 && umask(022) == 077);
	CHECK_ERRNO(ioctl(fd, TIOCGWINSZ, &size), -1, ENOTTY);
	CHECK_ERRNO(ioctl(1, 7, &size), -1, EINVAL);
	CHECK(!ioctl(1, TIOCGWINSZ, &size) && !close(fd) && !unlink("/tmp/m"));
}

static void directories(void)
{
	static const char *const wanted[] = { ".", "..", "a", "b", "sub" };
	char here[PATH_MAX], small[3];
	struct dirent *entry, **list;
	int n = 0;
	DIR *d;

	CHECK(getcwd(here, sizeof(here)) == here && !strcmp(here, "/"));
	CHECK(!mkdir("/tmp/w", 0755) && !chdir("tmp/./w//") && getcwd(here, sizeof(here)) && !strcmp(here,
		"/tmp/w"));
	CHECK_ERRNO(getcwd(small, sizeof(small)), NULL, ERANGE);
	CHECK_ERRNO(chdir("none"), -1, ENOENT);
	CHECK(!mkdir("sub", 0755) && !close(open("b", O_CREAT | O_WRONLY, 0644)) && !close(creat("../w/a", 0644)));
	CHECK_ERRNO(chdir("a"), -1, ENOTDIR);
	d = opendir(".");
	CHECK(d && dirfd(d) >= 3);
	while ((entry = readdir(d)))
		CHECK(n < 5 && !strcmp(entry->d_name, wanted[n]) && (entry->d_type == DT_DIR) == (n < 2 ||
			n == 4) && ++n);
	rewinddir(d);
	CHECK(n == 5 && (entry = readdir(d)) && !strcmp(entry->d_name, ".") && !closedir(d));
	CHECK(scandir("/tmp/w", &list, NULL, alphasort) == 5 && !strcmp(list[4]->d_name, "sub"));
	CHECK_ERRNO(opendir("none"), NULL, ENOENT);
	CHECK_ERRNO(opendir("a"), NULL, ENOTDIR);
	CHECK(realpath("sub/../b", here) == here && !strcmp(here, "/tmp/w/b"));
	CHECK(!unlink("a") && !unlink("b") && !rmdir("sub") && !chdir("../..") && !rmdir("tmp/w"));
	memset(here, 'x', sizeof(here) - 1);
	here[sizeof(here) - 1] = 0;
	CHECK_ERRNO(open(here, O_RDONLY), -1, ENAMETOOLONG);
}

static void times(void)
{
	struct timespec both[2] = { { .tv_nsec = UTIME_OMIT }, { 1234567890, 5 } };
	struct timeval set[2] = { { 1, 0 }, { 99, 999999 } };
	struct utimbuf old = { 5, 7 };
	int fd = open("/tmp/t", O_RDWR | O_CREAT, 0644);
	struct stat what;

	CHECK(!futimens(fd, both) && !fstat(fd, &what) && what.st_mtime == 1234567890);
	both[1].tv_nsec = UTIME_OMIT;
	CHECK(!utimensat(AT_FDCWD, "/tmp/t", both, 0) && !stat("/tmp/t", &what) && what.st_mtime == 1234567890);
	both[1].tv_nsec = UTIME_NOW;
	CHECK(!utimensat(AT_FDCWD, "/tmp/t", both, 0) && !stat("/tmp/t", &what) && what.st_mtime <= time(NULL));
	CHECK(!utimes("/tmp/t", set) && !stat("/tmp/t", &what) && what.st_mtime == 99);
	CHECK(!utime("/tmp/t", &old) && !stat("/tmp/t", &what) && what.st_mtime == 7);
	CHECK(!utime("/tmp/t", NULL) && !stat("/tmp/t", &what) && what.st_mtime != 7);
	CHECK(!utime("/tmp", &old));
	both[1].tv_nsec = 1000000000;
	CHECK_ERRNO(futimens(fd, both), -1, EINVAL);
	CHECK_ERRNO(utime("/tmp/none", &old), -1, ENOENT);
	CHECK_ERRNO(utime("/bin/hello", &old), -1, EROFS);
	CHECK_ERRNO(futimens(77, NULL), -1, EBADF);
	CHECK(!close(fd) && !unlink("/tmp/t"));
}

static int lock_range(int fd, int command, short type, off_t start, off_t size)
{
	struct flock l = { .l_type = type, .l_whence = SEEK_SET, .l_start = start, .l_len = size };

	return fcntl(fd, command, &l);
}

/* The other process: what it finds locked is its status, a bit each. */
static int look_at_locks(void)
{
	int fd = open("/tmp/l", O_RDWR), found = 0;
	struct flock l = { .l_type = F_WRLCK, .l_whence = SEEK_END, .l_len = -6 };

	CHECK(!fcntl(fd, F_GETLK, &l) && l.l_type == F_RDLCK && l.l_start == 2 && l.l_len == 3 && l.l_pid == getppid());
	found |= lock_range(fd, F_SETLK, F_RDLCK, 2, 3) == 0;
	errno = 0;
	found |= (lock_range(fd, F_SETLK, F_WRLCK, 4, 1) == -1 && errno == EAGAIN) << 1;
	found |= (lock_range(fd, F_SETLK, F_WRLCK, 0, 2) == 0) << 2;
	found |= (lock_range(fd, F_SETLK, F_WRLCK, 9, 0) == -1) << 3;
	found |= (lock_range(fd, F_SETLK, F_UNLCK, 0, 0) == 0) << 4;
	CHECK(write(1, "?", 1) == 1);
	found |= (lock_range(fd, F_SETLKW, F_WRLCK, 2, 1) == 0) << 5;
	return check_failures ? 0 : found;
}

static void locks(void)
{
	char *const argv[] = { "files", "locks", NULL };
	posix_spawn_file_actions_t actions;
	int fd = open("/tmp/l", O_RDWR | O_CREAT, 0644), reader = open("/tmp/l", O_RDONLY), fds[2], status = 0;
	struct flock l = { .l_type = F_WRLCK, .l_whence = SEEK_CUR };
	pid_t pid;

	CHECK(write(fd, "01234567", 8) == 8);
	CHECK(!lock_range(fd, F_SETLK, F_RDLCK, 2, 3) && !lock_range(fd, F_SETLK, F_WRLCK, 8, 2));
	CHECK(!lock_range(fd, F_SETLK, F_WRLCK, 9, 0) && !fcntl(fd, F_GETLK, &l) && l.l_type == F_UNLCK);
	CHECK_ERRNO(lock_range(fd, F_SETLK, F_WRLCK, -1, 1), -1, EINVAL);
	CHECK_ERRNO(lock_range(fd, F_SETLK, 77, 0, 1), -1, EINVAL);
	CHECK_ERRNO(lock_range(reader, F_SETLK, F_WRLCK, 0, 1), -1, EBADF);
	CHECK_ERRNO(lock_range(88, F_SETLK, F_WRLCK, 0, 1), -1, EBADF);
	CHECK(!pipe(fds) && !posix_spawn_file_actions_init(&actions));
	CHECK(!posix_spawn_file_actions_adddup2(&actions, fds[1], 1));
	CHECK(!posix_spawn(&pid, "/bin/files", &actions, NULL, argv, NULL));
	CHECK(read(fds[0], back, 1) == 1 && back[0] == '?' && waitpid(pid, &status, WNOHANG) == 0);
	CHECK(!close(reader));          /* and with it all locks of the process on the file are gone */
	CHECK(waitpid(pid, &status, 0) == pid && WIFEXITED(status) && WEXITSTATUS(status) == 0x3f);
	CHECK(!lock_range(fd, F_SETLK, F_WRLCK, 0, 0) && !posix_spawn_file_actions_destroy(&actions));
	CHECK(!close(fd) && !close(fds[0]) && !close(fds[1]) && !unlink("/tmp/l"));
}

static void terminal(void)
{
	struct termios was, t;
	int fd = open("/bin/hello", O_RDONLY);

	CHECK(!tcgetattr(0, &was) && (was.c_lflag & (ICANON | ECHO | ISIG)) == (ICANON | ECHO | ISIG));
	t = was;
	t.c_lflag &= ~(tcflag_t)ECHO;
	CHECK(!tcsetattr(0, TCSADRAIN, &t) && !tcgetattr(1, &t) && !(t.c_lflag & ECHO) && t.c_lflag & ICANON);
	t.c_lflag &= ~(tcflag_t)ICANON;
	CHECK(!tcsetattr(0, TCSANOW, &t) && !tcgetattr(0, &t) && !(t.c_lflag & (ICANON | ECHO)));
	CHECK(!tcsetattr(0, TCSAFLUSH, &was) && !tcgetattr(0, &t) && !memcmp(&t, &was, sizeof(t)));
	CHECK_ERRNO(tcgetattr(fd, &t), -1, ENOTTY);
	CHECK_ERRNO(tcsetattr(0, 9, &t), -1, EINVAL);
	CHECK_ERRNO(tcsetattr(77, 0, &t), -1, EBADF);
	CHECK(!close(fd));
}

static void *feed(void *arg)
{
	int fd = *(int *)arg;

	for (size_t i = 0; i < sizeof(big);) {
		ssize_t n = write(fd, big + i, sizeof(big) - i > 777 ? 777 : sizeof(big) - i);

		CHECK(n > 0);
		i += (size_t)n;
	}
	close(fd);
	return NULL;
}

static int broken;

static void on_pipe(int signal)
{
	broken = signal;
}

/* Two capabilities arrive at once, in a thread's own window. */
static void *make_pipe(void *arg)
{
	CHECK(!pipe(arg));
	return NULL;
}

static void pipes(void)
{
	int fds[2];
	size_t all = 0;
	ssize_t n;
	struct stat what;
	pthread_t t;

	CHECK(!pipe(fds) && write(fds[1], "through", 7) == 7 && read(fds[0], back, 100) == 7);
	CHECK(!fstat(fds[0], &what) && S_ISFIFO(what.st_mode));
	CHECK_ERRNO(read(fds[1], back, 1), -1, EBADF);
	CHECK_ERRNO(write(fds[0], back, 1), -1, EBADF);
	CHECK_ERRNO(lseek(fds[0], 0, SEEK_SET), -1, ESPIPE);
	CHECK(!pthread_create(&t, NULL, feed, &fds[1]));
	while ((n = read(fds[0], back + all, sizeof(back) - all)) > 0)
		all += (size_t)n;
	CHECK(n == 0 && all == sizeof(big) && !memcmp(back, big, sizeof(big)) && !pthread_join(t, NULL));
	CHECK(!close(fds[0]) && !pipe(fds) && !close(fds[0]) && signal(SIGPIPE, on_pipe) != SIG_ERR);
	CHECK_ERRNO(write(fds[1], "x", 1), -1, EPIPE);
	CHECK(broken == SIGPIPE && !close(fds[1]));
	CHECK(!pthread_create(&t, NULL, make_pipe, fds) && !pthread_join(t, NULL) && write(fds[1], "x", 1) == 1);
	CHECK(read(fds[0], back, 9) == 1 && !close(fds[0]) && !close(fds[1]));
}

static void streams(void)
{
	char name[] = "/tmp/fileXXXXXX", text[64];
	int fd = mkstemp(name);
	FILE *f = fdopen(fd, "w+");

	CHECK(f && fprintf(f, "line %d\n", 1) == 7 && !fseek(f, 0, SEEK_SET) && fgets(text, sizeof(text), f));
	CHECK(!strcmp(text, "line 1\n") && !fclose(f));
	f = fopen(name, "a+");
	CHECK(f && fputs("line 2\n", f) >= 0 && ftell(f) == 14 && !fseek(f, 0, SEEK_SET) && fgetc(f) == 'l');
	CHECK(!fflush(f) && ftell(f) == 1 && !fclose(f));
	f = fopen(name, "r+");
	CHECK(f && fgetc(f) == 'l' && !fseek(f, 0, SEEK_CUR) && fputc('I', f) == 'I' && !fseek(f, 0, SEEK_SET));
	CHECK(fgets(text, sizeof(text), f) && !strcmp(text, "lIne 1\n") && freopen(name, "r", f) == f);
	CHECK(fgetc(f) == 'l' && !fclose(f));
	CHECK_ERRNO(fopen(name, "wx"), NULL, EEXIST);
	f = tmpfile();
	CHECK(f && fwrite(big, 1, sizeof(big), f) == sizeof(big) && (rewind(f), fread(back, 1, sizeof(back),
		f)) == sizeof(big));
	CHECK(!memcmp(big, back, sizeof(big)) && !fclose(f) && !remove(name));
}

int main(int argc, char **argv)
{
	if (argc > 1 && !strcmp(argv[1], "locks"))
		return look_at_locks();
	open_and_close();
	positions();
	duplicates();
	names();
	modes();
	directories();
	times();
	locks();
	terminal();
	pipes();
	streams();
	return check_end("files");
}
