/*
 * plic.c: see plic.h. Source: RISC-V Platform-Level Interrupt Controller Specification 1.0.0.
 */
#include "plic.h"

#define PRIORITY(line)    (4ul * (line))
#define ENABLE(context)   (0x2000 + 0x80 * (context))
#define THRESHOLD(context) (0x200000 + 0x1000 * (context))
#define CLAIM(context)    (THRESHOLD(context) + 4)

static uintptr_t plic;                 /* set once by plic_start, as all here */
static uint64_t plic_context;

static volatile uint32_t *reg(uint64_t offset)
{
	return (volatile uint32_t *)(plic + offset);
}

static volatile uint32_t *enable_word(uint32_t line)
{
	return reg(ENABLE(plic_context) + line / 32 * 4);
}

void plic_start(uintptr_t registers, uint64_t context)
{
	plic = registers;
	plic_context = context;
	for (uint32_t line = 0; line < PLIC_LINES; line += 32)
		*enable_word(line) = 0;
	*reg(THRESHOLD(context)) = 0;
}

bool plic_enable(uint32_t line)
{
	*reg(PRIORITY(line)) = 1;
	if (*reg(PRIORITY(line)) != 1)
		return false;
	*enable_word(line) |= 1u << line % 32;
	return true;
}

void plic_disable(uint32_t line)
{
	*enable_word(line) &= ~(1u << line % 32);
}

uint32_t plic_claim(void)
{
	return *reg(CLAIM(plic_context));
}

void plic_complete(uint32_t line)
{
	*reg(CLAIM(plic_context)) = line;
}
