/*
 * audit.h: the check of all invariants, in debug kernels.
 */
#ifndef KERNEL_AUDIT_H
#define KERNEL_AUDIT_H

#include <stdbool.h>
#include <stdint.h>

struct kernel_stats;

/* Fills the counts and the first breach found. False: not built in. */
bool audit_run(struct kernel_stats *counts);

/*
 * Who can reach this physical address: up to WHY_ENTRIES capabilities after the first `skip`, in derivation
 * order. How many, or -E_NOT_BUILT.
 */
struct kernel_why;
long audit_why(uint64_t pa, uint64_t skip, struct kernel_why *entries);

#endif
