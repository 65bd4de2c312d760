/*
 * uart.h: the registers of an NS16550A. Bytes in, bytes out, which interrupts are wanted; no queues, no
 * waiting. Line settings stay as the firmware left them.
 */
#ifndef CONSOLE_UART_H
#define CONSOLE_UART_H

#include <stdbool.h>
#include <stdint.h>

#define UART_FIFO 16                   /* bytes the device takes once uart_idle */

/* registers: mapped in this process. No interrupts; bytes already received stay. */
void uart_start(uintptr_t registers);

/* Takes a received byte; false: there is none. */
bool uart_get(uint8_t *byte);

/* Whether UART_FIFO bytes may be put. */
bool uart_idle(void);
void uart_put(uint8_t byte);

/* Wanted: an interrupt while a byte has been received; while the device is idle. */
void uart_interrupts(bool received, bool idle);

/* Whether the device asks for attention; tells it that its idleness was noticed. */
bool uart_asks(void);

#endif
