/*
 * frames.h: who has each page frame of RAM, and the free ones.
 *
 * Owns the frame and megapage records and the free lists. A megapage is free as a whole, split into 4 KiB
 * frames, or in use as a whole; the free pieces of a split one are chained in it, and the split ones with
 * free pieces are chained in their pool. So take and give are O(1), and a megapage whose pieces all came
 * back is whole again without touching their list. Does not know page tables, spaces or the kernel:
 * slots.h does the kernel's part.
 */
#ifndef MEM_FRAMES_H
#define MEM_FRAMES_H

#include <stdbool.h>
#include <stdint.h>
#include "layout.h"

#define FRAMES_PER_MEGA  512u
#define MEGAS_PER_GIGA   512u
#define FRAMES_PER_GIGA  (FRAMES_PER_MEGA * MEGAS_PER_GIGA)
#define POOLS            16
#define STOCK_MAX        1024

/* What a frame is. The counters of frames_count() are kept for each. */
enum frame_state {
	FRAME_NONE,             /* not mem's: reserved, firmware, the kernel's image */
	FRAME_FREE,
	FRAME_CLEARED,          /* free, and all zero: in the stock */
	FRAME_CLEARING,         /* with a zero worker */
	FRAME_MEM,              /* mem's own data and page tables */
	FRAME_SLOTS,            /* capability slots and records of split frames */
	FRAME_ARCHIVE,          /* the boot archive */
	FRAME_PAGE,             /* owner: page record */
	FRAME_BUFFER,           /* owner: thread */
	FRAME_TABLE,            /* owner: space; link: next table of the space */
	FRAME_OBJECT,           /* VSpace, CNode, Thread, chips */
	FRAME_BAD,              /* did not answer when it was cleared */
	FRAME_PINNED,           /* owner: object. Contiguous memory, whose place a device may know */
	FRAME_WINDOW,           /* with a pager, which fills it */
	FRAME_STATES,
};

/* Made when the megapage is split. link: next free piece of the megapage, or what the state says. */
struct frame {
	uint32_t link;
	uint32_t owner : 27;
	uint32_t state : 5;
};

enum mega_state {
	MEGA_NONE,
	MEGA_FREE,
	MEGA_SPLIT,             /* its slots are in it */
	MEGA_WIDE,              /* split, its slots in the CNode of its group: slots.c */
	MEGA_MIXED,             /* split, and not all of it is RAM: never whole */
	MEGA_USED,              /* one of mem's CNodes */
	MEGA_BAD,               /* did not answer */
	MEGA_PINNED,            /* contiguous memory */
	MEGA_DEVICE,            /* no RAM in it, but devices */
};

struct mega {
	uint32_t next, prev;    /* in the pool's list it stands in; 0 none */
	uint16_t head;          /* first free piece, PIECE_NONE: none */
	uint16_t free;          /* free pieces */
	uint16_t slots;         /* first own slot of the CNodes that hold its pieces */
	uint8_t state;          /* enum mega_state */
	uint8_t pool;
};
#define PIECE_NONE 0xffff

static inline bool mega_is_split(const struct mega *m)
{
	return m->state == MEGA_SPLIT || m->state == MEGA_WIDE || m->state == MEGA_MIXED;
}

enum giga_state { GIGA_NONE, GIGA_FREE, GIGA_SPLIT };

struct giga {
	uint16_t slots;         /* as in struct mega */
	uint8_t state;
	uint8_t pool;
};

/* The first pieces of a split megapage hold the CNodes for the others, then their records; of a wide one only these. */
#define PIECE_RECORDS    4u
#define PIECE_FIRST      5u
#define PIECES_USABLE    (FRAMES_PER_MEGA - PIECE_FIRST)
#define WIDE_FIRST       1u

struct pool {
	uint32_t node;          /* NUMA id */
	uint32_t whole;         /* list of free megapages */
	uint32_t partial;       /* list of split megapages with free pieces */
	uint32_t idle;          /* list of split megapages with nothing but free pieces */
	uint64_t frames;        /* all of it, in 4 KiB */
	uint64_t free_4k, free_2m, free_1g;   /* pieces of each order */
};

/* Tables indexed by number; the addresses are fixed in mem and chosen by the test. */
#if HOST
extern struct frame *frames_table;
extern struct mega *frames_megas;
#else
#define frames_table ((struct frame *)VA_FRAMES)
#define frames_megas ((struct mega *)VA_MEGAS)
#endif
/* Cleared frames; `used` of them, `coming` are with a worker. */
struct stock {
	uint32_t used, coming, size;
	uint32_t wanted;        /* a worker waits for work until `used` falls below this; 0: none waits */
	uint32_t frame[STOCK_MAX];
};
extern struct stock frames_stock;
extern uint64_t frames_counts[FRAME_STATES];
extern struct giga frames_gigas[];
extern struct pool frames_pools[POOLS];
extern unsigned frames_pool_count;

/* Index of the pool of a NUMA node, made if new; the last pool takes what comes when all are in use. */
unsigned frames_pool(uint32_t node);

/* RAM found at boot. The gigapage's and megapage's slots exist; records of pieces are mapped. */
void frames_add_giga(uint32_t giga, unsigned pool);
void frames_add_mega(uint32_t mega, unsigned pool);
void frames_add(uint32_t frame, uint32_t count, enum frame_state state);

/* Asked when none is left: gives some back and says how many, 0: it has none either. NULL: there is nobody to ask. */
extern uint32_t (*frames_reclaim)(void);

/* A 4 KiB frame with whatever is in it, in the state given; 0: none left. */
uint32_t frames_take(enum frame_state state, uint32_t owner);
/* The same out of one pool only. */
uint32_t frames_take_pool(unsigned pool, enum frame_state state, uint32_t owner);
/* A cleared one; from the stock if there is any, else cleared now. */
uint32_t frames_take_clear(enum frame_state state, uint32_t owner);
/* The same from the stock alone, which must not be empty. */
static inline uint32_t frames_take_stock(enum frame_state state, uint32_t owner)
{
	uint32_t frame = frames_stock.frame[--frames_stock.used];

	frames_counts[FRAME_CLEARED]--;
	frames_counts[state]++;
	frames_table[frame].state = state;
	frames_table[frame].owner = owner;
	return frame;
}

/* Back, dirty or known to be all zero. */
void frames_give(uint32_t frame);
void frames_give_clear(uint32_t frame);
/* A whole megapage, dirty; its number or 0. Merges one if need be. */
uint32_t frames_take_mega(enum mega_state state);
void frames_give_mega(uint32_t mega);
/* Dirty frames in a row, n a power of two below FRAMES_PER_MEGA, the first a multiple of n; 0: none. */
uint32_t frames_take_run(uint32_t n, enum frame_state state, uint32_t owner);

/*
 * Dirty frames for a zero worker, their slots in a row: the first, *count of them (at most `most`), 0:
 * none wanted.
 */
uint32_t frames_to_clear(uint32_t most, uint32_t *count);
/* They came back: those in the mask are clear now. */
void frames_cleared(uint32_t first, uint32_t count, uint64_t mask);
/* A worker waits for work, or no longer. */
void frames_stock_wait(bool waits);
/* Sets how many cleared frames are kept: min(1024, frames / 32). */
void frames_stock_size(uint64_t frames);

void frames_set(uint32_t frame, enum frame_state state, uint32_t owner);
uint64_t frames_count(enum frame_state state);
/* Free in any form, in 4 KiB: cleared ones too. */
uint64_t frames_free(void);
/* Megapages that are free as a whole. */
uint64_t frames_whole(void);

/* 0, or a number for what is wrong; *at: the frame or megapage. *seen: frames with a record. */
unsigned frames_check(uint64_t *at, uint64_t *seen);

#endif
