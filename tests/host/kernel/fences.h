/*
 * fences.h: machine.h, but fence.i is counted: on this hart, and by SBI on others.
 */
#ifndef TESTS_HOST_KERNEL_FENCES_H
#define TESTS_HOST_KERNEL_FENCES_H

#define riscv_fence_code machine_fence_code
#define sbi_remote_fence_code machine_remote_fence_code
#include "machine.h"
#undef riscv_fence_code
#undef sbi_remote_fence_code

extern unsigned code_fences, remote_code_fences;

static inline void riscv_fence_code(void)
{
	machine_fence_code();
	code_fences++;
}

static inline void sbi_remote_fence_code(uint64_t hart)
{
	machine_remote_fence_code(hart);
	remote_code_fences++;
}

#endif
