/*
 * sys/termios.h: the terminal's modes. The console has three: lines with echo, lines without (ECHO off), and bytes as
 * they are (ICANON off), which is without echo and signals. The other flags and the speed cannot be changed.
 */
#ifndef _SYS_TERMIOS_H_
#define _SYS_TERMIOS_H_ 1

typedef unsigned char cc_t;
typedef unsigned int speed_t;
typedef unsigned int tcflag_t;

#define NCCS   20
#define VINTR  0
#define VQUIT  1
#define VERASE 2
#define VKILL  3
#define VEOF   4
#define VTIME  5
#define VMIN   6
#define VSTART 8
#define VSTOP  9
#define VSUSP  10
#define VEOL   11

#define BRKINT 0000002
#define IGNPAR 0000004
#define INPCK  0000020
#define ISTRIP 0000040
#define INLCR  0000100
#define IGNCR  0000200
#define ICRNL  0000400
#define IXON   0002000
#define IXOFF  0010000
#define OPOST  0000001
#define ONLCR  0000004
#define CSIZE  0000060
#define CS8    0000060
#define CREAD  0000200
#define PARENB 0000400
#define CLOCAL 0004000
#define ISIG   0000001
#define ICANON 0000002
#define ECHO   0000010
#define ECHOE  0000020
#define ECHOK  0000040
#define ECHONL 0000100
#define NOFLSH 0000200
#define TOSTOP 0000400
#define IEXTEN 0100000

#define TCSANOW   0
#define TCSADRAIN 1
#define TCSAFLUSH 2

struct termios {
	tcflag_t c_iflag, c_oflag, c_cflag, c_lflag;
	cc_t c_cc[NCCS];
};

int tcgetattr(int, struct termios *);
int tcsetattr(int, int, const struct termios *);
#endif
