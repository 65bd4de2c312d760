/*
 * open.h: open files, and the capabilities that stand for them. Each capability a client was given is a
 * `hold`: the server keeps
 * its source, from which every copy is derived, so a source without descendants is one that nobody holds any more.
 * No client can take all holds: who has more than are free gets none.
 */
#ifndef FILE_OPEN_H
#define FILE_OPEN_H

#include <stdbool.h>
#include <stdint.h>
#include <tessera/abi.h>
#include "node.h"
#include "pipe.h"

/* What duplicates share. */
struct open_file {
	struct node *node;             /* NULL: an end of a pipe */
	struct pipe *pipe;             /* NULL: a file or directory */
	uint64_t position;
	uint32_t how;                  /* enum file_open_flag: READ, WRITE, APPEND; of a pipe one of the first two */
	uint32_t holds;
};

/*
 * Makes an open file of a node or pipe with one hold for client `owner`; the source of its capability, 0: no
 * memory.
 */
cap_t open_make(struct node *node, struct pipe *pipe, uint32_t how, uint64_t owner);

/* One more hold; 0: no memory. owner: its first hold's. */
cap_t open_duplicate(uint64_t badge);

/* What the badge of a message names; NULL: no open file. */
struct open_file *open_find(uint64_t badge);

/* The client that a message comes from: the one that opened the file, or whose pid the badge is. */
uint64_t open_owner(uint64_t badge);

/* Ends the hold of this badge, and every copy of its capability. */
void open_close(uint64_t badge);

/* A request begins: what it makes is not swept before the next one. */
void open_request(void);

/* Ends all holds that nobody holds. */
void open_sweep(void);

#endif
