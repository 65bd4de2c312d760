/*
 * root.h: what the files of the root server that measures the kernel share. The kernel has put the IPC buffer at
 * ROOT_BUFFER; root.c fills the slots from FRAMES on with 512 frames of RAM and makes the tables for VA.
 */
#ifndef BENCH_ROOT_H
#define BENCH_ROOT_H

#include <tessera/syscall.h>

#define ROOT_BUFFER  0x8000ul
#define VA           0x40000000ul      /* nothing is there */
#define SLOT_NODE    101               /* a CNode of a megapage */
#define FRAMES       CAP(SLOT_NODE, 1)
#define SLOT_GIGA    100
#define LEND_ENDPOINT 110
#define LEND_NOBODY  112
#define LEND_CODE    (FRAMES + 4)

/* Stops the machine at the first call that does not do what it should. */
void must(const char *what, long result);
void figure(const char *key, uint64_t value);

/* lend.c: uses up the first frames. Its server goes on answering calls of LEND_ENDPOINT; nobody calls LEND_NOBODY. */
void lend_measure(void);
extern const char lend_server[], lend_server_end[];

/* scale.c: after lend.c. */
void scale_measure(void);
#endif
