/* ps.h: what the workloads see of the page source: its calls, its bytes, its own instructions. */
#ifndef PS_H
#define PS_H
#include <stdint.h>

struct ps_stats {
	uint64_t n_map, n_unmap, n_reserve, n_commit, n_decommit, n_sbrk, n_sbrk_call, n_protect, n_other;
	uint64_t cur, peak, total;      /* bytes committed now, at most, ever */
	uint64_t instr;                 /* instructions spent in the page source */
};

extern struct ps_stats ps;
static inline uint64_t ps_touched(void) { return 0; }
static inline uint64_t ps_ipcs(void) { return ps.n_commit + ps.n_decommit; }

#ifdef __riscv
static inline uint64_t rdinstret(void)
{
	uint64_t n;

	__asm__ volatile("csrr %0, minstret" : "=r"(n));
	return n;
}
#else
static inline uint64_t rdinstret(void) { return 0; }
#endif
#endif
