/*
 * audit.h: the check of all invariants, in debug kernels.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "kernel.h"

#if DEBUG
/* Fills the counts and the first breach found. False: not built in. */
bool audit_run(struct kernel_stats *counts);

/*
 * Who can reach this physical address: up to WHY_ENTRIES capabilities after the first `skip`, in derivation
 * order. How many, or -E_NOT_BUILT.
 */
long audit_why(uint64_t pa, uint64_t skip, struct kernel_why *entries);
#else
#define audit_run(counts) ((void)(counts), false)
#define audit_why(pa, skip, entries) ((void)(pa), (void)(skip), (void)(entries), (long)-E_NOT_BUILT)
#endif
