/*
 * machine.h: the kernel's instructions and firmware calls, on the build machine. Read before every file by
 * -include. Physical addresses are the host's own (the window starts at 0); tests keep all memory below 2 GiB, so that
 * slot links fit their 39 bits and the address sanitizer's shadow covers it.
 */
#ifndef TESTS_HOST_KERNEL_MACHINE_H
#define TESTS_HOST_KERNEL_MACHINE_H

#include <stdint.h>

/* kernel/riscv.h gives only its numbers, kernel/kernel.h no window, kernel/sbi.h nothing. */
#define KERNEL_HOST 1
#define KERNEL_SBI_H
#define WINDOW_VA 0UL

struct hart;
extern struct host_csr {
	uint64_t satp, sie, sip, sstatus, scounteren, stvec, time;
	uint64_t satp_missing;         /* bits of satp that this hart does not have: they read as 0 */
} host_csr;
/* The hart that runs now; tests may take another. */
extern struct hart *host_hart;

#define csr_read(name) (host_csr.satp &= ~host_csr.satp_missing, host_csr.name)
#define csr_write(name, value) ((void)(host_csr.name = (value)))
#define csr_set(name, bits) ((void)(host_csr.name |= (bits)))
#define csr_clear(name, bits) ((void)(host_csr.name &= ~(uint64_t)(bits)))

/* Fences reach the model of a TLB in host.c. */
void host_fence(uint64_t va, uint64_t asid);
#define HOST_FENCE_ALL (~0UL)

static inline void riscv_fence_page(uint64_t va, uint64_t asid)
{
	host_fence(va, asid);
}

static inline void riscv_fence_space(uint64_t asid)
{
	host_fence(HOST_FENCE_ALL, asid);
}

static inline void riscv_fence_all(void)
{
	host_fence(HOST_FENCE_ALL, HOST_FENCE_ALL);
}

static inline void riscv_fence_code(void)
{
}

static inline uint64_t riscv_time(void)
{
	return host_csr.time;
}

/* Idle: time goes on to the next deadline; without one the test is stuck. */
void riscv_wfi(void);
void riscv_set_stimecmp(uint64_t t);

static inline struct hart *this_hart(void)
{
	return host_hart;
}

/* Of another hart, by SBI: its number is its index. */
void host_remote_fence(uint64_t hart, uint64_t va, uint64_t asid);
/* Harts that SBI fenced since the test last looked. */
extern uint32_t host_remote_fences;

static inline void sbi_remote_fence(uint64_t hart, uint64_t va, uint64_t size, uint64_t asid)
{
	host_remote_fences |= 1U << hart;
	host_remote_fence(hart, size == ~0UL ? HOST_FENCE_ALL : va, asid);
}

static inline void sbi_remote_fence_code(uint64_t hart)
{
	(void)hart;
}

long sbi_hart_start(uint64_t hart, uint64_t address, uint64_t opaque);
void sbi_send_ipi(uint64_t hart);
void sbi_putchar(char c);
void sbi_set_timer(uint64_t t);
void sbi_system_reset(uint64_t type);

#endif
