/*
 * sbi.h: the calls to the firmware (SBI 1.0). Each returns the error of sbiret.
 */
#ifndef KERNEL_SBI_H
#define KERNEL_SBI_H

#include <stdint.h>

#define SBI_EXT_TIME 0x54494d45
#define SBI_EXT_SRST 0x53525354
#define SBI_LEGACY_PUTCHAR 1

static inline long sbi_call(uint64_t ext, uint64_t function, uint64_t x0, uint64_t x1)
{
	register uint64_t a0 __asm__("a0") = x0;
	register uint64_t a1 __asm__("a1") = x1;
	register uint64_t a6 __asm__("a6") = function;
	register uint64_t a7 __asm__("a7") = ext;

	__asm__ volatile("ecall" : "+r"(a0), "+r"(a1) : "r"(a6), "r"(a7) : "memory");
	return (long)a0;
}

/* SBI 5.2, legacy console (there is no debug console in SBI 1.0). */
static inline void sbi_putchar(char c)
{
	(void)sbi_call(SBI_LEGACY_PUTCHAR, 0, (unsigned char)c, 0);
}

/* SBI 6: interrupts at time t, clears a pending one. */
static inline void sbi_set_timer(uint64_t t)
{
	(void)sbi_call(SBI_EXT_TIME, 0, t, 0);
}

/* SBI 10: type 0 shutdown, 1 cold reboot; returns only when the firmware refuses. */
static inline void sbi_system_reset(uint64_t type)
{
	(void)sbi_call(SBI_EXT_SRST, 0, type, 0);
}

#endif
