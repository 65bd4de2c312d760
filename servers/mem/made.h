/*
 * made.h: objects that programs make: parts of other objects, shared memory, contiguous memory for DMA.
 *
 * Owns the lists of them and what they are charged: to who made them, while that space lives; afterwards, while they
 * are mapped or a device may still write to them, to nobody (made_orphans). Only the maker may change or end one.
 * Maker 0 is the factory.
 */
#ifndef MEM_MADE_H
#define MEM_MADE_H

#include <stdbool.h>
#include <stdint.h>
#include "account.h"

enum made_kind {
	MADE_NONE,
	MADE_PART,              /* of a RANGE; no memory of its own */
	MADE_SHARED,            /* ANON; backing_offset: pages charged for it */
	MADE_PAGED,             /* ANON; all its pages can be made again: charged to nobody */
	MADE_CONTIGUOUS,        /* RANGE */
	MADE_QUARANTINED,       /* contiguous, its maker is gone; backing_offset: page of the device that may know it */
};

extern struct account made_orphans;

/* Each: 0 or an error of mem.idl, the object in *id, named. Sizes in bytes. */
int made_part(uint32_t maker, uint32_t of, uint64_t offset, uint64_t size, uint32_t *id);
int made_shared(uint32_t maker, uint64_t size, bool paged, uint32_t *id);
int made_contiguous(uint32_t maker, uint64_t size, uint32_t *id);
/* 0, an error, or E_AGAIN: the same once more. */
int made_resize(uint32_t id, uint64_t size);
/* Ends it: 0, or E_AGAIN: once more. */
int made_destroy(uint32_t id);
/* Its capabilities name nothing any more. */
void made_drop(uint32_t id);
/* object.c: nothing refers to it any more. */
void made_unused(uint32_t id);

/* Gives back memory of unused objects, as far as this request's work goes (work.h). True: all of it. */
bool made_work(void);
/* The space ends: one object a unit of work. True: none is left. */
bool made_space_end(uint32_t space);
/* The first device that the space mapped does not write any more to what its former drivers left. */
void made_quiesced(uint32_t space);

/* What the objects of a space (0: of nobody) are charged and how many pages of ANON ones there are, for the audit. */
void made_audit(uint32_t space, uint64_t *charge, uint64_t *pages);

#endif
