/*
 * plic.c: see plic.h. Source: RISC-V Platform-Level Interrupt Controller Specification 1.0.0.
 */
#include "plic.h"

#define PRIORITY(line)    (4ul * (line))
#define ENABLE(context)   (0x2000 + 0x80 * (context))
#define THRESHOLD(context) (0x200000 + 0x1000 * (context))
#define CLAIM(context)    (THRESHOLD(context) + 4)

static volatile uint32_t *reg(const struct plic *plic, uint64_t offset)
{
	return (volatile uint32_t *)(plic->registers + offset);
}

static volatile uint32_t *enable_word(const struct plic *plic, uint32_t line)
{
	return reg(plic, ENABLE(plic->context) + line / 32 * 4);
}

void plic_start(struct plic *plic)
{
	plic->claim = reg(plic, CLAIM(plic->context));
	for (uint32_t line = 0; line < PLIC_LINES; line += 32)
		*enable_word(plic, line) = 0;
	*reg(plic, THRESHOLD(plic->context)) = 0;
}

bool plic_enable(const struct plic *plic, uint32_t line)
{
	*reg(plic, PRIORITY(line)) = 1;
	if (*reg(plic, PRIORITY(line)) != 1)
		return false;
	*enable_word(plic, line) |= 1u << line % 32;
	return true;
}

void plic_disable(const struct plic *plic, uint32_t line)
{
	*enable_word(plic, line) &= ~(1u << line % 32);
}
