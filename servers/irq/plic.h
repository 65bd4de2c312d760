/*
 * plic.h: the registers of the platform-level interrupt controller, for one context (the hart this server
 * runs on, supervisor mode). Keeps no state but where the registers are.
 */
#ifndef IRQ_PLIC_H
#define IRQ_PLIC_H

#include <stdbool.h>
#include <stdint.h>

#define PLIC_LINES 1024                /* line 0 does not exist */

/* All lines off, threshold 0. registers: mapped in this process. */
void plic_start(uintptr_t registers, uint64_t context);

/* Lets the line through; false: the controller has no such line. 0 < line < PLIC_LINES. */
bool plic_enable(uint32_t line);
void plic_disable(uint32_t line);

/* The next line that fired, 0: none. It does not fire again before plic_complete. */
uint32_t plic_claim(void);

/* Counts only while the line is enabled. */
void plic_complete(uint32_t line);

#endif
