/* sys/ioctl.h: the one request there is: a terminal's size. */
#ifndef _SYS_IOCTL_H_
#define _SYS_IOCTL_H_ 1

#ifdef __cplusplus
extern "C" {
#endif

struct winsize {
	unsigned short ws_row, ws_col, ws_xpixel, ws_ypixel;
};

#define TIOCGWINSZ 0x5413

int ioctl(int, unsigned long, ...);

#ifdef __cplusplus
}
#endif
#endif
