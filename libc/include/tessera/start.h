/*
 * tessera/start.h: what a new process finds: the read-only argument page and its capability slots.
 * proc writes the page, crt0 reads it. Fixed layout.
 */
#ifndef TESSERA_START_H
#define TESSERA_START_H

#include <tessera/abi.h>

#define SLOT_SPACE    1   /* mem, badged with this address space */
#define SLOT_PROCESS  2   /* proc, badged with this process */
#define SLOT_THREAD   3
#define SLOT_ENDPOINT 4   /* own: all rights */
#define SLOT_STDIN    5
#define SLOT_STDOUT   6
#define SLOT_STDERR   7
#define SLOT_EXTRA    8   /* START_EXTRA capabilities given at spawn */
#define START_EXTRA   8
#define SLOT_WINDOW   16  /* arriving capabilities */
#define WINDOW_COUNT  8
#define SLOT_FREE     32  /* first the program may use, up to the places for further CNodes (libc/cap.c) */
#define PROCESS_SLOTS 128

/*
 * The bit that proc signals on a server's own endpoint: a server it was given a capability to (SLOT_EXTRA + 1
 * and on) has died and runs again. The capability still reaches it, but it remembers nothing.
 */
#define SIGNAL_RESTARTED (1ul << 31)

/*
 * The bit that proc signals on the endpoint of a server whose line in the manifest asks for it: some process has
 * ended, and the capabilities it held are gone.
 */
#define SIGNAL_DEATH (1ul << 30)

#define START_MAGIC   0x3154524154535354  /* "TSSTART1" */

struct start_info {
	uint64_t magic;
	uint64_t ipc_buffer;              /* addresses in the process */
	uint64_t image_base, image_end;
	uint64_t heap_base, heap_size;    /* reserved, nothing committed */
	uint64_t stack_base, stack_size;
	uint64_t random[4];               /* seed of the process's random numbers and stack canary */
	uint64_t pid;
	uint64_t timebase;                /* ticks of the time CSR per second */
	uint32_t argc, envc;
	uint32_t argv_offset;             /* argc NUL-terminated strings one behind the other, from the page's start */
	uint32_t env_offset;              /* envc strings "NAME=value" */
};
#endif
