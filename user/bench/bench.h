/*
 * bench.h: what the files of the program `bench` share: reading the counter of instructions, printing a figure, and
 * marks for tools/profile. docs/bench.md says what is between the two readings of each figure.
 */
#ifndef BENCH_H
#define BENCH_H

#include <stddef.h>
#include <stdint.h>
#include <tessera/syscall.h>

#define BENCH_ROUNDS 2048

/* main.c. */
void bench_print(const char *key, uint64_t value);
/* Says so on stderr; 1. */
int bench_failed(const char *key, int error);
/* What reading the counter twice costs by itself. */
uint64_t bench_idle(void);
/* Sorts the values. */
uint64_t bench_median(uint64_t *values, size_t count);
/* Sleeps until mem's worker has filled the stock of cleared frames. */
void bench_warm(void);
/* Around what a figure is about: marks for tools/profile, nothing when it is not watching this key. */
void bench_begin(const char *key);
void bench_end(const char *key);

/* Each measures and prints the figures of its area: 0, or 1 after saying what failed. */
int bench_ipc(void);
int bench_memory(void);
int bench_process(void);
int bench_library(void);
int bench_malloc(void);
int bench_malloc_row(const char *name);
int bench_file(void);
int bench_scale(void);
int bench_size(void);
int bench_pager(void);
/* The pager it measures. */
int bench_pages(void);
/* The other side of bench_ipc's round trips. */
int bench_server(const char *how);

/* The least cost of the statements: a timer tick in between does not count. */
#define BENCH_LEAST(statements)                                                    \
	({                                                                         \
		uint64_t least_ = UINT64_MAX, idle_ = bench_idle();                \
		for (int i_ = 0; i_ < BENCH_ROUNDS; i_++) {                        \
			uint64_t start_ = sys_instret();                           \
			statements;                                                \
			uint64_t cost_ = sys_instret() - start_ - idle_;           \
			if (cost_ < least_)                                        \
				least_ = cost_;                                    \
		}                                                                  \
		least_;                                                            \
	})
#endif
