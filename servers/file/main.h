/* main.h: what the file server was given, and the bits that others signal on its endpoint. */
#ifndef FILE_MAIN_H
#define FILE_MAIN_H

#include <tessera/start.h>

#define SERVICE     SLOT_EXTRA         /* the endpoint clients call; proc owns it */
#define ARCHIVE     (SLOT_EXTRA + 1)   /* the boot archive's object */
#define SIGNAL_DISK 1                  /* blk: a result waits */

#endif
