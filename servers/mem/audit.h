/*
 * audit.h: mem's figures, and the check that they are true: every byte of RAM is accounted for exactly once.
 */
#ifndef MEM_AUDIT_H
#define MEM_AUDIT_H

#include <mem_idl.h>

/* What RAM is used for now; the parts add up to the device tree's RAM. */
void audit_total(struct mem_total *total);
/* What a space is charged for. */
void audit_usage(uint32_t space, struct mem_usage *usage);
/*
 * Checks mem's structures and has the kernel check its own. breach: 0; 1-4 frames (frames_check), 11-13 a
 * space's region tree, 14 its charge, 15 its page counts, 16 its page tables, 20 all charges, 21 the sum,
 * 100 + n: the kernel's n.
 */
void audit_run(struct mem_audit_counts *counts);

#endif
