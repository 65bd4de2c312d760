/*
 * uart.c: see uart.h. Source: National Semiconductor NS16550A data sheet, 8.0 Registers.
 */
#include "uart.h"

enum { DATA = 0, IER = 1, IIR = 2, FCR = 2, MCR = 4, LSR = 5 };

#define IER_RECEIVED 0x01
#define IER_IDLE     0x02
#define IIR_NONE     0x01
#define FCR_ENABLE   0x01              /* interrupt at the first byte */
#define MCR_READY    0x0b              /* DTR, RTS, and OUT2, which lets interrupts out on some boards */
#define LSR_RECEIVED 0x01
#define LSR_IDLE     0x20

static volatile uint8_t *uart;         /* set once by uart_start */
static uint8_t wanted;                 /* what IER holds */

void uart_start(uintptr_t registers)
{
	uart = (volatile uint8_t *)registers;
	uart[IER] = wanted = 0;
	uart[FCR] = FCR_ENABLE;
	uart[MCR] = MCR_READY;
}

bool uart_get(uint8_t *byte)
{
	if (!(uart[LSR] & LSR_RECEIVED))
		return false;
	*byte = uart[DATA];
	return true;
}

bool uart_idle(void)
{
	return uart[LSR] & LSR_IDLE;
}

void uart_put(uint8_t byte)
{
	uart[DATA] = byte;
}

void uart_interrupts(bool received, bool idle)
{
	uint8_t next = (received ? IER_RECEIVED : 0) | (idle ? IER_IDLE : 0);

	if (next != wanted)
		uart[IER] = wanted = next;
}

bool uart_asks(void)
{
	return !(uart[IIR] & IIR_NONE);
}
