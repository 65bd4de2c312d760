/*
 * sbi.h: the calls to the firmware (SBI 1.0). Each returns the error of sbiret.
 */
#ifndef KERNEL_SBI_H
#define KERNEL_SBI_H

#include "kernel.h"

#define SBI_EXT_TIME 0x54494d45
#define SBI_EXT_SRST 0x53525354
#define SBI_EXT_IPI  0x735049
#define SBI_EXT_RFNC 0x52464e43
#define SBI_EXT_HSM  0x48534d
#define SBI_LEGACY_PUTCHAR 1

static inline long sbi_call5(uint64_t ext, uint64_t function, uint64_t x0, uint64_t x1, uint64_t x2, uint64_t x3,
			     uint64_t x4)
{
	register uint64_t a0 __asm__("a0") = x0;
	register uint64_t a1 __asm__("a1") = x1;
	register uint64_t a2 __asm__("a2") = x2;
	register uint64_t a3 __asm__("a3") = x3;
	register uint64_t a4 __asm__("a4") = x4;
	register uint64_t a6 __asm__("a6") = function;
	register uint64_t a7 __asm__("a7") = ext;

	__asm__ volatile("ecall" : "+r"(a0), "+r"(a1) : "r"(a2), "r"(a3), "r"(a4), "r"(a6), "r"(a7) : "memory");
	return (long)a0;
}

#define sbi_call(ext, function, x0, x1) sbi_call5(ext, function, x0, x1, 0, 0, 0)

/* SBI 5.2, legacy console (there is no debug console in SBI 1.0). */
#define sbi_putchar(c)        ((void)sbi_call(SBI_LEGACY_PUTCHAR, 0, (unsigned char)(c), 0))
/* SBI 6: interrupts at time t, clears a pending one. */
#define sbi_set_timer(t)      ((void)sbi_call(SBI_EXT_TIME, 0, t, 0))
/* SBI 10: type 0 shutdown, 1 cold reboot; returns only when the firmware refuses. */
#define sbi_system_reset(type) ((void)sbi_call(SBI_EXT_SRST, 0, type, 0))
/* SBI 7: a software interrupt to the hart. */
#define sbi_send_ipi(hart)    ((void)sbi_call(SBI_EXT_IPI, 0, 1, hart))
/* SBI 8: the hart executes sfence.vma for the range of the ASID, or of all, before this returns; or fence.i. */
#define sbi_remote_fence(hart, va, size, asid) \
	((void)sbi_call5(SBI_EXT_RFNC, (asid) == FENCE_ALL_SPACES ? 1 : 2, 1, hart, va, size, asid))
#define sbi_remote_fence_code(hart) ((void)sbi_call(SBI_EXT_RFNC, 0, 1, hart))
/* SBI 9: the hart begins at the physical address with a1 = opaque. */
#define sbi_hart_start(hart, address, opaque) sbi_call5(SBI_EXT_HSM, 0, hart, address, opaque, 0, 0)

#endif
