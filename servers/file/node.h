/*
 * node.h: the names: files and directories in one tree, from the root. What the boot archive brought is `fixed`:
 * it is neither changed nor removed. Owns the nodes; knows no clients, no messages and no capabilities.
 * Runs on the build machine as it does here.
 */
#ifndef FILE_NODE_H
#define FILE_NODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <file_idl.h>
#include "lock.h"
#include "store.h"

#define NODE_NAME 255                  /* longest name, as in file.idl */

struct node {
	struct node *left, *right;     /* node.c's */
	uint64_t priority;
	struct node *parent;           /* the root's is itself; of a node without a name: not to be used */
	uint64_t inode, mtime;
	uint32_t kind, mode;           /* enum file_kind; mode as in cpio */
	uint32_t opens;                /* open files of it: it lives until there are none and it has no name */
	bool fixed;
	bool named;
	bool absent;                   /* a directory whose entries must be fetched first: looking there is E_AGAIN */
	struct lock_record *locks;
	struct store store;            /* bytes of a regular file in RAM */
	const unsigned char *data;     /* bytes of a fixed file, NULL: they are on the disk, */
	uint64_t offset, size;         /* where they are in the archive, how many */
	uint64_t part;                 /* capability to the object with them, 0: not made yet; the server's */
	uint8_t name_size;
	char *name;
};

/*
 * An empty tree with a root, whatever was there. seed: any number that clients do not know; limit: bytes for
 * all in RAM. false: no memory.
 */
bool node_start(uint64_t seed, uint64_t limit);

/* What a path names: 0, E_NOT_FOUND, E_NOT_DIRECTORY or E_AGAIN. */
int node_find(const char *path, struct node **found);

/* A place for a name. */
struct place {
	struct node *directory;
	const char *name;
	size_t size;
	bool slash;                    /* the path ends with one: only a directory may be there */
	struct node *there;            /* what has the name now; NULL: nothing */
};

/*
 * 0; as node_find for the directories on the way; E_TOO_BIG: the name is too long; E_BAD_ARG: it is "." or the
 * like.
 */
int node_place(const char *path, struct place *place);

/* The first in a directory whose name is greater; NULL: none. */
struct node *node_after(const struct node *directory, const char *name);

/* A new node at a place where there is none: 0 or E_NO_SPACE. Fixed ones do not count against the limit. */
int node_make(const struct place *place, uint32_t kind, bool fixed, uint64_t now, struct node **made);

/*
 * Removes a name: 0, E_READ_ONLY, E_IS_DIRECTORY or E_NOT_DIRECTORY (want: enum file_kind),
 * E_DIRECTORY_NOT_EMPTY.
 */
int node_remove(struct node *n, uint32_t want);

/* Moves a node to a place, in one step; results as in file.idl. */
int node_rename(struct node *n, const struct place *to);

void node_open(struct node *n);
void node_close(struct node *n);

/* How many there are that have names, the root too. */
uint64_t node_count(void);

uint64_t node_size(const struct node *n);

#endif
