/*
 * riscv.h: the instructions C has no words for. The only inline assembly of the kernel.
 * Numbers: RISC-V Privileged Architecture 1.12.
 */
#pragma once

#define SATP_SV39       (8UL << 60)
#define SATP_ASID_SHIFT 44

#define SSTATUS_SPP     (1UL << 8)
#define SSTATUS_VS      (3UL << 9)
#define SSTATUS_FS      (3 << 13)
#define SSTATUS_FS_LOW  (1 << 13)      /* dirty less this is clean */
#define SSTATUS_SUM     (1UL << 18)
#define SSTATUS_MXR     (1UL << 19)

#define SIE_SOFT        (1UL << 1)
#define SIE_TIMER       (1UL << 5)
#define SIE_EXTERNAL    (1UL << 9)

#define CAUSE_INTERRUPT (1UL << 63)
#define CAUSE_ILLEGAL       2
#define CAUSE_LOAD_ACCESS   5
#define CAUSE_STORE_ACCESS  7
#define CAUSE_ECALL_U       8
#define CAUSE_FETCH_PAGE   12
#define CAUSE_LOAD_PAGE    13
#define CAUSE_STORE_PAGE   15

#define PTE_V 0x01
#define PTE_R 0x02
#define PTE_W 0x04
#define PTE_X 0x08
#define PTE_U 0x10
#define PTE_G 0x20
#define PTE_A 0x40
#define PTE_D 0x80
#define PTE_RWX (PTE_R | PTE_W | PTE_X)
#define PTE_PPN_SHIFT 10

/* tests/host gives its own of what follows. */
#if !defined(__ASSEMBLER__) && !defined(KERNEL_HOST)
#include <stdint.h>

#define csr_read(name) ({ uint64_t v_; __asm__ volatile("csrr %0, " #name : "=r"(v_)); v_; })
#define csr_write(name, value) __asm__ volatile("csrw " #name ", %0" : : "rK"((uint64_t)(value)) : "memory")
#define csr_set(name, bits) __asm__ volatile("csrs " #name ", %0" : : "rK"((uint64_t)(bits)) : "memory")
#define csr_clear(name, bits) __asm__ volatile("csrc " #name ", %0" : : "rK"((uint64_t)(bits)) : "memory")

#define riscv_wfi() __asm__ volatile("wfi" : : : "memory")
#define riscv_time() csr_read(time)
/* Orders earlier PTE stores before later walks: of one address of one space, of one space, of all. */
#define riscv_fence_page(va, asid) \
	__asm__ volatile("sfence.vma %0, %1" : : "r"((uint64_t)(va)), "r"((uint64_t)(asid)) : "memory")
#define riscv_fence_space(asid) __asm__ volatile("sfence.vma zero, %0" : : "r"((uint64_t)(asid)) : "memory")
#define riscv_fence_all() __asm__ volatile("sfence.vma" : : : "memory")
/* Makes stored instructions visible to this hart's fetches. */
#define riscv_fence_code() __asm__ volatile("fence.i" : : : "memory")
/* stimecmp (Sstc) by number: binutils of Debian 12 does not know the name. */
#define riscv_set_stimecmp(t) __asm__ volatile("csrw 0x14d, %0" : : "r"((uint64_t)(t)))

#endif
