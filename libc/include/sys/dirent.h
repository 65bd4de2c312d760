/* sys/dirent.h: what a directory's entries look like. */
#ifndef _SYS_DIRENT_H_
#define _SYS_DIRENT_H_ 1

#include <sys/types.h>

typedef struct __directory DIR;

struct dirent {
	ino_t d_ino;
	unsigned char d_type;
	char d_name[256];
};

#define DT_UNKNOWN 0
#define DT_FIFO    1
#define DT_CHR     2
#define DT_DIR     4
#define DT_REG     8

#endif
