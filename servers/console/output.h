/*
 * output.h: what is to be sent. Owns the output ring and the writers that wait for room in it; promises that
 * nothing is lost or reordered: a write is taken whole, in the order of arrival, and its caller goes on only
 * then. Echo has room of its own in the ring, so that a flood of output never swallows what is typed.
 */
#ifndef CONSOLE_OUTPUT_H
#define CONSOLE_OUTPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Writes for the current caller: 0, or IDL_PARKED. raw: newlines stay as they are. size <= 900. */
int output_write(const char *bytes, size_t size, bool raw);

/* The current caller wants all that came before to have left: IDL_PARKED, or a positive error. */
int output_drain(void);

/* Echo; the owner asks output_echo_room first, what does not fit is dropped. */
void output_echo(const char *bytes, size_t size);
bool output_echo_room(void);

/* Moves what it can to the device and answers writers. */
void output_pump(void);

/* Whether bytes or callers are waiting for the device. */
bool output_waiting(void);

#endif
