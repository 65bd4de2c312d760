/*
 * termios.c: the terminal's modes. The console knows the mode that this process set last; it goes back to lines
 * with echo when the process ends.
 */
#include <errno.h>
#include <termios.h>
#include <stream_client.h>
#include "fd.h"

#define CONTROL(letter) ((letter) & 31)

static uint32_t current;               /* enum stream_mode, as this process has set it */

/* The descriptor, if it is the console's; NULL and EBADF or ENOTTY. */
static struct fd_file *terminal_of(int fd)
{
	struct fd_file *f = fd_get(fd);
	uint32_t terminal = 0, columns, rows;

	if (f && (f->kind != FD_STREAM || stream_info(f->cap, &terminal, &columns, &rows) || !terminal)) {
		fd_put(f);
		errno = ENOTTY;
		f = NULL;
	}
	return f;
}

int tcgetattr(int fd, struct termios *out)
{
	struct fd_file *f = terminal_of(fd);
	uint32_t mode = __atomic_load_n(&current, __ATOMIC_RELAXED);

	if (!f)
		return -1;
	fd_put(f);
	*out = (struct termios){
		.c_iflag = ICRNL, .c_oflag = OPOST | ONLCR, .c_cflag = CS8 | CREAD | CLOCAL,
		.c_lflag = ISIG | ICANON | ECHO | ECHOE | ECHOK,
		.c_cc = { [VINTR] = CONTROL('C'), [VERASE] = 127, [VKILL] = CONTROL('U'), [VEOF] = CONTROL('D'),
			  [VMIN] = 1 },
	};
	if (mode & STREAM_RAW) {
		out->c_iflag = out->c_oflag = out->c_lflag = 0;
	} else if (mode & STREAM_NO_ECHO) {
		out->c_lflag &= ~(tcflag_t)ECHO;
	}
	return 0;
}

/* What the console cannot do beside what it does is passed over, as POSIX has it. */
int tcsetattr(int fd, int when, const struct termios *wanted)
{
	uint32_t mode = 0, old;
	struct fd_file *f;
	int error = 0;

	if (when < TCSANOW || when > TCSAFLUSH) {
		errno = EINVAL;
		return -1;
	}
	f = terminal_of(fd);
	if (!f)
		return -1;
	if (!(wanted->c_lflag & ICANON))
		mode = STREAM_RAW;
	else if (!(wanted->c_lflag & ECHO))
		mode = STREAM_NO_ECHO;
	if (when != TCSANOW)
		error = stream_drain(f->cap);
	if (!error)
		error = stream_set_mode(f->cap, mode, &old);
	if (!error)
		__atomic_store_n(&current, mode, __ATOMIC_RELAXED);
	fd_put(f);
	return errno_result(error);
}
