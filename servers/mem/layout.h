/*
 * layout.h: where things are in the memory server: its addresses and the slots of its own CNode.
 * Only numbers. The kernel chose the image's and the IPC buffer's place; the rest is chosen here.
 */
#ifndef MEM_LAYOUT_H
#define MEM_LAYOUT_H

#include <tessera/abi.h>

/* Addresses. One gigapage holds all that is small, so that a small machine spends few page tables. */
#define VA_BUFFER        0x8000ul
#define VA_FRAMES        0x40000000ul   /* struct frame by frame number: 8 B for each of 255 GiB */
#define VA_MEGAS         0x60000000ul   /* struct mega by megapage number */
#define VA_DTB           0x60400000ul   /* the device tree, read-only, up to 2 MiB and a page */
#define VA_SMALL         0x60800000ul   /* single pages: */
#define VA_SCRATCH       (VA_SMALL + 0 * PAGE_SIZE)
#define VA_PEEK          (VA_SMALL + 2 * PAGE_SIZE)
#define VA_WORKER        (VA_SMALL + 4 * PAGE_SIZE)
#define VA_CLOCK         (VA_SMALL + 6 * PAGE_SIZE)
#define VA_RECEIVERS     (VA_SMALL + 16 * PAGE_SIZE)   /* buffers and stacks of all but the first */
#define RECEIVER_SPAN    (8 * PAGE_SIZE)
#define VA_SPACES        0x60900000ul
#define VA_THREADS       0x61000000ul
#define VA_CHIPS         0x62000000ul
#define VA_PAGERS        0x63000000ul   /* pager.c's tables */
#define VA_ATTACHMENTS   0x63100000ul
#define VA_DEMANDS       0x63200000ul
#define VA_DEMANDS_END   0x63600000ul
#define VA_OBJECTS       0x64000000ul
#define VA_SHARERS       0x6c000000ul   /* 2 B for each index node */
#define VA_REGIONS       0x70000000ul
#define VA_SHARES        0x78000000ul
#define VA_PAGES         0x80000000ul   /* struct page: 1 GiB */
#define VA_NODES         0xc0000000ul   /* index nodes: up to 8 GiB */
#define VA_NODES_END     0x2c0000000ul

/* Slots of the own CNode. */
#define SLOT_OLD         6              /* the boot CNode, once a larger one stands in its place */
#define SLOT_RECEIVER    72             /* the first receiver's (receiver.h) */
#define SLOT_MAIL        80             /* mem's endpoint */
#define SLOT_NOTIFY      81             /* the supervisor's */
#define SLOT_PARKED      82             /* the zero worker's call, while there is nothing to clear */
#define SLOT_TEMP        83             /* a capability being made for somebody */
#define SLOT_NAP         84             /* an endpoint that nobody serves: receiver.c */
#define SLOT_DYNAMIC     96
#define SLOT_GIGAS       256            /* gigapage g of the physical address space is in SLOT_GIGAS + g */
#define GIGAS            255            /* the kernel's window */

/* Capabilities in one CNode made of a 4 KiB frame: slot 0 stays empty. */
#define NODE_SLOTS       127

/* What a badge of mem's endpoint stands for: kind << 60 | generation << 32 | index. */
#define BADGE_SPACE      1ull
#define BADGE_OBJECT     2ull
#define BADGE_FACTORY    3ull
#define BADGE_THREAD     4ull           /* pager of this thread */
#define BADGE_WORKER     5ull
#define BADGE_GENERATION 0xfffffffu

static inline uint64_t badge_make(uint64_t kind, uint32_t generation, uint32_t index)
{
	return kind << 60 | (uint64_t)(generation & BADGE_GENERATION) << 32 | index;
}

static inline uint64_t badge_kind(uint64_t badge)
{
	return badge >> 60;
}

static inline uint32_t badge_generation(uint64_t badge)
{
	return badge >> 32 & BADGE_GENERATION;
}

#define PAGES_OF(bytes)  (((bytes) + PAGE_SIZE - 1) >> PAGE_SHIFT)

#endif
