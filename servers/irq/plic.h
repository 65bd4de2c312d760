/*
 * plic.h: the registers of one platform-level interrupt controller, for one context (supervisor mode of one of its
 * harts). Keeps no state but where the registers are.
 */
#ifndef IRQ_PLIC_H
#define IRQ_PLIC_H

#include <stdbool.h>
#include <stdint.h>

#define PLIC_LINES 1024                /* line 0 does not exist */

struct plic {
	uintptr_t registers;           /* mapped in this process */
	uint64_t context;
	volatile uint32_t *claim;      /* set by plic_start */
};

/* All lines off, threshold 0. */
void plic_start(struct plic *plic);

/* Lets the line through; false: the controller has no such line. 0 < line < PLIC_LINES. */
bool plic_enable(const struct plic *plic, uint32_t line);
void plic_disable(const struct plic *plic, uint32_t line);

/* The next line that fired, 0: none. It does not fire again before plic_complete. */
static inline uint32_t plic_claim(const struct plic *plic)
{
	return *plic->claim;
}

/* Counts only while the line is enabled. */
static inline void plic_complete(const struct plic *plic, uint32_t line)
{
	*plic->claim = line;
}

#endif
