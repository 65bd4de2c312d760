/*
 * demo.h: what the files of the program `demo` share. Each demo does one thing that mem can do, checks that it
 * happened, and prints it in plain figures: 0, or 1 after saying what was wrong.
 */
#ifndef DEMO_H
#define DEMO_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <mem_client.h>
#include <tessera/start.h>
#include <tessera/syscall.h>

#define PAGE      4096ul
#define MEBIBYTE  0x100000ul
#define RW        (MEM_READ | MEM_WRITE)

/* Ends the demo with 1, saying where, unless the condition holds. */
#define DEMAND(condition) do { \
	if (!(condition)) { \
		fprintf(stderr, "demo: %s:%d: not so: %s\n", __FILE__, __LINE__, #condition); \
		return 1; \
	} \
} while (0)

/* The word at the start of page i of a range. */
static inline volatile uint64_t *demo_page(uint64_t at, uint64_t i)
{
	return (volatile uint64_t *)(at + i * PAGE);
}

/* What the caller's space has now. */
struct mem_usage demo_usage(void);
/* Whether a touch of the address ends in a fault that mem does not resolve. */
bool demo_faults(volatile uint64_t *at);

int demo_files(void);
int demo_shared(void);
int demo_pieces(void);
int demo_remap(void);
int demo_pager(void);
int demo_cow(void);
int demo_quota(void);
int demo_numa(void);

#endif
