/*
 * audit.h: the check of all invariants, in debug kernels.
 */
#ifndef KERNEL_AUDIT_H
#define KERNEL_AUDIT_H

#include <stdbool.h>

struct kernel_stats;

/* Fills the counts and the first breach found. False: not built in. */
bool audit_run(struct kernel_stats *counts);

#endif
